"""Acting on requisitions, from submission to payment and review, on both databases. Domain, sections 2 and 3."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus, Role
from pettycash_tui.services import (
    escalation,
    execution,
    funds,
    jobs,
    payment_views,
    payments,
    reassigning,
    replenishments,
    requisition_views,
    requisitions,
    submission,
    workflow,
)
from pettycash_tui.services.errors import (
    InvalidInput,
    NotAllowed,
    NotFound,
    Overtaken,
    PettyCashError,
    Refused,
)
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisition_views import RequisitionFilter
from pettycash_tui.services.requisitions import RequisitionInput, content_hash

S = RequisitionStatus


def refusal(act: Any, *given: Any, **named: Any) -> Refused:
    """The refusal of a call that must be refused."""
    with pytest.raises(Refused) as refused:
        act(*given, **named)
    return refused.value


def codes(error: PettyCashError) -> set[str]:
    return {reason.code for reason in error.reasons}


def draft(trading: Trading, who: str = "staff", amount: str = "4500", **fields: Any) -> str:
    given = RequisitionInput(**{"amount": amount, "purpose": "Fuel", "payee": "Total", **fields})
    return trading.desk.run(trading[who], requisitions.create, given).number


# --- submitting ------------------------------------------------------------------------------------------------------


def test_only_the_requester_submits_and_only_once(trading: Trading) -> None:
    number = draft(trading)
    with pytest.raises(NotAllowed):
        trading.act("cfo", submission.submit, number)
    acted = trading.act("staff", submission.submit, number)
    assert acted.status is S.PENDING_BRANCH_APPROVAL
    assert refusal(trading.act, "staff", submission.submit, number).code == "already_submitted"
    shown = trading.show(number)
    assert shown.next_approver is not None
    assert (shown.tier, shown.threshold, shown.next_approver.username) == (1, "branch-1", "branch_manager")
    assert trading.steps(number) == [
        ("approve", "branch_manager", "current"),
        ("validate", "treasury", "waiting"),
    ]


def test_when_nobody_can_act_it_stays_a_draft(trading: Trading) -> None:
    trading.deactivate("branch_manager", "regional_manager", "group_finance_manager", "cfo", "ceo", "admin")
    number = draft(trading)
    assert refusal(trading.act, "staff", submission.submit, number).code == "no_approver"
    shown = trading.show(number)
    assert (shown.status, shown.steps, shown.trail, shown.tier) == (S.DRAFT, (), (), None)


def test_no_policy_leaves_a_draft(trading: Trading) -> None:
    trading.change(lambda work: work.execute(update(t.approval_threshold).values(is_active=False)))
    number = draft(trading)
    assert refusal(trading.act, "staff", submission.submit, number).code == "no_policy"
    assert trading.show(number).status is S.DRAFT


def test_too_little_in_the_fund_warns_and_does_not_refuse(trading: Trading) -> None:
    number = draft(trading, amount="100000.01")
    acted = trading.act("staff", submission.submit, number)
    assert len(acted.warnings) == 1
    assert "NBI" in acted.warnings[0]
    assert trading.act("staff", submission.submit, draft(trading, amount="100000")).warnings == ()


def test_a_requisition_in_approval_cannot_be_edited(trading: Trading) -> None:
    number = trading.request()
    error = refusal(trading.desk.run, trading["staff"], requisitions.edit, number, RequisitionInput(amount="1"))
    assert error.code == "not_editable"
    with pytest.raises(NotAllowed):
        trading.desk.run(trading["cfo"], requisitions.edit, number, RequisitionInput(amount="1"))


# --- deciding --------------------------------------------------------------------------------------------------------


def test_approve_validate_pay_and_review_each_leave_their_line(trading: Trading) -> None:
    number = trading.request(amount="60000")
    assert trading.approve(number, "branch_manager").status is S.PENDING_REGIONAL_REVIEW
    assert trading.approve(number, "regional_manager").status is S.PENDING_TREASURY_VALIDATION
    acted = trading.act("treasury", workflow.approve, number, "all papers there")
    assert (acted.status, acted.payment) == (S.APPROVED, "PAY-000001")
    assert refusal(trading.act, "fpa", workflow.approve, number).code == "nothing_to_decide"
    story.pay(trading.desk, "PAY-000001")
    assert trading.show(number).status is S.PAID
    assert trading.approve(number, "fpa").status is S.REVIEWED
    shown = trading.show(number)
    people = [(line.user.username, line.role.value) for line in shown.trail if line.user and line.role]
    lines = [(line.action.value, *who) for line, who in zip(shown.trail, people, strict=True)]
    assert lines == [
        ("submitted", "staff", "staff"),
        ("approved", "branch_manager", "branch_manager"),
        ("approved", "regional_manager", "regional_manager"),
        ("validated", "treasury", "treasury"),
        ("paid", story.executor_of(trading.desk, "PAY-000001").username, "treasury"),
        ("reviewed", "fpa", "fp&a"),
    ]
    assert shown.trail[3].comment == "all papers there"
    (row,) = trading.rows(t.requisition, t.requisition.c.number == number)
    approvals = [line for line in shown.trail if line.action.value != "paid"]
    assert {line.content_hash for line in approvals} == {content_hash(row)}
    assert {line.source for line in shown.trail} == {"local"}
    assert shown.next_approver is None


def test_only_the_steps_approver_acts(trading: Trading) -> None:
    number = trading.request()
    for who in ("staff", "regional_manager", "treasury", "cfo", "ceo", "admin", "department_head", "fpa"):
        for service in (workflow.approve, workflow.reject, workflow.request_changes):
            given = () if service is workflow.approve else ("because",)
            with pytest.raises((Refused, NotFound)):
                trading.act(who, service, number, *given)
    assert trading.steps(number)[0] == ("approve", "branch_manager", "current")
    assert trading.actions(number) == ["submitted"]


@pytest.mark.parametrize(
    ("service", "status", "action"),
    [
        (workflow.reject, S.REJECTED, "rejected"),
        (workflow.request_changes, S.PENDING_CHANGES, "changes_requested"),
    ],
)
def test_sending_back_needs_a_reason(trading: Trading, service: Any, status: S, action: str) -> None:
    number = trading.request()
    for empty in ("", "   ", "\n"):
        with pytest.raises(InvalidInput) as invalid:
            trading.act("branch_manager", service, number, empty)
        assert "reason" in invalid.value.fields
    acted = trading.act("branch_manager", service, number, "no receipt")
    assert acted.status is status
    shown = trading.show(number)
    assert shown.trail[-1].action.value == action
    assert shown.trail[-1].comment == "no receipt"
    assert {step.status.value for step in shown.steps} == {"skipped"}
    assert shown.next_approver is None


def test_nothing_follows_a_rejection(trading: Trading) -> None:
    number = trading.request()
    trading.act("branch_manager", workflow.reject, number, "no")
    assert refusal(trading.act, "staff", submission.submit, number).code == "already_submitted"
    assert refusal(trading.act, "staff", submission.withdraw, number).code == "not_open"
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "nothing_to_decide"
    error = refusal(trading.act, "admin", reassigning.reassign, number, "cfo", "why not")
    assert error.code == "nothing_to_decide"


def test_changes_make_a_new_revision_whose_approvals_start_from_nothing(trading: Trading) -> None:
    number = trading.request(amount="4500")
    trading.approve(number, "branch_manager")
    trading.act("treasury", workflow.request_changes, number, "too little")
    trading.desk.run(trading["staff"], requisitions.edit, number, RequisitionInput(amount="12000"))
    acted = trading.act("staff", submission.submit, number)
    assert acted.status is S.PENDING_BRANCH_APPROVAL
    shown = trading.show(number)
    assert (shown.revision, shown.tier) == (2, 2)
    assert trading.steps(number) == [
        ("approve", "branch_manager", "current"),
        ("approve", "department_head", "waiting"),
        # The officer who has been idle longer.
        ("validate", "treasury2", "waiting"),
    ]
    trading.approve(number, "branch_manager", "department_head")
    acted = trading.act("treasury2", workflow.approve, number)
    assert acted.payment is not None
    assert trading.row(t.payment, acted.payment).amount == 1_200_000
    assert trading.row(t.payment, acted.payment).revision == 2
    hashes = {line.revision: line.content_hash for line in trading.show(number).trail}
    assert hashes[1] != hashes[2]


def test_the_reviewer_cannot_send_back_what_is_paid(trading: Trading) -> None:
    payment = trading.approved(amount="60000")
    story.pay(trading.desk, payment)
    for service in (workflow.reject, workflow.request_changes):
        assert refusal(trading.act, "fpa", service, "REQ-000001", "odd").code == "paid_already"
    assert trading.show("REQ-000001").status is S.PAID


def test_two_people_at_the_same_moment_one_wins_and_the_other_is_told(trading: Trading) -> None:
    number = trading.request(amount="12000")
    outcomes: list[object] = []
    step = trading.show(number).steps[0].id
    together = Barrier(2)

    def press() -> None:
        together.wait()
        try:
            given = {"expected_step": step}
            outcomes.append(trading.desk.run(trading["branch_manager"], workflow.approve, number, **given).status)
        except PettyCashError as error:
            outcomes.append(error)

    threads = [Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert S.PENDING_DEPT_APPROVAL in outcomes
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, PettyCashError)]
    assert isinstance(told, Overtaken)
    assert "Branch Manager was faster (approved)" in told.message
    assert trading.actions(number) == ["submitted", "approved"]


def test_a_step_that_is_not_the_one_looked_at_is_overtaken(trading: Trading) -> None:
    number = trading.request(amount="12000")
    first, second = trading.show(number).steps[:2]
    trading.approve(number, "branch_manager")
    for service, given in (
        (workflow.approve, ()),
        (workflow.reject, ("no",)),
        (workflow.request_changes, ("no",)),
    ):
        with pytest.raises(Overtaken) as overtaken:
            trading.act("department_head", service, number, *given, expected_step=first.id)
        assert "Branch Manager" in overtaken.value.message
    assert trading.act("department_head", workflow.approve, number, expected_step=second.id).status is not None


# --- withdrawing -----------------------------------------------------------------------------------------------------


def test_the_requester_withdraws_before_payment_and_the_hold_goes_back(trading: Trading) -> None:
    payment = trading.approved()
    assert trading.row(t.treasury_fund, "NBI").held_amount == 450_000
    with pytest.raises(NotAllowed):
        trading.act("cfo", submission.withdraw, "REQ-000001")
    acted = trading.act("staff", submission.withdraw, "REQ-000001", "found another way")
    assert acted.status is S.WITHDRAWN
    fund, paid = trading.row(t.treasury_fund, "NBI"), trading.row(t.payment, payment)
    assert (fund.held_amount, fund.current_balance) == (0, 10_000_000)
    assert (paid.status, paid.is_held) == (PaymentStatus.CANCELLED, False)
    assert trading.show("REQ-000001").trail[-1].comment == "found another way"
    reasons = codes(refusal(story.pay, trading.desk, payment))
    assert {"cancelled", "not_approved"} <= reasons


@pytest.mark.parametrize("stage", ["draft", "in approval", "sent back"])
def test_withdrawing_works_at_every_stage_before_payment(trading: Trading, stage: str) -> None:
    number = draft(trading) if stage == "draft" else trading.request()
    if stage == "sent back":
        trading.act("branch_manager", workflow.request_changes, number, "more")
    assert trading.act("staff", submission.withdraw, number).status is S.WITHDRAWN
    assert {status for _, _, status in trading.steps(number)} <= {"skipped"}


def test_what_is_paid_cannot_be_withdrawn(trading: Trading) -> None:
    story.pay(trading.desk, trading.approved())
    assert refusal(trading.act, "staff", submission.withdraw, "REQ-000001").code == "not_open"


# --- urgency ---------------------------------------------------------------------------------------------------------


def urgent(trading: Trading, amount: str = "60000") -> str:
    return trading.request(amount=amount, is_urgent=True, urgency_reason="The van stands on the road")


def test_confirming_urgency_is_the_approval_and_skips_the_others_but_neither_treasury_nor_review(
    trading: Trading,
) -> None:
    number = urgent(trading)
    assert trading.show(number).status is S.PENDING_URGENCY_CONFIRMATION
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "urgency_open"
    acted = trading.act("branch_manager", workflow.confirm_urgency, number, "true")
    assert acted.status is S.PENDING_TREASURY_VALIDATION
    assert trading.steps(number) == [
        ("approve", "branch_manager", "done"),
        ("approve", "regional_manager", "skipped"),
        ("validate", "treasury", "current"),
        ("review", "fpa", "waiting"),
    ]
    assert trading.actions(number) == ["submitted", "urgency_confirmed"]
    payment = trading.act("treasury", workflow.approve, number).payment
    assert payment is not None
    story.pay(trading.desk, payment)
    assert trading.approve(number, "fpa").status is S.REVIEWED


def test_declining_urgency_runs_the_normal_sequence_with_the_same_person_first(trading: Trading) -> None:
    number = urgent(trading)
    acted = trading.act("branch_manager", workflow.decline_urgency, number, "it can wait")
    assert acted.status is S.PENDING_BRANCH_APPROVAL
    assert refusal(trading.act, "branch_manager", workflow.confirm_urgency, number).code == "no_urgency_open"
    assert trading.approve(number, "branch_manager").status is S.PENDING_REGIONAL_REVIEW
    assert trading.actions(number) == ["submitted", "urgency_declined", "approved"]


def test_only_the_first_approver_decides_on_urgency(trading: Trading) -> None:
    number = urgent(trading)
    for service in (workflow.confirm_urgency, workflow.decline_urgency):
        for who in ("staff", "regional_manager", "treasury", "admin"):
            assert codes(refusal(trading.act, who, service, number)) & {"not_your_step", "own_requisition"}


def test_an_urgent_one_can_be_rejected_without_deciding_on_urgency(trading: Trading) -> None:
    number = urgent(trading)
    assert trading.act("branch_manager", workflow.reject, number, "no").status is S.REJECTED


def test_urgency_without_a_reason_is_refused(trading: Trading) -> None:
    with pytest.raises(InvalidInput) as invalid:
        draft(trading, is_urgent=True)
    assert "urgency_reason" in invalid.value.fields


# --- reassigning -----------------------------------------------------------------------------------------------------


def test_an_admin_reassigns_with_a_reason_and_the_trail_says_override(trading: Trading) -> None:
    number = trading.request()
    with pytest.raises(NotAllowed):
        trading.act("cfo", reassigning.reassign, number, "ceo", "ill")
    with pytest.raises(InvalidInput):
        trading.act("admin", reassigning.reassign, number, "ceo", " ")
    trading.act("admin", reassigning.reassign, number, "ceo", "the branch manager is ill")
    line = trading.show(number).trail[-1]
    assert (line.action.value, line.override) == ("reassigned", True)
    assert line.comment == "From branch_manager to ceo: the branch manager is ill"
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "not_your_step"
    assert trading.approve(number, "ceo").status is S.PENDING_TREASURY_VALIDATION


def test_a_step_is_not_given_to_somebody_who_may_not_hold_it(trading: Trading) -> None:
    number = trading.request(amount="12000")
    for to, code in (
        ("staff", "own_requisition"),
        ("department_head", "on_another_step"),
        ("branch_manager", "same_person"),
        ("treasury2", "treasury_never_approves"),
        ("fpa", "not_allowed"),
        ("admin", "admin_override"),
        ("nobody", "refused"),
    ):
        error = refusal(trading.act, "admin", reassigning.reassign, number, to, "because")
        assert code in codes(error) | {error.code}, to
    assert trading.steps(number)[0] == ("approve", "branch_manager", "current")


def test_an_inactive_person_is_given_nothing(trading: Trading) -> None:
    number = trading.request()
    trading.deactivate("ceo")
    error = refusal(trading.act, "admin", reassigning.reassign, number, "ceo", "because")
    assert error.fields == {"to": "must be an active person"}


def test_who_was_skipped_does_not_come_back_by_reassignment(trading: Trading) -> None:
    number = urgent(trading)
    trading.act("branch_manager", workflow.confirm_urgency, number)
    error = refusal(trading.act, "admin", reassigning.reassign, number, "branch_manager", "because")
    assert codes(error) >= {"on_another_step"}


# --- delegation ------------------------------------------------------------------------------------------------------


def test_while_a_delegation_runs_only_the_delegate_acts(trading: Trading) -> None:
    trading.another("deputy", Role.STAFF, like="branch_manager")
    number = trading.request()
    trading.away("branch_manager", "deputy")
    assert trading.desk.read(trading["deputy"], requisition_views.count_queue) == 1
    assert trading.desk.read(trading["branch_manager"], requisition_views.count_queue) == 0
    error = refusal(trading.act, "branch_manager", workflow.approve, number)
    assert "waits for Deputy Person, for Branch Manager" in error.message
    assert trading.explain("deputy", number).allowed
    trading.act("deputy", workflow.approve, number)
    line = trading.show(number).trail[-1]
    assert line.user is not None
    assert line.on_behalf_of is not None
    assert (line.user.username, line.on_behalf_of.username) == ("deputy", "branch_manager")
    step = trading.show(number).steps[0]
    assert step.acted_by is not None
    assert (step.approver.username, step.acted_by.username) == ("branch_manager", "deputy")


def test_before_and_after_a_delegation_the_approver_acts_alone(trading: Trading) -> None:
    trading.another("deputy", Role.STAFF, like="branch_manager")
    trading.away("branch_manager", "deputy", days=1, starts_in=1)
    first, second = trading.request(), trading.request()
    assert trading.approve(first, "branch_manager").status is S.PENDING_TREASURY_VALIDATION
    trading.clock.advance(days=1)
    assert refusal(trading.act, "branch_manager", workflow.approve, second).code == "not_your_step"
    trading.clock.advance(days=1)
    assert trading.approve(second, "branch_manager").status is S.PENDING_TREASURY_VALIDATION


def test_a_delegation_begins_with_the_companys_own_day(trading: Trading) -> None:
    """In Nairobi it is tomorrow from 21:00 UTC on: the delegate sees the requisition then, and acts on it."""
    trading.another("deputy", Role.STAFF)
    number = trading.request()
    trading.away("branch_manager", "deputy", days=1, starts_in=1)
    trading.clock.now = trading.clock.now.replace(hour=20, minute=59)
    assert refusal(trading.act, "deputy", workflow.approve, number).code == "not_your_step"
    trading.clock.now = trading.clock.now.replace(hour=21, minute=0)
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "not_your_step"
    assert trading.approve(number, "deputy").status is S.PENDING_TREASURY_VALIDATION


@pytest.mark.parametrize("delegate", ["staff", "treasury", "treasury2", "gone", "department_head"])
def test_a_delegate_who_may_not_act_blocks_the_step_until_an_admin_reassigns(trading: Trading, delegate: str) -> None:
    """The requester, one on another step, treasury (never approves), an inactive one."""
    trading.another("gone", Role.STAFF)
    number = trading.request(amount="12000")
    trading.away("branch_manager", delegate)
    trading.deactivate("gone")
    for who in ("branch_manager", delegate):
        try:
            error = refusal(trading.act, who, workflow.approve, number)
        except pytest.fail.Exception:
            raise
        except NotFound:
            continue
        assert codes(error) & {"delegate_not_eligible", "own_requisition"}
    trading.act("admin", reassigning.reassign, number, "regional_manager", "nobody there")
    assert trading.approve(number, "regional_manager").status is S.PENDING_DEPT_APPROVAL


def test_at_submission_an_absent_approver_is_replaced_at_once(trading: Trading) -> None:
    trading.another("deputy", Role.STAFF)
    trading.away("branch_manager", "deputy")
    number = trading.request()
    step = trading.show(number).steps[0]
    assert step.on_behalf_of is not None
    assert (step.approver.username, step.on_behalf_of.username) == ("deputy", "branch_manager")
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "not_your_step"
    trading.approve(number, "deputy")
    line = trading.show(number).trail[-1]
    assert line.on_behalf_of is not None
    assert line.on_behalf_of.username == "branch_manager"


# --- overdue ---------------------------------------------------------------------------------------------------------

JOB = "escalate-approvals"


def test_an_overdue_step_goes_up_the_line(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=24)
    assert trading.desk.read(SYSTEM, escalation.overdue) == ()
    trading.clock.advance(seconds=1)
    dry = jobs.run(trading.desk, JOB, dry_run=True)
    assert dry.done == (f"{number}: 24 hours with branch_manager",)
    assert trading.actions(number) == ["submitted"]
    done = jobs.run(trading.desk, JOB)
    assert done.done == (f"{number}: from branch_manager to regional_manager",)
    shown = trading.show(number)
    assert shown.status is S.PENDING_REGIONAL_REVIEW
    step, line = shown.steps[0], shown.trail[-1]
    assert step.auto_escalated
    assert step.skipped_roles == ("branch_manager",)
    assert (line.action.value, line.user, line.auto_escalated) == ("escalated", None, True)
    assert line.escalation_reason == "overdue: 24 hours with branch_manager (Branch manager)"
    assert refusal(trading.act, "branch_manager", workflow.approve, number).code == "not_your_step"
    assert trading.approve(number, "regional_manager").status is S.PENDING_TREASURY_VALIDATION


def test_running_the_job_again_changes_nothing_until_the_next_term(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=25)
    jobs.run(trading.desk, JOB)
    again = jobs.run(trading.desk, JOB)
    assert (again.done, again.left) == ((), ())
    assert trading.actions(number).count("escalated") == 1
    trading.clock.advance(hours=25)
    assert len(jobs.run(trading.desk, JOB).done) == 1
    assert trading.show(number).steps[0].approver.username == "group_finance_manager"


def test_a_step_that_became_current_meanwhile_is_not_escalated(trading: Trading) -> None:
    number = trading.request(amount="12000")
    trading.clock.advance(hours=25)
    (found,) = trading.desk.read(SYSTEM, escalation.overdue)
    trading.approve(number, "branch_manager")
    with trading.desk.work(SYSTEM, audited=False) as work:
        assert escalation.escalate(work, found).to is None
    assert trading.steps(number)[1] == ("approve", "department_head", "current")
    assert "escalated" not in trading.actions(number)


def test_the_term_is_the_tiers(trading: Trading) -> None:
    trading.set_company(sla_hours_tier1=1, sla_hours_tier2=30)
    small, large = trading.request(), trading.request(amount="12000")
    trading.clock.advance(hours=2)
    assert [step.requisition for step in trading.desk.read(SYSTEM, escalation.overdue)] == [small]
    trading.clock.advance(hours=29)
    assert [step.requisition for step in trading.desk.read(SYSTEM, escalation.overdue)] == [small, large]


def test_an_overdue_urgency_stays_an_urgency_and_an_overdue_review_stays_paid(trading: Trading) -> None:
    number = urgent(trading)
    trading.clock.advance(hours=49)
    jobs.run(trading.desk, JOB)
    assert trading.show(number).status is S.PENDING_URGENCY_CONFIRMATION
    assert trading.show(number).steps[0].approver.username == "group_finance_manager"
    trading.act("group_finance_manager", workflow.confirm_urgency, number)
    payment = trading.act("treasury", workflow.approve, number).payment
    assert payment is not None
    story.pay(trading.desk, payment)
    trading.clock.advance(hours=49)
    jobs.run(trading.desk, JOB)
    shown = trading.show(number)
    assert (shown.status, shown.steps[-1].approver.username) == (S.PAID, "cfo")
    assert trading.approve(number, "cfo").status is S.REVIEWED


def test_an_overdue_validation_goes_to_the_cfo_and_then_an_admin(trading: Trading) -> None:
    number = trading.request()
    trading.approve(number, "branch_manager")
    for taker in ("cfo", "admin"):
        trading.clock.advance(hours=25)
        jobs.run(trading.desk, JOB)
        assert trading.show(number).steps[1].approver.username == taker
    trading.clock.advance(hours=25)
    last = jobs.run(trading.desk, JOB)
    assert (last.done, len(last.left)) == ((), 1)
    assert trading.act("admin", workflow.approve, number).payment is not None
    assert trading.actions(number)[-1] == "validated"


def test_a_job_runs_once_at_a_time_and_a_dead_host_keeps_it_for_its_lease_only(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=25)
    with trading.desk.work(SYSTEM, audited=False) as work:
        jobs._take_lease(work, JOB, "another-host:1")
    with pytest.raises(Overtaken) as overtaken:
        jobs.run(trading.desk, JOB)
    assert overtaken.value.code == "job_running"
    assert "another-host:1" in overtaken.value.message
    assert trading.actions(number) == ["submitted"]
    assert jobs.run(trading.desk, JOB, dry_run=True).done
    trading.clock.now += jobs.LEASE
    assert jobs.run(trading.desk, JOB).done
    (view,) = [job for job in trading.desk.read(SYSTEM, jobs.list_jobs) if job.name == JOB]
    assert (view.last_run_at, view.last_result) == (trading.clock.now, "1 done, 0 left")


def test_a_lease_of_a_clock_that_was_far_ahead_is_none(trading: Trading) -> None:
    trading.clock.advance(days=30)
    with trading.desk.work(SYSTEM, audited=False) as work:
        jobs._take_lease(work, JOB, "another-host:1")
    trading.clock.advance(days=-30)
    assert jobs.run(trading.desk, JOB).ok
    # As of a host whose clock is a minute ahead.
    trading.clock.advance(minutes=1)
    with trading.desk.work(SYSTEM, audited=False) as work:
        jobs._take_lease(work, JOB, "another-host:1")
    trading.clock.advance(minutes=-1)
    with pytest.raises(Overtaken):
        jobs.run(trading.desk, JOB)


def test_a_job_that_is_none_is_not_found(trading: Trading) -> None:
    with pytest.raises(NotFound):
        jobs.run(trading.desk, "clean-desk")


# --- why -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["4500", "10000.01", "60000", "300000"])
def test_explain_says_what_submitting_then_does(trading: Trading, amount: str) -> None:
    number = draft(trading, amount=amount)
    told = trading.explain("staff", number)
    assert told.allowed
    trading.act("staff", submission.submit, number)
    shown = trading.show(number)
    assert (told.status_when_submitted, told.tier, told.threshold) == (shown.status, shown.tier, shown.threshold)
    assert [(s.kind, s.role, s.approver.username) for s in told.steps] == [
        (s.kind, s.role, s.approver.username) for s in shown.steps
    ]
    assert any(f"Tier {shown.tier}" in note for note in told.notes)


def test_explain_answers_with_every_reason_and_agrees_with_the_act(trading: Trading) -> None:
    number = trading.request()
    for who in ("staff", "branch_manager", "treasury", "cfo", "admin", "ceo"):
        told = trading.explain(who, number)
        if told.allowed:
            assert who == "branch_manager"
            continue
        error = refusal(trading.act, who, workflow.approve, number)
        assert error.reasons == told.reasons
    assert codes(refusal(trading.act, "staff", workflow.approve, number)) == {"own_requisition", "not_your_step"}


def test_explain_names_what_keeps_a_draft_a_draft(trading: Trading) -> None:
    number = draft(trading)
    trading.deactivate("treasury", "treasury2", "cfo", "admin")
    told = trading.explain("staff", number)
    assert not told.allowed
    assert {reason.code for reason in told.reasons} == {"no_approver"}


# --- payments --------------------------------------------------------------------------------------------------------


def test_a_payment_waits_for_money_and_asks_for_it(trading: Trading) -> None:
    payment = trading.approved(amount="120000")
    row = trading.row(t.payment, payment)
    assert (row.status, row.is_held) == (PaymentStatus.PENDING, False)
    assert trading.row(t.treasury_fund, "NBI").held_amount == 0
    (asked,) = trading.rows(t.replenishment)
    assert (asked.auto_triggered, asked.requested_amount, asked.status.value) == (True, 10_000_000, "pending")
    assert "not_enough" in codes(refusal(story.pay, trading.desk, payment))
    trading.approved(amount="130000")
    assert len(trading.rows(t.replenishment)) == 1


def arrives(trading: Trading, amount: str | None = None) -> tuple[str, ...]:
    """The open replenishment is approved and completed. Returns what was taken up."""
    (row,) = [each for each in trading.rows(t.replenishment) if each.status.value == "pending"]
    trading.desk.run(trading["cfo"], replenishments.approve, row.number)
    given = (f"BANK-{row.number}",) if amount is None else (f"BANK-{row.number}", amount)
    return trading.desk.run(trading["treasury"], replenishments.complete, row.number, *given).taken_up


def test_money_coming_in_takes_up_waiting_payments_oldest_first(trading: Trading) -> None:
    numbers = []
    for amount in ("120000", "110000", "150000"):
        numbers.append(trading.approved(amount=amount))
        trading.clock.advance(minutes=1)
    assert arrives(trading, "140000") == tuple(numbers[:2])
    fund = trading.row(t.treasury_fund, "NBI")
    assert (fund.current_balance, fund.held_amount) == (24_000_000, 23_000_000)
    assert [trading.row(t.payment, number).is_held for number in numbers] == [True, True, False]
    assert story.pay(trading.desk, numbers[0]).balance_after.plain() == "120000.00"


def test_a_cancelled_hold_is_taken_up_by_who_waits(trading: Trading) -> None:
    first = trading.approved(amount="90000")
    second = trading.approved(amount="80000")
    assert [trading.row(t.payment, n).is_held for n in (first, second)] == [True, False]
    trading.desk.run(trading["cfo"], payments.cancel, first, "bought twice")
    assert [trading.row(t.payment, n).is_held for n in (first, second)] == [False, True]
    assert trading.row(t.treasury_fund, "NBI").held_amount == 8_000_000


def test_executing_a_waiting_payment_tries_to_hold_first(trading: Trading) -> None:
    payment = trading.approved(amount="120000")
    trading.change(lambda work: work.execute(update(t.replenishment).values(status="rejected", rejected_at=work.now)))
    # Another payment's hold is in the way no more: here the fund is filled by a request made by hand.
    trading.desk.run(trading["treasury2"], replenishments.request, "NBI", "150000")
    (row,) = [each for each in trading.rows(t.replenishment) if each.status.value == "pending"]
    trading.desk.run(trading["cfo"], replenishments.approve, row.number)
    trading.desk.run(trading["treasury"], replenishments.complete, row.number, "BANK-1")
    trading.change(
        lambda work: (
            work.execute(update(t.payment).values(is_held=False)),
            work.execute(update(t.treasury_fund).values(held_amount=0)),
        )
    )
    done = story.pay(trading.desk, payment)
    assert done.balance_after.plain() == "130000.00"
    fund = trading.row(t.treasury_fund, "NBI")
    assert fund.held_amount == 0


def test_the_officer_with_the_fewest_open_payments_pays(trading: Trading) -> None:
    assert [story.executor_of(trading.desk, trading.approved()).username for _ in range(4)] == [
        "treasury",
        "treasury2",
        "treasury",
        "treasury2",
    ]


def test_who_validated_may_pay_but_who_approved_may_not(trading: Trading) -> None:
    number = trading.request(amount="12000")
    trading.approve(number, "branch_manager")
    # A head of department who has become an officer since approving.
    trading.approve(number, "department_head")
    trading.set_person("department_head", role=Role.TREASURY)
    trading.deactivate("treasury2")
    validator = story.approver_of(trading.desk, number).username
    assert validator == "treasury"
    payment = trading.act("treasury", workflow.approve, number).payment
    assert payment is not None
    assert story.executor_of(trading.desk, payment).username == "treasury"
    error = refusal(trading.desk.run, trading["cfo"], payments.assign, payment, "department_head")
    assert error.code == "not_eligible"


def test_without_an_officer_the_cfo_assigns_and_an_admin_only_without_a_cfo(trading: Trading) -> None:
    number = trading.request()
    trading.approve(number, "branch_manager")
    trading.deactivate("treasury2")
    trading.act("admin", reassigning.reassign, number, "cfo", "treasury is away")
    trading.deactivate("treasury")
    payment = trading.act("cfo", workflow.approve, number).payment
    assert payment is not None
    assert trading.row(t.payment, payment).executor_id is None
    trading.set_person("treasury", is_active=True)
    assert "no_executor" in codes(refusal(execution.execute, trading.desk, trading["treasury"], payment))
    with pytest.raises(NotAllowed):
        trading.desk.run(trading["admin"], payments.assign, payment, "treasury")
    for wrong in ("ceo", "staff", "treasury2", "nobody"):
        assert refusal(trading.desk.run, trading["cfo"], payments.assign, payment, wrong).code == "not_eligible"
    assert trading.desk.run(trading["cfo"], payments.assign, payment, "treasury").executor == "treasury"
    assert story.pay(trading.desk, payment).voucher_number == "PCV-NBI-2026-00001"


def test_an_admin_assigns_where_no_cfo_is(trading: Trading) -> None:
    payment = trading.approved()
    trading.deactivate("cfo")
    assert trading.desk.run(trading["admin"], payments.assign, payment, "treasury2").executor == "treasury2"


def test_a_code_sent_to_one_officer_does_not_serve_the_next(trading: Trading) -> None:
    payment = trading.approved()
    code = story.code_for(trading.desk, payment)
    trading.desk.run(trading["cfo"], payments.assign, payment, "treasury2")
    for who in ("treasury", "treasury2"):
        assert codes(refusal(execution.execute, trading.desk, trading[who], payment, code=code)) & {
            "not_executor",
            "no_code",
        }


def test_cancelling_gives_the_hold_back_and_rejects_the_requisition(trading: Trading) -> None:
    payment = trading.approved(amount="60000")
    for who in ("treasury", "admin", "staff", "ceo"):
        with pytest.raises((NotAllowed, NotFound)):
            trading.desk.run(trading[who], payments.cancel, payment, "no")
    with pytest.raises(InvalidInput):
        trading.desk.run(trading["cfo"], payments.cancel, payment, "")
    trading.desk.run(trading["cfo"], payments.cancel, payment, "bought twice")
    shown = trading.show("REQ-000001")
    assert shown.status is S.REJECTED
    assert shown.trail[-1].comment == "Payment cancelled: bought twice"
    assert trading.steps("REQ-000001")[-1] == ("review", "fpa", "skipped")
    assert trading.row(t.treasury_fund, "NBI").held_amount == 0
    assert refusal(trading.desk.run, trading["cfo"], payments.cancel, payment, "again").code == "not_open"


def test_a_paid_payment_is_neither_cancelled_nor_retried_nor_assigned(trading: Trading) -> None:
    payment = trading.approved()
    story.pay(trading.desk, payment)
    assert refusal(trading.desk.run, trading["cfo"], payments.cancel, payment, "no").code == "not_open"
    assert refusal(trading.desk.run, trading["cfo"], payments.assign, payment, "treasury2").code == "not_open"
    assert refusal(trading.desk.run, trading["treasury"], payments.retry, payment).code == "not_failed"


def test_a_failed_payment_is_retried_three_times_and_then_lets_its_hold_go(trading: Trading) -> None:
    payment = trading.approved()
    for count in (1, 2, 3):
        trading.desk.run(SYSTEM, execution.record_failure, payment, "no network")
        row = trading.row(t.payment, payment)
        assert (row.status, row.retry_count, row.last_error) == (PaymentStatus.FAILED, count, "no network")
        assert row.is_held is (count < 3)
        if count < 3:
            state = trading.desk.run(trading["treasury"], payments.retry, payment)
            assert (state.status, state.held) == (PaymentStatus.PENDING, True)
    assert trading.row(t.treasury_fund, "NBI").held_amount == 0
    assert refusal(trading.desk.run, trading["treasury"], payments.retry, payment).code == "retries_used"
    assert "retries_used" in codes(refusal(story.pay, trading.desk, payment))
    trading.desk.run(trading["cfo"], payments.cancel, payment, "give up")
    assert trading.row(t.payment, payment).status is PaymentStatus.CANCELLED


def test_every_reason_against_executing_comes_at_once(trading: Trading) -> None:
    payment = trading.approved(amount="120000")
    trading.act("staff", submission.withdraw, "REQ-000001")
    told = trading.desk.read(trading["staff"], payment_views.explain, payment)
    assert {reason.code for reason in told.reasons} == {
        "cancelled",
        "not_approved",
        "own_requisition",
        "not_treasury",
        "not_executor",
        "code_not_verified",
    }


def test_a_balance_under_the_reorder_level_asks_for_replenishment_once(trading: Trading) -> None:
    first, second = trading.approved(amount="49000"), trading.approved(amount="2000")
    assert story.pay(trading.desk, first).replenishment is None
    assert story.pay(trading.desk, second).replenishment == "RPL-000001"
    third = trading.approved(amount="1000")
    assert story.pay(trading.desk, third).replenishment is None
    (row,) = trading.rows(t.replenishment)
    assert (row.requested_amount, row.balance_snapshot) == (15_100_000, 4_900_000)


def test_a_replenishment_is_approved_by_another_and_completed_once(trading: Trading) -> None:
    asked = trading.desk.run(trading["cfo"], replenishments.request, "NBI", "50000").number
    assert refusal(trading.desk.run, trading["treasury"], replenishments.request, "NBI").code == "replenishment_open"
    assert refusal(trading.desk.run, trading["cfo"], replenishments.approve, asked).code == "own_request"
    assert refusal(trading.desk.run, trading["treasury"], replenishments.complete, asked, "B1").code == "wrong_status"
    with pytest.raises(NotAllowed):
        trading.desk.run(trading["ceo"], replenishments.approve, asked)
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, asked)
    trading.desk.run(trading["treasury"], replenishments.complete, asked, "B1")
    fund = trading.desk.read(trading["cfo"], funds.show, "NBI")
    assert (fund.current_balance.plain(), fund.last_replenished) == ("150000.00", trading.clock.now)
    assert refusal(trading.desk.run, trading["treasury"], replenishments.complete, asked, "B2").code == "wrong_status"
    again = trading.desk.run(trading["cfo"], replenishments.request, "NBI", "1000").number
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, again)
    error = refusal(trading.desk.run, trading["treasury"], replenishments.complete, again, "B1")
    assert error.code == "reference_used"
    trading.desk.run(trading["group_finance_manager"], replenishments.reject, again, "not needed")
    assert trading.row(t.replenishment, again).status.value == "rejected"


# --- seeing ----------------------------------------------------------------------------------------------------------


def test_people_see_their_own_and_what_their_role_and_steps_show_them(trading: Trading) -> None:
    trading.another("clerk", Role.STAFF, like="staff")
    number = trading.request()
    expected = {
        "staff": 1,
        "clerk": 0,
        "branch_manager": 1,
        "department_head": 1,
        "regional_manager": 1,
        "cfo": 1,
        "treasury2": 1,
    }
    for who, count in expected.items():
        seen = trading.desk.read(trading[who], requisition_views.list_requisitions, RequisitionFilter()).items
        assert len(seen) == count, who
        assert trading.desk.read(trading[who], requisition_views.count_requisitions, RequisitionFilter()) == count
    with pytest.raises(NotFound):
        trading.desk.read(trading["clerk"], requisition_views.show, number)
    with pytest.raises(NotFound):
        trading.act("clerk", workflow.approve, number)


def test_the_queue_shows_what_is_due_when(trading: Trading) -> None:
    trading.request()
    (row,) = trading.desk.read(trading["branch_manager"], requisition_views.queue).items
    assert row.waiting_since == trading.clock.now
    assert row.due_at == trading.clock.now + timedelta(hours=24)
    assert row.step_id == trading.show(row.number).steps[0].id
