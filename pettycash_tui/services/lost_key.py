"""A server key that is lost where every superuser signs in with an app: nobody is left who may rotate it.

Then whoever owns the home may, on the treasury host itself: they can read every key and file of the program anyway.
Each superuser whose app no key reads any more signs in by password alone from then on, and enrols anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services import forced, key_in_force, key_rotation, proving, totp
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import key_in_file
from pettycash_tui.services.work import Reading, Work

CLIENT = "at the host"


def rotate(desk: Desk, *, into: Path | None = None) -> key_rotation.Rotated:
    """Rotate the lost key as the home's owner, and free the superusers' apps that no key reads.

    Raises NotAllowed under a forced command, NotSignedIn where a superuser can sign in, and what a rotation raises.
    """
    forced.refuse_others()
    able = [row.username for row in desk.read(SYSTEM, _superusers) if _can_sign_in(desk, row)]
    if able:
        raise NotSignedIn(
            f"A superuser rotates the server key, and {able[0]} can sign in: run `pettycash login {able[0]}`, then "
            "this again."
        )
    host = SYSTEM.at(f"user {_user_here()} of this host", CLIENT)
    done = key_rotation.rotate(desk, host, into=into, lost=True)
    key = key_in_file(into) if into else desk.secrets.server_key()
    desk.run_unaudited(host, _free_superusers, key)
    return done


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
    except Refused:
        return False
    return True


def _free_superusers(work: Work, key: bytes) -> None:
    u = t.user.c
    held = select(t.user).where(u.is_superuser, u.is_active, u.totp_secret.is_not(None)).order_by(u.id)
    for row in work.execute(held.with_for_update(key_share=True)).all():
        if totp.under_another_key(row.totp_secret, row.id, (), key) is not None:
            continue
        work.execute(
            update(t.user).where(u.id == row.id).values(totp_secret=None, totp_confirmed_at=None, updated_at=work.now)
        )
        work.record(
            "totp.reset",
            "user",
            row.id,
            row.username,
            stream=company_stream(row.company_id),
            company_id=row.company_id,
            data={"reason": "server_key"},
        )


def _user_here() -> str:
    """The name of the operating system's user, which no variable of the environment can change."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
