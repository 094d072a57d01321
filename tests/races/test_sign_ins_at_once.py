"""Guesses at the same moment, in real processes: no more tries than allowed, and a recovery code opens one session."""

from __future__ import annotations

from base64 import b64encode
from threading import Thread
from typing import Any

import books
import building
import pytest
from crew import Crew
from signing import PASSWORD, enrolled, give_passwords
from sqlalchemy import insert

from pettycash_tui.models import tables as t
from pettycash_tui.services import session_list, sessions, signin, ssh_keys, throttle
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.sessions import NewSession

KEY = "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()


def enter(desk: Desk, username: str, password: str, code: str | None = None) -> str:
    return signin.sign_in(desk, username, password, client="cli", source="ssh 192.0.2.7", code=code).actor.username


def revoke(desk: Desk, who: str, session: str) -> int:
    return session_list.revoke(desk, building.actor(desk, who), session).revoked


def test_one_recovery_code_opens_one_session(crew: Crew, desk: Desk) -> None:
    people = building.company(desk)
    give_passwords(desk, "treasury")
    _, codes = enrolled(desk, people["treasury"])
    outcomes = crew.race(desk, [(enter, "treasury", PASSWORD, codes[0])] * 4)

    assert sorted(outcome.code for outcome in outcomes) == ["", *["totp_wrong"] * 3]
    assert len(books.check(desk).sessions) == 1


def test_at_a_place_nobody_came_from_before_all_come_in_at_once(crew: Crew, desk: Desk) -> None:
    building.company(desk)
    names = ("staff", "treasury", "treasury2", "cfo", "fpa", "ceo", "admin", "branch_manager")
    give_passwords(desk, *names)
    outcomes = crew.race(desk, [(enter, name, PASSWORD) for name in names])

    assert [outcome.code for outcome in outcomes] == [""] * 8


def test_a_key_that_is_removed_while_it_lets_somebody_in_lets_nobody_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = building.company(desk)
    key = desk.run(people["admin"], ssh_keys.add_key, "staff", KEY)
    remove = Thread(target=desk.run, args=(people["admin"], ssh_keys.remove_key, "staff", key.fingerprint))
    begin = sessions.begin

    def removed_meanwhile(*given: Any, **named: Any) -> NewSession:
        # The key was read, and its session is not there yet.
        remove.start()
        remove.join(0.7)
        return begin(*given, **named)

    monkeypatch.setattr(sessions, "begin", removed_meanwhile)
    ssh_keys.enter(desk, key.id, source="ssh 192.0.2.7")
    remove.join(30)
    assert not remove.is_alive()
    (row,) = books.check(desk).sessions
    assert row.ended_at is not None


def test_a_place_that_guesses_with_many_hands_gets_no_more_tries(crew: Crew, desk: Desk) -> None:
    building.company(desk)
    with desk.engine.begin() as connection:
        now = desk.clock()
        values = {"source": throttle.place_here(), "failures": throttle.FREE - 2, "since": now, "refused_until": now}
        connection.execute(insert(t.sign_in_source).values(values))
    outcomes = crew.race(desk, [(enter, f"nobody{number}", "guess") for number in range(8)])

    # Two are free, the next is the one that makes the place wait.
    assert sorted(outcome.code for outcome in outcomes) == ["signin_refused"] * 3 + ["signin_throttled"] * 5


def test_a_session_is_ended_once(crew: Crew, desk: Desk) -> None:
    building.company(desk)
    give_passwords(desk, "staff")
    signed = signin.sign_in(desk, "staff", PASSWORD, client="tui", source="local")
    outcomes = crew.race(desk, [(revoke, who, str(signed.actor.session_id)) for who in ("staff", "admin")])

    assert sorted(outcome.value or 0 for outcome in outcomes) in ([0, 1], [1, 1])
    assert {outcome.code for outcome in outcomes} <= {"", "session_over", "sign_in_session_stays_ended"}
