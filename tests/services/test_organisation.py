"""Organisation, accounts and categories: one mechanism, on both databases."""

from __future__ import annotations

from typing import Any

import building
import pytest
from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import listed, setup
from pettycash_tui.services.accounts import ACCOUNT
from pettycash_tui.services.categories import CATEGORY
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.organisation import (
    BRANCH,
    COMPANY,
    COST_CENTER,
    DEPARTMENT,
    POSITION,
    REGION,
)

People = dict[str, Actor]


@pytest.fixture
def people(desk: Desk) -> People:
    return building.company(desk)


@pytest.fixture
def admin(people: People) -> Actor:
    return people["admin"]


def actions(desk: Desk) -> list[str]:
    c = t.audit_event.c
    return list(
        desk.read(SYSTEM, lambda reading: reading.execute(select(c.action).order_by(c.sequence)).scalars().all())
    )


def test_a_branch_is_added_edited_shown_and_every_change_is_on_the_record(desk: Desk, admin: Actor) -> None:
    made = desk.run(admin, listed.add, BRANCH, {"code": "nku", "name": "Nakuru", "region": "cen"})
    assert (made.code, made.region and made.region.code, made.company and made.company.code) == ("NKU", "CEN", "ACME")
    changed = desk.run(admin, listed.edit, BRANCH, "nku", {"name": "Nakuru Town", "region": ""})
    assert (changed.name, changed.region) == ("Nakuru Town", None)
    assert desk.read(admin, listed.show, BRANCH, made.id) == changed
    assert actions(desk)[-2:] == ["branch.added", "branch.edited"]


def test_every_refused_field_is_named_at_once(desk: Desk, admin: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, listed.add, BRANCH, {"code": "n/1", "name": "", "region": "XXX", "colour": "red"})
    assert set(caught.value.fields) == {"code", "name", "region", "colour"}


def test_a_taken_code_is_refused_whatever_its_capitals(desk: Desk, admin: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, listed.add, DEPARTMENT, {"code": "ops", "name": "Again"})
    assert "taken" in caught.value.fields["code"]


def test_only_an_admin_may_change_the_organisation(desk: Desk, people: People) -> None:
    for role in ("staff", "cfo", "treasury"):
        with pytest.raises(NotAllowed):
            desk.run(people[role], listed.add, REGION, {"code": "W", "name": "West"})
    assert desk.read(people["staff"], listed.listing, REGION).items


def test_another_companys_rows_are_not_there(desk: Desk, people: People) -> None:
    other = building.company(desk, "OTHR", prefix="o.")
    foreign = building.person(desk, "group", Role.ADMIN, is_superuser=True)
    branch = next(row for row in desk.read(foreign, listed.listing, BRANCH, company="OTHR").items if row.code == "NBI")
    admin = people["admin"]
    for act in (
        lambda: desk.read(admin, listed.show, BRANCH, branch.id),
        lambda: desk.run(admin, listed.edit, BRANCH, branch.id, {"name": "Mine"}),
        lambda: desk.run(admin, listed.deactivate, BRANCH, str(branch.id)),
        lambda: desk.run(admin, listed.add, BRANCH, {"code": "X", "name": "X"}, company="OTHR"),
        lambda: desk.read(admin, listed.show, COMPANY, "OTHR"),
    ):
        with pytest.raises(NotFound):
            act()
    assert desk.read(other["admin"], listed.show, BRANCH, "NBI").name == "Nairobi"
    with pytest.raises(InvalidInput) as caught:
        desk.read(foreign, listed.show, BRANCH, "NBI")
    assert "company" in caught.value.fields
    with pytest.raises(InvalidInput):
        desk.run(foreign, listed.add, BRANCH, {"code": "X", "name": "X"})


def test_what_is_in_use_is_not_deactivated_and_the_users_are_named(desk: Desk, admin: Actor) -> None:
    with pytest.raises(Refused) as caught:
        desk.run(admin, listed.deactivate, REGION, "CEN")
    assert {reason.code for reason in caught.value.reasons} == {"used_by_branch", "used_by_user"}
    assert "NBI" in caught.value.message and "regional_manager" in caught.value.message
    spare = desk.run(admin, listed.add, REGION, {"code": "WST", "name": "West"})
    assert desk.run(admin, listed.deactivate, REGION, "WST").is_active is False
    with pytest.raises(Refused):
        desk.run(admin, listed.deactivate, REGION, "WST")
    with pytest.raises(InvalidInput):
        desk.run(admin, listed.add, BRANCH, {"code": "KSM", "name": "Kisumu", "region": "WST"})
    assert desk.run(admin, listed.activate, REGION, spare.id).is_active is True


def test_a_list_pages_searches_and_hides_what_is_deactivated(desk: Desk, admin: Actor) -> None:
    for number in range(7):
        desk.run(admin, listed.add, COST_CENTER, {"code": f"C{number}", "name": f"Centre 10{number}%"})
    desk.run(admin, listed.deactivate, COST_CENTER, "C3")
    seen: list[str] = []
    cursor = None
    while True:
        page = desk.read(admin, listed.listing, COST_CENTER, limit=2, after=cursor)
        seen += [row.code for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["C0", "C1", "C2", "C4", "C5", "C6"]
    assert [row.code for row in desk.read(admin, listed.listing, COST_CENTER, active=False).items] == ["C3"]
    assert len(desk.read(admin, listed.listing, COST_CENTER, active=None).items) == 7
    assert [row.code for row in desk.read(admin, listed.listing, COST_CENTER, search="105%").items] == ["C5"]
    assert desk.read(admin, listed.listing, COST_CENTER, search="_").items == ()


def test_a_position_is_named_by_its_title(desk: Desk, admin: Actor) -> None:
    desk.run(admin, listed.add, POSITION, {"title": "Über-Kassier", "level": "2"})
    assert desk.read(admin, listed.show, POSITION, "Über-Kassier").level == 2
    with pytest.raises(InvalidInput):
        desk.run(admin, listed.add, POSITION, {"title": "Chief", "level": "0"})


def test_a_companys_policies_are_editable_and_checked(desk: Desk, admin: Actor) -> None:
    changed = desk.run(
        admin,
        listed.edit,
        COMPANY,
        "ACME",
        {"otp_threshold": "5k", "sla_hours_tier4": "96", "timezone": "Europe/Berlin"},
    )
    assert (changed.otp_threshold.minor, changed.sla_hours_tier4, changed.timezone) == (500_000, 96, "Europe/Berlin")
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, listed.edit, COMPANY, "ACME", {"currency": "KSH", "locale": "xx", "otp_max_attempts": "0"})
    assert set(caught.value.fields) == {"currency", "locale", "otp_max_attempts"}


def test_an_edit_of_nothing_says_so(desk: Desk, admin: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, listed.edit, REGION, "CEN", {"name": None})
    assert caught.value.code == "nothing_to_change"


def test_a_superuser_adds_a_company_that_has_an_admin_accounts_categories_and_policy(
    desk: Desk, people: People
) -> None:
    given = {"code": "NEW", "name": "New Ltd", "currency": "UGX"}
    admin = setup.NewAdmin("new.admin", "a@new.example", "several words of mine")
    with pytest.raises(InvalidInput):
        desk.run(people["admin"], setup.add_company, given)
    made = desk.run(people["admin"], setup.add_company, given, admin=admin)
    assert made.admin is not None and made.admin.role is Role.ADMIN and not made.admin.is_superuser
    theirs = building.actor(desk, "new.admin")
    assert {row.purpose for row in desk.read(theirs, listed.listing, ACCOUNT).items if row.purpose} == {
        "replenishment_source",
        "opening_balances",
        "cash_over_short",
        "transfers_in_transit",
    }
    assert [row.code for row in desk.read(theirs, listed.listing, CATEGORY).items if row.is_default] == ["general"]
    with pytest.raises(NotAllowed):
        desk.run(theirs, setup.add_company, {"code": "N2", "name": "N2", "currency": "KES"}, admin=admin)
    with pytest.raises(NotFound):
        desk.read(people["admin"], listed.show, COMPANY, "NEW")


def test_there_is_always_one_default_category(desk: Desk, admin: Actor) -> None:
    with pytest.raises(Refused):
        desk.run(admin, listed.deactivate, CATEGORY, "general")
    with pytest.raises(InvalidInput):
        desk.run(admin, listed.edit, CATEGORY, "general", {"is_default": "no"})
    desk.run(admin, listed.edit, CATEGORY, "Travel", {"is_default": "yes"})
    page = desk.read(admin, listed.listing, CATEGORY)
    assert [row.code for row in page.items if row.is_default] == ["travel"]
    desk.run(admin, listed.deactivate, CATEGORY, "general")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "income"}, "type"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "opening_balances"}, "type"),
    ],
)
def test_an_account_that_treasury_posts_against_keeps_its_purpose(
    desk: Desk, admin: Actor, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, listed.edit, ACCOUNT, "1000", given)
    assert field in caught.value.fields
    with pytest.raises(Refused):
        desk.run(admin, listed.deactivate, ACCOUNT, "1000")


def test_an_account_is_kept_while_a_category_books_to_it(desk: Desk, admin: Actor) -> None:
    with pytest.raises(Refused) as caught:
        desk.run(admin, listed.deactivate, ACCOUNT, "5100")
    assert "travel" in caught.value.message
    desk.run(admin, listed.deactivate, CATEGORY, "travel")
    assert desk.run(admin, listed.deactivate, ACCOUNT, "5100").is_active is False
    with pytest.raises(InvalidInput):
        desk.run(admin, listed.add, CATEGORY, {"code": "x", "name": "X", "account": "3000"})
