"""People and delegations, on both databases."""

from __future__ import annotations

from datetime import date
from threading import Barrier, Thread

import building
import pytest
import story
from signing import enter, give_passwords, hash_quickly

from pettycash_tui.models.enums import NoticeKind, NoticeTiming, Role
from pettycash_tui.services import delegations, notice_choices, people, presence, requisitions, submission
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput

Staff = dict[str, Actor]
TODAY = date(2026, 3, 2)


@pytest.fixture
def staff(desk: Desk) -> Staff:
    return building.company(desk)


def test_a_person_is_added_with_the_next_number_and_their_branchs_region(desk: Desk, staff: Staff) -> None:
    given = {"username": "Jane.D", "first_name": "Jane", "role": "staff", "branch": "nbi", "email": "j@x.org"}
    made = desk.run(staff["admin"], people.add, given, password_hash="hash")
    assert (made.username, made.name, made.person_number) == ("jane.d", "Jane", len(building.PEOPLE) + 1)
    assert made.region is not None and made.region.code == "CEN"
    assert made.has_password and made.must_change_password


def test_every_refused_field_is_named_and_rows_of_the_company_only_are_accepted(desk: Desk, staff: Staff) -> None:
    given = {"username": "j d", "role": "boss", "branch": "XXX", "email": "no", "password": "secret"}
    with pytest.raises(InvalidInput) as caught:
        desk.run(staff["admin"], people.add, given)
    assert set(caught.value.fields) == {"username", "role", "branch", "email", "password"}
    with pytest.raises(InvalidInput) as caught:
        desk.run(staff["admin"], people.add, {"username": "x", "role": "staff", "branch": "NBI", "region": "COA"})
    assert "region" in caught.value.fields
    with pytest.raises(InvalidInput) as caught:
        desk.run(staff["admin"], people.add, {"username": "staff", "role": "staff"})
    assert "taken" in caught.value.fields["username"]


def test_codes_need_an_address_to_go_to(desk: Desk, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(staff["admin"], people.add, {"username": "x", "role": "treasury", "otp_channel": "email"})
    assert "email" in caught.value.fields


def test_people_of_another_company_are_not_there(desk: Desk, staff: Staff) -> None:
    building.company(desk, "OTHR", prefix="o.")
    assert "o.staff" not in {row.username for row in desk.read(staff["admin"], people.listing).items}
    for act in (people.deactivate, people.activate):
        with pytest.raises(NotFound):
            desk.run(staff["admin"], act, "o.staff")
    with pytest.raises(NotFound):
        desk.read(staff["admin"], people.show, building.actor(desk, "o.staff").person_id)
    with pytest.raises(NotFound):
        desk.run(staff["admin"], people.edit, "o.staff", {"role": "admin"})


def test_an_admin_who_is_no_superuser_makes_none_and_touches_none(desk: Desk, staff: Staff) -> None:
    second = building.person(desk, "second", Role.ADMIN, company_id=staff["admin"].company_id)
    for given in ({"is_superuser": "yes"}, {"is_superuser": "yes", "role": "cfo"}):
        with pytest.raises(NotAllowed):
            desk.run(second, people.edit, "staff", given)
    with pytest.raises(NotAllowed):
        desk.run(second, people.deactivate, "admin")
    with pytest.raises(NotAllowed):
        desk.run(staff["admin"], people.add, {"username": "g", "role": "admin"}, group_wide=True)


def test_the_last_active_admin_stays(desk: Desk, staff: Staff) -> None:
    for act in (
        lambda: desk.run(staff["admin"], people.deactivate, "admin"),
        lambda: desk.run(staff["admin"], people.edit, "admin", {"role": "staff", "is_superuser": "no"}),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "last_admin"
    desk.run(staff["admin"], people.add, {"username": "second", "role": "admin"})
    assert desk.run(staff["admin"], people.deactivate, "admin").is_active is False


def test_of_two_admins_who_deactivate_each_other_at_once_one_stays(desk: Desk, staff: Staff) -> None:
    second = building.person(desk, "second", Role.ADMIN, company_id=staff["admin"].company_id, is_superuser=True)
    start = Barrier(2)
    outcomes: list[str] = []

    def deactivate(actor: Actor, username: str) -> None:
        start.wait()
        try:
            desk.run(actor, people.deactivate, username)
            outcomes.append("done")
        except Refused as error:
            outcomes.append(error.code)

    threads = [Thread(target=deactivate, args=pair) for pair in ((staff["admin"], "second"), (second, "admin"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "last_admin"]


def test_whoever_is_deactivated_is_out_of_lists_and_delegations(desk: Desk, staff: Staff) -> None:
    desk.run(staff["branch_manager"], delegations.add, "staff", ends_on="2026-03-09")
    found = desk.run(staff["admin"], people.deactivate, "staff")
    assert (found.is_active, found.delegations, found.open_steps) == (False, (), ())
    assert "staff" not in {row.username for row in desk.read(staff["admin"], people.listing).items}
    assert [row.username for row in desk.read(staff["admin"], people.listing, active=False).items] == ["staff"]
    assert desk.run(staff["admin"], people.activate, "staff").is_active is True


def test_what_waits_for_somebody_who_leaves_is_named(desk: Desk) -> None:
    staff = story.trading_company(desk)
    given = RequisitionInput(amount="500", purpose="Paper", payee="Stationer")
    written = desk.run(staff["staff"], requisitions.create, given)
    desk.run(staff["staff"], submission.submit, written.id)
    assert desk.run(staff["admin"], people.deactivate, "branch_manager").open_steps == (written.number,)


def test_the_list_filters_searches_and_pages(desk: Desk, staff: Staff) -> None:
    admin = staff["admin"]
    names = {row.username for row in desk.read(admin, people.listing, role=Role.TREASURY).items}
    assert names == {"treasury", "treasury2"}
    in_branch = desk.read(admin, people.listing, branch="nbi").items
    assert {row.username for row in in_branch} == {"staff", "department_head", "branch_manager"}
    assert [row.username for row in desk.read(admin, people.listing, search="finance manager").items] == [
        "group_finance_manager"
    ]
    seen, cursor = [], None
    while True:
        page = desk.read(admin, people.listing, limit=4, after=cursor)
        seen += [row.username for row in page.items]
        if (cursor := page.next) is None:
            break
    assert sorted(seen) == sorted(building.PEOPLE) and len(seen) == len(set(seen))


def test_what_concerns_signing_in_is_for_oneself_and_admins(desk: Desk, staff: Staff) -> None:
    assert desk.read(staff["cfo"], people.show, "staff").failed_logins is None
    assert desk.read(staff["staff"], people.show, "staff").failed_logins == 0
    assert desk.read(staff["admin"], people.show, "staff").failed_logins == 0


def test_an_approver_names_a_delegate_and_ends_it(desk: Desk, staff: Staff) -> None:
    manager = staff["branch_manager"]
    made = desk.run(manager, delegations.add, "staff", starts_on="2026-03-05", ends_on="2026-03-09", reason="Leave")
    assert made.approver is not None and made.approver.username == "branch_manager"
    assert [row.id for row in desk.read(manager, delegations.listing).items] == [made.id]
    with pytest.raises(NotAllowed):
        desk.run(staff["staff"], delegations.end, str(made.id))
    assert desk.run(manager, delegations.end, "branch_manager").is_active is False
    assert desk.read(manager, delegations.listing).items == ()
    assert len(desk.read(manager, delegations.listing, include_past=True).items) == 1


@pytest.mark.parametrize(
    ("delegate", "days", "field"),
    [
        ("branch_manager", ("2026-03-02", "2026-03-03"), "delegate"),
        ("treasury", ("2026-03-02", "2026-03-03"), "delegate"),
        ("nobody", ("2026-03-02", "2026-03-03"), "delegate"),
        ("staff", ("2026-03-05", "2026-03-03"), "ends_on"),
        ("staff", ("2026-02-01", "2026-02-03"), "ends_on"),
        ("staff", ("soon", "2026-03-03"), "starts_on"),
    ],
)
def test_a_delegation_that_cannot_be_names_its_field(
    desk: Desk, staff: Staff, delegate: str, days: tuple[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.run(staff["branch_manager"], delegations.add, delegate, starts_on=days[0], ends_on=days[1])
    assert field in caught.value.fields


def test_nobody_delegates_for_others_but_an_admin_and_staff_have_nothing_to_delegate(desk: Desk, staff: Staff) -> None:
    with pytest.raises(NotAllowed):
        desk.run(staff["cfo"], delegations.add, "ceo", ends_on=TODAY, approver="branch_manager")
    with pytest.raises(InvalidInput):
        desk.run(staff["staff"], delegations.add, "cfo", ends_on=TODAY)
    made = desk.run(staff["admin"], delegations.add, "ceo", ends_on=TODAY, approver="cfo")
    assert made.delegate is not None and made.delegate.username == "ceo"


def test_delegations_do_not_overlap_and_make_no_chain(desk: Desk, staff: Staff) -> None:
    desk.run(staff["cfo"], delegations.add, "ceo", ends_on="2026-03-09")
    for approver, delegate, code in (
        ("cfo", "staff", "overlaps"),
        ("ceo", "staff", "acts_for_another"),
        ("branch_manager", "cfo", "delegate_away"),
    ):
        with pytest.raises(Refused) as caught:
            desk.run(staff[approver], delegations.add, delegate, starts_on="2026-03-09", ends_on="2026-03-12")
        assert caught.value.code == code
    desk.run(staff["cfo"], delegations.add, "staff", starts_on="2026-03-10", ends_on="2026-03-12")


@pytest.mark.parametrize(
    "given",
    [
        {"role": "department_head"},
        {"is_centralized_approver": "yes"},
        {"is_superuser": "yes"},
        {"branch": "MSA"},
        {"department": "FIN"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_changes_what_somebody_may_do_ends_their_sessions(
    desk: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    hash_quickly(monkeypatch)
    give_passwords(desk, "staff", "treasury")
    here, other = enter(desk, "staff").actor, enter(desk, "treasury").actor
    same = {"role": "staff", "branch": "NBI", "email": "new@example.com"}
    assert desk.run(staff["admin"], people.edit, "staff", same).sessions_ended == 0
    assert not presence.look(desk, here, True).is_over

    assert desk.run(SYSTEM, people.edit, "staff", given).sessions_ended == 1
    assert presence.look(desk, here, True).is_revoked
    with pytest.raises(NotSignedIn):
        desk.run(here, notice_choices.choose, NoticeKind.PAID, NoticeTiming.OFF)
    assert not presence.look(desk, other, True).is_over
