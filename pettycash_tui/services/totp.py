"""Codes of an authenticator app (TOTP, RFC 6238): 30 seconds, six digits, SHA-1, as every app understands them.

A person's secret is stored encrypted (AES-256-GCM) under a key derived from the server key, bound to the person's id:
it is of no use to who reads the database or copies it to another row. While somebody enrols anew, the confirmed
secret stays in force until the new one is confirmed; both are in the one encrypted column.
"""

from __future__ import annotations

import base64
import hmac
import secrets as random_source
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services import forced, key_in_force, recovery, standing
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.audit_values import told
from pettycash_tui.services.errors import NotFound, Overtaken, Refused
from pettycash_tui.services.permissions import needs_app
from pettycash_tui.services.refusals import told_when_refused
from pettycash_tui.services.secrets import Secrets, derived
from pettycash_tui.services.sessions import end_sessions
from pettycash_tui.services.work import Reading, Work

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
ISSUER = "Pettycash"
PURPOSE = "totp"
UNREADABLE = "totp_unreadable"
_NONCE_BYTES = 12
_ABSENT = bytes(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, shown once: as a link, as text to type, and as a QR code in lines of text.

    The filled blocks of the lines are the light squares: right on a terminal that writes light on dark.
    """

    uri: str
    secret_base32: str
    qr_lines: list[str]

    def __repr__(self) -> str:
        return "Enrolment(…)"


@dataclass(frozen=True, slots=True)
class Status:
    """How the actor stands: enrolled since when, whether their company asks it of them, recovery codes left."""

    username: str
    enrolled: bool
    confirmed_at: datetime | None
    required: bool
    recovery_codes_left: int


def status(reading: Reading) -> Status:
    """How the actor's app stands. Raises NotAllowed for the system."""
    row = reading.execute(standing.person_where(t.user.c.id == reading.actor.person_id)).one()
    return Status(
        username=row.username,
        enrolled=row.totp_confirmed_at is not None,
        confirmed_at=row.totp_confirmed_at,
        required=bool(row.totp_required) and needs_app(row.role),
        recovery_codes_left=recovery.left(reading, row.id),
    )


def enrol(desk: Desk, actor: Actor, password: str | None = None) -> Enrolment:
    """Make a new secret for the actor. It counts once `confirm` was given a code of it; until then the old one does.

    Who is signed in gives their password as well, else who finds a desk open, or a key, would take their codes over.
    Raises NotAllowed (as `own_account.require_password`).
    """
    import pyotp

    from pettycash_tui.services import own_account

    own_account.require_password(desk, actor, password)
    user_id = actor.person_id
    key_in_force.require(desk)
    secrets = desk.secrets
    secret = random_source.token_bytes(SECRET_BYTES)

    def keep(work: Work) -> None:
        # Under another key the app that counts would look like none, and be lost.
        recovery.hold_under_key(work, user_id, secrets)
        row = _row(work, user_id)
        confirmed = _confirmed_or_absent(row, secrets)
        stored = _encrypted(confirmed + secret, user_id, secrets)
        _change(work, row, totp_secret=stored)
        data = {"again": confirmed != _ABSENT, "totp_sha256": told("totp_sha256", stored)}
        _record(work, "totp.enrolled", row, data)

    desk.run(actor, keep)
    text = base64.b32encode(secret).decode()
    uri = pyotp.TOTP(text).provisioning_uri(name=actor.username, issuer_name=ISSUER)
    return Enrolment(uri, text, qr_lines(uri))


def confirm(desk: Desk, actor: Actor, code: str) -> tuple[str, ...]:
    """Put the new secret in force by a code of it; its ten recovery codes, to be shown this once.

    Raises Refused when there is none, or the code is wrong (which is recorded).
    """
    from pettycash_tui.services import own_account

    user_id = actor.person_id
    key_in_force.require(desk)
    secrets = desk.secrets

    def check(work: Work) -> tuple[str, ...]:
        recovery.hold_under_key(work, user_id, secrets)
        row = _row(work, user_id)
        pending = _decrypted(row.totp_secret, user_id, secrets)[SECRET_BYTES:] if row.totp_secret else b""
        if not pending:
            raise Refused(
                f"There is nothing to confirm. Enrol first with {forced.command('totp enrol')}.",
                code="totp_not_enrolled",
            )
        step = matching_step(pending, code, work.now)
        if step is None:
            raise Refused(
                "The code is not right. Check the clock of your phone, wait for the next code and try again.",
                code="totp_wrong",
                fields={"code": "does not match"},
            )
        stored = _encrypted(pending, user_id, secrets)
        _change(
            work,
            row,
            totp_secret=stored,
            totp_confirmed_at=work.now,
            # Of another secret, so the steps of the old one do not count; this one is used up now.
            totp_last_step=step,
        )
        data = {"totp_sha256": told("totp_sha256", stored), "totp_confirmed_at": work.now}
        _record(work, "totp.confirmed", row, data)
        return recovery.replace(work, row, secrets)

    try:
        codes = desk.run(actor, check)
    except Refused as refusal:
        if refusal.code == "totp_wrong":
            desk.run(actor, lambda work: _record(work, "totp.refused", _row(work, user_id), {}))
        raise
    own_account.tell(desk, user_id, f"An authenticator app was put in force for {actor.username}")
    return codes


def new_recovery_codes(desk: Desk, actor: Actor, password: str | None = None) -> tuple[str, ...]:
    """Ten new recovery codes, to be shown this once; those before are void.

    Raises Refused without an app in force, NotAllowed as `enrol` does.
    """
    from pettycash_tui.services import own_account

    own_account.require_password(desk, actor, password)
    key_in_force.require(desk)
    secrets = desk.secrets

    def make(work: Work) -> tuple[str, ...]:
        row = _row(work, actor.person_id)
        if row.totp_confirmed_at is None:
            raise Refused(
                "Recovery codes stand in for an authenticator app. Enrol one first with"
                f" {forced.command('totp enrol')}.",
                code="totp_not_enrolled",
            )
        return recovery.replace(work, row, secrets)

    codes = desk.run(actor, make)
    own_account.tell(desk, actor.person_id, f"The recovery codes of {actor.username} were replaced by new ones")
    return codes


def reset(desk: Desk, actor: Actor, ref: str | UUID) -> str:
    """Forget somebody's secret, so that they can enrol anew (an admin's act); their sessions end, and they are told.

    Gives their username.
    Raises NotAllowed, NotFound, Refused for one's own.
    """
    from pettycash_tui.services import own_account

    person_id, username = desk.run(actor, _reset, ref)
    own_account.tell(
        desk, person_id, f"{actor.name} has reset the authenticator app and the recovery codes of {username}"
    )
    return username


@told_when_refused("account.refused", "totp.reset")
def _reset(work: Work, ref: str | UUID) -> tuple[UUID, str]:
    row = administered(work, ref)
    if row.id == work.actor.id:
        raise Refused("Nobody resets their own codes. Ask another admin.", code="own_account")
    forget(work, row)
    return UUID(str(row.id)), str(row.username)


def forget(work: Work, row: Row[Any], reason: str = "") -> None:
    """Take the app and the recovery codes from the person of a row of the user table, and end their sessions."""
    work.execute(
        update(t.user)
        .where(t.user.c.id == row.id)
        .values(totp_secret=None, totp_confirmed_at=None, updated_at=work.now)
    )
    recovery.void(work, row.id)
    end_sessions(work, row.id)
    data = {"totp_sha256": "", "totp_confirmed_at": None}
    _record(work, "totp.reset", row, data | {"reason": reason} if reason else data)


def matching_step(secret: bytes, code: str, now: datetime, window: int = 1) -> int | None:
    """The time step whose code this is, `window` steps around now; None when it is none of them.

    Every step is compared, in constant time. RFC 6238, 5.2 allows one step for the delay of the network and the hand.
    """
    typed = "".join(code.split())
    if not (len(typed) == DIGITS and typed.isascii() and typed.isdigit()):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    found: int | None = None
    for step in range(current - window, current + window + 1):
        if hmac.compare_digest(code_at(secret, step), typed):
            found = step
    return found


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step (HOTP, RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def accept_step(work: Work, user_id: UUID, step: int) -> bool:
    """Use a step up. False when it, or a later one, was used already: a code is accepted once."""
    u = t.user.c
    used = work.execute(update(t.user).where(u.id == user_id, u.totp_last_step < step).values(totp_last_step=step))
    return used.rowcount == 1


def current_secret(row_bytes: bytes | None, user_id: UUID, secrets: Secrets) -> bytes:
    """The confirmed secret in `user.totp_secret`.

    Raises Refused when there is none (`totp_not_enrolled`), or when the server key is another than the one it was
    encrypted with (`totp_unreadable`).
    """
    confirmed = _decrypted(row_bytes, user_id, secrets)[:SECRET_BYTES] if row_bytes else _ABSENT
    if confirmed == _ABSENT:
        raise Refused(
            f"No authenticator app is enrolled. Enrol with {forced.command('totp enrol')}, then"
            f" {forced.command('totp verify')}.",
            code="totp_not_enrolled",
        )
    return confirmed


def qr_lines(text: str) -> list[str]:
    """A QR code in half blocks, two rows to a line; within 80 x 24 for the links made here."""
    import segno

    code = segno.make(text, error="l", micro=False)
    # The norm asks for a light border of four; less is read as well, and a code that scrolls away is not.
    border = next((size for size in (4, 2) if code.symbol_size(border=size)[1] <= 46), 1)
    rows = [[bool(cell) for cell in row] for row in code.matrix_iter(border=border)]
    if len(rows) % 2:
        # Below the last row of an odd number nothing is drawn.
        rows.append([True] * len(rows[0]))
    blocks = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
    return [
        "".join(blocks[upper, lower] for upper, lower in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, len(rows), 2)
    ]


def _row(reading: Reading, user_id: UUID) -> Row[Any]:
    row = reading.execute(select(t.user).where(t.user.c.id == user_id)).first()
    if row is None or not row.is_active:
        raise NotFound("Your account is not there any more.")
    return row


def _change(work: Work, row: Row[Any], **values: Any) -> None:
    u = t.user.c
    changed = work.execute(
        update(t.user)
        .where(u.id == row.id, u.totp_secret.is_not_distinct_from(row.totp_secret))
        .values(**values, updated_at=work.now)
    )
    if changed.rowcount != 1:
        raise Overtaken("You are enrolling in another window at the same moment. Begin again.")


def _confirmed_or_absent(row: Row[Any], secrets: Secrets) -> bytes:
    try:
        return current_secret(row.totp_secret, row.id, secrets)
    except Refused:
        return _ABSENT


def under_another_key(stored: bytes, user_id: UUID, olds: tuple[bytes, ...], new: bytes) -> bytes | None:
    """What `user.totp_secret` is to be when the server key `new` follows one of `olds`; None when none can read it."""
    follows = derived(new, PURPOSE)
    for key in (follows, *(derived(old, PURPOSE) for old in olds)):
        pair = _opened(stored, user_id, key)
        if pair is not None:
            # What is under the new key already stays as it is, nonce and all.
            return stored if key == follows else _sealed(pair, user_id, follows)
    return None


def is_of_use(row: Row[Any], key: bytes) -> bool:
    """Whether an enrolment (a row of the user table) can be read with this key, and has the app that it counts with.

    Whoever enrols anew while no key reads the app of before has none that counts until they have confirmed it.
    """
    pair = _opened(row.totp_secret, row.id, derived(key, PURPOSE))
    return pair is not None and (row.totp_confirmed_at is None or pair[:SECRET_BYTES] != _ABSENT)


def _encrypted(pair: bytes, user_id: UUID, secrets: Secrets) -> bytes:
    return _sealed(pair, user_id, secrets.derive(PURPOSE))


def _decrypted(stored: bytes, user_id: UUID, secrets: Secrets) -> bytes:
    """The confirmed secret, or zeros, and behind it the one that waits to be confirmed, if any."""
    pair = _opened(stored, user_id, secrets.derive(PURPOSE))
    if pair is None:
        raise Refused(
            "Your authenticator app was enrolled under another server key. Ask an admin to reset your codes.",
            code=UNREADABLE,
        )
    return pair


def _sealed(pair: bytes, user_id: UUID, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = random_source.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, pair, user_id.bytes)


def _opened(stored: bytes, user_id: UUID, key: bytes) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], user_id.bytes)
    except (InvalidTag, ValueError):
        return None


def _record(work: Work, action: str, row: Row[Any], data: dict[str, Any]) -> None:
    work.record(
        action,
        "user",
        row.id,
        row.username,
        stream=company_stream(row.company_id),
        company_id=row.company_id,
        data=data,
    )
