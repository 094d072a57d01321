"""Two people, or one in two terminals, at the same moment: in processes of their own, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import acts
import books
import pyotp
import pytest
import story
from crew import Crew, Outcome
from settable_clock import SettableClock
from sqlalchemy import URL, Row, event, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OtpChannel, PaymentStatus, RequisitionStatus
from pettycash_tui.services import (
    escalation,
    execution,
    holds,
    otp,
    payments,
    reassigning,
    replenishments,
    requisitions,
    totp,
    workflow,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Reading, Work

ROUNDS = 3
OpenDesk = Callable[[URL], Desk]
TOLD = ("Refused", "Overtaken")


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades."""
    return story.trading_company(desk)


def winners(outcomes: list[Outcome]) -> list[Outcome]:
    """Those whose act was done; the others were told why not, in words."""
    lost = [outcome for outcome in outcomes if not outcome.won]
    assert all(outcome.error in TOLD and outcome.message for outcome in lost), lost
    return [outcome for outcome in outcomes if outcome.won]


def current_step(desk: Desk, number: str) -> Row[Any]:
    s, r = t.approval_step.c, t.requisition.c
    return desk.read(
        SYSTEM,
        lambda reading: reading.execute(
            select(t.approval_step)
            .join(t.requisition, r.id == s.requisition_id)
            .where(r.number == number, s.status == "current")
        ).one(),
    )


def set_columns(desk: Desk, table: str, **values: object) -> None:
    """Put rows into a state that no service makes, as a test's beginning."""
    with desk.engine.begin() as connection:
        connection.execute(update(t.metadata.tables[table]).values(**values))


def without_codes(desk: Desk) -> None:
    set_columns(desk, "company", otp_threshold=10**15)


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_one_approver_in_two_terminals_approves_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for looking in (True, False, True):
        number = story.request(desk, people["staff"])
        step = current_step(desk, number).id if looking else None

        outcomes = crew.race(desk, [(acts.approve, "branch_manager", number, step)] * 2)

        assert len(winners(outcomes)) == 1
        lost = next(outcome for outcome in outcomes if not outcome.won)
        assert lost.error == ("Overtaken" if looking else "Refused")
        assert "Branch Manager" in lost.message or "already" in lost.message
    found = books.check(desk)
    assert {r.status for r in found.requisitions} == {RequisitionStatus.PENDING_TREASURY_VALIDATION}


def test_after_a_reassign_only_the_new_approver_wins(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        number = story.request(desk, people["staff"])
        desk.run(people["admin"], reassigning.reassign, number, "regional_manager", "on leave")

        old, new = crew.race(
            desk, [(acts.approve, "branch_manager", number), (acts.approve, "regional_manager", number)]
        )

        assert new.won
        assert old.error in TOLD or old.error == "NotFound"
    books.check(desk)


def test_an_approval_and_a_reassignment_at_once_one_wins(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        number = story.request(desk, people["staff"])

        outcomes = crew.race(
            desk, [(acts.approve, "branch_manager", number), (acts.reassign, "admin", number, "department_head")]
        )

        # After the approval the step that waits is treasury's, which a department head may not take.
        assert len(winners(outcomes)) == 1
    books.check(desk)


def test_the_last_approval_twice_makes_one_payment(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for count in range(1, ROUNDS + 1):
        number = story.request(desk, people["staff"])
        desk.run(people["branch_manager"], workflow.approve, number)
        officer = story.approver_of(desk, number).username

        outcomes = crew.race(desk, [(acts.approve, officer, number)] * 3)

        assert len(winners(outcomes)) == 1
        assert len(books.check(desk).payments) == count


def test_submitting_twice_submits_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        given = RequisitionInput(amount="4500", purpose="Fuel", payee="Total")
        number = desk.run(people["staff"], requisitions.create, given).number

        outcomes = crew.race(desk, [(acts.submit, "staff", number)] * 2)

        assert len(winners(outcomes)) == 1
        assert next(outcome for outcome in outcomes if not outcome.won).code == "already_submitted"
    found = books.check(desk)
    assert len([line for line in found.trail if line.action == "submitted"]) == ROUNDS
    assert len(found.steps) == 2 * ROUNDS


def test_an_overdue_step_that_is_decided_meanwhile_is_not_escalated(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    number = story.request(desk, people["staff"])
    clock.advance(days=30)
    (late,) = desk.read(SYSTEM, escalation.overdue)
    desk.run(people["branch_manager"], workflow.approve, number)
    treasury = current_step(desk, number)

    moved = desk.run_unaudited(SYSTEM, escalation.escalate, late)

    assert moved.to is None
    assert current_step(desk, number) == treasury


# --- paying -----------------------------------------------------------------------------------------------------------


def test_one_officer_in_two_terminals_pays_once_and_spends_one_code(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for count in range(1, ROUNDS + 1):
        payment = story.approved(desk, people["staff"])
        officer, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)

        outcomes = crew.race(desk, [(acts.execute, officer, payment, code)] * 4)

        assert len(winners(outcomes)) == 1
        told = {outcome.code for outcome in outcomes if not outcome.won}
        assert told <= {"already_executed", "code_used", "code_not_verified"}
        found = books.check(desk)
        assert len(found.executions) == count
        assert len([code for code in found.codes if code.consumed_at is not None]) == count


def test_the_first_code_is_void_when_the_second_is_typed_elsewhere(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    payment = story.approved(desk, people["staff"])
    officer, first = story.executor_of(desk, payment).username, story.code_for(desk, payment)
    clock.advance(seconds=61)
    second = story.code_for(desk, payment)

    old, new = crew.race(desk, [(acts.execute, officer, payment, first), (acts.execute, officer, payment, second)])

    if first == second:  # one time in a million
        assert len(winners([old, new])) == 1
    else:
        assert new.won
        assert old.error in TOLD
    assert len(books.check(desk).executions) == 1


def test_a_verified_payment_is_executed_once_from_two_terminals(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    payment = story.approved(desk, people["staff"])
    officer, code = story.executor_of(desk, payment), story.code_for(desk, payment)
    otp.verify(desk, officer, payment, code)

    outcomes = crew.race(desk, [(acts.execute, officer.username, payment, None)] * 4)

    assert len(winners(outcomes)) == 1
    assert {outcome.code for outcome in outcomes if not outcome.won} == {"already_executed"}
    assert len(books.check(desk).executions) == 1


def test_the_same_call_with_one_idempotency_key_gives_everybody_one_result(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        officer, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)

        outcomes = crew.race(desk, [(acts.execute, officer, payment, code, f"key of {payment}")] * 4)

        assert [outcome.error for outcome in outcomes] == [""] * 4, outcomes
        assert len({outcome.value[0] for outcome in outcomes}) == 1
    assert len(books.check(desk).executions) == ROUNDS


def test_two_officers_after_a_reassignment_the_assigned_one_pays(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        old = story.executor_of(desk, payment).username
        old_code = story.code_for(desk, payment)
        new = "treasury2" if old == "treasury" else "treasury"
        desk.run(people["cfo"], payments.assign, payment, new)
        new_code = story.code_for(desk, payment)

        first, second = crew.race(
            desk, [(acts.execute, old, payment, old_code), (acts.execute, new, payment, new_code)]
        )

        assert second.won
        assert first.error in TOLD
        assert first.code in ("not_executor", "already_executed")
    assert len(books.check(desk).executions) == ROUNDS


def test_assigning_another_officer_while_the_first_one_pays(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        old, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)
        new = "treasury2" if old == "treasury" else "treasury"

        outcomes = crew.race(desk, [(acts.execute, old, payment, code), (acts.assign, "cfo", payment, new)])

        assert len(winners(outcomes)) == 1
        found = books.check(desk).payment(payment)
        assert (found.status is PaymentStatus.SUCCESS) == outcomes[0].won


def test_of_eight_payments_a_fund_pays_the_three_it_can_afford(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    numbers = [story.approved(desk, people["staff"], "30000") for _ in range(8)]

    outcomes = crew.race(desk, [(acts.execute, story.executor_of(desk, n).username, n, None) for n in numbers])

    _assert_three_of_eight(desk, outcomes)


def test_eight_payments_that_all_wait_take_what_there_is_and_no_more(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    numbers = [story.approved(desk, people["staff"], "30000") for _ in range(8)]
    # As if the money had come this moment: nobody holds any, and all eight reach for it.
    set_columns(desk, "payment", is_held=False)
    set_columns(desk, "treasury_fund", held_amount=0)

    outcomes = crew.race(desk, [(acts.execute, story.executor_of(desk, n).username, n, None) for n in numbers])

    _assert_three_of_eight(desk, outcomes)


def _assert_three_of_eight(desk: Desk, outcomes: list[Outcome]) -> None:
    assert len(winners(outcomes)) == 3
    refused = [outcome for outcome in outcomes if not outcome.won]
    assert [outcome.reasons for outcome in refused] == [("not_enough",)] * 5
    found = books.check(desk)
    assert found.fund("NBI").current_balance == 10_000_00
    assert sorted(p.status.value for p in found.payments) == ["pending"] * 5 + ["success"] * 3
    assert {p.retry_count for p in found.payments} == {0}
    assert not found.actions("payment.failed")
    assert sorted(p.voucher_number for p in found.payments if p.voucher_number) == [
        f"PCV-NBI-2026-{count:05d}" for count in (1, 2, 3)
    ]
    assert [e.sequence for e in found.entries_of(found.fund("NBI").id)] == [1, 2, 3, 4]
    assert len(found.replenishments) == 1


def test_one_reference_on_two_payments_at_once_pays_one_of_them(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    fields = {"method": "bank_transfer", "destination": "0123456789"}
    numbers = [story.approved(desk, people["staff"], **fields) for _ in range(2)]

    outcomes = crew.race(
        desk, [(acts.execute_with_reference, story.executor_of(desk, n).username, n, "FT26061") for n in numbers]
    )

    assert len(winners(outcomes)) == 1
    assert next(outcome for outcome in outcomes if not outcome.won).code == "reference_used"
    assert len(books.check(desk).executions) == 1


def test_withdrawing_and_paying_at_once_one_wins(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(2 * ROUNDS):
        payment = story.approved(desk, people["staff"])
        officer, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)
        number = payment.replace("PAY", "REQ")

        paid, withdrawn = crew.race(desk, [(acts.execute, officer, payment, code), (acts.withdraw, "staff", number)])

        assert len(winners([paid, withdrawn])) == 1
        found = books.check(desk)
        assert found.payment(payment).status is (PaymentStatus.SUCCESS if paid.won else PaymentStatus.CANCELLED)


def test_cancelling_and_paying_at_once_one_wins(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        officer, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)

        outcomes = crew.race(desk, [(acts.execute, officer, payment, code), (acts.cancel, "cfo", payment)])

        assert len(winners(outcomes)) == 1
    books.check(desk)


# --- money coming in --------------------------------------------------------------------------------------------------


def test_a_request_by_hand_at_the_same_moment_does_not_undo_a_payment(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    for fund, who in (("NBI", "staff"), ("MSA", "staff"), ("HQ", "staff")):
        amount = {"NBI": "50001", "MSA": "49999", "HQ": "249999"}[fund]
        payment = story.approved(desk, people[who], amount, fund=fund)
        officer = story.executor_of(desk, payment).username

        paid, asked = crew.race(
            desk,
            [(acts.execute, officer, payment, None), (acts.request_money, "group_finance_manager", fund, "1000")],
        )

        assert paid.won, paid
        assert asked.won or asked.code == "replenishment_open"
        found = books.check(desk)
        rows = [row for row in found.replenishments if row.fund_id == found.fund(fund).id]
        assert [row.number for row in rows] == [asked.value if asked.won else paid.value[1]]
        assert (paid.value[1] is None) == asked.won


def poor_fund(desk: Desk, people: dict[str, Actor], amount: str = "90000") -> str:
    """Fund NBI with 10,000 left and its replenishment approved. Returns the replenishment's number."""
    payment = story.approved(desk, people["staff"], amount)
    done = execution.execute(desk, story.executor_of(desk, payment), payment)
    assert done.replenishment is not None
    desk.run(people["cfo"], replenishments.approve, done.replenishment)
    return done.replenishment


def test_money_that_comes_while_a_payment_is_approved_is_not_missed(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    for count in range(ROUNDS):
        # From the second round on the fund is back at 200,000.
        refill = poor_fund(desk, people, "90000" if count == 0 else "190000")
        number = story.request(desk, people["staff"], "30000")
        for _ in range(2):
            desk.run(story.approver_of(desk, number), workflow.approve, number)
        officer = story.approver_of(desk, number).username

        approved, completed = crew.race(
            desk, [(acts.approve, officer, number), (acts.complete, "cfo", refill, f"FT{count}")]
        )

        assert approved.won, approved
        assert completed.won, completed
        found = books.check(desk)
        assert found.waiting_with_money() == []
        assert found.payment(approved.value).is_held
        execution.execute(desk, story.executor_of(desk, approved.value), approved.value)
        desk.run(people["staff"], _nothing_waits)
        _bring_to(desk, people, 200_000_00, f"TOP{count}")


def _nothing_waits(work: Work) -> None:
    assert not holds.is_anybody_waiting(work, work.execute(select(t.treasury_fund.c.id)).scalars().all()[0])
    work.record("test.noted", "test", None, "note", stream="group", company_id=None, data={})


def _bring_to(desk: Desk, people: dict[str, Actor], level: int, reference: str) -> None:
    fund = books.read(desk).fund("NBI")
    missing = level - (fund.current_balance - fund.held_amount)
    if missing <= 0:
        return
    asked = desk.run(people["treasury"], replenishments.request, "NBI", str(missing // 100)).number
    desk.run(people["cfo"], replenishments.approve, asked)
    desk.run(people["cfo"], replenishments.complete, asked, reference)


def test_money_that_comes_while_a_waiting_payment_is_tried_is_not_missed(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    without_codes(desk)
    refill = poor_fund(desk, people)
    waiting = [story.approved(desk, people["staff"], amount) for amount in ("30000", "40000")]
    tries = [(acts.execute, story.executor_of(desk, n).username, n, None) for n in waiting]

    *tried, completed = crew.race(desk, [*tries, *tries, (acts.complete, "cfo", refill, "FT1")])

    assert completed.won, completed
    assert all(outcome.won or outcome.error in TOLD for outcome in tried), tried
    found = books.check(desk)
    assert found.waiting_with_money() == []
    paid = [found.payment(n).status is PaymentStatus.SUCCESS for n in waiting]
    assert sum(paid) == len([outcome for outcome in tried if outcome.won])
    assert all(found.payment(n).is_held for n, done in zip(waiting, paid, strict=True) if not done)


def test_a_waiting_payment_that_is_locked_when_the_money_comes_is_not_left_out(
    postgres_url: URL, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(postgres_url)
    people = story.trading_company(desk)
    without_codes(desk)
    refill = poor_fund(desk, people)
    payment = story.approved(desk, people["staff"], "30000")
    # The worst case: it began to wait, and was locked, after the waiting ones had been locked.
    monkeypatch.setattr(holds, "lock_waiting", lambda work, fund_id: None)
    with desk.engine.begin() as somebody:
        somebody.execute(select(t.payment).where(t.payment.c.number == payment).with_for_update())

        with pytest.raises(DatabaseUnavailable) as busy:
            desk.run(people["cfo"], replenishments.complete, refill, "FT1")

    assert busy.value.code == "database_busy"
    assert books.check(desk).fund("NBI").current_balance == 10_000_00
    desk.run(people["cfo"], replenishments.complete, refill, "FT1")
    found = books.check(desk)
    assert found.waiting_with_money() == []
    assert found.payment(payment).is_held


def test_completing_a_replenishment_twice_pays_in_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    without_codes(desk)
    refill = poor_fund(desk, people)

    outcomes = crew.race(desk, [(acts.complete, "cfo", refill, f"FT{n}") for n in range(3)])

    assert len(winners(outcomes)) == 1
    assert {outcome.code for outcome in outcomes if not outcome.won} == {"wrong_status"}
    assert books.check(desk).fund("NBI").current_balance == 200_000_00


def test_two_cancellations_give_their_money_to_those_who_wait(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    held = [story.approved(desk, people["staff"], "45000") for _ in range(2)]
    waiting = [story.approved(desk, people["staff"], "40000") for _ in range(3)]
    assert [books.check(desk).payment(n).is_held for n in (*held, *waiting)] == [True, True, False, False, False]

    outcomes = crew.race(desk, [(acts.cancel, "cfo", n) for n in (*held, waiting[2])])

    assert len(winners(outcomes)) == 3
    found = books.check(desk)
    assert found.waiting_with_money() == []
    assert [found.payment(n).is_held for n in waiting] == [True, True, False]


# --- the trail --------------------------------------------------------------------------------------------------------


def test_eight_first_events_of_one_stream_make_one_chain(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        stream = f"test:{new_id()}"

        outcomes = crew.race(desk, [(acts.note, stream)] * 8)

        assert [outcome.error for outcome in outcomes] == [""] * 8, outcomes
        head = next(head for head in books.check(desk).heads if head.stream == stream)
        assert head.length == 8


def test_a_stream_that_begins_between_looking_and_writing_is_continued(postgres_url: URL, open_desk: OpenDesk) -> None:
    slow, fast = open_desk(postgres_url), open_desk(postgres_url)
    story.trading_company(slow)
    stream = f"test:{new_id()}"
    begun = []

    def begin_meanwhile(*arguments: Any) -> None:
        if "FROM stream_head" in arguments[2] and not begun:
            begun.append(True)
            acts.note(fast, stream)

    event.listen(slow.engine, "after_cursor_execute", begin_meanwhile)
    acts.note(slow, stream)

    assert begun
    head = next(head for head in books.check(fast).heads if head.stream == stream)
    assert head.length == 2


# --- codes ------------------------------------------------------------------------------------------------------------


def test_eight_wrong_guesses_at_once_are_five_compares(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    payment = story.approved(desk, people["staff"])
    officer = story.executor_of(desk, payment).username
    for locked in (False, True):
        code = story.code_for(desk, payment)
        wrong = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, 9)]
        before = len(books.read(desk).actions("otp.refused"))

        outcomes = crew.race(desk, [(acts.execute, officer, payment, guess) for guess in wrong])

        assert winners(outcomes) == []
        found = books.check(desk)
        compared = [outcome for outcome in outcomes if "The code is wrong" in outcome.message]
        assert len(compared) == len(found.actions("otp.refused")) - before == 5
        assert {code.attempts for code in found.codes if code.voided_at is not None} == {5}
        assert (found.payment(payment).status, found.payment(payment).retry_count) == (PaymentStatus.PENDING, 0)
        assert (desk.read(SYSTEM, _locked_at, officer) is not None) == locked
        clock.advance(seconds=61)
    right = crew.race(desk, [(acts.send_code, officer, payment)])[0]
    assert right.reasons == ("code_locked",)


def _locked_at(reading: Reading, username: str) -> object:
    return reading.execute(select(t.user.c.otp_locked_at).where(t.user.c.username == username)).scalar()


def test_a_right_code_among_wrong_ones_is_used_at_most_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        officer, code = story.executor_of(desk, payment).username, story.code_for(desk, payment)
        wrong = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, 5)]

        right, *others = crew.race(desk, [(acts.execute, officer, payment, guess) for guess in (code, *wrong)])

        assert winners(others) == []
        assert right.won or right.code in ("code_void", "code_not_verified"), right
        assert (books.check(desk).payment(payment).status is PaymentStatus.SUCCESS) == right.won


def test_codes_asked_for_in_two_terminals_at_once_are_one_code(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for _ in range(ROUNDS):
        payment = story.approved(desk, people["staff"])
        officer = story.executor_of(desk, payment).username

        outcomes = crew.race(desk, [(acts.send_code, officer, payment)] * 3)

        assert len(winners(outcomes)) == 1
        assert {outcome.code for outcome in outcomes if not outcome.won} == {"resend_too_soon"}
        assert acts.execute(desk, officer, payment, story.last_code(desk.home))


def test_a_code_of_the_app_pays_one_of_two_payments(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    set_columns(desk, "user", otp_channel=OtpChannel.TOTP)
    for username in ("treasury", "treasury2"):
        secret = totp.enrol(desk, people[username]).secret_base32
        totp.confirm(desk, people[username], pyotp.TOTP(secret).at(clock()))
        if username == "treasury":
            app = pyotp.TOTP(secret)
    both = [story.approved(desk, people["staff"]) for _ in range(4)]
    mine = [n for n in both if story.executor_of(desk, n).username == "treasury"]
    assert len(mine) == 2
    clock.advance(seconds=61)
    code = app.at(clock())

    outcomes = crew.race(desk, [(acts.execute, "treasury", n, code) for n in mine])

    assert len(winners(outcomes)) == 1
    assert next(outcome for outcome in outcomes if not outcome.won).code == "code_used"
    assert len(books.check(desk).executions) == 1
