"""What the form and the desk ask of the services: drafts of what is typed, the preview, choices, offers, presence."""

from __future__ import annotations

import building
import pytest
import story
from settable_clock import SettableClock
from sqlalchemy import text

from pettycash_tui.models.enums import OriginType
from pettycash_tui.services import form_choices, form_drafts, offers, presence, requisitions, signin, submission
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.preview import Preview, preview
from pettycash_tui.services.requisitions import RequisitionInput

FORM = "requisition new"


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return story.trading_company(desk, kind=DEMO)


def typed(**fields: str | bool) -> RequisitionInput:
    values: dict[str, object] = {"amount": "4500", "purpose": "Fuel", "payee": "Total Energies"}
    return RequisitionInput(**(values | fields))  # type: ignore[arg-type]


# -- drafts ------------------------------------------------------------------------------------------------------------


def test_the_last_that_was_typed_is_kept(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    staff = people["staff"]
    assert desk.read(staff, form_drafts.load, FORM) is None
    desk.run_unaudited(staff, form_drafts.save, FORM, {"amount": "4", "is_urgent": False})
    clock.advance(seconds=1)
    desk.run_unaudited(staff, form_drafts.save, FORM, {"amount": "45", "is_urgent": True})
    draft = desk.read(staff, form_drafts.load, FORM)
    assert draft is not None
    assert draft.values == {"amount": "45", "is_urgent": True}
    assert draft.saved_at == clock.now


def test_a_draft_is_its_writers_alone_and_can_be_forgotten(desk: Desk, people: dict[str, Actor]) -> None:
    desk.run_unaudited(people["staff"], form_drafts.save, FORM, {"amount": "4"})
    assert desk.read(people["cfo"], form_drafts.load, FORM) is None
    desk.run_unaudited(people["cfo"], form_drafts.clear, FORM)
    assert desk.read(people["staff"], form_drafts.load, FORM) is not None
    desk.run_unaudited(people["staff"], form_drafts.clear, FORM)
    assert desk.read(people["staff"], form_drafts.load, FORM) is None


@pytest.mark.parametrize("body", ["", "no json", "[1]", "[" * 100_000, '{"amount": {"a": 1}}'])
def test_a_draft_that_was_tampered_with_is_no_draft(desk: Desk, people: dict[str, Actor], body: str) -> None:
    desk.run_unaudited(people["staff"], form_drafts.save, FORM, {"amount": "4"})
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE form_draft SET body = :body"), {"body": body})
    assert desk.read(people["staff"], form_drafts.load, FORM) is None


def test_hostile_text_survives_as_it_was_typed(desk: Desk, people: dict[str, Actor]) -> None:
    hostile = "a\x1b[31m\x00\u202e\ud83d"
    desk.run_unaudited(people["staff"], form_drafts.save, FORM, {"payee": hostile})
    draft = desk.read(people["staff"], form_drafts.load, FORM)
    assert draft is not None and draft.values["payee"] == hostile


def test_what_is_too_long_to_have_been_typed_is_not_kept(desk: Desk, people: dict[str, Actor]) -> None:
    desk.run_unaudited(people["staff"], form_drafts.save, FORM, {"purpose": "x" * 100_000})
    assert desk.read(people["staff"], form_drafts.load, FORM) is None


# -- the preview -------------------------------------------------------------------------------------------------------


def look(desk: Desk, who: Actor, given: RequisitionInput, ref: str | None = None) -> Preview:
    return desk.read(who, preview, given, ref)


def test_the_preview_is_what_a_submission_then_does(desk: Desk, people: dict[str, Actor]) -> None:
    given = typed(amount="64000")
    shown = look(desk, people["staff"], given)
    assert shown.fund == "NBI NBI fund"
    assert shown.available is not None and shown.available.plain() == "100000.00"
    assert (shown.tier, shown.threshold, shown.problems, shown.reasons) == (3, "branch-3", {}, ())
    number = desk.run(people["staff"], requisitions.create, given).number
    acted = desk.run(people["staff"], submission.submit, number)
    assert acted.status is shown.status
    assert story.approver_of(desk, number).id == shown.steps[0].approver.id


def test_words_that_are_missing_do_not_hide_who_approves(desk: Desk, people: dict[str, Actor]) -> None:
    shown = look(desk, people["staff"], RequisitionInput(amount="4500", payee="a\x1bb", is_urgent=True))
    assert set(shown.problems) == {"payee", "purpose", "urgency_reason"}
    assert shown.tier == 1
    assert len(shown.steps) == 2


def test_without_an_amount_nothing_is_promised(desk: Desk, people: dict[str, Actor]) -> None:
    shown = look(desk, people["staff"], RequisitionInput(amount="", purpose="x"))
    assert (shown.tier, shown.steps, shown.fund) == (None, (), None)
    assert "amount" in shown.problems


def test_too_little_money_and_a_twin_are_warnings(desk: Desk, people: dict[str, Actor]) -> None:
    first = story.request(desk, people["staff"], "100000.01")
    shown = look(desk, people["staff"], typed(amount="100000.01"))
    assert shown.warnings == ("Fund NBI has less available than this; the payment may wait for funds.",)
    assert shown.after is not None and shown.after.plain() == "-0.01"
    assert shown.alike == (
        f"{first} asks for the same: KES 100,000.01 for Total Energies, 2026-03-02, by Staff Person"
        " (with branch manager).",
    )
    other = look(desk, people["department_head"], typed(amount="50"))
    assert (other.warnings, other.alike) == ((), ())


def test_the_preview_names_the_bounds_of_the_tier_and_why_each_person_acts(
    desk: Desk, people: dict[str, Actor]
) -> None:
    shown = look(desk, people["staff"], typed(amount="10000.01"))
    assert shown.above is not None and shown.up_to is not None
    assert (shown.above.plain(), shown.up_to.plain()) == ("10000.00", "50000.00")
    assert [step.why for step in shown.steps] == [
        "Branch manager of NBI",
        "Department head of Operations",
        "Treasury, least busy of 2",
    ]
    top = look(desk, people["staff"], typed(amount="300000"))
    assert top.up_to is None
    assert [step.why for step in top.steps][:2] == ["Regional manager of Central", "CFO"]


def test_who_stands_in_is_said_with_the_reason(desk: Desk, people: dict[str, Actor]) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE \"user\" SET is_active = false WHERE username = 'branch_manager'"))
    first, *_ = look(desk, people["staff"], typed()).steps
    assert first.why == "Regional manager of Central, stands in: no eligible Branch manager"


def test_no_policy_is_a_reason(desk: Desk, people: dict[str, Actor]) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE approval_threshold SET is_active = false"))
    shown = look(desk, people["staff"], typed())
    assert shown.reasons == ("No active policy row covers KES 4,500.00 from branch.",)
    assert shown.steps == ()


def test_changes_are_previewed_on_what_is_there(desk: Desk, people: dict[str, Actor]) -> None:
    number = desk.run(people["staff"], requisitions.create, typed()).number
    shown = look(desk, people["staff"], RequisitionInput(amount="14000"), number)
    assert (shown.tier, shown.warnings, shown.problems) == (2, (), {})


# -- choices, offers, presence -----------------------------------------------------------------------------------------


def test_the_choices_are_the_companys_and_the_defaults_the_persons(desk: Desk, people: dict[str, Actor]) -> None:
    building.company(desk, "NILE", prefix="nile_")
    found = desk.read(people["staff"], form_choices.requisition_choices)
    assert [choice.code for choice in found.companies] == ["ACME"]
    assert [choice.label for choice in found.branches] == ["Mombasa (MSA)", "Nairobi (NBI)"]
    assert (found.origin, found.branch, found.region) == (OriginType.BRANCH, "NBI", "CEN")
    assert (found.department, found.category, found.currency) == ("OPS", "general", "KES")
    assert [choice.label for choice in found.categories] == ["General", "Travel"]
    assert desk.read(people["regional_manager"], form_choices.requisition_choices).origin is OriginType.FIELD
    assert desk.read(people["cfo"], form_choices.requisition_choices).origin is OriginType.HQ


def test_an_officer_of_several_companies_names_one_first(desk: Desk, people: dict[str, Actor]) -> None:
    from dataclasses import replace

    building.company(desk, "NILE", prefix="nile_")
    officer = replace(people["cfo"], company_id=None)
    found = desk.read(officer, form_choices.requisition_choices)
    assert ([choice.code for choice in found.companies], found.company, found.branches) == (["ACME", "NILE"], "", ())
    assert desk.read(officer, form_choices.requisition_choices, "NILE").company == "NILE"


@pytest.mark.parametrize(
    ("who", "approvals", "payments", "ledger"),
    [
        ("staff", False, False, False),
        ("branch_manager", True, False, True),
        ("treasury", True, True, True),
        ("cfo", True, True, True),
        ("fpa", True, False, True),
        ("admin", True, True, True),
    ],
)
def test_the_desk_offers_what_a_role_has_a_use_for(
    desk: Desk, people: dict[str, Actor], who: str, approvals: bool, payments: bool, ledger: bool
) -> None:
    found = desk.read(people[who], offers.offered)
    assert (found.approvals, found.payments, found.ledger, found.waiting) == (approvals, payments, ledger, 0)
    assert (found.company.name, found.company.timezone) == ("Acme Ltd", "Africa/Nairobi")


def test_what_waits_is_counted(desk: Desk, people: dict[str, Actor]) -> None:
    story.request(desk, people["staff"])
    assert desk.read(people["branch_manager"], offers.offered).waiting == 1


def test_a_session_is_kept_alive_while_somebody_is_there(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    desk.run(people["admin"], signin.set_password, "staff", building.PASSWORD, must_change=False)
    session = signin.sign_in(desk, "staff", building.PASSWORD, client="tui", source="local")
    assert presence.is_watched(session.actor) and not presence.is_watched(people["staff"])
    clock.advance(minutes=14)
    assert presence.look(desk, session.actor, True) == presence.Presence(15, is_over=False)
    clock.advance(minutes=14)
    signin.resume(desk, session.token, client="tui", source="local")
    assert presence.look(desk, session.actor, False).is_over is False
    desk.run(people["admin"], signin.set_password, "staff", "another long password")
    assert presence.look(desk, session.actor, False).is_over is True
