"""Funds: opening one with its opening balance as entry 1, editing, deactivating, and reading their levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select, update

from pettycash_tui.gateways.bank_account import AccountRefused, parse_account, parse_bank_code
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    CLOSED,
    OPEN_PAYMENTS,
    AccountPurpose,
    AccountType,
    EntrySource,
    RequisitionStatus,
)
from pettycash_tui.models.money import Money
from pettycash_tui.models.organisation import Account
from pettycash_tui.models.treasury import TreasuryFund
from pettycash_tui.services import audit, holds, ledger, locate, replenishments, visibility
from pettycash_tui.services.audit_values import FUND, all_told
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.inputs import Problems, clean_code, clean_text, parse_money
from pettycash_tui.services.narrowing import contains
from pettycash_tui.services.paging import Page, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.places import PlaceFinder
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns, place
from pettycash_tui.services.work import Reading, Work

DEFAULT_REORDER_MAJOR = "50000"
DEFAULT_TARGET_MAJOR = "200000"


@dataclass(frozen=True, slots=True)
class FundInput:
    """What a person typed, as text. None: the default when new, unchanged when edited."""

    code: str | None = None
    name: str | None = None
    branch: str | None = None
    region: str | None = None
    custodian: str | None = None
    currency: str | None = None
    reorder_level: str | None = None
    target_balance: str | None = None
    opening_balance: str | None = None
    account: str | None = None
    company: str | None = None
    bank_account: str | None = None
    bank_code: str | None = None


@dataclass(frozen=True, slots=True)
class FundView:
    """A fund with its levels. Available = current_balance - held_amount.

    `bank_account` is the account that a bank file debits, empty for a drawer of cash; `bank_code` is its bank.
    """

    id: UUID
    code: str
    name: str
    company: Ref
    region: Ref | None
    branch: Ref | None
    custodian: PersonRef | None
    currency: str
    current_balance: Money
    held_amount: Money
    available: Money
    reorder_level: Money
    target_balance: Money
    account: Ref | None
    last_replenished: datetime | None
    entries: int
    is_active: bool
    bank_account: str
    bank_code: str

    @property
    def is_low(self) -> bool:
        """Whether the balance is under the reorder level."""
        return self.current_balance < self.reorder_level


def add(work: Work, given: FundInput) -> FundView:
    """Open a fund for a branch, a region or the whole company. Its opening balance is entry 1, a credit."""
    work.actor.require(Right.MANAGE_FUNDS)
    finder = PlaceFinder(work, None, given.company)
    problems = Problems()
    code = problems.attempt(lambda: clean_code("code", given.code)) or ""
    name = problems.attempt(lambda: clean_text("name", given.name or given.code or "", max_length=120)) or ""
    company_id, currency = finder.company.id, (given.currency or finder.company.currency).upper()
    if currency != finder.company.currency:
        problems.add("currency", f"must be the company's currency, {finder.company.currency}")
    reorder = problems.attempt(
        lambda: parse_money(
            "reorder_level", given.reorder_level or DEFAULT_REORDER_MAJOR, finder.company.currency, allow_zero=True
        )
    )
    target = problems.attempt(
        lambda: parse_money(
            "target_balance", given.target_balance or DEFAULT_TARGET_MAJOR, finder.company.currency, allow_zero=True
        )
    )
    opening = problems.attempt(
        lambda: parse_money("opening_balance", given.opening_balance or "0", finder.company.currency, allow_zero=True)
    )
    branch = problems.attempt(lambda: _named(work, t.branch, "branch", given.branch, company_id))
    region = problems.attempt(lambda: _named(work, t.region, "region", given.region, company_id))
    custodian = problems.attempt(lambda: _custodian(work, given.custodian, company_id))
    account = problems.attempt(lambda: _named(work, t.account, "account", given.account, company_id))
    bank = problems.attempt(lambda: _bank(given)) or {}
    f = t.treasury_fund.c
    if code and work.execute(select(f.id).where(f.company_id == company_id, f.code == code)).first():
        problems.add("code", "is taken already; choose another")
    if reorder and target and target < reorder:
        problems.add("target_balance", f"must be at least the reorder level, {reorder}")
    problems.raise_if_any()
    if reorder is None or target is None or opening is None:
        raise AssertionError("checked above")
    region_id = branch.region_id if branch is not None else region.id if region is not None else None
    _require_free_scope(work, company_id, branch.id if branch is not None else None, region_id)
    fund = TreasuryFund(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=company_id,
        region_id=region_id,
        branch_id=branch.id if branch is not None else None,
        name=name,
        code=code,
        custodian_id=custodian,
        currency=currency,
        reorder_level=reorder.minor,
        target_balance=target.minor,
        account_id=account.id if account is not None else _own_account(work, company_id, code, name),
        bank_account=bank.get("bank_account", ""),
        bank_code=bank.get("bank_code", ""),
    )
    work.add(fund)
    _record(work, fund, "fund.added", all_told(fund, FUND))
    if opening.minor:
        _post_opening(work, fund, opening.minor)
    return show(work, fund.id)


def edit(work: Work, ref: str | UUID, given: FundInput) -> FundView:
    """Change a fund's name, custodian, levels or account at the bank. Its scope, currency and ledger account stay."""
    work.actor.require(Right.MANAGE_FUNDS)
    fund = locate.fund(work, ref)
    values: dict[str, Any] = {}
    problems = Problems()
    if given.name is not None:
        values["name"] = problems.attempt(lambda: clean_text("name", given.name or "", max_length=120))
    if given.custodian is not None:
        values["custodian_id"] = problems.attempt(lambda: _custodian(work, given.custodian, fund.company_id))
    for field in ("reorder_level", "target_balance"):
        typed = getattr(given, field)
        if typed is not None:
            money = problems.attempt(lambda f=field, v=typed: parse_money(f, v, fund.currency, allow_zero=True))  # type: ignore[misc]
            values[field] = money.minor if money else 0
    values |= problems.attempt(lambda: _bank(given)) or {}
    if not problems.fields and values.get("target_balance", fund.target_balance) < values.get(
        "reorder_level", fund.reorder_level
    ):
        problems.add("target_balance", "must be at least the reorder level")
    problems.raise_if_any()
    if not values:
        raise InvalidInput("Name at least one thing to change, such as --name or --reorder-level.")
    work.execute(update(t.treasury_fund).where(t.treasury_fund.c.id == fund.id).values(**values, updated_at=work.now))
    _record(work, fund, "fund.edited", values)
    return show(work, fund.id)


def _bank(given: FundInput) -> dict[str, str]:
    """The account at the bank that was typed, as it is stored; an empty text takes it away."""
    values: dict[str, str] = {}
    for field, typed in (("bank_account", given.bank_account), ("bank_code", given.bank_code)):
        if typed is None:
            continue
        try:
            if not typed.strip():
                values[field] = ""
            elif field == "bank_code":
                values[field] = parse_bank_code(typed)
            else:
                account = parse_account(typed)
                values[field] = account.number
                if account.bank:
                    values["bank_code"] = account.bank
        except AccountRefused as error:
            raise InvalidInput.of(**{field: str(error)}) from None
    return values


def deactivate(work: Work, ref: str | UUID) -> FundView:
    """Stop a fund at once: nothing is submitted to it, paid from it or paid into it until it is activated again.

    What is open on it stays as it is and waits; `FundView` does not count it, `still_open` does.
    """
    work.actor.require(Right.MANAGE_FUNDS)
    fund = holds.lock_fund(work, locate.fund(work, ref).id)
    if not fund.is_active:
        raise Refused.because(Reason("not_active", f"Fund {fund.code} is out of use already."))
    _set_active(work, fund, active=False)
    return show(work, fund.id)


def activate(work: Work, ref: str | UUID) -> FundView:
    """Put a fund into use again. Refused while another one serves its scope."""
    work.actor.require(Right.MANAGE_FUNDS)
    fund = holds.lock_fund(work, locate.fund(work, ref).id)
    if fund.is_active:
        raise Refused.because(Reason("active", f"Fund {fund.code} is in use already."))
    _require_free_scope(work, fund.company_id, fund.branch_id, fund.region_id)
    _set_active(work, fund, active=True)
    return show(work, fund.id)


def still_open(reading: Reading, ref: str | UUID) -> tuple[int, int]:
    """How many requisitions and payments of a fund are not settled."""
    fund = locate.fund(reading, ref)
    p, r = t.payment.c, t.requisition.c
    settled = [*CLOSED, RequisitionStatus.PAID, RequisitionStatus.APPROVED]
    requisitions = select(func.count()).where(r.fund_id == fund.id, r.status.not_in(settled))
    payments = select(func.count()).where(p.fund_id == fund.id, p.status.in_(list(OPEN_PAYMENTS)))
    return int(reading.execute(requisitions).scalar_one()), int(reading.execute(payments).scalar_one())


def _set_active(work: Work, fund: Row[Any], *, active: bool) -> None:
    work.execute(
        update(t.treasury_fund).where(t.treasury_fund.c.id == fund.id).values(is_active=active, updated_at=work.now)
    )
    action = "fund.activated" if active else "fund.deactivated"
    _record(work, fund, action, {"balance": fund.current_balance, "held": fund.held_amount})


_CUSTODIAN = t.user.alias("custodian")


def _rows() -> Select[Any]:
    f = t.treasury_fund.c
    statement = select(
        t.treasury_fund,
        *person_columns(_CUSTODIAN, "custodian"),
        *[
            column.label(f"{name}_{column.key}")
            for name, table in _PLACES.items()
            for column in (table.c.code, table.c.name)
        ],
    ).select_from(t.treasury_fund)
    for name, table in _PLACES.items():
        statement = statement.outerjoin(table, table.c.id == f[f"{name}_id"])
    return statement.outerjoin(_CUSTODIAN, _CUSTODIAN.c.id == f.custodian_id)


_PLACES = {"company": t.company, "region": t.region, "branch": t.branch, "account": t.account}


def list_funds(
    reading: Reading,
    *,
    search: str | None = None,
    include_inactive: bool = False,
    with_ledger: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[FundView]:
    """The funds of the actor's company by code; `with_ledger`: only those whose ledger the actor may read."""
    size = clean_limit(limit)
    f = t.treasury_fund.c
    statement = _rows().where(visibility.of_company(f.company_id, reading.actor))
    if not include_inactive:
        statement = statement.where(f.is_active)
    if with_ledger:
        statement = statement.where(visibility.ledgers(reading.actor))
    if search:
        statement = statement.where(or_(contains(f.code, search), contains(f.name, search)))
    key = decode(after, str, UUID)
    if key is not None:
        statement = statement.where(or_(f.code > key[0], (f.code == key[0]) & (f.id > key[1])))
    found = reading.execute(statement.order_by(f.code, f.id).limit(size + 1)).all()
    return page_of(found, size, _view, lambda row: (row.code, row.id))


def show(reading: Reading, ref: str | UUID) -> FundView:
    """One fund by code or id. Raises NotFound."""
    found = locate.fund(reading, ref)
    return _view(reading.execute(_rows().where(t.treasury_fund.c.id == found.id)).one())


def _view(row: Any) -> FundView:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    company = place(row, "company")
    if company is None:
        raise AssertionError("a fund has a company")
    return FundView(
        id=row.id,
        code=row.code,
        name=row.name,
        company=company,
        region=place(row, "region"),
        branch=place(row, "branch"),
        custodian=person(row, "custodian"),
        currency=row.currency,
        current_balance=money(row.current_balance),
        held_amount=money(row.held_amount),
        available=money(row.current_balance - row.held_amount),
        reorder_level=money(row.reorder_level),
        target_balance=money(row.target_balance),
        account=place(row, "account"),
        last_replenished=row.last_replenished,
        entries=row.ledger_sequence,
        is_active=row.is_active,
        bank_account=row.bank_account,
        bank_code=row.bank_code,
    )


def _named(work: Work, table: Any, field: str, typed: str | None, company_id: UUID) -> Row[Any] | None:
    if not typed:
        return None
    found_id = locate.as_uuid(typed)
    named = table.c.id == found_id if found_id else table.c.code == typed.strip().upper()
    row = work.execute(select(table).where(table.c.company_id == company_id, table.c.is_active, named)).first()
    if row is None:
        raise InvalidInput.of(**{field: f"{typed[:40]!r} is not an active {field} of this company"})
    return row


def _custodian(work: Work, typed: str | None, company_id: UUID) -> UUID | None:
    if not typed:
        return None
    u = t.user.c
    row = work.execute(
        select(u.id).where(
            u.username == typed.strip().lower(), u.is_active, or_(u.company_id == company_id, u.company_id.is_(None))
        )
    ).first()
    if row is None:
        raise InvalidInput.of(custodian=f"{typed[:40]!r} is not an active person of this company")
    return UUID(str(row.id))


def _require_free_scope(work: Work, company_id: UUID, branch_id: UUID | None, region_id: UUID | None) -> None:
    f = t.treasury_fund.c
    if branch_id is not None:
        same = f.branch_id == branch_id
    elif region_id is not None:
        same = f.branch_id.is_(None) & (f.region_id == region_id)
    else:
        same = f.branch_id.is_(None) & f.region_id.is_(None)
    other = work.execute(select(f.code).where(f.company_id == company_id, f.is_active, same)).scalar()
    if other is not None:
        raise Refused.because(
            Reason("fund_exists", f"Fund {other} serves this scope already. Deactivate it before opening another.")
        )


def _own_account(work: Work, company_id: UUID, code: str, name: str) -> UUID:
    account = Account(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=company_id,
        code=f"PC-{code}"[:20],
        name=f"Petty cash {name}"[:120],
        type=AccountType.ASSET,
    )
    work.add(account)
    return account.id


def _post_opening(work: Work, fund: TreasuryFund, amount: int) -> None:
    timezone = work.execute(select(t.company.c.timezone).where(t.company.c.id == fund.company_id)).scalar_one()
    equity = replenishments.account_for(work, fund.company_id, AccountPurpose.OPENING_BALANCES)
    posted = ledger.pay_in(
        work, fund.id, amount, ledger.Posting(EntrySource.OPENING, equity, "Opening balance"), timezone
    )
    if posted is None:
        raise AssertionError("a new fund is active")
    _record(work, fund, "ledger.posted", posted.seal)


def _record(work: Work, fund: Any, action: str, data: dict[str, Any]) -> None:
    work.record(
        action,
        "fund",
        fund.id,
        fund.code,
        stream=audit.fund_stream(fund.id),
        company_id=fund.company_id,
        data=data,
    )
