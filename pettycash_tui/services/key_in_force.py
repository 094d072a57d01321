"""Which server key the database goes by, so that a desk whose key was rotated elsewhere notices.

The first set-up and every rotation leave an event in a stream of their own; the last one names the key by its
fingerprint, from which nobody gets the key. A database that names none goes by whatever key there is.

A backup from before a rotation names the key of then. Where that one is kept (`former_keys`), the database is changed
over to the present key as the rotation did it: the old one may have been rotated because somebody had read it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import former_keys
from pettycash_tui.services.audit import SECRETS_STREAM
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import SERVER_KEY, Place, fingerprint

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.secrets import Secrets
    from pettycash_tui.services.work import Reading, Work

STREAM = SECRETS_STREAM
"""The stream of the keys: short, so that its end is found at once."""

ACTION = "secret.rotated"
FIRST = "secret.made"

_A = t.audit_event.c
_LAST = select(_A.body).where(_A.stream == STREAM).order_by(_A.sequence.desc()).limit(1)


def in_force(reading: Reading) -> str | None:
    """The fingerprint of the key that the database goes by; None when it names none."""
    body = reading.execute(_LAST).scalar()
    return str(json.loads(body)["data"]["to"]) if body else None


def is_in_use(reading: Reading) -> bool:
    """Whether anything in the database hangs on a server key: named, or an app or a recovery code made under it."""
    r = t.recovery_code.c
    used = select(
        or_(
            exists().where(t.user.c.totp_secret.is_not(None)),
            exists().where(r.used_at.is_(None), r.voided_at.is_(None)),
            exists().where(_A.stream == STREAM),
        )
    )
    return bool(reading.execute(used).scalar())


def note_first(work: Work, key: bytes) -> None:
    """Record at the first set-up which key the database goes by."""
    work.record(FIRST, "secret", None, SERVER_KEY, stream=STREAM, company_id=None, data={"to": fingerprint(key)})


def require(desk: Desk) -> bool:
    """See to it that this desk has the server key in force; whether it had to take another than it had.

    Looks the key up anew when it is not, finishes a rotation that was cut short in this home, and changes a database
    that goes by a former key of this home over to the present one; what was read of it before is then to be read again.
    Raises Refused when the key in force is not here.
    """
    secrets = desk.secrets
    wanted = desk.read(SYSTEM, in_force)
    if wanted is None and not former_keys.before(secrets):
        return False
    try:
        if wanted is not None and fingerprint(secrets.server_key()) == wanted:
            return False
    except (Refused, InvalidInput):
        # The rotation of a lost key that was cut short leaves none in its place, but the one that follows beside it.
        if not _waits(secrets, wanted):
            raise
    with secrets.changing_key():
        # While one waited, it may have been rotated once more.
        return _take(desk, desk.read(SYSTEM, in_force))


def _take(desk: Desk, wanted: str | None) -> bool:
    secrets = desk.secrets
    secrets.forget_key()
    old, found = secrets.key_or_damage() or (None, secrets.place_for_key())
    if old is not None and fingerprint(old) == wanted:
        return True
    waiting = secrets.next_key(make=False)
    if waiting and fingerprint(waiting) == wanted and found.place in (Place.HOME, Place.KEYRING):
        former_keys.set_aside(secrets, old, found)
        secrets.put_next_in_place(waiting, found.place)
        return True
    present = secrets.server_key()
    former = former_keys.before(secrets)
    if wanted is None or wanted in former:
        from pettycash_tui.services import key_rotation

        # A database that names no key may go by any that was ever here.
        olds = tuple(former.values()) if wanted is None else (former[wanted],)
        desk.run(SYSTEM, key_rotation.change_over, olds, present, lost=True)
        return True
    raise Refused(NOT_HERE, code="server_key_changed")


def _waits(secrets: Secrets, wanted: str | None) -> bool:
    waiting = secrets.next_key(make=False)
    return waiting is not None and fingerprint(waiting) == wanted


NOT_HERE = (
    "The server key was rotated, and this host has another one than the database goes by, so no code can be made "
    "or checked here. Put the new key where this host keeps its own (`pettycash secret where server_key`) and try "
    "again; if it is lost, run `pettycash secret rotate server_key --lost`."
)


def is_settled(desk: Desk) -> bool:
    """Whether nothing is left for `require` to do. Nothing is changed."""
    wanted, found = desk.read(SYSTEM, in_force), desk.secrets.found_key()
    if wanted is None:
        return not former_keys.before(desk.secrets)
    return found is not None and fingerprint(found[0]) == wanted


def is_reachable(desk: Desk) -> bool:
    """Whether this host has the key in force, or can take it (`require`). Nothing is changed."""
    secrets = desk.secrets
    wanted, found, waiting = desk.read(SYSTEM, in_force), secrets.found_key(), secrets.next_key(make=False)
    if found is None:
        return not desk.read(SYSTEM, is_in_use) or _waits(secrets, wanted)
    if wanted is None:
        return True
    here = {fingerprint(key) for key in (found[0], waiting) if key} | set(former_keys.before(secrets))
    return wanted in here
