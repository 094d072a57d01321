"""The server key rotated by several at once, while people sign in, and killed anywhere: the key in force reads all."""

from __future__ import annotations

import books
import building
import pytest
from crew import Crew
from killing import Killing
from signing import PASSWORD, enrolled, give_passwords, hash_quickly, told
from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services import key_in_force, key_rotation, lost_key, recovery, signin, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.secrets import fingerprint


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which two officers have a password."""
    hash_quickly(monkeypatch)
    found = building.company(desk)
    give_passwords(desk, "treasury", "treasury2")
    return found


def rotate(desk: Desk) -> str:
    return key_rotation.rotate(desk, SYSTEM).fingerprint


def new_codes(desk: Desk, who: str) -> tuple[str, ...]:
    return totp.new_recovery_codes(desk, building.actor(desk, who))


def enter(desk: Desk, username: str, code: str) -> str:
    return signin.sign_in(desk, username, PASSWORD, client="cli", source="local", code=code).actor.username


def in_force(desk: Desk, who: Actor) -> bytes:
    stored = desk.read(SYSTEM, lambda r: r.execute(select(t.user.c.totp_secret).where(t.user.c.id == who.id)).scalar())
    return totp.current_secret(stored, who.person_id, desk.secrets)


def open_codes(desk: Desk, who: Actor) -> set[str]:
    r = t.recovery_code.c
    mine = select(r.code_hmac).where(r.user_id == who.id, r.used_at.is_(None), r.voided_at.is_(None))
    return desk.read(SYSTEM, lambda reading: set(reading.execute(mine).scalars()))


def test_rotations_at_once_go_one_after_the_other_and_whoever_comes_between(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    officer, other = people["treasury"], people["treasury2"]
    secret, _ = enrolled(desk, officer)
    _, codes = enrolled(desk, other)
    first = fingerprint(desk.secrets.server_key())
    acts = [(rotate,)] * 3 + [(new_codes, "treasury")] * 2 + [(enter, "treasury2", codes[0])]
    outcomes = crew.race(desk, acts)

    assert [one.error for one in outcomes[:3]] == ["", "", ""]
    # Each begins with the key that the one before has put in place.
    steps = [event["data"] for event in told(desk, key_in_force.ACTION)]
    assert [step["from"] for step in steps] == [first, *[step["to"] for step in steps[:-1]]]
    assert {one.value for one in outcomes[:3]} == {step["to"] for step in steps} and len(steps) == 3
    assert {one.code for one in outcomes[3:5]} <= {"", "overtaken", "server_key_changed"}
    assert outcomes[5].code in ("", "totp_wrong")
    key_in_force.require(desk)
    assert fingerprint(desk.secrets.server_key()) == steps[-1]["to"]
    assert not (desk.home / "server.key.next").exists()
    assert in_force(desk, officer) == secret
    # What is open was made under the key in force; all the rest is void.
    made = {
        recovery.mac(desk.secrets, officer.person_id, code.replace("-", ""))
        for one in outcomes[3:5]
        for code in one.value or ()
    }
    assert open_codes(desk, officer) <= made
    assert open_codes(desk, other) == set()
    books.check(desk)


def test_a_rotation_killed_anywhere_leaves_a_key_that_reads_everything(desk: Desk, people: dict[str, Actor]) -> None:
    officer = people["treasury"]
    secret, _ = enrolled(desk, officer)

    def prepare() -> str | None:
        totp.new_recovery_codes(desk, officer)
        return desk.read(SYSTEM, key_in_force.in_force)

    killing = Killing(desk, prepare, lambda here, _: key_rotation.rotate(here, SYSTEM))
    for before, _ in killing.points():
        killing.done.append(desk.read(SYSTEM, key_in_force.in_force) != before)
        key_in_force.require(desk)
        assert in_force(desk, officer) == secret
        assert len(open_codes(desk, officer)) == (0 if killing.done[-1] else recovery.HOW_MANY)
        assert not (killing.done[-1] and (desk.home / "server.key.next").exists())


def test_the_rotation_of_a_lost_key_killed_anywhere_goes_on_when_it_is_run_again(
    desk: Desk, people: dict[str, Actor]
) -> None:
    give_passwords(desk, "admin")

    def prepare() -> str | None:
        desk.secrets.forget_key()
        enrolled(desk, people["admin"])
        (desk.home / "server.key").unlink()
        return desk.read(SYSTEM, key_in_force.in_force)

    def follow(here: Desk, given_up: str | None) -> None:
        lost_key.rotate(here, given_up)

    killing = Killing(desk, prepare, follow)
    for before, _ in killing.points():
        killing.done.append(desk.read(SYSTEM, key_in_force.in_force) != before)
        assert killing.done[-1] or not (desk.home / "server.key").exists()
        desk.secrets.forget_key()
        if has_app(desk):
            lost_key.rotate(desk, lost_key.at_stake(desk).in_force)
        assert not has_app(desk)
        assert key_in_force.is_settled(desk)
        assert signin.sign_in(desk, "admin", PASSWORD, client="cli", source="local").actor.is_superuser


def has_app(desk: Desk) -> bool:
    app = select(t.user.c.totp_secret).where(t.user.c.username == "admin")
    return desk.read(SYSTEM, lambda reading: reading.execute(app).scalar()) is not None
