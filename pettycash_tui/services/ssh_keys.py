"""SSH keys: whose they are, and letting in the person of one.

A key is one person's for ever: what was removed comes back for nobody, not even for the same person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.ssh import SshKey
from pettycash_tui.models.text import printable
from pettycash_tui.services import forced, sessions, standing
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.refusals import told_when_refused
from pettycash_tui.services.rules import KEY_USED
from pettycash_tui.services.ssh_lines import PublicKey, read_line
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading, Work

_LONGEST_ASKED = 200

_OWNER = t.user.alias("owner")
_ADDER = t.user.alias("adder")


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


@told_when_refused("account.refused", "ssh.key_added")
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
        raise Refused(KEY_USED, code="key_used", fields={"key": "must be new"})
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


@told_when_refused("account.refused", "ssh.key_removed")
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
            # Who takes the key away at this moment waits, and ends this session too.
            .with_for_update(read=True, of=t.ssh_key)
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


def record_refusal(work: Work, actor: Actor, asked: str, reason: str) -> None:
    """Put on record what somebody tried to do by SSH and may not: `asked` names it without any value, and is cut.

    Run as the system: who was refused may not be able to act at all.
    """
    told = printable(asked)[:_LONGEST_ASKED]
    work.as_actor(actor).record(
        "ssh.refused",
        "user",
        actor.id,
        actor.username,
        stream=company_stream(actor.company_id),
        company_id=actor.company_id,
        data={"asked": told, "reason": reason},
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
