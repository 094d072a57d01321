"""Nobody decides on, or pays, their own request: proven in routing, in the services, and by SQL at the database.

Every situation is a request that is carried from submission to payment (and review). At every step on the way its
requester tries everything that a decider may do, through the services and around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import story
from building import actor as find_actor
from raw import Raw
from sqlalchemy import select
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import DECISIONS, STEP_DECISIONS, Role
from pettycash_tui.services import execution, jobs, locate, payments, reassigning, steps, submission, workflow
from pettycash_tui.services.errors import NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import Reading

Arrange = Callable[[Trading], tuple[str, str]]
"""Makes a situation. Returns the requisition's number and the requester's username."""


# --- what is tried ---------------------------------------------------------------------------------------------------


@contextmanager
def around(trading: Trading) -> Iterator[Raw]:
    raw = Raw(trading.desk)
    try:
        yield raw
    finally:
        raw.close()


def prove_routing(trading: Trading, number: str, requester: UUID) -> None:
    """The requester is on no step, in no way, and nobody is on two."""
    found = trading.rows(t.approval_step, t.approval_step.c.requisition_id == trading.row(t.requisition, number).id)
    people = {who for step in found for who in (step.approver_id, step.acted_by_id, step.on_behalf_of_id)}
    assert requester not in people
    for revision in {step.revision for step in found}:
        named = [step.approver_id for step in found if step.revision == revision]
        assert len(set(named)) == len(named)


def prove_services(trading: Trading, number: str, who: str) -> None:
    """No service lets the requester decide, and `explain` says so."""
    told = trading.explain(who, number)
    assert not told.allowed
    assert "own_requisition" in {reason.code for reason in told.reasons}
    for service, given in (
        (workflow.approve, ()),
        (workflow.confirm_urgency, ()),
        (workflow.decline_urgency, ()),
        (workflow.reject, ("no",)),
        (workflow.request_changes, ("no",)),
    ):
        with pytest.raises(Refused) as refused:
            trading.act(who, service, number, *given)
        assert "own_requisition" in {reason.code for reason in refused.value.reasons}
    with pytest.raises((Refused, NotAllowed)) as turned_down:
        trading.act("admin", reassigning.reassign, number, who, "let them")
    if who != "admin":
        assert "own_requisition" in {reason.code for reason in turned_down.value.reasons}


def prove_database(trading: Trading, number: str, requester: UUID) -> None:
    """No row can say that the requester decided."""
    requisition = trading.row(t.requisition, number)
    found = trading.rows(t.approval_step, t.approval_step.c.requisition_id == requisition.id)
    (submitted, *_) = trading.rows(t.approval_trail, t.approval_trail.c.requisition_id == requisition.id)
    taken = {requester, *(step.approver_id for step in found)}
    somebody = next(row.id for row in trading.rows(t.user) if row.id not in taken)
    with around(trading) as raw:
        for column in ("approver_id", "acted_by_id", "on_behalf_of_id"):
            rule = raw.refused_by(
                f"UPDATE approval_step SET {column} = :who WHERE requisition_id = :id AND status = 'current'",
                who=requester,
                id=requisition.id,
            )
            assert rule == "approval_step_not_requester_update"
            step = {"id": new_id(), "position": 9, "status": "waiting", "acted_by_id": None, "acted_at": None}
            people = {"approver_id": somebody, "on_behalf_of_id": None, **step}
            rule = raw.insert(t.approval_step, found[0], **{**people, column: requester})
            assert rule == "approval_step_not_requester_insert"
        for action in DECISIONS:
            line = {"id": new_id(), "action": action, "user_id": requester, "on_behalf_of_id": None}
            assert raw.insert(t.approval_trail, submitted, **line) == "approval_trail_not_requester"
            line |= {"user_id": somebody, "on_behalf_of_id": requester}
            assert raw.insert(t.approval_trail, submitted, **line) == "approval_trail_not_requester"
        changed = "UPDATE requisition SET requested_by_id = :who WHERE id = :id"
        assert raw.refused_by(changed, who=somebody, id=requisition.id) == "requisition_requester_fixed"


def prove_payment(trading: Trading, payment: str, who: str) -> None:
    """The requester does not pay, whoever assigns them, and no row can say that they did."""
    row = trading.row(t.payment, payment)
    requester = trading[who].id
    assert row.executor_id != requester
    with pytest.raises((Refused, NotAllowed)):
        execution.execute(trading.desk, trading[who], payment, code="123456")
    with pytest.raises((Refused, NotAllowed)):
        trading.desk.run(trading["cfo"], payments.assign, payment, who)
    with around(trading) as raw:
        assign = "UPDATE payment SET executor_id = :who WHERE id = :id"
        assert raw.refused_by(assign, who=requester, id=row.id) == "ck_payment_executor_not_requester"
        other = "UPDATE payment SET requested_by_id = :who WHERE id = :id"
        assert raw.refused_by(other, who=trading["ceo" if who != "ceo" else "cfo"].id, id=row.id) == "payment_fixed"
        rule = raw.refused_by(
            "INSERT INTO payment_execution (id, created_at, company_id, payment_id, executor_id, method,"
            " gateway_reference, gateway_status, source, client, executed_at) VALUES (:id, :now, :company, :payment,"
            " :who, 'cash', 'CASH-1', 'paid', '', '', :now)",
            id=new_id(),
            now=trading.clock.now,
            company=row.company_id,
            payment=row.id,
            who=requester,
        )
        assert rule == "payment_execution_by_executor"


def whose_turn(trading: Trading, number: str) -> Actor:
    """Who acts today: the approver of the current step, or their delegate."""

    def find(reading: Reading) -> str:
        row = locate.requisition(reading, number)
        current = steps.current_step(reading, row, steps.steps_of(reading, row.id, row.revision))
        assert current is not None
        assert current.problem == ""
        return str(reading.execute(select(t.user.c.username).where(t.user.c.id == current.acts_id)).scalar_one())

    return find_actor(trading.desk, trading.desk.read(SYSTEM, find))


def carry_to_the_end(trading: Trading, number: str, who: str) -> None:
    """From here to payment and review, proving everything at every step."""
    requester = trading[who].person_id
    payment = None
    while payment is None:
        prove_routing(trading, number, requester)
        prove_services(trading, number, who)
        prove_database(trading, number, requester)
        urgent = trading.show(number).status.value == "pending_urgency_confirmation"
        service = workflow.confirm_urgency if urgent else workflow.approve
        payment = trading.desk.run(whose_turn(trading, number), service, number).payment
    prove_payment(trading, payment, who)
    if trading.row(t.payment, payment).executor_id is None:
        return
    story.pay(trading.desk, payment)
    if any(step.kind.value == "review" for step in trading.show(number).steps):
        prove_services(trading, number, who)
        prove_database(trading, number, requester)
        trading.desk.run(whose_turn(trading, number), workflow.approve, number)
    prove_routing(trading, number, requester)
    trail = [line for line in trading.show(number).trail if line.user and line.action in STEP_DECISIONS]
    acted = [(line.revision, line.user.username) for line in trail if line.user]
    assert who not in {username for _, username in acted}
    assert len(set(acted)) == len(acted)


# --- the situations --------------------------------------------------------------------------------------------------

ROLES = {role.value: ("fpa" if role is Role.FPA else role.value) for role in Role}


@pytest.mark.parametrize("role", ROLES)
def test_somebody_of_each_role_asks_for_themselves(trading: Trading, role: str) -> None:
    who = ROLES[role]
    for amount in ("4500", "300000"):
        number = trading.request(who, amount, origin="branch", branch="NBI", department="OPS")
        requester = trading[who].person_id
        prove_routing(trading, number, requester)
        prove_services(trading, number, who)
        if amount == "4500":
            carry_to_the_end(trading, number, who)
        else:
            prove_database(trading, number, requester)


def their_delegate(trading: Trading) -> tuple[str, str]:
    trading.another("deputy", Role.STAFF, like="branch_manager")
    trading.away("branch_manager", "deputy")
    number = trading.request("branch_manager")
    assert "branch_manager" not in {s.on_behalf_of.username for s in trading.show(number).steps if s.on_behalf_of}
    with pytest.raises((Refused, NotFound)):
        trading.act("deputy", workflow.approve, number)
    return number, "branch_manager"


def the_approvers_delegate_before(trading: Trading) -> tuple[str, str]:
    trading.away("branch_manager", "staff")
    number = trading.request()
    assert trading.steps(number)[0] == ("approve", "regional_manager", "current")
    return number, "staff"


def the_approvers_delegate_since(trading: Trading) -> tuple[str, str]:
    number = trading.request()
    trading.away("branch_manager", "staff")
    for who in ("staff", "branch_manager"):
        with pytest.raises(Refused) as refused:
            trading.act(who, workflow.approve, number)
        assert "delegate_not_eligible" in {reason.code for reason in refused.value.reasons}
    trading.act("admin", reassigning.reassign, number, "group_finance_manager", "the delegate is the requester")
    return number, "staff"


def given_their_own_step(trading: Trading) -> tuple[str, str]:
    number = trading.request("department_head", department="FIN")
    with pytest.raises(Refused) as refused:
        trading.act("admin", reassigning.reassign, number, "department_head", "they know best")
    assert "own_requisition" in {reason.code for reason in refused.value.reasons}
    return number, "department_head"


def urgent_and_their_own_first_approver(trading: Trading) -> tuple[str, str]:
    fields: dict[str, Any] = {"is_urgent": True, "urgency_reason": "The van stands on the road"}
    number = trading.request("branch_manager", "60000", **fields)
    assert trading.show(number).status.value == "pending_urgency_confirmation"
    return number, "branch_manager"


def next_above_an_overdue_step(trading: Trading) -> tuple[str, str]:
    number = trading.request("regional_manager", origin="branch", branch="NBI")
    assert trading.steps(number)[0][1] == "branch_manager"
    trading.clock.advance(hours=25)
    jobs.run(trading.desk, "escalate-approvals")
    assert trading.steps(number)[0][1] == "group_finance_manager"
    return number, "regional_manager"


def delegate_of_the_next_above(trading: Trading) -> tuple[str, str]:
    number = trading.request()
    trading.away("regional_manager", "staff", days=5)
    trading.clock.advance(hours=25)
    jobs.run(trading.desk, "escalate-approvals")
    assert trading.steps(number)[0][1] == "group_finance_manager"
    return number, "staff"


def an_officer_with_a_colleague(trading: Trading) -> tuple[str, str]:
    number = trading.request("treasury")
    assert [kind for kind, _, _ in trading.steps(number)] == ["approve", "approve"]
    return number, "treasury"


def the_only_officer(trading: Trading) -> tuple[str, str]:
    trading.deactivate("treasury2")
    return trading.request("treasury", "60000"), "treasury"


def a_superuser_who_administers(trading: Trading) -> tuple[str, str]:
    trading.set_person("admin", is_superuser=True, is_centralized_approver=True)
    for name in ("branch_manager", "regional_manager", "group_finance_manager", "cfo", "ceo"):
        trading.another(f"second_{name}", trading[name].role or Role.STAFF, like=name)
    number = trading.request("admin", "300000", origin="hq")
    with pytest.raises(Refused):
        trading.act("admin", reassigning.reassign, number, "admin", "I am the admin")
    return number, "admin"


def a_group_wide_officer(trading: Trading) -> tuple[str, str]:
    trading.another("group_cfo", Role.CFO, company_id=None)
    return trading.request("group_cfo", "300000", origin="hq", company="ACME"), "group_cfo"


def sent_back_and_submitted_again(trading: Trading) -> tuple[str, str]:
    number = trading.request("branch_manager", "12000")
    trading.desk.run(whose_turn(trading, number), workflow.request_changes, number, "more")
    trading.act("branch_manager", submission.submit, number)
    return number, "branch_manager"


def promoted_since(trading: Trading) -> tuple[str, str]:
    """Staff when asking, and by now the branch manager to whom a second revision would go."""
    number = trading.request()
    trading.act("branch_manager", workflow.request_changes, number, "more")
    trading.set_person("staff", role=Role.BRANCH_MANAGER)
    trading.deactivate("branch_manager")
    trading.act("staff", submission.submit, number)
    return number, "staff"


SITUATIONS: dict[str, Arrange] = {
    "the requester is away, and their delegate does not act for them": their_delegate,
    "the approver is away, and their delegate is the requester": the_approvers_delegate_before,
    "the approver goes away, and names the requester": the_approvers_delegate_since,
    "an admin gives the requester their own step": given_their_own_step,
    "it is urgent, and the requester would confirm it": urgent_and_their_own_first_approver,
    "a step is overdue, and the next above is the requester": next_above_an_overdue_step,
    "a step is overdue, and the next above is away with the requester as delegate": delegate_of_the_next_above,
    "a treasury officer asks, and another pays": an_officer_with_a_colleague,
    "the only treasury officer asks, and nobody pays until the CFO finds somebody": the_only_officer,
    "a superuser who administers asks": a_superuser_who_administers,
    "a group-wide officer asks": a_group_wide_officer,
    "it comes back and is submitted again": sent_back_and_submitted_again,
    "the requester has become the approver meanwhile": promoted_since,
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nobody_decides_on_their_own_when(trading: Trading, situation: str) -> None:
    number, who = SITUATIONS[situation](trading)
    carry_to_the_end(trading, number, who)


def test_admins_do_not_approve_by_being_admins(trading: Trading) -> None:
    number = trading.request()
    for service, given in (
        (workflow.approve, ()),
        (workflow.reject, ("no",)),
        (reassigning.reassign, ("admin", "mine")),
    ):
        with pytest.raises(Refused):
            trading.act("admin", service, number, *given)


def test_nobody_acts_on_two_steps_of_a_revision(trading: Trading) -> None:
    number = trading.request(amount="12000")
    trading.approve(number, "branch_manager")
    trading.away("department_head", "branch_manager")
    for who in ("branch_manager", "department_head"):
        with pytest.raises(Refused) as refused:
            trading.act(who, workflow.approve, number)
        assert "delegate_not_eligible" in {reason.code for reason in refused.value.reasons}
    with pytest.raises(Refused):
        trading.act("admin", reassigning.reassign, number, "branch_manager", "again")
    row = trading.row(t.requisition, number)
    twice, first = trading["branch_manager"].id, trading.show(number).trail[1]
    (line,) = trading.rows(t.approval_trail, t.approval_trail.c.action == first.action)
    with around(trading) as raw:
        where = "WHERE requisition_id = :id AND status = 'current'"
        acts = f"UPDATE approval_step SET acted_by_id = :who {where}"
        assert raw.refused_by(acts, who=twice, id=row.id) == "ux_approval_step_acted_by"
        stands = f"UPDATE approval_step SET approver_id = :who {where}"
        assert raw.refused_by(stands, who=twice, id=row.id) == "ux_approval_step_approver"
        for action in STEP_DECISIONS:
            again = raw.insert(t.approval_trail, line, id=new_id(), action=action)
            assert again == "ux_approval_trail_one_act"


def test_an_approver_acts_again_on_the_next_revision(trading: Trading) -> None:
    number = trading.request(amount="12000")
    trading.approve(number, "branch_manager")
    trading.act("department_head", workflow.request_changes, number, "more")
    trading.act("staff", submission.submit, number)
    trading.approve(number, "branch_manager", "department_head")
    assert trading.actions(number).count("approved") == 3


def test_who_approved_does_not_pay(trading: Trading) -> None:
    number = trading.request(amount="12000")
    trading.approve(number, "branch_manager", "department_head")
    payment = trading.desk.run(whose_turn(trading, number), workflow.approve, number).payment
    assert payment is not None
    row = trading.row(t.payment, payment)
    trading.set_person("branch_manager", role=Role.TREASURY)
    with pytest.raises(Refused):
        trading.desk.run(trading["cfo"], payments.assign, payment, "branch_manager")
    with around(trading) as raw:
        rule = raw.refused_by(
            "UPDATE payment SET executor_id = :who WHERE id = :id", who=trading["branch_manager"].id, id=row.id
        )
        assert rule == "payment_executor_not_approver_update"


def test_an_admin_does_not_choose_who_decides_on_their_own_request(trading: Trading) -> None:
    number = trading.request(who="admin", origin="hq")
    with pytest.raises(Refused) as refused:
        trading.act("admin", reassigning.reassign, number, "cfo", "a friend")
    assert refused.value.code == "own_requisition"
