"""Sessions: whose one sees and ends, and that nothing is done from one that has ended."""

from __future__ import annotations

import building
import pytest
from settable_clock import SettableClock
from signing import PASSWORD, enter, give_passwords, hash_quickly, told
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import opening, session_list, signin, token_file
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotFound, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.session_list import SessionState
from pettycash_tui.services.work import Work


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which `staff`, `cfo` and `admin` have passwords."""
    hash_quickly(monkeypatch)
    found = building.company(desk)
    give_passwords(desk, "staff", "cfo", "admin")
    return found


def act(work: Work) -> str:
    work.record("test.noted", "test", None, "note", stream="proof:group", company_id=None, data={})
    return work.actor.role.value if work.actor.role else ""


def test_one_sees_ones_own_sessions_and_ends_another(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    other = enter(desk, "staff", source="ssh 192.0.2.7").actor
    clock.advance(minutes=20)
    here = enter(desk, "staff").actor
    enter(desk, "cfo")
    rows = desk.read(here, session_list.list_sessions).items

    assert [(row.source, row.state, row.is_current) for row in rows] == [
        ("local", SessionState.OPEN, True),
        ("ssh 192.0.2.7", SessionState.IDLE, False),
    ]
    assert session_list.revoke(desk, here, str(rows[1].id)) == session_list.Revoked("staff", 1)
    with pytest.raises(NotSignedIn, match="has ended"):
        desk.run(other, act)
    with pytest.raises(Refused, match="over already"):
        session_list.revoke(desk, here, rows[1].id)
    ended = desk.read(here, session_list.list_sessions, ended_too=True).items
    assert [row.state for row in ended] == [SessionState.OPEN, SessionState.ENDED]
    assert [each["actor_name"] for each in told(desk, "session.revoked")] == ["staff"]


def test_an_admin_ends_those_of_the_own_company_and_others_nobodys(desk: Desk, people: dict[str, Actor]) -> None:
    strangers = building.company(desk, "OTHER", prefix="o.")
    theirs = enter(desk, "staff").actor
    for who, ref in (("cfo", theirs.session_id), ("cfo", "nonsense")):
        with pytest.raises(NotFound, match="no such session"):
            session_list.revoke(desk, people[who], ref)
    with pytest.raises(NotFound):
        session_list.revoke(desk, strangers["admin"], theirs.session_id)
    with pytest.raises(NotAllowed):
        session_list.revoke_all(desk, people["cfo"], "staff")
    with pytest.raises(NotAllowed):
        desk.read(people["cfo"], session_list.list_sessions, user="staff")
    assert len(told(desk, "session.refused")) == 4

    (row,) = desk.read(people["admin"], session_list.list_sessions, user="staff").items
    assert session_list.revoke(desk, people["admin"], row.id).username == "staff"
    enter(desk, "staff")
    enter(desk, "staff")
    assert session_list.revoke_all(desk, people["admin"], "staff").revoked == 2
    assert desk.read(people["admin"], session_list.list_sessions, user="staff").items == ()


def test_all_of_ones_own_are_ended_but_this_one(desk: Desk, people: dict[str, Actor]) -> None:
    elsewhere = [enter(desk, "staff").actor for _ in range(2)]
    here = enter(desk, "staff").actor

    assert session_list.revoke_all(desk, here).revoked == 2
    assert desk.run(here, act) == "staff"
    for actor in elsewhere:
        with pytest.raises(NotSignedIn):
            desk.run(actor, act)


def test_an_open_desk_acts_as_what_its_person_is_by_now(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    here = enter(desk, "staff").actor
    with desk.engine.begin() as connection:
        connection.execute(update(t.user).where(t.user.c.username == "staff").values(role=Role.CFO))
    assert desk.run(here, act) == "cfo"
    clock.advance(hours=12)
    with pytest.raises(NotSignedIn, match="come to its end"):
        desk.run(here, act)


def test_nothing_is_done_before_the_first_password_is_changed(desk: Desk, people: dict[str, Actor]) -> None:
    desk.run(SYSTEM, signin.set_password, "staff", PASSWORD)
    signed = enter(desk, "staff")
    token_file.write(desk.home, token_file.KeptSession(signed.token, desk.shown_address))
    with pytest.raises(NotAllowed) as refused:
        desk.run(signed.actor, act)
    assert refused.value.code == "password_change_needed"
    with pytest.raises(NotAllowed, match="pettycash passwd"):
        opening.identify(desk, None)
    assert opening.identify(desk, None, first_password=True).must_change_password

    signin.change_password(desk, signed.actor, PASSWORD, "another long enough one")
    assert desk.run(signed.actor, act) == "staff"
    assert not opening.identify(desk, None).must_change_password
