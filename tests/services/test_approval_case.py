"""What is read before deciding and paying: few statements, only what may be seen, and who may take a step over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import story
from settable_clock import SettableClock
from sqlalchemy import event

from pettycash_tui.models.enums import RequisitionStatus, TrailAction
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    approval_case,
    outcomes,
    payment_case,
    payments,
    reassigning,
    requisition_views,
    requisitions,
    workflow,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotFound, Overtaken, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisitions import RequisitionInput


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return story.trading_company(desk)


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """The statements that the desk sends inside."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append(statement)

    event.listen(desk.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(desk.engine, "before_cursor_execute", note)


def test_a_case_tells_what_becomes_of_the_fund(desk: Desk, people: dict[str, Actor]) -> None:
    story.approved(desk, people["staff"], "60000")
    number = story.request(desk, people["staff"], "45000")
    fund = desk.read(people["branch_manager"], approval_case.show, number).fund
    assert (fund.code, fund.available, fund.available_after) == ("NBI", Money(4_000_000, "KES"), Money(-500_000, "KES"))
    assert fund.is_short
    small = desk.read(people["branch_manager"], approval_case.show, story.request(desk, people["staff"], "100")).fund
    assert not small.is_short and not small.falls_below_reorder


def test_a_case_shows_the_last_five_requests_of_the_requester_and_marks_the_twin(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    numbers = []
    for amount in ("100", "200", "300", "400", "500", "600", "300"):
        clock.advance(hours=1)
        numbers.append(story.request(desk, people["staff"], amount))
    desk.run(people["staff"], requisitions.create, RequisitionInput(amount="1", purpose="A draft", payee="Nobody"))
    found = desk.read(people["branch_manager"], approval_case.show, numbers[6])
    assert [one.number for one in found.recent] == numbers[5:0:-1]
    assert [one.number for one in found.recent if one.is_twin] == [numbers[2]]
    assert [twin.number for twin in found.findings.twins] == [numbers[2]]


def test_the_last_requests_are_only_those_that_the_approver_may_see(desk: Desk, people: dict[str, Actor]) -> None:
    seen = story.request(desk, people["staff"], "100")
    elsewhere = story.request(desk, people["staff"], "200", branch="MSA")
    decided = story.request(desk, people["staff"], "300")
    recent = desk.read(people["branch_manager"], approval_case.show, decided).recent
    assert [one.number for one in recent] == [seen]
    with pytest.raises(NotFound):
        desk.read(
            people["branch_manager"], approval_case.show, desk.read(people["cfo"], requisition_views.show, elsewhere).id
        )


def test_a_detail_is_read_with_few_statements(desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(desk, people["staff"], "300")
    story.request(desk, people["staff"], "300")
    row = desk.read(people["branch_manager"], requisition_views.queue).items[0]
    with statements(desk) as sent:
        desk.read(people["branch_manager"], approval_case.show, row.id)
    assert len(sent) <= 8, "\n\n".join(sent)
    desk.run(people["branch_manager"], workflow.approve, number)
    desk.run(story.approver_of(desk, number), workflow.approve, number)
    executor = story.executor_of(desk, "PAY-000001")
    payment = story.id_of_payment(desk, "PAY-000001")
    with statements(desk) as sent:
        desk.read(executor, payment_case.show, payment)
    assert len(sent) <= 4, "\n\n".join(sent)


def test_who_may_take_a_step_over_is_who_reassigning_accepts(desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(desk, people["staff"], "300")
    found = desk.read(people["admin"], reassigning.eligible_approvers, number)
    offered = [one.person.username for one in found]
    assert "staff" not in offered and "branch_manager" not in offered and "admin" not in offered
    assert not {"treasury", "treasury2"} & set(offered), "treasury never approves"
    assert {"cfo", "ceo", "regional_manager", "department_head"} <= set(offered)
    for username in set(people) - set(offered):
        with pytest.raises(Refused):
            desk.run(people["admin"], reassigning.reassign, number, username, "somebody else")
    desk.run(people["admin"], reassigning.reassign, number, offered[-1], "on leave")
    assert story.approver_of(desk, number).username == offered[-1]


def test_a_step_is_not_taken_over_when_another_has_become_the_current_one(desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(desk, people["staff"], "20000")  # branch manager, department head, treasury
    taker = desk.read(people["admin"], reassigning.eligible_approvers, number)[0]
    desk.run(people["branch_manager"], workflow.approve, number)
    current = story.approver_of(desk, number).username
    with pytest.raises(Overtaken, match="was faster"):
        desk.run(
            people["admin"],
            reassigning.reassign,
            number,
            taker.person.username,
            "on leave",
            expected_step=taker.step_id,
        )
    assert story.approver_of(desk, number).username == current


def test_those_of_the_same_role_come_first_the_least_busy_before_the_others(
    desk: Desk, people: dict[str, Actor]
) -> None:
    number = story.request(desk, people["staff"], "300")
    desk.run(people["branch_manager"], workflow.approve, number)
    treasury = desk.read(people["admin"], reassigning.eligible_approvers, number)
    assert treasury[0].role.value == "treasury" and treasury[0].open_steps == 0


def test_only_an_admin_sees_who_may_take_a_step_over(desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(desk, people["staff"], "300")
    with pytest.raises(NotAllowed):
        desk.read(people["branch_manager"], reassigning.eligible_approvers, number)
    own = story.request(desk, people["admin"], "300")
    with pytest.raises(Refused, match="your own"):
        desk.read(people["admin"], reassigning.eligible_approvers, own)


def test_what_became_of_a_requisition_and_a_payment_is_told_to_who_may_see_them(
    desk: Desk, people: dict[str, Actor]
) -> None:
    number = story.request(desk, people["staff"], "300")
    found = desk.read(people["cfo"], requisition_views.show, number).id
    desk.run(people["branch_manager"], workflow.approve, number, "fine")
    decided = desk.read(people["cfo"], outcomes.of_requisitions, [found])[found]
    assert (decided.action, decided.words) == (TrailAction.APPROVED, "approved by Branch Manager")
    assert decided.status is RequisitionStatus.PENDING_TREASURY_VALIDATION
    assert desk.read(people["fpa"], outcomes.of_requisitions, [found]), "the whole company's"
    other = story.request(desk, people["treasury"], "300")
    hidden = desk.read(people["cfo"], requisition_views.show, other).id
    assert hidden not in desk.read(people["staff"], outcomes.of_requisitions, [hidden])
    payment = desk.run(story.approver_of(desk, number), workflow.approve, number).payment
    assert payment is not None
    paid = story.id_of_payment(desk, payment)
    desk.run(people["cfo"], payments.cancel, payment, "not needed")
    assert desk.read(people["cfo"], outcomes.of_payments, [paid])[paid].status.value == "cancelled"
