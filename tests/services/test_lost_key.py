"""A server key that is not the one the database goes by: older backups, locked keyrings, and nobody left to sign in."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import building
import pyotp
import pytest
from keyring_kinds import USELESS, Remembering, use
from settable_clock import SettableClock
from sqlalchemy import URL, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import (
    backups,
    doctor_key,
    forced,
    former_keys,
    key_in_force,
    key_rotation,
    lost_key,
    signin,
    totp,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import Secrets, fingerprint


def with_app(desk: Desk, clock: SettableClock, *usernames: str) -> dict[str, pyotp.TOTP]:
    """A company in which these have a password and an authenticator app."""
    people = building.company(desk)
    apps = {}
    for username in usernames:
        desk.run(SYSTEM, signin.set_password, username, building.PASSWORD, must_change=False)
        apps[username] = pyotp.TOTP(totp.enrol(desk, people[username]).secret_base32)
        totp.confirm(desk, people[username], apps[username].at(clock.now))
    clock.advance(seconds=31)
    return apps


def enter(desk: Desk, username: str, code: str | None = None) -> signin.SignedIn:
    return signin.sign_in(desk, username, building.PASSWORD, client="cli", source="local", code=code)


def lose_key(desk: Desk) -> None:
    (desk.home / "server.key").unlink()
    desk.secrets.forget_key()


@pytest.mark.parametrize("is_named", [True, False], ids=["the database names its key", "it names none"])
def test_a_backup_from_before_a_rotation_lets_everybody_in_again(
    is_named: bool, desk: Desk, clock: SettableClock, tmp_path: Path, open_desk: Callable[[URL], Desk]
) -> None:
    apps = with_app(desk, clock, "treasury", "admin")
    old = desk.secrets.server_key()
    if is_named:
        desk.run(SYSTEM, key_in_force.note_first, old)
    backups.backup(desk, tmp_path / "before")
    key_rotation.rotate(desk, SYSTEM)
    kept = desk.home / f"server.key.{fingerprint(old)}"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().strip() == old.hex()
    desk.close()
    backups.restore(desk.url, desk.home, tmp_path / "before", replace=True, clock=clock)
    later = open_desk(desk.url)
    assert list(doctor_key.in_force(later)) == []

    for username, app in apps.items():
        assert enter(later, username, app.at(clock.now)).actor.username == username

    # Under the present key, as the rotation had it.
    assert later.secrets.server_key() != old
    assert key_in_force.is_settled(later)
    assert later.read(SYSTEM, key_in_force.in_force) == fingerprint(later.secrets.server_key())


def test_a_host_without_the_key_of_the_backup_says_so(desk: Desk, clock: SettableClock) -> None:
    with_app(desk, clock, "treasury")
    desk.run(SYSTEM, key_in_force.note_first, bytes(32))

    found = list(doctor_key.in_force(desk))

    assert [(one.code, one.command) for one in found] == [
        ("server_key_changed", "pettycash secret rotate server_key --lost")
    ]
    former_keys.keep(desk.home, bytes(32))
    assert list(doctor_key.in_force(desk)) == []


def test_an_app_under_another_key_is_told_with_the_command_that_mends_it(desk: Desk, clock: SettableClock) -> None:
    with_app(desk, clock, "treasury")
    (desk.home / "server.key").write_text("ab" * 32)
    desk.secrets.forget_key()

    found = list(doctor_key.in_force(desk))
    assert [(one.code, one.command) for one in found] == [("totp_unreadable", "pettycash totp reset treasury")]
    totp.reset(desk, building.actor(desk, "admin"), "treasury")
    assert list(doctor_key.in_force(desk)) == []


@pytest.mark.parametrize("matter", list(USELESS))
def test_no_key_is_made_for_a_database_that_goes_by_one(
    matter: str,
    sqlite_desk: Desk,
    clock: SettableClock,
    open_desk: Callable[[URL], Desk],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apps = with_app(sqlite_desk, clock, "treasury")
    kept = Remembering()
    kept.kept["pettycash", "server_key"] = (sqlite_desk.home / "server.key").read_text().strip()
    (sqlite_desk.home / "server.key").unlink()

    with monkeypatch.context() as patched:
        USELESS[matter](patched)
        later = Desk(sqlite_desk.url, sqlite_desk.home, clock=clock)
        with pytest.raises(Refused, match="not on this host") as refusal:
            later.secrets.server_key()
        is_silent = matter in ("locked", "chain of locked ones", "hanging")
        assert ("unlock it" in refusal.value.message) is is_silent
        assert next(doctor_key.in_force(later)).code == "server_key_changed"
        with pytest.raises(Refused, match="not on this host"):
            key_rotation.rotate(later, SYSTEM)
        later.close()
    assert not (sqlite_desk.home / "server.key").exists()

    use(monkeypatch, kept)
    later = Desk(sqlite_desk.url, sqlite_desk.home, clock=clock)
    assert enter(later, "treasury", apps["treasury"].at(clock.now))
    later.close()


def test_the_first_key_is_made_whatever_the_keyring_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    USELESS["locked"](monkeypatch)

    assert len(Secrets(home, embedded=True, is_in_use=lambda: False).server_key()) == 32


def test_the_owner_of_the_home_rotates_a_lost_key_where_no_superuser_can_sign_in(
    desk: Desk, clock: SettableClock
) -> None:
    apps = with_app(desk, clock, "treasury", "admin")
    with pytest.raises(NotSignedIn, match="pettycash login admin"):
        lost_key.at_stake(desk)
    lose_key(desk)
    with pytest.raises(Refused):
        enter(desk, "admin", apps["admin"].at(clock.now))

    stake = lost_key.at_stake(desk)
    assert stake.superusers == ("admin",)
    done = lost_key.rotate(desk, stake.in_force)

    assert (done.unreadable, done.in_place) == (2, True)
    assert enter(desk, "admin").actor.is_superuser
    with pytest.raises(NotAllowed) as refusal:
        enter(desk, "treasury")
    assert refusal.value.code == "totp_needed"
    a = t.audit_event.c
    told = desk.read(
        SYSTEM,
        lambda r: r.execute(select(a.subject, a.source).where(a.action == "totp.reset")).all(),
    )
    assert [row.subject for row in told] == ["admin"]
    assert told[0].source.startswith("user ")
    with pytest.raises(NotSignedIn, match="admin can sign in"):
        lost_key.rotate(desk, done.fingerprint)


def test_by_ssh_nobody_is_the_owner_of_the_home(sqlite_desk: Desk) -> None:
    forced.begin(forced.Served("staff", "token", "ssh", sqlite_desk.home))
    try:
        with pytest.raises(NotAllowed, match="by your SSH key"):
            lost_key.rotate(sqlite_desk, None)
    finally:
        forced.end()


def test_whoever_has_an_app_signs_in_with_its_code_whatever_the_role(desk: Desk, clock: SettableClock) -> None:
    apps = with_app(desk, clock, "staff", "admin")
    superuser = building.person(desk, "root", Role.STAFF, is_superuser=True, company_id=None)
    desk.run(SYSTEM, signin.set_password, "root", building.PASSWORD, must_change=False)
    enter(desk, "root")
    apps["root"] = pyotp.TOTP(totp.enrol(desk, superuser).secret_base32)
    totp.confirm(desk, superuser, apps["root"].at(clock.now))
    clock.advance(seconds=31)

    for username, app in apps.items():
        with pytest.raises(NotAllowed) as refusal:
            enter(desk, username)
        assert refusal.value.code == "totp_needed"
        assert enter(desk, username, app.at(clock.now))
