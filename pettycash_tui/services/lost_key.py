"""A server key that is lost where every superuser signs in with an app: nobody is left who may rotate it.

Then whoever owns the home may, on the treasury host itself: they can read every key and file of the program anyway.
Each superuser whose app no key reads any more signs in by password alone from then on, and enrols anew; whatever
session of theirs is open ends. A key in a keyring that this session does not reach looks like a lost one, so that what
the database goes by is shown, and has to be named, before anybody's app is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import at_host, forced, key_in_force, key_rotation, proving, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.owner_only import DamagedFile
from pettycash_tui.services.secrets import key_in_file
from pettycash_tui.services.work import Reading, Work

CLIENT = "at the host"
_NO_KEY = ("no_server_key", "bad_server_key", "server_key_changed", totp.UNREADABLE, "totp_not_enrolled")
"""Why a person's app is of no use here; anything else that goes wrong says nothing of the key."""


@dataclass(frozen=True, slots=True)
class AtStake:
    """What is given up with a lost key: its fingerprint (None where the database names none), and whose apps may go."""

    in_force: str | None
    superusers: tuple[str, ...]


def at_stake(desk: Desk) -> AtStake:
    """What `rotate` is about to give up. Raises as `rotate` does."""
    with at_host.refusals_told(desk, _host(), key_rotation.REFUSED):
        _require_nobody_else(desk)
    u = t.user.c
    with_apps = select(u.username).where(u.is_superuser, u.is_active, u.totp_secret.is_not(None)).order_by(u.username)
    names = desk.read(SYSTEM, lambda reading: tuple(reading.execute(with_apps).scalars()))
    return AtStake(desk.read(SYSTEM, key_in_force.in_force), names)


def rotate(desk: Desk, given_up: str | None, *, into: Path | None = None) -> key_rotation.Rotated:
    """Rotate the lost key as the home's owner, and free the superusers' apps that no key reads.

    `given_up` is the fingerprint of the key in force, as `at_stake` gave it to whoever agreed to go on without it.
    Raises NotAllowed under a forced command, NotSignedIn where a superuser can sign in, Refused while a keyring does
    not say whether it has the key (`keyring_silent`) and for another key than the one in force (`server_key_changed`),
    and what a rotation raises. A refusal is put on record.
    """
    host = _host()
    with at_host.refusals_told(desk, host, key_rotation.REFUSED):
        _require_nobody_else(desk)
        if desk.read(SYSTEM, key_in_force.in_force) != given_up:
            raise Refused(
                "The database goes by another server key than the one that was to be given up. Try again.",
                code="server_key_changed",
            )
        done = key_rotation.rotate(desk, host, into=into, lost=True)
    key = key_in_file(into) if into else desk.secrets.server_key()
    desk.run_unaudited(host, _free_superusers, key)
    return done


def _host() -> Actor:
    return SYSTEM.at(f"user {at_host.user_here()} of this host", CLIENT)


def _require_nobody_else(desk: Desk) -> None:
    forced.refuse_others()
    desk.secrets.require_lost()
    able = [row.username for row in desk.read(SYSTEM, _superusers) if _can_sign_in(desk, row)]
    if able:
        raise NotSignedIn(
            f"A superuser rotates the server key, and {able[0]} can sign in: run `pettycash login {able[0]}`, then "
            "this again."
        )


def _superusers(reading: Reading) -> list[Row[Any]]:
    u = t.user.c
    standing = (u.is_superuser, u.is_active, u.locked_at.is_(None), u.password_hash.is_not(None))
    return list(reading.execute(select(t.user).where(*standing).order_by(u.username)).all())


def _can_sign_in(desk: Desk, row: Row[Any]) -> bool:
    if not proving.needs_code(row):
        return True
    try:
        key_in_force.require(desk)
        stored = select(t.user.c.totp_secret).where(t.user.c.id == row.id)
        # Read after that: it may have been encrypted anew.
        secret = desk.read(SYSTEM, lambda reading: reading.execute(stored).scalar())
        totp.current_secret(secret, row.id, desk.secrets)
    except DamagedFile:
        return False
    except (Refused, InvalidInput) as error:
        if error.code not in _NO_KEY:
            raise
        return False
    return True


def _free_superusers(work: Work, key: bytes) -> None:
    u = t.user.c
    held = select(t.user).where(u.is_superuser, u.is_active, u.totp_secret.is_not(None)).order_by(u.id)
    for row in work.execute(held.with_for_update(key_share=True)).all():
        if not totp.is_of_use(row, key):
            totp.forget(work, row, reason="server_key")
