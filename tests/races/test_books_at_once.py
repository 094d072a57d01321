"""Two people at the books at the same moment: reconciling, variances, transfers; and a process that dies in between."""

from __future__ import annotations

import acts
import books
import pytest
import story
from building import person
from crew import Crew, Outcome
from killing import Killing
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, Role, TransferStatus, VarianceStatus
from pettycash_tui.services import execution, reconciliation, submission, transfers, variances
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import Actor

ROUNDS = 3
TOLD = ("Refused", "Overtaken")


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades, without codes and with two CFOs."""
    made = story.trading_company(desk)
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    made["cfo2"] = person(desk, "cfo2", Role.CFO, company_id=made["cfo"].company_id)
    return made


def paid(desk: Desk, people: dict[str, Actor], amount: str = "4500") -> str:
    number = story.approved(desk, people["staff"], amount)
    execution.execute(desk, story.executor_of(desk, number), number)
    return number


def recorded(desk: Desk, people: dict[str, Actor], payment: str, amount: str) -> str:
    return desk.run(people["treasury"], variances.record, payment, amount, "the receipt").number


def asked(desk: Desk, people: dict[str, Actor], source: str, target: str, amount: str) -> str:
    return desk.run(people["treasury"], transfers.request, source, target, amount).number


def winners(outcomes: list[Outcome]) -> list[Outcome]:
    """Those whose act was done; the others were told why not, in words."""
    lost = [outcome for outcome in outcomes if not outcome.won]
    assert all(outcome.error in TOLD and outcome.message for outcome in lost), lost
    return [outcome for outcome in outcomes if outcome.won]


def test_two_cfos_approve_a_variance_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people)
    for n in range(1, ROUNDS + 1):
        number = recorded(desk, people, payment, f"{4500 + n}")
        racers = [(acts.approve_variance, who, number) for who in ("cfo", "cfo2", "cfo", "cfo2")]
        outcomes = crew.race(desk, racers)
        assert len(winners(outcomes)) == 1, outcomes
        assert {outcome.code for outcome in outcomes if not outcome.won} == {"decided"}
        assert books.check(desk).fund("NBI").current_balance == 95_500_00 - n * 100


def test_a_variance_is_approved_or_rejected_and_never_both(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people)
    for n in range(ROUNDS):
        number = recorded(desk, people, payment, f"{5000 + n}")
        outcomes = crew.race(desk, [(acts.approve_variance, "cfo", number), (acts.reject_variance, "cfo2", number)] * 2)
        assert len(winners(outcomes)) == 1, outcomes
        books.check(desk)


def test_one_variance_of_a_payment_is_open(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people)
    for n in range(ROUNDS):
        racers = [(acts.record_variance, who, payment, f"{5000 + n}") for who in ("treasury", "treasury2", "cfo")]
        outcomes = crew.race(desk, racers)
        (won,) = winners(outcomes)
        assert {outcome.code for outcome in outcomes if not outcome.won} == {"variance_open"}
        books.check(desk)
        desk.run(people["cfo2"], variances.approve, won.value)


def test_transfers_that_cross_neither_wait_for_ever_nor_overdraw(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for _ in range(ROUNDS):
        # Each is more than half of what the smaller fund has: of the same way only one goes through at a time.
        racers = [
            (acts.approve_transfer, who, asked(desk, people, source, target, "60000"))
            for who, source, target in (
                ("cfo", "NBI", "MSA"),
                ("cfo2", "MSA", "NBI"),
                ("cfo", "NBI", "MSA"),
                ("cfo2", "MSA", "NBI"),
            )
        ]
        outcomes = crew.race(desk, racers)
        assert winners(outcomes), outcomes
        assert {outcome.code for outcome in outcomes if not outcome.won} <= {"not_enough"}
        found = books.check(desk)
        assert found.fund("NBI").current_balance + found.fund("MSA").current_balance == 180_000_00


def test_a_transfer_is_approved_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for n in range(1, ROUNDS + 1):
        number = asked(desk, people, "HQ", "NBI", "1000")
        racers = [(acts.approve_transfer, who, number) for who in ("cfo", "cfo2", "group_finance_manager", "treasury2")]
        outcomes = crew.race(desk, racers)
        assert len(winners(outcomes)) == 1, outcomes
        assert books.check(desk).fund("NBI").current_balance == (100_000 + n * 1_000) * 100


def test_a_payment_and_a_transfer_do_not_take_the_same_money(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    story.approved(desk, people["staff"], "60000")  # 40,000 are available
    number = asked(desk, people, "NBI", "HQ", "39500")
    asking = story.request(desk, people["staff"], "39000")
    desk.run(people["branch_manager"], story.workflow.approve, asking)
    desk.run(people["department_head"], story.workflow.approve, asking)
    officer = story.approver_of(desk, asking).username
    outcomes = crew.race(desk, [(acts.approve_transfer, "cfo", number), (acts.approve, officer, asking)])
    approval = outcomes[1]
    assert approval.won, approval
    winners(outcomes)
    found = books.check(desk)
    payment = found.payment(approval.value)
    # Whoever came second found it gone: the transfer is refused, or the payment waits for money.
    assert outcomes[0].won != payment.is_held
    assert found.waiting_with_money() == []


def test_a_variance_and_a_transfer_do_not_take_the_same_money(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people, "60000")
    variance = recorded(desk, people, payment, "90000")
    transfer = asked(desk, people, "NBI", "HQ", "30000")
    racers = [(acts.approve_variance, "cfo", variance), (acts.approve_transfer, "cfo2", transfer)]
    outcomes = crew.race(desk, racers)
    assert len(winners(outcomes)) == 1, outcomes
    assert books.check(desk).fund("NBI").current_balance == 10_000_00


def test_money_that_comes_back_reaches_a_payment_that_begins_to_wait(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    payment = paid(desk, people, "60000")
    for n in range(ROUNDS):
        variance = recorded(desk, people, payment, f"{59000 - n}")
        asking = story.request(desk, people["staff"], "9900")
        desk.run(people["branch_manager"], story.workflow.approve, asking)
        officer = story.approver_of(desk, asking).username
        outcomes = crew.race(desk, [(acts.approve_variance, "cfo", variance), (acts.approve, officer, asking)])
        assert len(winners(outcomes)) == 2, outcomes
        assert books.check(desk).waiting_with_money() == []


def test_reconciling_and_undoing_at_once_leaves_one_history(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people)
    for _ in range(ROUNDS):
        racers = [(acts.reconcile, who, payment) for who in ("cfo", "cfo2", "group_finance_manager")]
        racers += [(acts.unreconcile, "cfo", payment)]
        outcomes = crew.race(desk, racers)
        assert winners(outcomes), outcomes
        codes = {outcome.code for outcome in outcomes if not outcome.won}
        assert codes <= {"already_reconciled", "not_reconciled"}
        found = books.check(desk)
        if found.payment(payment).status is PaymentStatus.RECONCILED:
            desk.run(people["cfo"], reconciliation.undo, payment, "once more")


def test_a_variance_killed_anywhere_is_posted_once_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    payment = paid(desk, people, "49000")

    def prepare() -> tuple[str, str]:
        # Brings 1,000.00 back, for which somebody waits.
        booked = books.read(desk)
        now = booked.payment(payment).amount + sum(
            row.variance_amount for row in booked.variances if row.status is VarianceStatus.APPROVED
        )
        available = booked.fund("NBI").current_balance - booked.fund("NBI").held_amount
        waiting = story.approved(desk, people["staff"], f"{available // 100 + 1000}")
        return recorded(desk, people, payment, f"{now // 100 - 1000}"), waiting

    def approve(here: Desk, subject: tuple[str, str]) -> variances.VarianceState:
        return here.run(people["cfo"], variances.approve, subject[0])

    killing = Killing(desk, prepare, approve)
    for subject, found in killing.points():
        row = next(row for row in found.variances if row.number == subject[0])
        killing.done.append(row.status is VarianceStatus.APPROVED)
        assert found.payment(subject[1]).is_held == killing.done[-1]
        if killing.done[-1]:
            with pytest.raises(Refused):
                approve(desk, subject)
        else:
            assert approve(desk, subject).taken_up == (subject[1],)
        after = books.check(desk)
        assert after.fund("NBI").current_balance == (51_000 + 1_000 * len(killing.done)) * 100
        desk.run(people["staff"], submission.withdraw, subject[1].replace("PAY", "REQ"))


def test_a_transfer_killed_anywhere_moves_the_money_once_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    story.approved(desk, people["staff"], "90000")

    def prepare() -> tuple[str, str]:
        waiting = story.approved(desk, people["staff"], f"{10_000 + 100 * (len(killing.done) + 1)}")
        return asked(desk, people, "HQ", "NBI", "100"), waiting

    def approve(here: Desk, subject: tuple[str, str]) -> transfers.TransferState:
        return here.run(people["cfo"], transfers.approve, subject[0])

    killing = Killing(desk, prepare, approve)
    for subject, found in killing.points():
        row = next(row for row in found.transfers if row.number == subject[0])
        killing.done.append(row.status is TransferStatus.COMPLETED)
        assert found.payment(subject[1]).is_held == killing.done[-1]
        if killing.done[-1]:
            with pytest.raises(Refused):
                approve(desk, subject)
        else:
            assert approve(desk, subject).taken_up == (subject[1],)
        after = books.check(desk)
        assert after.fund("NBI").current_balance == (100_000 + 100 * len(killing.done)) * 100
        assert after.fund("HQ").current_balance == (300_000 - 100 * len(killing.done)) * 100
        desk.run(people["staff"], submission.withdraw, subject[1].replace("PAY", "REQ"))
