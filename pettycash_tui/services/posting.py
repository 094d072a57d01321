"""Booking that a payment's money has left: execution, debit, voucher, trail, audit event; in the caller's transaction.

The one way in which a payment becomes a success, whoever tells of it: an officer who paid from the drawer, a gateway's
result, a line of a bank file. Source: domain, section 3, executing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, update

from pettycash_tui.gateways.protocol import Receipt
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import UtcDateTime, new_id
from pettycash_tui.models.enums import (
    EntrySource,
    OtpChannel,
    PaymentStatus,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    TrailAction,
)
from pettycash_tui.models.money import Money
from pettycash_tui.models.requisitions import ApprovalTrail
from pettycash_tui.models.treasury import PaymentExecution
from pettycash_tui.services import holds, ledger, many_rows, payment_facts, payments, replenishments
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.work import Reading, Work

# Built once: making these anew for each payment took a tenth of its time.
_SUCCESS = (
    update(t.payment)
    .where(t.payment.c.id == bindparam("payment"))
    .values(
        status=PaymentStatus.SUCCESS,
        is_held=False,
        voucher_number=bindparam("voucher"),
        idempotency_key=bindparam("key"),
        last_error="",
        executed_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)
_ALL_SUCCESS = text(
    "UPDATE payment SET status = 'success', is_held = false, voucher_number = r.voucher, idempotency_key = r.key,"
    " last_error = '', executed_at = :now, updated_at = :now"
    " FROM json_to_recordset(CAST(:rows AS json)) AS r(payment uuid, voucher text, key text)"
    " WHERE payment.id = r.payment"
).bindparams(bindparam("now", type_=UtcDateTime()))
"""`_SUCCESS` for several payments at once, on Postgres."""
_PAID = (
    update(t.requisition)
    .where(t.requisition.c.id == bindparam("requisition"))
    .values(status=RequisitionStatus.PAID, next_approver_id=bindparam("reviewer"), updated_at=bindparam("now"))
)
_PAID_WITHOUT_REVIEW = (
    update(t.requisition)
    .where(t.requisition.c.id.in_(bindparam("requisitions", expanding=True)))
    .values(status=RequisitionStatus.PAID, next_approver_id=None, updated_at=bindparam("now"))
)
_MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class Executed:
    """A payment that was executed. `repeated`: the result of an earlier call with the same idempotency key."""

    payment_id: UUID
    payment: str
    requisition: str
    fund: str
    amount: Money
    gateway_reference: str
    voucher_number: str
    executed_at: datetime
    balance_after: Money
    repeated: bool = False
    replenishment: str | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who confirmed a payment, by which code (none below the company's threshold), and from where."""

    executor_id: UUID
    verified_at: datetime | None
    channel: OtpChannel | None
    source: str
    client: str


def post(work: Work, facts: Row[Any], receipt: Receipt, confirmed: Confirmed, key: str) -> Executed:
    """Book a payment whose money has left. `facts` are read with their lock; its hold is placed where it has none.

    Raises Refused when the fund is inactive or has not enough.
    """
    work.insert(PaymentExecution, [_execution(work, facts, receipt, confirmed)])
    work.execute(_PAID, _paid(work, facts))
    work.insert(ApprovalTrail, [_trail(work, facts, confirmed)])
    # Here and not before: the fund is locked after the code, the officer and the reference.
    if not facts.is_held and not holds.place(work, facts.fund_id, facts.amount):
        raise Refused.because(Reason("not_enough", f"Fund {facts.fund_code} has not enough available."))
    posted = ledger.pay_out_held(work, facts.fund_id, facts.amount, _posting(facts), facts.timezone)
    if posted is None:
        raise _not_enough(facts)
    work.execute(_SUCCESS, _success(work, facts, posted, key))
    replenishment = None
    if posted.balance < posted.reorder_level:
        replenishment = replenishments.request_automatically(work, facts.fund_id)
    _record(work, facts, receipt, confirmed, posted)
    return _executed(work, facts, receipt, posted, replenishment)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A payment that is booked together with others: its facts, read with their lock, its receipt and its key."""

    facts: Row[Any]
    receipt: Receipt
    key: str


def post_together(work: Work, leaving: Sequence[Leaving], confirmed: Confirmed) -> list[Executed]:
    """Book several payments of one fund, in this order, in a few statements. Each holds its amount already.

    Every one has its own execution, voucher, entry, trail line and audit event, as if it were booked alone. Raises
    Refused when the fund is inactive or has not enough.
    """
    first = leaving[0].facts
    executions = [_execution(work, each.facts, each.receipt, confirmed) for each in leaving]
    work.insert_together(PaymentExecution, executions)
    _all_paid(work, [each.facts for each in leaving])
    work.insert_together(ApprovalTrail, [_trail(work, each.facts, confirmed) for each in leaving])
    debits = [(each.facts.amount, _posting(each.facts)) for each in leaving]
    booked = ledger.pay_out_held_together(work, first.fund_id, debits, first.timezone)
    if booked is None:
        raise _not_enough(first)
    pairs = list(zip(leaving, booked, strict=True))
    _all_succeed(work, [_success(work, each.facts, posted, each.key) for each, posted in pairs])
    replenishment = None
    if booked[-1].balance < booked[-1].reorder_level:
        replenishment = replenishments.request_automatically(work, first.fund_id)
    for each, posted in pairs:
        _record(work, each.facts, each.receipt, confirmed, posted)
    done = [_executed(work, each.facts, each.receipt, posted, None) for each, posted in pairs]
    return [*done[:-1], replace(done[-1], replenishment=replenishment)]


def result_of(reading: Reading, payment_id: UUID, *, repeated: bool) -> Executed | None:
    """The result of an executed payment, as it was; None when it is not executed."""
    p, e, entry, f, r = (
        t.payment.c,
        t.payment_execution.c,
        t.ledger_entry.c,
        t.treasury_fund.c,
        t.requisition.c,
    )
    row = reading.execute(
        select(
            p.id,
            p.number,
            r.number.label("requisition"),
            f.code,
            p.amount,
            p.currency,
            e.gateway_reference,
            p.voucher_number,
            e.executed_at,
            entry.balance_after,
        )
        .select_from(t.payment)
        .join(t.requisition, r.id == p.requisition_id)
        .join(t.treasury_fund, f.id == p.fund_id)
        .join(t.payment_execution, e.payment_id == p.id)
        .join(t.ledger_entry, entry.payment_id == p.id)
        .where(p.id == payment_id)
    ).first()
    if row is None:
        return None
    return Executed(
        payment_id=row.id,
        payment=row.number,
        requisition=row.requisition,
        fund=row.code,
        amount=Money(row.amount, row.currency),
        gateway_reference=row.gateway_reference,
        voucher_number=row.voucher_number,
        executed_at=row.executed_at,
        balance_after=Money(row.balance_after, row.currency),
        repeated=repeated,
    )


def _execution(work: Work, facts: Row[Any], receipt: Receipt, confirmed: Confirmed) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": work.now,
        "company_id": facts.company_id,
        "payment_id": facts.id,
        "executor_id": confirmed.executor_id,
        "method": facts.method,
        "gateway_reference": receipt.reference,
        "gateway_status": receipt.status,
        "otp_verified_at": confirmed.verified_at,
        "otp_verified_by_id": confirmed.executor_id if confirmed.verified_at else None,
        "channel": confirmed.channel,
        "source": confirmed.source,
        "client": confirmed.client,
        "executed_at": work.now,
    }


def _posting(facts: Row[Any]) -> ledger.Posting:
    return ledger.Posting(
        EntrySource.PAYMENT,
        facts.contra_account_id,
        f"{facts.payee}: {facts.purpose}".replace("\n", " "),
        payment_id=facts.id,
    )


def _not_enough(facts: Row[Any]) -> Refused:
    return Refused.because(Reason("not_enough", f"Fund {facts.fund_code} is inactive or has not enough."))


def _success(work: Work, facts: Row[Any], posted: ledger.Posted, key: str) -> dict[str, Any]:
    return {"payment": facts.id, "voucher": posted.voucher_number, "key": key, "now": work.now}


def _record(work: Work, facts: Row[Any], receipt: Receipt, confirmed: Confirmed, posted: ledger.Posted) -> None:
    payments.record(
        work,
        facts,
        "payment.executed",
        {
            "requisition": facts.requisition_number,
            "method": facts.method,
            "gateway_reference": receipt.reference,
            "voucher_number": posted.voucher_number,
            "code_channel": confirmed.channel or "not_required",
            "code_verified_at": confirmed.verified_at,
            "entry": posted.seal,
        },
    )


def _executed(
    work: Work, facts: Row[Any], receipt: Receipt, posted: ledger.Posted, replenishment: str | None
) -> Executed:
    return Executed(
        payment_id=facts.id,
        payment=facts.number,
        requisition=facts.requisition_number,
        fund=facts.fund_code,
        amount=Money(facts.amount, facts.currency),
        gateway_reference=receipt.reference,
        voucher_number=posted.voucher_number or "",
        executed_at=work.now,
        balance_after=Money(posted.balance, facts.currency),
        replenishment=replenishment,
    )


def _paid(work: Work, facts: Row[Any]) -> dict[str, Any]:
    """What makes the requisition paid; a review that waits for it becomes current."""
    reviewer = None
    if facts.has_review:
        s = t.approval_step.c
        first = (
            select(s.id)
            .where(
                s.requisition_id == facts.requisition_id,
                s.revision == facts.revision,
                s.kind == StepKind.REVIEW,
                s.status == StepStatus.WAITING,
            )
            .order_by(s.position)
            .limit(1)
            .scalar_subquery()
        )
        reviewer = work.execute(
            update(t.approval_step)
            .where(s.id == first)
            .values(status=StepStatus.CURRENT, became_current_at=work.now, updated_at=work.now)
            .returning(s.approver_id)
        ).scalar()
    return {"requisition": facts.requisition_id, "reviewer": reviewer, "now": work.now}


def _all_succeed(work: Work, payments: list[dict[str, Any]]) -> None:
    if work.is_postgres:
        rows = [{"payment": each["payment"], "voucher": each["voucher"], "key": each["key"]} for each in payments]
        work.execute(_ALL_SUCCESS, {"rows": many_rows.as_json(rows), "now": work.now})
    else:
        work.connection.execute(_SUCCESS, payments)


def _all_paid(work: Work, facts: Sequence[Row[Any]]) -> None:
    """What makes these requisitions paid: one statement for those that nobody reviews."""
    plain = [each.requisition_id for each in facts if not each.has_review]
    for place in range(0, len(plain), _MOST_IDS):
        work.execute(_PAID_WITHOUT_REVIEW, {"requisitions": plain[place : place + _MOST_IDS], "now": work.now})
    for each in facts:
        if each.has_review:
            work.execute(_PAID, _paid(work, each))


def _trail(work: Work, facts: Row[Any], confirmed: Confirmed) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": work.now,
        "timestamp": work.now,
        "requisition_id": facts.requisition_id,
        "revision": facts.revision,
        "user_id": confirmed.executor_id,
        "role": Role.TREASURY,
        "action": TrailAction.PAID,
        "comment": facts.number,
        "source": confirmed.source,
        "content_hash": payment_facts.payment_hash(facts),
        "skipped_roles": [],
    }
