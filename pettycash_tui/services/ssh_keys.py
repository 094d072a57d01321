"""SSH keys: whose they are, and letting in the person of one.

A key is one person's for ever: what was removed comes back for nobody, not even for the same person. Reading a line:
OpenSSH's authorized_keys format (sshd(8)); its options are refused, because the program says itself what a key may.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.ssh import COMMENT_LENGTH, SshKey
from pettycash_tui.models.text import printable
from pettycash_tui.services import forced, sessions, standing
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading, Work

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"
KINDS = (ED25519, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", RSA)
SHORTEST_RSA = 3072
"""Bits (NIST SP 800-57, 128 bits of security)."""
LONGEST_LINE = 8000

_OWNER = t.user.alias("owner")
_ADDER = t.user.alias("adder")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as its line says it; `body` is base64."""

    kind: str
    body: str
    comment: str
    fingerprint: str

    @property
    def line(self) -> str:
        """The key without its comment, which is a person's text and has no place in a file of sshd."""
        return f"{self.kind} {self.body}"


@dataclass(frozen=True, slots=True)
class SshKeyRow:
    """A key in a list."""

    id: UUID
    user: PersonRef | None
    fingerprint: str
    kind: str
    comment: str
    added_by: PersonRef | None
    created_at: datetime
    removed_at: datetime | None


def read_line(line: str) -> PublicKey:
    """A public key from its line. Raises InvalidInput naming `key` for whatever is not exactly one good key."""
    lines = [part for part in line.strip().splitlines() if part.strip()]
    if len(lines) != 1 or len(line) > LONGEST_LINE:
        raise _bad("must be one line, such as the one in ~/.ssh/id_ed25519.pub")
    kind, _, rest = lines[0].strip().partition(" ")
    if "PRIVATE KEY" in line:
        raise _bad("is a private key, which stays where it is; give the .pub file beside it")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise _bad(f"must begin with one of {known}; options before the key are not taken")
    body, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("is damaged: its second word is no base64") from None
    parts = _parts(blob)
    if not parts or parts[0] != kind.encode():
        raise _bad("is damaged: its two halves do not say the same kind")
    _check_strength(kind, parts)
    digest = base64.b64encode(sha256(blob).digest()).decode().rstrip("=")
    said = clean_text("comment", comment.strip()[:COMMENT_LENGTH], max_length=COMMENT_LENGTH, required=False)
    return PublicKey(kind, base64.b64encode(blob).decode(), said, f"SHA256:{digest}")


def _parts(blob: bytes) -> list[bytes]:
    """The strings of a key (RFC 4251, section 5); none when it does not end where its last string does."""
    parts: list[bytes] = []
    at = 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4])
        if len(blob) - at < 4 or len(blob) - at - 4 < size:
            return []
        parts.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _check_strength(kind: str, parts: list[bytes]) -> None:
    """The right number of parts, each of its right size (RFC 8709, 5656, 4253)."""
    if kind == ED25519:
        whole = len(parts) == 2 and len(parts[1]) == 32
    elif kind == RSA:
        whole = len(parts) == 3
        bits = int.from_bytes(parts[2]).bit_length() if whole else 0
        if whole and bits < SHORTEST_RSA:
            raise _bad(f"is an RSA key of {bits} bits; it must have {SHORTEST_RSA} or more, or be ssh-ed25519")
    else:
        curve = kind.rpartition("-")[2]
        length = {"nistp256": 65, "nistp384": 97, "nistp521": 133}[curve]
        whole = len(parts) == 3 and parts[1] == curve.encode() and len(parts[2]) == length and parts[2][0] == 4
    if not whole:
        raise _bad("is damaged: it does not have the parts of its kind")


def _bad(what: str) -> InvalidInput:
    return InvalidInput.of(key=what)


def add_key(work: Work, username: str, line: str) -> SshKeyRow:
    """Let a person sign in with a key (an admin's act).

    Raises InvalidInput for `key`; Refused for a key that was added before; NotAllowed, NotFound.
    """
    owner = administered(work, username)
    if not owner.is_active:
        raise Refused(f"{owner.username} is not active; activate the account first.", code="not_active")
    key = read_line(line)
    k = t.ssh_key.c
    found = work.execute(select(k.user_id, k.removed_at).where(k.fingerprint == key.fingerprint)).first()
    if found is not None:
        raise Refused(
            "This key was added before. A key is one person's for ever; make a new one with ssh-keygen -t ed25519.",
            code="key_used",
            fields={"key": "must be new"},
        )
    row = SshKey(
        user_id=owner.id,
        fingerprint=key.fingerprint,
        kind=key.kind,
        body=key.body,
        comment=key.comment,
        added_by_id=work.actor.person_id,
        created_at=work.now,
    )
    work.add(row)
    _record(work, "ssh.key_added", owner, {"fingerprint": key.fingerprint, "kind": key.kind})
    return _one(work, row.id)


def remove_key(work: Work, username: str, fingerprint: str) -> SshKeyRow:
    """Take a key from a person, and end the sessions that keys began. Raises NotAllowed, NotFound, Refused."""
    owner = administered(work, username)
    k, s = t.ssh_key.c, t.sign_in_session.c
    found = work.execute(select(t.ssh_key).where(k.user_id == owner.id, k.fingerprint == fingerprint.strip())).first()
    if found is None:
        raise NotFound(f"{owner.username} has no such key. See `pettycash ssh list --user {owner.username}`.")
    removed = work.execute(
        update(t.ssh_key)
        .where(k.id == found.id, k.removed_at.is_(None))
        .values(removed_at=work.now, removed_by_id=work.actor.person_id)
    )
    if removed.rowcount != 1:
        raise Refused("This key was removed before.", code="key_removed")
    work.execute(
        update(t.sign_in_session)
        .where(s.user_id == owner.id, s.client == forced.CLIENT, s.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    _record(work, "ssh.key_removed", owner, {"fingerprint": found.fingerprint})
    return _one(work, found.id)


def list_keys(
    reading: Reading, *, user: str | None = None, limit: int | None = None, after: str | None = None
) -> Page[SshKeyRow]:
    """Keys, the newest first: all of one's company for an admin, one's own for everybody else."""
    k, actor = t.ssh_key.c, reading.actor
    statement = _statement().where(of_company(_OWNER.c.company_id, actor))
    if not actor.may(Right.ADMINISTER):
        statement = statement.where(k.user_id == actor.person_id)
    if user is not None:
        statement = statement.where(_OWNER.c.username == user.strip())
    return page_by_age(reading, statement, t.ssh_key, _row, oldest_first=False, limit=limit, after=after)


def in_force(reading: Reading, fingerprint: str | None = None) -> list[tuple[UUID, PublicKey]]:
    """The keys that may sign in now (of one fingerprint, or all): for sshd, which shows the key that it was given."""
    k, u = t.ssh_key.c, t.user.c
    statement = (
        select(t.ssh_key)
        .join_from(t.ssh_key, t.user, u.id == k.user_id)
        .where(k.removed_at.is_(None), u.is_active)
        .order_by(k.id)
    )
    if fingerprint:
        statement = statement.where(k.fingerprint == fingerprint)
    rows = reading.execute(statement)
    return [(row.id, PublicKey(row.kind, row.body, row.comment, row.fingerprint)) for row in rows]


def enter(desk: Desk, key_id: UUID, *, source: str) -> tuple[Actor, str]:
    """Begin a session for the person of a key: who it is, and the session's token.

    Raises NotAllowed where the key was removed, or the account is locked or not active; that is on record.
    """
    nobody = SYSTEM.at(source, forced.CLIENT)

    def let_in(work: Work) -> tuple[Actor, str] | str:
        k = t.ssh_key.c
        row = work.execute(
            standing.person_where(k.id == key_id)
            .join(t.ssh_key, k.user_id == t.user.c.id)
            .add_columns(k.fingerprint, k.removed_at)
        ).first()
        reason = _why_not(row)
        if row is None or reason:
            work.record(
                "signin.refused",
                "user",
                row.id if row else None,
                row.username if row else "",
                stream=company_stream(row.company_id if row else None),
                company_id=row.company_id if row else None,
                data={"reason": reason, "client": forced.CLIENT, "key": row.fingerprint if row else ""},
            )
            return reason
        session = sessions.begin(work, row, client=forced.CLIENT, source=source)
        actor = standing.actor_from(row, source=source, client=forced.CLIENT, session_id=session.id)
        _record(work.as_actor(actor), "signin.succeeded", row, {"client": forced.CLIENT, "key": row.fingerprint})
        return actor, session.token

    entered = desk.run(nobody, let_in)
    if isinstance(entered, str):
        raise NotAllowed(
            "This key lets nobody in: it was removed, or the account is locked or not active. Ask an admin.",
            code="key_refused",
        )
    return entered


def _why_not(row: Row[Any] | None) -> str:
    if row is None:
        return "unknown_key"
    if row.removed_at is not None:
        return "removed_key"
    if not row.is_active:
        return "inactive"
    return "locked" if row.locked_at is not None else ""


def record_refusal(work: Work, asked: str, reason: str) -> None:
    """Put on record what somebody tried to run by SSH and may not. `asked` is cut."""
    actor = work.actor
    work.record(
        "ssh.refused",
        "user",
        actor.id,
        actor.username,
        stream=company_stream(actor.company_id),
        company_id=actor.company_id,
        data={"asked": printable(asked), "reason": reason},
    )


def _statement() -> Any:
    k = t.ssh_key.c
    source = t.ssh_key.join(_OWNER, _OWNER.c.id == k.user_id).join(_ADDER, _ADDER.c.id == k.added_by_id)
    columns = [*person_columns(_OWNER, "user"), *person_columns(_ADDER, "added_by")]
    return select(t.ssh_key, *columns).select_from(source)


def _one(work: Work, key_id: UUID) -> SshKeyRow:
    return _row(work.execute(_statement().where(t.ssh_key.c.id == key_id)).one())


def _row(row: Row[Any]) -> SshKeyRow:
    return SshKeyRow(
        id=row.id,
        user=person(row, "user"),
        fingerprint=row.fingerprint,
        kind=row.kind,
        comment=row.comment,
        added_by=person(row, "added_by"),
        created_at=row.created_at,
        removed_at=row.removed_at,
    )


def _record(work: Work, action: str, owner: Row[Any], data: dict[str, Any]) -> None:
    work.record(
        action,
        "user",
        owner.id,
        owner.username,
        stream=company_stream(owner.company_id),
        company_id=owner.company_id,
        data=data,
    )
