"""Places that fail to sign in: how many tries they have, that others are not touched, that nothing is given away."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import building
import pytest
from settable_clock import SettableClock
from signing import WRONG, code_now, enrolled, enter, give_passwords, hash_quickly, refusal, told
from sqlalchemy import event, insert, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, NoticeTiming
from pettycash_tui.services import notice_choices, opening, sessions, signin, throttle
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which `staff` and `treasury` have passwords."""
    hash_quickly(monkeypatch)
    found = building.company(desk)
    give_passwords(desk, "staff", "treasury")
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Goes to another place."""

    def at(place: str) -> None:
        monkeypatch.setattr(throttle, "place_here", lambda: place)

    at("here 1000")
    return at


def failures(desk: Desk, place: str = "") -> int:
    s = t.sign_in_source.c
    with desk.engine.connect() as connection:
        found = connection.execute(select(s.failures).where(s.source == (place or throttle.place_here())))
        return found.scalar() or 0


def fail(desk: Desk, times: int) -> None:
    for number in range(times):
        assert refusal(desk, f"nobody{number}", WRONG).code == "signin_refused"


def test_a_place_that_guesses_over_many_names_has_to_wait_and_nobody_else(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, at: Callable[[str], None]
) -> None:
    fail(desk, throttle.FREE + 1)
    refused = refusal(desk, "staff")
    assert (refused.code, refused.message) == ("signin_throttled", "Too many sign-ins from here have failed. Wait 1 s.")
    assert refusal(desk, "nobody").message == refused.message
    assert told(desk, "signin.refused")[-1]["data"]["reason"] in ("throttled", "unknown")
    assert [each["data"]["reason"] for each in told(desk, "signin.refused")].count("throttled") == 2

    at("here 1001")
    assert enter(desk, "staff").actor.username == "staff"
    at("here 1000")
    clock.advance(seconds=1)
    fail(desk, 1)
    assert "Wait 2 s" in refusal(desk, "staff").message
    clock.advance(seconds=2)
    assert enter(desk, "staff").token
    assert enter(desk, "staff").token, "who gets in makes nobody wait"


def test_where_somebody_says_they_come_from_is_no_other_place(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(throttle.FREE + 1):
        monkeypatch.setenv("SSH_CONNECTION", f"192.0.2.{number} 50000 192.0.2.200 22")
        refusal(desk, f"nobody{number}", WRONG, source=opening.source_here())

    assert refusal(desk, "staff", source=opening.source_here()).code == "signin_throttled"
    assert "ssh 192.0.2.0" in {each["source"] for each in told(desk, "signin.refused")}, "the trail has what was said"
    assert throttle.place_here() == f"{os.uname().nodename} {os.getuid()}"


def test_a_place_is_begun_and_forgiven_without_making_anybody_wait(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    enter(desk, "staff")
    # The transaction of another process, which began a moment before and comes after.
    clock.advance(microseconds=-500)
    assert enter(desk, "staff").token
    fail(desk, 1)
    clock.advance(microseconds=-500)
    fail(desk, 1)
    assert enter(desk, "staff").token
    assert failures(desk) == 2


def test_a_try_from_a_place_that_waits_counts_against_nobody(
    desk: Desk, people: dict[str, Actor], at: Callable[[str], None]
) -> None:
    fail(desk, throttle.FREE + 1)
    for _ in range(12):
        assert refusal(desk, "staff", WRONG).code == "signin_throttled"

    at("here 1001")
    assert enter(desk, "staff").token


def test_failures_are_forgotten_after_an_hour_and_a_clock_moved_back_locks_nobody_out(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, at: Callable[[str], None]
) -> None:
    fail(desk, throttle.FREE)
    clock.advance(minutes=61)
    fail(desk, 1)
    assert failures(desk) == 1
    ahead = clock.now + timedelta(days=900)
    with desk.engine.begin() as connection:
        values = {"source": "ahead 1000", "failures": 99, "since": ahead, "refused_until": ahead}
        connection.execute(insert(t.sign_in_source).values(values))
    at("ahead 1000")
    assert enter(desk, "staff").token


def test_signing_in_rightly_is_no_failure_with_an_app_or_without(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    secret, _ = enrolled(desk, people["treasury"])
    clock.advance(minutes=1)
    enter(desk, "staff")
    assert refusal(desk, "treasury").code == "totp_needed"
    enter(desk, "treasury", code=code_now(desk, secret))

    assert failures(desk) == 0
    assert refusal(desk, "treasury", code="000000").code == "totp_wrong"
    assert failures(desk) == 1


def test_asking_for_the_code_again_and_again_locks_nobody(desk: Desk, people: dict[str, Actor]) -> None:
    enrolled(desk, people["treasury"])

    assert {refusal(desk, "treasury").code for _ in range(12)} == {"totp_needed"}


def test_the_longest_wait_is_a_quarter_hour_and_that_of_a_name_a_minute() -> None:
    def waits(of: str, *failures: int) -> list[float]:
        return [throttle.wait_after(of, so_many).total_seconds() for so_many in failures]

    assert waits(throttle.place_here(), 0, 30, 31, 32, 35, 40, 41, 10**9) == [0, 0, 1, 2, 16, 512, 900, 900]
    assert waits(throttle.name_of("staff"), 0, 4, 5, 6, 9, 11, 10**9) == [0, 0, 1, 2, 16, 60, 60]


@pytest.mark.parametrize("name", ["staff", "nobody"])
def test_a_name_that_is_guessed_has_to_wait_wherever_from_and_is_not_told_by_it(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, at: Callable[[str], None], name: str
) -> None:
    for number in range(throttle.FREE_OF_A_NAME + 1):
        at(f"host{number} 1000")
        assert refusal(desk, name, WRONG).code == "signin_refused"
    at("another 1000")
    for _ in range(12):
        refused = refusal(desk, name)
        assert (refused.code, refused.message) == (
            "signin_throttled",
            "Too many sign-ins with this name have failed. Wait 1 s.",
        )
    assert enter(desk, "treasury").token, "nobody else has to"
    with desk.engine.connect() as connection:
        tries = connection.execute(select(t.user.c.failed_logins).where(t.user.c.username == "staff")).scalar()
    assert tries == (throttle.FREE_OF_A_NAME + 1 if name == "staff" else 0), "what waits is not compared"

    clock.advance(seconds=1)
    assert refusal(desk, name, WRONG).code == "signin_refused"
    assert "Wait 2 s" in refusal(desk, name).message
    if name == "staff":
        clock.advance(seconds=2)
        enter(desk, name)
        for _ in range(throttle.FREE_OF_A_NAME):
            assert refusal(desk, name, WRONG).code == "signin_refused"
        assert enter(desk, name).token, "who has come in begins anew"


def test_of_what_was_typed_as_a_name_nothing_can_be_made_out(desk: Desk, people: dict[str, Actor]) -> None:
    refusal(desk, "a password in the wrong field", WRONG)
    with desk.engine.connect() as connection:
        kept = set(connection.execute(select(t.sign_in_source.c.source)).scalars())
    assert kept == {throttle.place_here(), throttle.name_of("a password in the wrong field")}
    assert len(throttle.name_of("a password in the wrong field").split()[-1]) == 3


def test_nobody_and_a_wrong_password_run_the_same_statements(desk: Desk, people: dict[str, Actor]) -> None:
    statements: list[str] = []
    fail(desk, 1)

    def of(username: str, password: str = WRONG) -> list[str]:
        statements.clear()
        refusal(desk, username, password)
        return list(statements)

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(desk.engine, "before_cursor_execute", note)
    known, unknown = of("staff"), of("nobody")
    assert known == unknown
    with desk.engine.begin() as connection:
        connection.execute(t.user.update().where(t.user.c.username == "treasury").values(is_active=False))
    assert of("treasury", building.PASSWORD) == known
    assert of("") == known


def test_unlocking_a_desk_is_not_held_up_by_a_place_that_guesses(desk: Desk, people: dict[str, Actor]) -> None:
    here = enter(desk, "staff")
    fail(desk, throttle.FREE + 1)

    signin.confirm_password(desk, here.actor, building.PASSWORD)
    assert [each["actor_name"] for each in told(desk, "signin.confirmed")] == ["staff"]


def test_who_guesses_until_it_locks_ends_no_work_that_is_under_way(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, at: Callable[[str], None]
) -> None:
    here = enter(desk, "staff")
    at("elsewhere 1001")
    for _ in range(10):
        clock.advance(minutes=1)
        assert refusal(desk, "staff", WRONG).code == "signin_refused"
    assert told(desk, "signin.locked") != []
    clock.advance(minutes=1)
    assert refusal(desk, "staff").code == "signin_refused", "nothing new begins"

    assert sessions.resume(desk, here.token, client="cli", source="local").username == "staff"
    chosen = desk.run(here.actor, notice_choices.choose, NoticeKind.PAID, NoticeTiming.OFF, None)
    assert chosen.how is NoticeTiming.OFF
