"""kill -9, or an error, after any statement leaves everything or nothing, and the next attempt finishes the work once.

For every n there is something new to do; how it is ended there stands in `killing.py`.
"""

from __future__ import annotations

import books
import pytest
import story
from killing import Killing
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, ReplenishmentStatus, RequisitionStatus
from pettycash_tui.services import acts, execution, otp, replenishments, submission, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Overtaken, Refused
from pettycash_tui.services.execution import Executed
from pettycash_tui.services.identity import Actor


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades, with 200,000 in the fund of its branch."""
    made = story.trading_company(desk)
    asked = desk.run(made["treasury"], replenishments.request, "NBI", "100000").number
    desk.run(made["cfo"], replenishments.approve, asked)
    desk.run(made["cfo"], replenishments.complete, asked, "opening")
    return made


def refill(desk: Desk, people: dict[str, Actor], replenishment: str) -> None:
    desk.run(people["cfo"], replenishments.approve, replenishment)
    desk.run(people["cfo"], replenishments.complete, replenishment, f"FT-{replenishment}")


def test_a_payment_killed_anywhere_is_paid_once_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    def prepare() -> tuple[str, Actor, str]:
        # Large enough for a review step after payment, and for a replenishment.
        payment = story.approved(desk, people["staff"], "160000")
        return payment, story.executor_of(desk, payment), story.code_for(desk, payment)

    def pay(here: Desk, subject: tuple[str, Actor, str]) -> Executed:
        payment, officer, code = subject
        return execution.execute(here, officer, payment, code=code)

    killing = Killing(desk, prepare, pay, is_shared=True)
    for subject, found in killing.points():
        payment = subject[0]
        killing.done.append(found.payment(payment).status is PaymentStatus.SUCCESS)
        if killing.done[-1]:
            with pytest.raises((Refused, Overtaken)) as told:
                pay(desk, subject)
            assert told.value.reasons[0].code == "already_executed"
        else:
            assert found.payment(payment).is_held
            pay(desk, subject)
        after = books.check(desk)
        assert after.fund("NBI").current_balance == 40_000_00
        assert [s.status.value for s in after.steps if s.kind == "review"][-1] == "current"
        refill(desk, people, after.replenishments[-1].number)


def test_a_payment_killed_anywhere_gives_its_result_to_the_same_key(desk: Desk, people: dict[str, Actor]) -> None:
    def prepare() -> tuple[str, Actor, str]:
        payment = story.approved(desk, people["staff"], "1000")
        return payment, story.executor_of(desk, payment), story.code_for(desk, payment)

    def pay(here: Desk, subject: tuple[str, Actor, str]) -> Executed:
        payment, officer, code = subject
        return execution.execute(here, officer, payment, code=code, idempotency_key=f"key of {payment}")

    killing = Killing(desk, prepare, pay, is_shared=True)
    for subject, found in killing.points():
        killing.done.append(found.payment(subject[0]).status is PaymentStatus.SUCCESS)
        again = pay(desk, subject)
        assert again.repeated == killing.done[-1]
        assert again.voucher_number == f"PCV-NBI-2026-{len(killing.done):05d}"
    assert len(books.check(desk).executions) == len(killing.done)


def test_a_last_approval_killed_anywhere_makes_one_payment_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    def prepare() -> tuple[str, Actor]:
        number = story.request(desk, people["staff"], "1000")
        desk.run(people["branch_manager"], workflow.approve, number)
        return number, story.approver_of(desk, number)

    def approve(here: Desk, subject: tuple[str, Actor]) -> acts.Acted:
        return here.run(subject[1], workflow.approve, subject[0])

    killing = Killing(desk, prepare, approve, is_shared=True)
    for subject, found in killing.points():
        killing.done.append(found.requisition(subject[0]).status is RequisitionStatus.APPROVED)
        if killing.done[-1]:
            with pytest.raises(Refused):
                approve(desk, subject)
        else:
            approve(desk, subject)
        after = books.check(desk)
        assert [p.is_held for p in after.payments] == [True] * len(killing.done)
        assert after.fund("NBI").held_amount == 1_000_00 * len(killing.done)


def test_a_replenishment_killed_anywhere_pays_in_once_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))

    def prepare() -> tuple[str, str]:
        spent = story.approved(desk, people["staff"], "190000")
        replenishment = execution.execute(desk, story.executor_of(desk, spent), spent).replenishment
        assert replenishment is not None
        waiting = story.approved(desk, people["staff"], "20000")
        desk.run(people["cfo"], replenishments.approve, replenishment)
        return replenishment, waiting

    def complete(here: Desk, subject: tuple[str, str]) -> replenishments.ReplenishmentState:
        return here.run(people["cfo"], replenishments.complete, subject[0], f"FT-{subject[0]}")

    killing = Killing(desk, prepare, complete, is_shared=True)
    for subject, found in killing.points():
        row = next(row for row in found.replenishments if row.number == subject[0])
        killing.done.append(row.status is ReplenishmentStatus.COMPLETED)
        assert found.payment(subject[1]).is_held == killing.done[-1]
        if killing.done[-1]:
            with pytest.raises(Refused):
                complete(desk, subject)
        else:
            assert complete(desk, subject).taken_up == (subject[1],)
        after = books.check(desk)
        assert after.fund("NBI").current_balance == 200_000_00
        assert after.waiting_with_money() == []
        desk.run(people["staff"], submission.withdraw, subject[1].replace("PAY", "REQ"))


def test_a_code_killed_while_it_is_sent_is_sent_again(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    def prepare() -> tuple[str, Actor]:
        payment = story.approved(desk, people["staff"], "1000")
        return payment, story.executor_of(desk, payment)

    def send(here: Desk, subject: tuple[str, Actor]) -> otp.Sent:
        return otp.send(here, subject[1], subject[0])

    killing = Killing(desk, prepare, send, is_shared=True)
    for (payment, _), found in killing.points():
        payment_id = found.payment(payment).id
        killing.done.append(payment_id in {code.payment_id for code in found.codes})
        clock.advance(seconds=61)
        assert story.pay(desk, payment).voucher_number == f"PCV-NBI-2026-{len(killing.done):05d}"
        books.check(desk)
