"""A payment that came to another amount than was booked: recorded, and corrected once a CFO has approved it.

The adjustment goes against the account that the payment itself was booked to, because it puts right what the thing
cost; cash over and short is for what a count finds and nobody can explain. Paying more than booked lowers the fund.
Source: domain, section 3, Variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, cast, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.books import Variance
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import EntrySource, PaymentStatus, VarianceStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import audit, holds, ledger, locate, replenishments
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text, parse_money
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 500
PAID = (PaymentStatus.SUCCESS, PaymentStatus.RECONCILED)


class VarianceAct(StrEnum):
    """What is done to a variance that was recorded."""

    APPROVE = "approve"
    REJECT = "reject"


RECORDING = Right.RECORD_VARIANCE
RIGHTS = {VarianceAct.APPROVE: Right.APPROVE_VARIANCE, VarianceAct.REJECT: Right.APPROVE_VARIANCE}


@dataclass(frozen=True, slots=True)
class VarianceState:
    """A variance after something was done to it. `balance` and `available` are the fund's, where an entry moved it.

    `taken_up`: payments that waited for money and hold it now. `replenishment`: what the fund asked for by itself.
    """

    id: UUID
    number: str
    payment: str
    fund: str
    status: VarianceStatus
    amount: Money
    entry: int | None = None
    balance: Money | None = None
    available: Money | None = None
    taken_up: tuple[str, ...] = ()
    replenishment: str | None = None


def record(work: Work, payment_ref: str | UUID, adjusted_text: str, reason: str) -> VarianceState:
    """Record what a payment really came to. Nothing moves before a CFO, who is somebody else, approves it."""
    work.actor.require(RECORDING)
    payment = locate.payment(work, payment_ref, lock=True)
    row = booked(work, payment.id)
    against = reasons_against_recording(row)
    if against:
        raise Refused.because(*against)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    adjusted = parse_money("adjusted_amount", adjusted_text, payment.currency, allow_zero=True)
    difference = adjusted.minor - row.booked
    if difference == 0:
        raise InvalidInput.of(adjusted_amount=f"must differ from what is booked, {Money(row.booked, payment.currency)}")
    if difference > row.current_balance:
        raise Refused.because(_larger_than_fund(payment.number, row, Money(difference, payment.currency)))
    variance = Variance(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=payment.company_id,
        number=next_number(work, payment.company_id, NumberKind.VARIANCE),
        fund_id=payment.fund_id,
        payment_id=payment.id,
        original_amount=row.booked,
        adjusted_amount=adjusted.minor,
        variance_amount=difference,
        currency=payment.currency,
        reason=reason,
        recorded_by_id=work.actor.person_id,
        recorded_at=work.now,
    )
    work.add(variance)
    data = {
        "payment": payment.number,
        "payment_id": payment.id,
        "original_amount": row.booked,
        "adjusted_amount": adjusted.minor,
        "variance_amount": difference,
        "currency": payment.currency,
        "reason": reason,
    }
    _record(work, variance, "variance.recorded", data)
    amount = Money(difference, payment.currency)
    return VarianceState(variance.id, variance.number, payment.number, row.fund_code, VarianceStatus.PENDING, amount)


def booked(reading: Reading, payment_id: UUID) -> Row[Any]:
    """What the books say of a payment now: `booked` is its amount with the variances approved so far, `open_variance`
    the number of the one that is not decided. Read in one statement, so that the two agree."""
    p, f, v = t.payment.c, t.treasury_fund.c, t.variance.c
    of_payment = v.payment_id == p.id
    # A sum of whole numbers is no whole number to Postgres.
    total = cast(func.coalesce(func.sum(v.variance_amount), 0), BigInteger)
    approved = select(total).where(of_payment, v.status == VarianceStatus.APPROVED)
    pending = select(v.number).where(of_payment, v.status == VarianceStatus.PENDING)
    return reading.execute(
        select(
            p.number,
            p.status,
            p.currency,
            f.code.label("fund_code"),
            f.is_active,
            f.current_balance,
            f.held_amount,
            (p.amount + approved.scalar_subquery()).label("booked"),
            pending.scalar_subquery().label("open_variance"),
        )
        .join_from(t.payment, t.treasury_fund, f.id == p.fund_id)
        .where(p.id == payment_id)
    ).one()


def reasons_against_recording(row: Row[Any]) -> list[Reason]:
    """Every reason why no variance of a payment can be recorded now. `row` is one of `booked`."""
    reasons = []
    if row.status not in PAID:
        message = f"{row.number} is {row.status.label.lower()}: a variance is of a payment that was paid."
        reasons.append(Reason("not_paid", message))
    if row.open_variance is not None:
        message = f"{row.number} has a variance that is not decided: {row.open_variance}."
        reasons.append(Reason("variance_open", message))
    return reasons


def reasons_against(row: Row[Any], actor: Actor, act: VarianceAct) -> list[Reason]:
    """Every reason why this person may not do that to a variance now, their role's right apart (`RIGHTS`)."""
    reasons = []
    if row.status is not VarianceStatus.PENDING:
        reasons.append(Reason("decided", f"{row.number} is {row.status.label.lower()} already."))
    if act is VarianceAct.APPROVE and row.recorded_by_id == actor.id:
        reasons.append(Reason("own_variance", f"You recorded {row.number} yourself: another CFO approves it."))
    return reasons


def reasons_of_fund(row: Row[Any], fund: Row[Any]) -> list[Reason]:
    """Why the fund itself stands against approving a variance: it is out of use, or has not so much available."""
    reasons = []
    if not fund.is_active:
        reasons.append(replenishments.fund_inactive(row.number))
    available = fund.current_balance - fund.held_amount
    if row.status is VarianceStatus.PENDING and row.variance_amount > available:
        has = f"{Money(available, row.currency)} available"
        if fund.held_amount:
            has += f" ({Money(fund.current_balance, row.currency)} less {Money(fund.held_amount, row.currency)} held)"
        takes = Money(row.variance_amount, row.currency)
        message = f"{row.number} takes {takes} out of fund {fund.code}, which has {has}. Replenish it first."
        reasons.append(Reason("not_enough", message))
    return reasons


def approve(work: Work, ref: str | UUID) -> VarianceState:
    """Approve what somebody else recorded: posts the adjustment, which names the entry that it corrects."""
    row = _locked_for(work, ref, VarianceAct.APPROVE)
    p, e = t.payment.c, t.ledger_entry.c
    paid = work.execute(
        select(p.number, p.voucher_number, e.id.label("entry_id"), e.contra_account_id, t.company.c.timezone)
        .join_from(t.payment, t.ledger_entry, e.payment_id == p.id)
        .join(t.company, t.company.c.id == p.company_id)
        .where(p.id == row.payment_id)
    ).one()
    brings_money = row.variance_amount < 0
    if brings_money:
        holds.lock_waiting(work, row.fund_id)
    posted = ledger.adjust(
        work,
        row.fund_id,
        -row.variance_amount,
        ledger.Posting(
            EntrySource.VARIANCE,
            paid.contra_account_id,
            f"Correction of {paid.number}, {paid.voucher_number} ({row.number}): {row.reason}".replace("\n", " "),
            variance_id=row.id,
            corrects_id=paid.entry_id,
        ),
        paid.timezone,
    )
    if posted is None:
        fund = locate.fund(work, row.fund_id)
        raise Refused.because(*reasons_of_fund(row, fund))
    work.execute(
        update(t.variance)
        .where(t.variance.c.id == row.id)
        .values(
            status=VarianceStatus.APPROVED,
            approved_by_id=work.actor.person_id,
            approved_at=work.now,
            updated_at=work.now,
        )
    )
    taken = holds.take_up_waiting(work, row.fund_id) if brings_money else []
    asked = None
    if posted.balance < posted.reorder_level or (brings_money and holds.is_anybody_waiting(work, row.fund_id)):
        asked = replenishments.request_automatically(work, row.fund_id)
    data = {"payment": paid.number, "amount": row.variance_amount, "entry": posted.seal, "taken_up": taken}
    _record(work, row, "variance.approved", data)
    return VarianceState(
        row.id,
        row.number,
        paid.number,
        posted.fund_code,
        VarianceStatus.APPROVED,
        Money(row.variance_amount, row.currency),
        entry=posted.entry["sequence"],
        balance=Money(posted.balance, row.currency),
        available=Money(work.execute(_AVAILABLE.where(t.treasury_fund.c.id == row.fund_id)).scalar_one(), row.currency),
        taken_up=tuple(taken),
        replenishment=asked,
    )


_AVAILABLE = select(t.treasury_fund.c.current_balance - t.treasury_fund.c.held_amount)


def reject(work: Work, ref: str | UUID, reason: str) -> VarianceState:
    """Refuse what was recorded: the books stay as they are. The reason is required."""
    work.actor.require(RIGHTS[VarianceAct.REJECT])
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    row = _locked_for(work, ref, VarianceAct.REJECT)
    work.execute(
        update(t.variance)
        .where(t.variance.c.id == row.id)
        .values(
            status=VarianceStatus.REJECTED,
            rejected_by_id=work.actor.person_id,
            rejected_at=work.now,
            rejection_reason=reason,
            updated_at=work.now,
        )
    )
    found = booked(work, row.payment_id)
    _record(work, row, "variance.rejected", {"payment": found.number, "reason": reason})
    amount = Money(row.variance_amount, row.currency)
    return VarianceState(row.id, row.number, found.number, found.fund_code, VarianceStatus.REJECTED, amount)


def _locked_for(work: Work, ref: str | UUID, act: VarianceAct) -> Row[Any]:
    """The row, locked; raises what speaks against the act."""
    work.actor.require(RIGHTS[act])
    row = locate.variance(work, ref, lock=True)
    reasons = reasons_against(row, work.actor, act)
    if reasons:
        raise Refused.because(*reasons)
    return row


def _larger_than_fund(payment: str, row: Row[Any], difference: Money) -> Reason:
    balance = Money(row.current_balance, row.currency)
    return Reason(
        "larger_than_fund",
        f"{payment} cannot have cost {difference} more than booked: fund {row.fund_code} has {balance} in all. Check"
        " the adjusted amount.",
    )


def _record(work: Work, row: Any, action: str, data: dict[str, Any]) -> None:
    work.record(
        action,
        "variance",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data=data,
    )
