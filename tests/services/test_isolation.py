"""The company is the tenant boundary: nobody reads or writes another company's rows, but a group-wide officer does.

Everything of the first company is named to people of the second, by id and by human number: it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import story
from building import person
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import (
    audit_views,
    delegations,
    execution,
    execution_views,
    funds,
    ledger_views,
    otp,
    payment_views,
    payments,
    people,
    people_views,
    policy,
    reassigning,
    replenishment_views,
    replenishments,
    requisition_views,
    requisitions,
    submission,
    workflow,
)
from pettycash_tui.services.audit_views import AuditFilter
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.ledger_views import EntryFilter
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.requisition_views import RequisitionFilter
from pettycash_tui.services.requisitions import RequisitionInput

Act = Callable[[Desk, Actor], Any]


@dataclass(frozen=True)
class Two:
    """Two companies: `first` with a story, `others` are the people of the second, where nothing has happened."""

    first: Trading
    others: dict[str, Actor]
    paid: UUID
    pending: UUID
    in_approval: UUID
    draft: UUID
    replenishment: UUID
    fund: UUID
    entry: UUID
    execution: UUID


@pytest.fixture
def two(trading: Trading) -> Iterator[Two]:
    desk = trading.desk
    story.pay(desk, trading.approved(amount="60000"))
    trading.approved()
    trading.request()
    given = RequisitionInput(amount="700", purpose="Pens", payee="Shop")
    desk.run(trading["staff"], requisitions.create, given)
    others = story.trading_company(desk, "BETA", prefix="b_")
    (asked,) = trading.rows(t.replenishment)
    (executed,) = trading.rows(t.payment_execution)
    fund = trading.row_of_company(t.treasury_fund, "NBI")
    entry = trading.rows(t.ledger_entry, t.ledger_entry.c.payment_id == executed.payment_id)[0]
    yield Two(
        first=trading,
        others=others,
        paid=executed.payment_id,
        pending=trading.row(t.payment, "PAY-000002").id,
        in_approval=trading.row(t.requisition, "REQ-000003").id,
        draft=trading.row(t.requisition, "REQ-000004").id,
        replenishment=asked.id,
        fund=fund.id,
        entry=entry.id,
        execution=executed.id,
    )


def acts(two: Two) -> dict[str, Act]:
    """Everything that can be done to one object of the first company, by a person of the second."""
    reading: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "show a requisition": (requisition_views.show, (two.in_approval,)),
        "show a requisition by number": (requisition_views.show, ("REQ-000003",)),
        "explain a requisition": (requisition_views.explain, (two.in_approval,)),
        "show a payment": (payment_views.show, (two.pending,)),
        "show a payment by number": (payment_views.show, ("PAY-000002",)),
        "explain a payment": (payment_views.explain, (two.pending,)),
        "who could pay it": (payments.eligible_executors, (two.pending,)),
        "show an execution": (execution_views.show_execution, (two.execution,)),
        "show an execution by its payment": (execution_views.show_execution, ("PAY-000001",)),
        "look at a code": (otp.standing, (two.pending,)),
        "show a replenishment": (replenishment_views.show, (two.replenishment,)),
        "show a replenishment by number": (replenishment_views.show, ("RPL-000001",)),
        "explain a replenishment": (replenishment_views.explain, (two.replenishment,)),
        "look at a replenishment with its fund": (replenishment_views.case, (two.replenishment,)),
        "the open request of a fund": (replenishments.open_request, (two.fund,)),
        "the usual amount of a fund": (replenishments.usual_amount, (two.fund,)),
        "show a fund": (funds.show, (two.fund,)),
        "open a ledger": (ledger_views.open_ledger, (two.fund,)),
        "show an entry": (ledger_views.show_entry, (two.entry,)),
        "show an entry by number": (ledger_views.show_entry, ("NBI:2",)),
        "show a person": (people_views.show, ("staff",)),
        "list a fund's requisitions": (
            requisition_views.list_requisitions,
            (RequisitionFilter(fund=str(two.fund)),),
        ),
        "list a fund's payments": (payment_views.list_payments, (PaymentFilter(fund=str(two.fund)),)),
    }
    writing: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "edit": (requisitions.edit, (two.draft, RequisitionInput(amount="1"))),
        "attach": (requisitions.attach, (two.draft, "a.pdf", b"%PDF")),
        "submit": (submission.submit, (two.draft,)),
        "approve": (workflow.approve, (two.in_approval,)),
        "reject": (workflow.reject, (two.in_approval, "no")),
        "ask for changes": (workflow.request_changes, (two.in_approval, "no")),
        "confirm urgency": (workflow.confirm_urgency, (two.in_approval,)),
        "decline urgency": (workflow.decline_urgency, (two.in_approval,)),
        "withdraw": (submission.withdraw, (two.in_approval,)),
        "reassign": (reassigning.reassign, (two.in_approval, "b_ceo", "because")),
        "assign": (payments.assign, (two.pending, "b_treasury")),
        "retry": (payments.retry, (two.pending,)),
        "cancel": (payments.cancel, (two.pending, "no")),
        "ask for money": (replenishments.request, (two.fund, "100")),
        "approve a replenishment": (replenishments.approve, (two.replenishment,)),
        "reject a replenishment": (replenishments.reject, (two.replenishment, "no")),
        "complete a replenishment": (replenishments.complete, (two.replenishment, "B")),
        "edit a fund": (funds.edit, (two.fund, FundInput(name="Ours"))),
        "close a fund": (funds.deactivate, (two.fund,)),
        "edit a person": (people.edit, ("staff", {"first_name": "Mine"})),
        "shut a person out": (people.deactivate, ("staff",)),
        "delegate for somebody": (
            lambda work, who: delegations.add(work, "b_ceo", ends_on="2026-12-31", approver=who),
            ("branch_manager",),
        ),
    }
    made: dict[str, Act] = {}
    for name, (service, given) in reading.items():
        made[name] = lambda desk, actor, service=service, given=given: desk.read(actor, service, *given)
    for name, (service, given) in writing.items():
        made[name] = lambda desk, actor, service=service, given=given: desk.run(actor, service, *given)
    made["send a code"] = lambda desk, actor: otp.send(desk, actor, two.pending)
    made["try a code"] = lambda desk, actor: otp.verify(desk, actor, two.pending, "123456")
    made["pay"] = lambda desk, actor: execution.execute(desk, actor, two.pending, code="123456")
    made["pay without a code"] = lambda desk, actor: execution.execute(desk, actor, two.pending)
    made["pay again by key"] = lambda desk, actor: execution.execute(desk, actor, two.paid, idempotency_key="k")
    return made


def test_nothing_of_another_company_can_be_shown_or_changed(two: Two) -> None:
    before = counted(two)
    found_not = set()
    for name, act in acts(two).items():
        for who, actor in two.others.items():
            with pytest.raises((NotFound, NotAllowed)) as error:
                act(two.first.desk, actor)
            if isinstance(error.value, NotFound):
                found_not.add(name)
            else:
                # Not their role's business at all, whichever company it is.
                assert "Your role" in error.value.message or "Only" in error.value.message, (name, who)
    # Somebody's role allows each of these, and what that person hears is: there is no such thing.
    assert found_not == set(acts(two))
    assert counted(two) == before


def counted(two: Two) -> dict[str, int]:
    """The rows of the books; that somebody was refused is on record, in their own company."""
    tables = (t.approval_trail, t.ledger_entry)
    events = [event for event in two.first.rows(t.audit_event) if event.action != "account.refused"]
    return {"events": len(events)} | {table.name: len(two.first.rows(table)) for table in tables}


def test_what_is_not_there_and_what_is_anothers_read_alike(two: Two) -> None:
    """Nobody learns from an answer which numbers and ids exist elsewhere."""
    nowhere, cfo = UUID(int=7), two.others["cfo"]
    desk = two.first.desk
    for service, found in (
        (requisition_views.show, two.in_approval),
        (payment_views.show, two.pending),
        (replenishment_views.show, two.replenishment),
        (funds.show, two.fund),
        (ledger_views.show_entry, two.entry),
    ):
        answers = []
        for ref in (found, nowhere):
            with pytest.raises(NotFound) as error:
                desk.read(cfo, service, ref)
            answers.append(error.value.message.replace(str(ref)[:40], "…"))
        assert answers[0] == answers[1]


def test_lists_hold_ones_own_company_only(two: Two) -> None:
    desk = two.first.desk
    ours = story.request(desk, two.others["staff"])
    for who in ("admin", "cfo", "treasury", "ceo", "fpa", "group_finance_manager", "branch_manager"):
        actor = two.others[who]
        rows = desk.read(actor, requisition_views.list_requisitions, RequisitionFilter()).items
        assert [row.number for row in rows] == [ours]
        assert desk.read(actor, requisition_views.count_requisitions, RequisitionFilter()) == 1
        assert desk.read(actor, payment_views.list_payments, PaymentFilter()).items == ()
        assert desk.read(actor, execution_views.list_executions, PaymentFilter()).items == ()
        waiting = [row.number for row in desk.read(actor, requisition_views.queue).items]
        assert waiting == ([ours] if who == "branch_manager" else [])
        assert {fund.company.code for fund in desk.read(actor, funds.list_funds).items} == {"BETA"}
    assert desk.read(two.others["cfo"], replenishment_views.list_replenishments).items == ()
    names = {row.username for row in desk.read(two.others["admin"], people_views.listing).items}
    assert names
    assert all(name.startswith("b_") for name in names)
    companies = {row.company.code for row in desk.read(two.others["admin"], policy.listing).items}
    assert companies == {"BETA"}
    events = desk.read(two.others["cfo"], audit_views.list_events, AuditFilter(), limit=200).items
    assert events
    assert all("ACME" not in event.body and "Nairobi Ltd" not in event.body for event in events)
    assert str(two.first.company_id) not in "".join(event.body for event in events)


def test_the_same_number_is_another_requisition_in_each_company(two: Two) -> None:
    desk = two.first.desk
    number = story.request(desk, two.others["staff"], "123")
    assert number == "REQ-000001"
    assert desk.read(two.others["cfo"], requisition_views.show, number).amount.plain() == "123.00"
    assert desk.read(two.first["cfo"], requisition_views.show, number).amount.plain() == "60000.00"


def test_nothing_of_another_company_is_named_in_a_request(two: Two) -> None:
    desk = two.first.desk
    branch = two.first.row_of_company(t.branch, "NBI")
    theirs = {
        "fund": two.fund,
        "branch": branch.id,
        "region": branch.region_id,
        "department": two.first.row_of_company(t.department, "OPS").id,
        "category": two.first.row_of_company(t.category, "general").id,
    }
    for field, value in theirs.items():
        given = RequisitionInput(amount="100", purpose="x", payee="x", **{field: str(value)})
        with pytest.raises(InvalidInput) as error:
            desk.run(two.others["staff"], requisitions.create, given)
        assert field in error.value.fields
    with pytest.raises(InvalidInput):
        given = RequisitionInput(amount="100", purpose="x", payee="x", company="ACME")
        desk.run(two.others["staff"], requisitions.create, given)


def test_nobody_of_another_company_is_routed_to_or_named(two: Two) -> None:
    desk = two.first.desk
    number = story.request(desk, two.others["staff"], "60000")
    id_of = {row.number: row.id for row in two.first.rows(t.requisition) if row.company_id != two.first.company_id}
    steps = two.first.rows(t.approval_step, t.approval_step.c.requisition_id == id_of[number])
    their_ids = {actor.id for actor in two.others.values()}
    assert {step.approver_id for step in steps} <= their_ids
    with pytest.raises(Refused):
        desk.run(two.others["admin"], reassigning.reassign, number, "ceo", "because")
    with pytest.raises(InvalidInput):
        desk.run(two.others["branch_manager"], delegations.add, "staff", ends_on="2026-12-31")
    with pytest.raises(InvalidInput):
        desk.run(two.others["cfo"], funds.edit, "NBI", FundInput(custodian="staff"))
    payment = story.approved(desk, two.others["staff"])
    with pytest.raises(Refused):
        desk.run(two.others["cfo"], payments.assign, payment, "treasury")


def test_a_group_wide_officer_sees_and_decides_in_both(two: Two) -> None:
    desk = two.first.desk
    chief = person(desk, "group_ceo", Role.CEO)
    assert chief.company_id is None
    story.request(desk, two.others["staff"])
    rows = desk.read(chief, requisition_views.list_requisitions, RequisitionFilter()).items
    assert len(rows) == 5
    assert {fund.company.code for fund in desk.read(chief, funds.list_funds).items} == {"ACME", "BETA"}
    # A number that several companies have must be told apart.
    with pytest.raises(InvalidInput):
        desk.read(chief, requisition_views.show, "REQ-000001")
    with pytest.raises(InvalidInput):
        desk.read(chief, funds.show, "NBI")
    with pytest.raises(InvalidInput):
        desk.read(chief, ledger_views.show_entry, "NBI:1")
    assert desk.read(chief, requisition_views.show, two.in_approval).company.code == "ACME"
    assert desk.read(chief, ledger_views.show_entry, two.entry).sequence == 2
    book = desk.read(chief, ledger_views.open_ledger, two.fund)
    assert len(desk.read(chief, ledger_views.list_entries, book, EntryFilter()).items) == 2
    desk.run(two.first["admin"], reassigning.reassign, two.in_approval, "group_ceo", "they are here")
    assert desk.run(chief, workflow.approve, two.in_approval).status.value == "pending_treasury_validation"


def test_a_group_wide_officer_names_the_company_when_asking(two: Two) -> None:
    desk = two.first.desk
    chief = person(desk, "group_ceo", Role.CEO)
    given = RequisitionInput(amount="100", purpose="x", payee="x")
    with pytest.raises(InvalidInput) as error:
        desk.run(chief, requisitions.create, given)
    assert "company" in error.value.fields
    written = desk.run(chief, requisitions.create, RequisitionInput(amount="1", purpose="x", payee="x", company="BETA"))
    (row,) = two.first.rows(t.requisition, t.requisition.c.id == written.id)
    assert row.company_id == two.others["cfo"].company_id
