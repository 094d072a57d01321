"""Bringing a fund back to its target: requested automatically or by hand, approved by another, completed with a credit.

requested amount = target - available - already in transit (but never less than what waits). One open request per fund.
Source: domain, section 3, Replenishment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.base import columns_of
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    OPEN_REPLENISHMENTS,
    AccountPurpose,
    EntrySource,
    PaymentStatus,
    ReplenishmentStatus,
)
from pettycash_tui.models.money import Money
from pettycash_tui.models.treasury import Replenishment
from pettycash_tui.services import audit, claiming, holds, ledger, locate
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text, parse_money
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

REFERENCE_LENGTH = 120
REASON_LENGTH = 500


class ReplenishmentAct(StrEnum):
    """What is done to a request that was made."""

    APPROVE = "approve"
    REJECT = "reject"
    COMPLETE = "complete"


RIGHTS = {
    ReplenishmentAct.APPROVE: Right.APPROVE_REPLENISHMENT,
    ReplenishmentAct.REJECT: Right.APPROVE_REPLENISHMENT,
    ReplenishmentAct.COMPLETE: Right.COMPLETE_REPLENISHMENT,
}
_POSSIBLE_IN = {
    ReplenishmentAct.APPROVE: (ReplenishmentStatus.PENDING,),
    ReplenishmentAct.REJECT: (ReplenishmentStatus.PENDING, ReplenishmentStatus.APPROVED),
    ReplenishmentAct.COMPLETE: (ReplenishmentStatus.APPROVED,),
}


@dataclass(frozen=True, slots=True)
class ReplenishmentState:
    """A replenishment after something was done to it. `taken_up`: payments that waited and hold their amount now."""

    id: UUID
    number: str
    fund: str
    status: ReplenishmentStatus
    amount: Money
    taken_up: tuple[str, ...] = ()


def request_automatically(work: Work, fund_id: UUID) -> str | None:
    """Ask for replenishment unless a request is open. Never undoes the payment that caused it.

    The insert gives way to a request made at the same moment. Returns the number, or None.
    """
    f = t.treasury_fund.c
    fund = work.execute(select(t.treasury_fund).where(f.id == fund_id)).one()
    if not fund.is_active or _open_request(work, fund_id) is not None:
        return None
    amount = _wanted(work, fund)
    if amount <= 0:
        return None
    row = _new_row(work, fund, amount, automatic=True)
    if not _insert_unless_open(work, row):
        return None
    claiming.cover(work, row.id)
    data = {"amount": amount, "automatic": True, "balance": row.balance_snapshot}
    _record(work, row, "replenishment.requested", data)
    return row.number


def request(work: Work, fund_ref: str | UUID, amount_text: str | None = None, reason: str = "") -> ReplenishmentState:
    """Ask by hand: for the usual amount, or for `amount_text`."""
    work.actor.require(Right.REQUEST_REPLENISHMENT)
    fund = locate.fund(work, fund_ref)
    if not fund.is_active:
        raise Refused.because(Reason("fund_inactive", f"Fund {fund.code} is not active."))
    opened = _open_request(work, fund.id)
    if opened is not None:
        raise Refused.because(Reason("replenishment_open", f"Fund {fund.code} has an open request already: {opened}."))
    if amount_text is not None:
        amount = parse_money("amount", amount_text, fund.currency).minor
    else:
        amount = _wanted(work, fund)
        if amount <= 0:
            raise Refused.because(
                Reason("at_target", f"Fund {fund.code} is at its target. Name an --amount to ask all the same.")
            )
    row = _new_row(work, fund, amount, automatic=False)
    row.reason = clean_text("reason", reason, max_length=REASON_LENGTH, required=False)
    work.add(row)
    claiming.cover(work, row.id)
    _record(work, row, "replenishment.requested", {"amount": amount, "automatic": False, "reason": row.reason})
    return ReplenishmentState(row.id, row.number, fund.code, row.status, Money(amount, fund.currency))


def usual_amount(reading: Reading, fund_ref: str | UUID) -> Money:
    """What `request` would ask for now; zero or less when the fund is at its target."""
    fund = locate.fund(reading, fund_ref)
    return Money(_wanted(reading, fund), fund.currency)


def open_request(reading: Reading, fund_ref: str | UUID) -> str | None:
    """The number of the request that is open for a fund; None when nobody has asked."""
    return _open_request(reading, locate.fund(reading, fund_ref).id)


def reasons_against(row: Row[Any], actor: Actor, act: ReplenishmentAct) -> list[Reason]:
    """Every reason why this person may not do that to a request now, their role's right apart (`RIGHTS`)."""
    reasons = []
    possible = _POSSIBLE_IN[act]
    if row.status not in possible:
        words = " or ".join(status.label.lower() for status in possible)
        reasons.append(
            Reason("wrong_status", f"{row.number} is {row.status.label.lower()}; it must be {words} for this.")
        )
    if act is ReplenishmentAct.APPROVE and row.requested_by_id == actor.id:
        reasons.append(Reason("own_request", f"{row.number} is your own request: somebody else approves it."))
    return reasons


def approve(work: Work, ref: str | UUID) -> ReplenishmentState:
    """Approve a request that somebody else made."""
    row = _locked_for(work, ref, ReplenishmentAct.APPROVE)
    _change(
        work,
        row,
        "replenishment.approved",
        {"amount": row.requested_amount},
        status=ReplenishmentStatus.APPROVED,
        approved_by_id=work.actor.person_id,
        approved_at=work.now,
    )
    return _state(work, row, ReplenishmentStatus.APPROVED, row.requested_amount)


def reject(work: Work, ref: str | UUID, reason: str) -> ReplenishmentState:
    """Refuse an open request. The reason is required."""
    work.actor.require(RIGHTS[ReplenishmentAct.REJECT])
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    row = _locked_for(work, ref, ReplenishmentAct.REJECT)
    _change(
        work,
        row,
        "replenishment.rejected",
        {"reason": reason},
        status=ReplenishmentStatus.REJECTED,
        reason=reason,
        rejected_by_id=work.actor.person_id,
        rejected_at=work.now,
    )
    claiming.release(work, row.id)
    return _state(work, row, ReplenishmentStatus.REJECTED, row.requested_amount)


def complete(work: Work, ref: str | UUID, reference: str, amount_text: str | None = None) -> ReplenishmentState:
    """Record that the money arrived: credits the fund and takes up payments that waited, oldest first.

    It may be less than was asked for (the fund asks again by itself when that leaves it low) or more: what arrived is
    booked as it is, and the imprest identity names the difference.
    """
    work.actor.require(RIGHTS[ReplenishmentAct.COMPLETE])
    reference = clean_text("reference", reference, max_length=REFERENCE_LENGTH)
    row = _locked_for(work, ref, ReplenishmentAct.COMPLETE)
    amount = row.requested_amount
    if amount_text is not None:
        amount = parse_money("amount", amount_text, row.currency).minor
    r = t.replenishment.c
    used = work.execute(
        select(r.number).where(r.company_id == row.company_id, r.reference == reference, r.id != row.id)
    ).scalar()
    if used is not None:
        raise Refused(
            f"Reference {reference!r} is on {used} already. Check it and type it again.",
            code="reference_used",
            fields={"reference": "must be new"},
        )
    _change(
        work,
        row,
        "replenishment.completed",
        {"amount": amount, "reference": reference},
        status=ReplenishmentStatus.COMPLETED,
        completed_amount=amount,
        reference=reference,
        completed_by_id=work.actor.person_id,
        completed_at=work.now,
    )
    timezone = work.execute(select(t.company.c.timezone).where(t.company.c.id == row.company_id)).scalar_one()
    holds.lock_waiting(work, row.fund_id)
    posted = ledger.pay_in(
        work,
        row.fund_id,
        amount,
        ledger.Posting(
            EntrySource.REPLENISHMENT,
            account_for(work, row.company_id, AccountPurpose.REPLENISHMENT_SOURCE),
            f"Replenishment {row.number}, {reference}",
            replenishment_id=row.id,
        ),
        timezone,
    )
    if posted is None:
        raise Refused.because(fund_inactive(row.number))
    work.execute(update(t.treasury_fund).where(t.treasury_fund.c.id == row.fund_id).values(last_replenished=work.now))
    taken = holds.take_up_waiting(work, row.fund_id)
    _record(work, row, "ledger.posted", {**posted.seal, "taken_up": taken})
    if posted.balance < posted.reorder_level or holds.is_anybody_waiting(work, row.fund_id):
        # Who began to wait while this request was open asked for nothing of their own; nor did a fund that got less.
        request_automatically(work, row.fund_id)
    return _state(work, row, ReplenishmentStatus.COMPLETED, amount, tuple(taken))


def fund_inactive(number: str) -> Reason:
    """Why nothing is paid into a fund that is out of use."""
    return Reason("fund_inactive", f"The fund of {number} is not active.")


def account_for(reading: Reading, company_id: UUID, purpose: AccountPurpose) -> UUID:
    """The company's account that treasury posts this against."""
    a = t.account.c
    found = reading.execute(select(a.id).where(a.company_id == company_id, a.purpose == purpose, a.is_active)).scalar()
    if found is None:
        raise Refused.because(
            Reason(
                "no_account",
                f"The chart of accounts has no account for {purpose.label.lower()}. See `pettycash account list`.",
            )
        )
    return UUID(str(found))


def _wanted(reading: Reading, fund: Row[Any]) -> int:
    p, r = t.payment.c, t.replenishment.c
    waiting = reading.execute(
        select(func.coalesce(func.sum(p.amount), 0)).where(
            p.fund_id == fund.id,
            p.is_held.is_(False),
            p.status.in_([PaymentStatus.PENDING, PaymentStatus.FAILED]),
            p.retry_count < p.max_retries,
        )
    ).scalar_one()
    in_transit = reading.execute(
        select(func.coalesce(func.sum(r.requested_amount), 0)).where(
            r.fund_id == fund.id, r.status == ReplenishmentStatus.APPROVED
        )
    ).scalar_one()
    available = fund.current_balance - fund.held_amount
    # The usual amount would leave a payment that is larger than the target waiting for ever.
    wanted: int = max(fund.target_balance - available, int(waiting) - available) - int(in_transit)
    return wanted


def _open_request(reading: Reading, fund_id: UUID) -> str | None:
    r = t.replenishment.c
    return reading.execute(
        select(r.number).where(r.fund_id == fund_id, r.status.in_(list(OPEN_REPLENISHMENTS)))
    ).scalar()


def _new_row(work: Work, fund: Row[Any], amount: int, *, automatic: bool) -> Replenishment:
    return Replenishment(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=fund.company_id,
        number=next_number(work, fund.company_id, NumberKind.REPLENISHMENT),
        fund_id=fund.id,
        currency=fund.currency,
        balance_snapshot=fund.current_balance,
        requested_amount=amount,
        auto_triggered=automatic,
        requested_by_id=work.actor.person_id,
        requested_at=work.now,
    )


def _insert_unless_open(work: Work, row: Replenishment) -> bool:
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        # What was inserted comes back: the row count of an INSERT is not kept.
        statement = postgres_insert(t.replenishment).values(columns_of(row)).on_conflict_do_nothing()
        return work.execute(statement.returning(t.replenishment.c.id)).first() is not None
    # BEGIN IMMEDIATE: nobody can have opened one since it was looked for.
    work.execute(insert(t.replenishment).values(columns_of(row)))
    return True


def _locked_for(work: Work, ref: str | UUID, act: ReplenishmentAct) -> Row[Any]:
    """The row, locked; raises what speaks against the act."""
    work.actor.require(RIGHTS[act])
    row = locate.replenishment(work, ref, lock=True)
    reasons = reasons_against(row, work.actor, act)
    if reasons:
        raise Refused.because(*reasons)
    return row


def _change(work: Work, row: Row[Any], action: str, data: dict[str, Any], **values: Any) -> None:
    work.execute(update(t.replenishment).where(t.replenishment.c.id == row.id).values(**values, updated_at=work.now))
    _record(work, row, action, data)


def _state(
    reading: Reading, row: Row[Any], status: ReplenishmentStatus, amount: int, taken: tuple[str, ...] = ()
) -> ReplenishmentState:
    code = reading.execute(select(t.treasury_fund.c.code).where(t.treasury_fund.c.id == row.fund_id)).scalar_one()
    return ReplenishmentState(row.id, row.number, code, status, Money(amount, row.currency), taken)


def _record(work: Work, row: Any, action: str, data: dict[str, Any]) -> None:
    work.record(
        action,
        "replenishment",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data=data,
    )
