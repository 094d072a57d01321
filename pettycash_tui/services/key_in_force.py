"""Which server key the database goes by, so that a desk whose key was rotated elsewhere notices.

Every rotation leaves an event in a stream of its own; the last one names the key by its fingerprint, from which nobody
gets the key. A database whose key was never rotated goes by whatever key there is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import Place, Secrets, fingerprint

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.work import Reading

STREAM = "secrets"
"""The stream of the rotations: short, so that its end is found at once."""

ACTION = "secret.rotated"

_A = t.audit_event.c
_LAST = select(_A.body).where(_A.stream == STREAM).order_by(_A.sequence.desc()).limit(1)


def in_force(reading: Reading) -> str | None:
    """The fingerprint of the key that the database goes by; None when it was never rotated."""
    body = reading.execute(_LAST).scalar()
    return str(json.loads(body)["data"]["to"]) if body else None


def require(desk: Desk) -> bool:
    """See to it that this desk has the server key in force; whether it had to take another than it had.

    Looks the key up anew when it is not, and finishes a rotation that was cut short in this home. Raises Refused when
    the key in force is not here.
    """
    secrets = desk.secrets
    wanted = desk.read(SYSTEM, in_force)
    if wanted is None or fingerprint(secrets.server_key()) == wanted:
        return False
    with secrets.changing_key():
        # While one waited, it may have been rotated once more.
        return _take(secrets, desk.read(SYSTEM, in_force) or wanted)


def _take(secrets: Secrets, wanted: str) -> bool:
    secrets.forget_key()
    if fingerprint(secrets.server_key()) == wanted:
        return True
    found, waiting = secrets.found_key(), secrets.next_key(make=False)
    if found and found[1].place in (Place.HOME, Place.KEYRING) and waiting and fingerprint(waiting) == wanted:
        secrets.put_next_in_place(waiting, found[1].place)
        return True
    raise Refused(
        "The server key was rotated, and this host has another one than the database goes by, so no code can be made "
        "or checked here. Put the new key where this host keeps its own (`pettycash secret where server_key`) and try "
        "again; if it is lost, run `pettycash secret rotate server_key --lost`.",
        code="server_key_changed",
    )
