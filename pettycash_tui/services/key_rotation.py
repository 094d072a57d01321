"""A new server key in the place of the old: codes that are out are void, authenticator apps and all else stay.

The new key is written beside the old one, then the database is changed in one transaction, then the new key is put in
place and the old one kept for older backups (`former_keys`). Where the old one is lost nothing is in its place before
that either: a key there would go before the lost one as soon as that is found. What is left of a damaged one is kept.
Cut short before the transaction, nothing has happened;
cut short after it, the next run, or the next desk that needs the key (`key_in_force`), puts it in place. Of recovery
codes only what the old key made of them is known, so they are void with it, and who had some makes new ones. Passwords,
sessions and audit chains hang on nothing of the key; M-Pesa's callback address does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text, update

from pettycash_tui.models import tables as t
from pettycash_tui.services import at_host, audit, former_keys, key_in_force, recovery, totp
from pettycash_tui.services.audit_values import told
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.refusals import Told
from pettycash_tui.services.secrets import KEY_FILE, SERVER_KEY, Found, Place, Secrets, fingerprint
from pettycash_tui.services.work import Work

# One rotation at a time: the second sees what the first has done. SQLite has one writer anyway.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('server key', 0))")
REFUSED = Told("secret.refused", key_in_force.ACTION)
_WRITABLE = (Place.HOME, Place.KEYRING)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `in_place` is false where the administrator still has to put the new key in place."""

    where: str
    in_place: bool
    was_finished: bool
    codes_voided: int
    enrolments: int
    unreadable: int
    fingerprint: str
    recovery_voided_for: tuple[str, ...]
    """Usernames of those whose recovery codes are void with the old key."""


@dataclass(frozen=True, slots=True)
class _Changed:
    codes_voided: int
    enrolments: int
    unreadable: int
    recovery_voided_for: tuple[str, ...]
    was_changed: bool


def rotate(desk: Desk, actor: Actor, *, into: Path | None = None, lost: bool = False) -> Rotated:
    """Make a new server key and change the database over to it.

    `into` is the file for the new key where the program cannot write the key's own place. `lost`: go on although the
    key here does not read every enrolment; those people must enrol again. Raises NotAllowed unless a superuser asks,
    InvalidInput for an `into` that is not needed, Refused with what to do when the place cannot be written, the key
    in force is not here, or a keyring may hold the lost one (`keyring_silent`). A refusal is put on record.
    """
    with at_host.refusals_told(desk, actor, REFUSED):
        if not (actor.is_superuser or actor.is_system):
            raise NotAllowed("Only a superuser may rotate the server key: the codes of every company hang on it.")
        # Of two in this home the second begins when the first has put its key in place.
        with desk.secrets.changing_key():
            return _rotate(desk, actor, into, lost)


def _rotate(desk: Desk, actor: Actor, into: Path | None, lost: bool) -> Rotated:
    secrets = desk.secrets
    old, place = _present(secrets, lost)
    _require_a_way(secrets, place, into)
    if into is None:
        _put_away_unused(desk)
    new = secrets.next_key(into, make=True)
    assert new is not None
    if new == old and into is not None:
        raise InvalidInput.of(to="holds the key that is in use already; name a file that is not there yet")
    in_place = place.place in _WRITABLE
    if in_place:
        # What reads older backups is on the disk before anything goes by another key.
        former_keys.set_aside(secrets, old, place)
    olds = (*([old] if old else []), *former_keys.before(secrets).values())
    changed = desk.run(actor, change_over, olds, new, lost=lost)
    if in_place:
        secrets.put_next_in_place(new, place.place)
    else:
        secrets.forget_key()
    return Rotated(
        where=place.where if in_place else f"the file {into}",
        in_place=in_place,
        was_finished=not changed.was_changed,
        codes_voided=changed.codes_voided,
        enrolments=changed.enrolments,
        unreadable=changed.unreadable,
        fingerprint=fingerprint(new),
        recovery_voided_for=changed.recovery_voided_for,
    )


def _present(secrets: Secrets, lost: bool) -> tuple[bytes | None, Found]:
    """The key that another is to follow, and its place; None for one that is lost or damaged."""
    if lost:
        secrets.require_lost()
        return secrets.key_or_damage() or (None, secrets.place_for_key())
    if secrets.found_key() is None:
        # Where it is not lost but missing, this says where and what to do.
        secrets.forget_key()
        secrets.server_key()
    found = secrets.found_key()
    assert found is not None
    return found


def _put_away_unused(desk: Desk) -> None:
    """Make room for a new key where one waits that nothing goes by: it lay there since a rotation that was refused.

    Whoever rotates because somebody may have copied the home would otherwise get a key that was copied with it.
    """
    waiting, wanted = desk.secrets.next_key(make=False), desk.read(SYSTEM, key_in_force.in_force)
    if waiting is None or wanted == fingerprint(waiting):
        return
    if wanted is not None:
        # It may have been in force before another host rotated once more: then a backup goes by it.
        former_keys.keep(desk.secrets.home, waiting)
    desk.secrets.forget_next()


def _require_a_way(secrets: Secrets, place: Found, into: Path | None) -> None:
    if into is not None and into.resolve().parent == secrets.home.resolve() and into.name.startswith(KEY_FILE):
        raise InvalidInput.of(to="must not be the key of this home, which is used before any other; name another file")
    if place.place in _WRITABLE:
        if into is not None:
            raise InvalidInput.of(to=f"is not needed: the key is in {place.where}, which is written here")
        return
    if into is None:
        raise Refused(
            f"The server key is in {place.where}, which is not written from here. In this order: stop the desks and "
            "jobs; run `pettycash secret rotate server_key --to FILE`, which writes the new key into FILE and changes "
            f"the database; put the content of FILE into {place.where}, on every host; start again; delete FILE.",
            code="key_elsewhere",
        )


def change_over(work: Work, olds: tuple[bytes, ...], new: bytes, *, lost: bool) -> _Changed:
    """Change the database over from the old keys to `new`, in this transaction. Raises Refused as `rotate` does."""
    if work.is_postgres:
        work.execute(_LOCK)
    wanted = key_in_force.in_force(work)
    was_changed = wanted != fingerprint(new)
    if was_changed and wanted not in (None, *map(fingerprint, olds)) and not lost:
        raise Refused(
            "The key here is not the one that the database goes by: it was rotated on another host. Bring that key "
            "here first; if it is lost, add --lost.",
            code="server_key_changed",
        )
    # Codes before people, as everywhere.
    voided = _void_codes(work) if was_changed else 0
    enrolments, unreadable = _encrypt_anew(work, olds, new)
    # After people: who makes new ones at this moment holds their row, and finds the new key in force then.
    without = recovery.void_all(work) if was_changed else ()
    if unreadable and was_changed and not lost:
        raise Refused(
            f"{unreadable} enrolled authenticator {'app is' if unreadable == 1 else 'apps are'} not under the key "
            "here. Bring the right key back first; if it is lost, add --lost: those people enrol again.",
            code="totp_unreadable",
        )
    work.record(
        key_in_force.ACTION,
        "secret",
        None,
        SERVER_KEY,
        stream=key_in_force.STREAM,
        company_id=None,
        data={
            "from": wanted or " ".join(map(fingerprint, olds)),
            "to": fingerprint(new),
            "codes_voided": voided,
            "enrolments": enrolments,
            "unreadable": unreadable,
            "recovery_voided_for": without,
            "finished": not was_changed,
        },
    )
    return _Changed(voided, enrolments, unreadable, without, was_changed)


def _void_codes(work: Work) -> int:
    o = t.otp_challenge.c
    statement = update(t.otp_challenge).where(o.voided_at.is_(None), o.consumed_at.is_(None), o.expires_at > work.now)
    return work.execute(statement.values(voided_at=work.now, updated_at=work.now)).rowcount


def _encrypt_anew(work: Work, olds: tuple[bytes, ...], new: bytes) -> tuple[int, int]:
    """How many enrolments are under the new key now, and how many no key reads."""
    u = t.user.c
    held = work.execute(
        select(u.id, u.username, u.company_id, u.totp_secret)
        .where(u.totp_secret.is_not(None))
        .order_by(u.id)
        .with_for_update(key_share=True)
    ).all()
    readable = 0
    for row in held:
        stored = totp.under_another_key(row.totp_secret, row.id, olds, new)
        if stored is None:
            continue
        readable += 1
        if stored != row.totp_secret:
            work.execute(update(t.user).where(u.id == row.id).values(totp_secret=stored, updated_at=work.now))
            work.record(
                "totp.rekeyed",
                "user",
                row.id,
                row.username,
                stream=audit.company_stream(row.company_id),
                company_id=row.company_id,
                data={"totp_sha256": told("totp_sha256", stored)},
            )
    return readable, len(held) - readable
