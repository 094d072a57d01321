"""Finding any object by what a person remembers of it: its number, a payee, an amount, a fund, a name.

A number is found whenever it was made, by its index. Words and amounts have none, so they are looked for among the
newest of the company and the newest of one's own. Nothing is found that the person may not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, bindparam, or_, select, union

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money, parse_amount
from pettycash_tui.services import visibility
from pettycash_tui.services.numbering import NumberKind, canonical_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

MOST = 8
"""So many of a kind are found, the newest."""
NEWEST = 3000
"""Among so many of the newest are words and amounts looked for."""

_LONGEST = 80
_SHORTEST = 2
_WORDS = 6
_Column = ColumnElement[Any]
_R, _P, _F, _U, _RPL = t.requisition.c, t.payment.c, t.treasury_fund.c, t.user.c, t.replenishment.c


class FoundKind(StrEnum):
    """What was found."""

    REQUISITION = "requisition"
    PAYMENT = "payment"
    VOUCHER = "voucher"
    REPLENISHMENT = "replenishment"
    VARIANCE = "variance"
    TRANSFER = "transfer"
    BANK_FILE = "bank file"
    FUND = "fund"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Found:
    """An object in one line.

    `number` is what people call it by: its number, a fund's code, a username. `title` is its payee or name, `detail`
    what it is for or a person's role. A payment and its voucher name their requisition and payment too.
    """

    kind: FoundKind
    number: str
    title: str
    detail: str = ""
    amount: Money | None = None
    status: str = ""
    requisition: str = ""
    payment: str = ""


def find(reading: Reading, words: str) -> tuple[Found, ...]:
    """What these words may mean, exact numbers first; at most `MOST` of a kind, and nothing for no words."""
    text = " ".join(words.split())[:_LONGEST]
    if not text or "\x00" in text:
        return ()
    amounts = _amounts(reading, text)
    found = [*_numbered_requisitions(reading, text), *_numbered_payments(reading, text), *_vouchers(reading, text)]
    found += [*_replenishments(reading, text), *_variances(reading, text), *_transfers(reading, text)]
    found += _bank_files(reading, text)
    if len(text) >= _SHORTEST:
        found += _funds(reading, text)
        found += _people(reading, text)
    if len(text) >= _SHORTEST or amounts:
        found += _requisitions_with(reading, text, amounts)
        found += _payments_with(reading, text, amounts)
    return tuple(_few_of_each(found))


def _few_of_each(found: list[Found]) -> list[Found]:
    counts = dict.fromkeys(FoundKind, 0)
    chosen = []
    for one in dict.fromkeys(found):
        counts[one.kind] += 1
        if counts[one.kind] <= MOST:
            chosen.append(one)
    return chosen


# -- by number ---------------------------------------------------------------------------------------------------------


def _owned(column: ColumnElement[Any], reading: Reading) -> ColumnElement[bool]:
    """The tenant boundary as a bound that an index on (company, number) can be entered by, for every person."""
    if reading.actor.company_id is None:
        return column.in_(select(t.company.c.id))
    return visibility.of_company(column, reading.actor)


def _numbered_requisitions(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.REQUISITION)
    if number is None:
        return []
    conditions = (_owned(_R.company_id, reading), _R.number == number, visibility.requisitions(reading))
    return [_requisition(row) for row in reading.execute(_REQUISITIONS.where(*conditions).limit(MOST))]


def _numbered_payments(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.PAYMENT)
    if number is None:
        return []
    conditions = (_owned(_P.company_id, reading), _P.number == number, visibility.payments(reading))
    return [_payment(row) for row in reading.execute(_PAYMENTS.where(*conditions).limit(MOST))]


def _vouchers(reading: Reading, text: str) -> list[Found]:
    voucher = text.upper().replace(" ", "-")
    if not voucher.startswith("PCV-"):
        return []
    funds = select(_F.id).where(visibility.of_company(_F.company_id, reading.actor))
    conditions = (_P.fund_id.in_(funds), _P.voucher_number == voucher, visibility.payments(reading))
    return [_voucher(row) for row in reading.execute(_PAYMENTS.where(*conditions).limit(MOST))]


def _replenishments(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.REPLENISHMENT)
    if number is None or not reading.actor.may(Right.READ_LEDGER):
        return []
    statement = select(_RPL.number, _RPL.requested_amount, _RPL.status, _F.code, _F.name, _F.currency).join(
        t.treasury_fund, _F.id == _RPL.fund_id
    )
    conditions = (_owned(_RPL.company_id, reading), _RPL.number == number, visibility.ledgers(reading.actor))
    return [_replenishment(row) for row in reading.execute(statement.where(*conditions).limit(MOST))]


def _variances(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.VARIANCE)
    if number is None:
        return []
    v = t.variance.c
    statement = select(v.number, v.variance_amount, v.currency, v.status, v.reason, _P.number, _P.payee).join(
        t.payment, _P.id == v.payment_id
    )
    conditions = (_owned(v.company_id, reading), v.number == number, visibility.variances(reading))
    return [_variance(row) for row in reading.execute(statement.where(*conditions).limit(MOST))]


def _transfers(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.TRANSFER)
    if number is None:
        return []
    m, to_fund = t.fund_transfer.c, t.treasury_fund.alias("to_fund")
    statement = (
        select(m.number, m.amount, m.currency, m.status, _F.code, to_fund.c.code)
        .join(t.treasury_fund, _F.id == m.from_fund_id)
        .join(to_fund, to_fund.c.id == m.to_fund_id)
    )
    conditions = (_owned(m.company_id, reading), m.number == number, visibility.transfers(reading.actor))
    return [_transfer(row) for row in reading.execute(statement.where(*conditions).limit(MOST))]


def _bank_files(reading: Reading, text: str) -> list[Found]:
    number = canonical_number(text.replace(" ", "-"), NumberKind.BANK_BATCH)
    if number is None:
        return []
    b = t.bank_batch.c
    statement = select(b.number, b.control_sum, b.currency, b.line_count, _F.code).join(
        t.treasury_fund, _F.id == b.fund_id
    )
    conditions = (_owned(b.company_id, reading), b.number == number, visibility.bank_batches(reading.actor))
    return [_bank_file(row) for row in reading.execute(statement.where(*conditions).limit(MOST))]


# -- by what they hold -------------------------------------------------------------------------------------------------


_CURRENCY = select(t.company.c.currency).where(t.company.c.id == bindparam("company"))
_CURRENCIES = select(t.company.c.currency).distinct()


def _amounts(reading: Reading, text: str) -> list[Money]:
    """The amounts that the text may be, in the currencies of the person's companies."""
    if not text[0].isdigit():
        return []
    company_id = reading.actor.company_id
    rows = reading.execute(_CURRENCIES) if company_id is None else reading.execute(_CURRENCY, {"company": company_id})
    amounts = []
    for (currency,) in rows:
        try:
            amounts.append(parse_amount(text, currency))
        except ValueError:
            continue
    return amounts


def _requisitions_with(reading: Reading, text: str, amounts: list[Money]) -> list[Found]:
    newest = _newest(t.requisition, reading)
    mine = select(_R.id).where(_R.requested_by_id == reading.actor.id)
    mine_newest = mine.order_by(_R.created_at.desc(), _R.id.desc()).limit(NEWEST).subquery("mine")
    among = union(select(newest.c.id), select(mine_newest.c.id)).subquery("among")
    statement = (
        _REQUISITIONS.join(among, among.c.id == _R.id)
        .where(_holds(text, amounts, _R.amount, _R.currency, _R.payee, _R.purpose), visibility.requisitions(reading))
        .order_by(_R.created_at.desc(), _R.id.desc())
        .limit(MOST)
    )
    return [_requisition(row) for row in reading.execute(statement)]


def _payments_with(reading: Reading, text: str, amounts: list[Money]) -> list[Found]:
    among = _newest(t.payment, reading)
    statement = (
        _PAYMENTS.join(among, among.c.id == _P.id)
        .where(_holds(text, amounts, _P.amount, _P.currency, _P.payee), visibility.payments(reading))
        .order_by(_P.created_at.desc(), _P.id.desc())
        .limit(MOST)
    )
    return [_payment(row) for row in reading.execute(statement)]


def _newest(table: Any, reading: Reading) -> Subquery:
    statement = select(table.c.id)
    if reading.actor.company_id is None:
        # Ids are made in the order of time, and the index over all companies is theirs.
        return statement.order_by(table.c.id.desc()).limit(NEWEST).subquery("newest")
    statement = statement.where(table.c.company_id == reading.actor.company_id)
    return statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(NEWEST).subquery("newest")


def _holds(text: str, amounts: list[Money], amount: _Column, currency: _Column, *texts: _Column) -> ColumnElement[bool]:
    """Whether every word is in one of the texts, or the amount is one of these."""
    words = [or_(*(column.icontains(word, autoescape=True) for column in texts)) for word in text.split()[:_WORDS]]
    return or_(and_(*words), *(and_(amount == money.minor, currency == money.currency) for money in amounts))


def _funds(reading: Reading, text: str) -> list[Found]:
    named = or_(_F.code.icontains(text, autoescape=True), _F.name.icontains(text, autoescape=True))
    statement = select(_F.code, _F.name, _F.current_balance, _F.held_amount, _F.currency).where(
        visibility.ledgers(reading.actor), _F.is_active, named
    )
    return [_fund(row) for row in reading.execute(statement.order_by(_F.code).limit(MOST))]


def _people(reading: Reading, text: str) -> list[Found]:
    if not reading.actor.may(Right.ADMINISTER):
        return []
    names = (_U.username, _U.first_name, _U.last_name, _U.email)
    words = [or_(*(column.icontains(word, autoescape=True) for column in names)) for word in text.split()[:_WORDS]]
    statement = select(_U.username, _U.first_name, _U.last_name, _U.role, _U.is_active).where(
        visibility.of_company(_U.company_id, reading.actor), *words
    )
    return [_person(row) for row in reading.execute(statement.order_by(_U.username).limit(MOST))]


# -- rows --------------------------------------------------------------------------------------------------------------


_REQUISITIONS: Select[Any] = select(_R.number, _R.payee, _R.purpose, _R.amount, _R.currency, _R.status).select_from(
    t.requisition
)
_PAYMENTS: Select[Any] = (
    select(_P.number, _P.payee, _R.purpose, _P.amount, _P.currency, _P.status, _R.number, _P.voucher_number)
    .select_from(t.payment)
    .join(t.requisition, _R.id == _P.requisition_id)
)


def _requisition(row: Any) -> Found:
    number, payee, purpose, amount, currency, status = row
    return Found(FoundKind.REQUISITION, number, payee, purpose, Money(amount, currency), status.value, number)


def _payment(row: Any) -> Found:
    number, payee, purpose, amount, currency, status, requisition, _ = row
    money = Money(amount, currency)
    return Found(FoundKind.PAYMENT, number, payee, purpose, money, status.value, requisition, number)


def _voucher(row: Any) -> Found:
    number, payee, purpose, amount, currency, status, requisition, voucher = row
    money = Money(amount, currency)
    return Found(FoundKind.VOUCHER, voucher, payee, purpose, money, status.value, requisition, number)


def _replenishment(row: Any) -> Found:
    number, amount, status, code, name, currency = row
    return Found(FoundKind.REPLENISHMENT, number, name, code, Money(amount, currency), status.value)


def _variance(row: Any) -> Found:
    number, amount, currency, status, reason, payment, payee = row
    money = Money(amount, currency)
    return Found(FoundKind.VARIANCE, number, payee, reason, money, status.value, payment=payment)


def _transfer(row: Any) -> Found:
    number, amount, currency, status, source, target = row
    money = Money(amount, currency)
    return Found(FoundKind.TRANSFER, number, f"{source} to {target}", amount=money, status=status.value)


def _bank_file(row: Any) -> Found:
    number, amount, currency, lines, fund = row
    detail = "1 line" if lines == 1 else f"{lines:,} lines"
    return Found(FoundKind.BANK_FILE, number, fund, detail, Money(amount, currency))


def _fund(row: Any) -> Found:
    code, name, balance, held, currency = row
    available = Money(balance - held, currency)
    return Found(FoundKind.FUND, code, name, f"available {available.grouped()}", Money(balance, currency))


def _person(row: Any) -> Found:
    username, first, last, role, is_active = row
    name = f"{first} {last}".strip() or username
    return Found(FoundKind.PERSON, username, name, role.label, status="active" if is_active else "inactive")
