"""What a person does in one process of a race. Each returns something plain that can cross to the test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import BrokenBarrierError
from uuid import UUID

from building import actor
from sqlalchemy import create_engine, text

from pettycash_tui.database import engine as engines
from pettycash_tui.services import (
    execution,
    otp,
    payments,
    reassigning,
    reconciliation,
    replenishments,
    submission,
    transfers,
    variances,
    workflow,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work


def submit(desk: Desk, who: str, number: str) -> str:
    return desk.run(actor(desk, who), submission.submit, number).status.value


def approve(desk: Desk, who: str, number: str, expected_step: UUID | None = None) -> str | None:
    return desk.run(actor(desk, who), workflow.approve, number, expected_step=expected_step).payment


def reassign(desk: Desk, who: str, number: str, to: str) -> str:
    return desk.run(actor(desk, who), reassigning.reassign, number, to, "away").number


def withdraw(desk: Desk, who: str, number: str) -> str:
    return desk.run(actor(desk, who), submission.withdraw, number).status.value


def cancel(desk: Desk, who: str, payment: str) -> str:
    return desk.run(actor(desk, who), payments.cancel, payment, "not needed").status.value


def assign(desk: Desk, who: str, payment: str, to: str) -> str | None:
    return desk.run(actor(desk, who), payments.assign, payment, to).executor


def execute(desk: Desk, who: str, payment: str, code: str | None, key: str | None = None) -> tuple[str, str | None]:
    done = execution.execute(desk, actor(desk, who), payment, code=code, idempotency_key=key)
    return done.voucher_number, done.replenishment


def execute_with_reference(desk: Desk, who: str, payment: str, reference: str) -> str:
    return execution.execute(desk, actor(desk, who), payment, reference=reference).voucher_number


def send_code(desk: Desk, who: str, payment: str) -> str:
    return otp.send(desk, actor(desk, who), payment).payment


def verify(desk: Desk, who: str, payment: str, code: str) -> str:
    return otp.verify(desk, actor(desk, who), payment, code).payment


def request_money(desk: Desk, who: str, fund: str, amount: str | None = None) -> str:
    return desk.run(actor(desk, who), replenishments.request, fund, amount).number


def complete(desk: Desk, who: str, replenishment: str, reference: str) -> tuple[str, ...]:
    return desk.run(actor(desk, who), replenishments.complete, replenishment, reference).taken_up


def reconcile(desk: Desk, who: str, payment: str) -> str:
    return desk.run(actor(desk, who), reconciliation.reconcile, [payment])[0].status.value


def unreconcile(desk: Desk, who: str, payment: str) -> str:
    return desk.run(actor(desk, who), reconciliation.undo, payment, "another line").status.value


def record_variance(desk: Desk, who: str, payment: str, amount: str) -> str:
    return desk.run(actor(desk, who), variances.record, payment, amount, "the receipt").number


def approve_variance(desk: Desk, who: str, number: str) -> tuple[str, ...]:
    return desk.run(actor(desk, who), variances.approve, number).taken_up


def reject_variance(desk: Desk, who: str, number: str) -> str:
    return desk.run(actor(desk, who), variances.reject, number, "no receipt").status.value


def approve_transfer(desk: Desk, who: str, number: str) -> tuple[str, ...]:
    return desk.run(actor(desk, who), transfers.approve, number).taken_up


def note(desk: Desk, stream: str) -> None:
    def write(work: Work) -> None:
        work.record("test.noted", "test", None, "note", stream=stream, company_id=None, data={})

    desk.run(SYSTEM, write)


def read_then_write(wait: Callable[[float], int], path: str, ours: bool, amount: int) -> str:
    """Pay as a naive program does: read the balance, see that it is enough, write the rest."""
    url = engines.sqlite_address(Path(path))
    engine = engines.open_engine(url) if ours else create_engine(url)
    # One that is late to leave finds it broken when the other has waited in vain below.
    with suppress(BrokenBarrierError):
        wait(30)
    try:
        with engine.begin() as connection:
            balance = connection.execute(text("SELECT balance FROM drawer")).scalar_one()
            # Both have read before either writes, unless the engine lets only one of them read.
            with suppress(BrokenBarrierError):
                wait(1)
            if balance < amount:
                return "refused"
            connection.execute(text("UPDATE drawer SET balance = :rest"), {"rest": balance - amount})
        return "paid"
    finally:
        engine.dispose()
