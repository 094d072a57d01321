"""What would be a bank file's lines: the payments that were named, each with every reason why it cannot be one.

Commands, screens and the writing itself ask the same function. Source: domain, section 3, can_execute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from pettycash_tui.gateways.bank_account import AccountRefused, BankAccount, parse_account
from pettycash_tui.gateways.bank_text import is_readable
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, payment_facts
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.work import Reading

MOST_LINES = 5_000
"""A file has no more lines: what is larger is written as several."""

_F, _C = t.treasury_fund.c, t.company.c
_DEBTOR = (
    select(
        _F.id,
        _F.code,
        _F.company_id,
        _F.currency,
        _F.bank_account,
        _F.bank_code,
        _C.name.label("company_name"),
        _C.code.label("company_code"),
        _C.timezone,
    )
    .join_from(t.treasury_fund, t.company, _C.id == _F.company_id)
    .where(_F.id == bindparam("fund", type_=_F.id.type))
)


@dataclass(frozen=True, slots=True)
class Line:
    """A payment that can be a line, with the account that its destination names."""

    facts: Row[Any]
    account: BankAccount


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A payment that cannot be a line, and every reason why."""

    payment: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """What a file of these payments would hold, and what not. `debtor` is the fund with its account and company."""

    debtor: Row[Any]
    good: tuple[Line, ...]
    refused: tuple[RefusedLine, ...]

    @property
    def total(self) -> Money:
        """The sum of the good lines."""
        return Money(sum(line.facts.amount for line in self.good), self.debtor.currency)


def named(reading: Reading, refs: Sequence[str | UUID]) -> list[UUID]:
    """The payments that were named, in that order. Raises InvalidInput for none, too many, or one named twice."""
    if not refs:
        raise InvalidInput.of(payments="are missing; name at least one, such as PAY-000088")
    if len(refs) > MOST_LINES:
        raise InvalidInput.of(payments=f"may be at most {MOST_LINES:,} for one file, not {len(refs):,}")
    found = [locate.payment_id(reading, ref) for ref in refs]
    if len(set(found)) != len(found):
        twice = next(ref for at, ref in enumerate(refs) if found[at] in found[:at])
        raise InvalidInput.of(payments=f"must each be named once; {twice} is there twice")
    return found


def look(reading: Reading, payments: Sequence[UUID], *, lock: bool = False) -> Lines:
    """The payments as lines of one file of the first one's fund. Locked, if asked, until the transaction ends."""
    rows = {row.id: row for row in _facts(reading, payments, lock)}
    facts = [rows[payment] for payment in payments]
    debtor = reading.execute(_DEBTOR, {"fund": facts[0].fund_id}).one()
    good: list[Line] = []
    refused: list[RefusedLine] = []
    for each in facts:
        reasons, account = _of_line(each, debtor, reading)
        if reasons or account is None:
            refused.append(RefusedLine(each.number, tuple(reasons)))
        else:
            good.append(Line(each, account))
    return Lines(debtor, tuple(good), tuple(refused))


def reasons_against_debtor(debtor: Any) -> list[Reason]:
    """Why no file can be written for a fund, whatever its lines."""
    reasons = []
    if not debtor.bank_account:
        reasons.append(
            Reason(
                "no_bank_account",
                f"Fund {debtor.code} has no account at a bank that a file could debit:"
                f" `pettycash fund edit {debtor.code} --bank-account ACCOUNT`.",
            )
        )
    if not is_readable(debtor.company_name):
        message = f"The company's name {debtor.company_name!r} has no letters that banks take. Write it in Latin ones."
        reasons.append(Reason("debtor_unreadable", message))
    return reasons


def _of_line(facts: Any, debtor: Any, reading: Reading) -> tuple[list[Reason], BankAccount | None]:
    reasons = payment_facts.reasons_against(facts, reading.actor.id, reading.now, code_offered=True)
    reasons += _of_bank(facts, debtor)
    try:
        return reasons, parse_account(facts.destination)
    except AccountRefused as error:
        if facts.method is PaymentMethod.BANK_TRANSFER:
            where = f"{facts.destination!r} " if facts.destination else ""
            reasons.append(Reason("bad_account", f"{facts.number}: the payee's account {where}{error}."))
        return reasons, None


def _of_bank(facts: Any, debtor: Any) -> Iterator[Reason]:
    if facts.method is not PaymentMethod.BANK_TRANSFER:
        message = f"{facts.number} is paid by {facts.method.label.lower()}; a bank file holds bank transfers only."
        yield Reason("not_bank_transfer", message)
    if facts.fund_id != debtor.id:
        message = f"{facts.number} is of fund {facts.fund_code}, not of {debtor.code}: a bank file is of one fund."
        yield Reason("other_fund", message)
    if not is_readable(facts.payee):
        message = f"{facts.number}: the payee {facts.payee!r} has too few letters that banks take. Pay it by hand."
        yield Reason("payee_unreadable", message)


def _facts(reading: Reading, payments: Sequence[UUID], lock: bool) -> list[Row[Any]]:
    if lock:
        # Every requisition before every payment, each by id: the one order in which everybody locks.
        r, p = t.requisition.c, t.payment.c
        of = select(p.requisition_id).where(p.id.in_(payments))
        reading.execute(select(r.id).where(r.id.in_(of)).order_by(r.id).with_for_update(key_share=True)).all()
        reading.execute(select(p.id).where(p.id.in_(payments)).order_by(p.id).with_for_update(key_share=True)).all()
    return [payment_facts.read(reading, payment) for payment in payments]
