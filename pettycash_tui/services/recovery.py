"""Recovery codes: ten, shown once, each standing in for the authenticator app at one sign-in.

Stored as HMAC-SHA256 under a key derived from the server key, bound to the person: 49 random bits, of no use to who
reads the database. Another server key makes them void, as nobody can make them over. They open a session only: a
payment always asks for a code of its own.
"""

from __future__ import annotations

import hmac
import secrets as random_source
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.signing_in import RecoveryCode
from pettycash_tui.services import key_in_force
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.errors import Overtaken
from pettycash_tui.services.secrets import Secrets, fingerprint
from pettycash_tui.services.work import Reading, Work

HOW_MANY = 10
LENGTH = 10
PURPOSE = "recovery"
# Without those that are taken for one another: 0 O, 1 I L.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

_R = t.recovery_code.c
_OPEN = (_R.used_at.is_(None), _R.voided_at.is_(None))


def replace(work: Work, person: Row[Any], secrets: Secrets) -> tuple[str, ...]:
    """Make ten new codes for a person (a row of the user table); those before them are void.

    Returned as they are shown, this once: `ABCDE-FGHJK`. Raises Overtaken when the server key is changed meanwhile.
    """
    # Until these are made: a new server key waits and then makes them void, or is in force now.
    hold_under_key(work, person.id, secrets)
    void(work, person.id)
    codes = {"".join(random_source.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(HOW_MANY)}
    work.insert(
        RecoveryCode,
        [
            {"id": new_id(), "created_at": work.now, "user_id": person.id, "code_hmac": mac(secrets, person.id, code)}
            for code in codes
        ],
    )
    work.record(
        "recovery.made",
        "user",
        person.id,
        person.username,
        stream=company_stream(person.company_id),
        company_id=person.company_id,
        data={"codes": len(codes)},
    )
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def void(work: Work, user_id: UUID) -> None:
    """End a person's codes."""
    work.execute(update(t.recovery_code).where(_R.user_id == user_id, *_OPEN).values(voided_at=work.now))


def void_all(work: Work) -> tuple[str, ...]:
    """End every open code of everybody: the server key they were made under is followed by another.

    Returns the usernames of those who had some; each of them has it in their company's trail.
    """
    u = t.user.c
    had = work.execute(
        select(u.id, u.username, u.company_id, func.count().label("codes"))
        .join(t.recovery_code, _R.user_id == u.id)
        .where(*_OPEN)
        .group_by(u.id, u.username, u.company_id)
        .order_by(u.username)
    ).all()
    work.execute(update(t.recovery_code).where(*_OPEN).values(voided_at=work.now))
    for person in had:
        work.record(
            "recovery.voided",
            "user",
            person.id,
            person.username,
            stream=company_stream(person.company_id),
            company_id=person.company_id,
            data={"codes": person.codes, "reason": "server_key"},
        )
    return tuple(person.username for person in had)


def cleaned(typed: str) -> str:
    """A typed code as it was made, whatever its case, blanks and hyphens; empty when it cannot be one."""
    code = "".join(character for character in typed.upper() if character not in "- \t")
    return code if len(code) == LENGTH and all(character in ALPHABET for character in code) else ""


def mac(secrets: Secrets, user_id: UUID, code: str) -> str:
    """What is stored of a code."""
    return hmac.new(secrets.derive(PURPOSE), f"{user_id}:{code}".encode(), sha256).hexdigest()


def spend(work: Work, user_id: UUID, code_hmac: str) -> bool:
    """Use a code up. False when it is none of theirs, or was used or void already."""
    _hold(work, user_id)
    spent = work.execute(
        update(t.recovery_code).where(_R.user_id == user_id, _R.code_hmac == code_hmac, *_OPEN).values(used_at=work.now)
    )
    return spent.rowcount == 1


def hold_under_key(work: Work, user_id: UUID, secrets: Secrets) -> None:
    """Lock a person while something is made for them under the server key, which changes for nobody who is locked.

    Raises Overtaken when it was changed before the lock was had.
    """
    _hold(work, user_id)
    if key_in_force.in_force(work) not in (None, fingerprint(secrets.server_key())):
        raise Overtaken("The server key was changed at this moment. Try again.")


def _hold(work: Work, user_id: UUID) -> None:
    """Lock a person before their codes, as whoever ends them does."""
    work.execute(select(t.user.c.id).where(t.user.c.id == user_id).with_for_update(key_share=True))


def left(reading: Reading, user_id: UUID) -> int:
    """How many codes a person has left."""
    found: int = reading.execute(
        select(func.count()).select_from(t.recovery_code).where(_R.user_id == user_id, *_OPEN)
    ).scalar_one()
    return found
