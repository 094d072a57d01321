"""One code for a list of payments: bound to the list's hash, its count and its total, sent to who executes them all.

The list is written down when the code is sent. Trying a code counts as it does for one payment: five wrong tries void
it, ten in a row lock the officer. It is consumed in the transaction that uses it, once. Source: domain, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OtpChannel
from pettycash_tui.models.money import Money
from pettycash_tui.models.treasury import OtpChallenge, PaymentBundle, PaymentBundleLine
from pettycash_tui.services import audit, codes, key_in_force, locate, messages, otp, payment_facts
from pettycash_tui.services.codes import Counted, Proof
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

__all__ = ["BundleSent", "Proof", "consume", "find", "open_within", "prove", "send_code", "spent", "write_down"]

MOST_PAYMENTS = 5_000
"""Lines of a list: those of a bank file."""

_O, _B, _L, _U = t.otp_challenge.c, t.payment_bundle.c, t.payment_bundle_line.c, t.user.c


@dataclass(frozen=True, slots=True)
class BundleSent:
    """A code on its way for a list. `demo_code` is filled in demo databases only."""

    bundle_id: UUID
    payments: tuple[str, ...]
    total: Money
    channel: OtpChannel
    sent_to: str
    expires_at: datetime
    resend_after: datetime
    attempts_left: int
    demo_code: str | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """What the message with the code says of the list, and where it goes."""

    number: str
    amount: int
    currency: str
    payee: str
    actor_email: str
    actor_phone: str
    otp_expiry_seconds: int


def send_code(desk: Desk, actor: Actor, refs: Sequence[str | UUID], scheduled_for: date | None = None) -> BundleSent:
    """Make a code for these payments, all of them the actor's to execute, and send it. Voids the list's code before.

    `scheduled_for`: the day on which they are to be executed, which the code then confirms too. Raises Refused with
    every reason against each, or when the last code for one of them is younger than the resend time.
    """
    code = codes.new_code()
    key_in_force.require(desk)
    key = desk.secrets.derive("otp")
    sent, about, challenge_id = desk.run(actor, _make, refs, scheduled_for, code, key, messages.has_sms(desk))
    if sent.channel is OtpChannel.TOTP:
        return sent
    try:
        messages.send_code(desk, actor, about, code, by_sms=sent.channel is OtpChannel.SMS)
    except PettyCashError:
        desk.run(actor, _void_undelivered, sent, challenge_id)
        raise
    return replace(sent, demo_code=code) if desk.is_demo else sent


def _named(payments: Sequence[str]) -> str:
    return payments[0] if len(payments) == 1 else f"{payments[0]} and {len(payments) - 1} more"


def find(reading: Reading, payments: Sequence[UUID], scheduled_for: date | None = None) -> UUID:
    """The list of exactly these payments for which the actor was sent a code last. Raises Refused without one."""
    rows = _in_order(reading, payments)
    found = reading.execute(
        select(_B.id)
        .where(_B.executor_id == reading.actor.id, _B.list_hash == _list_hash(rows, scheduled_for))
        .order_by(_B.created_at.desc(), _B.id.desc())
        .limit(1)
    ).scalar()
    if found is None:
        raise Refused.because(_no_code())
    return UUID(str(found))


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """A list whose code may still be typed."""

    bundle_id: UUID
    payments: tuple[UUID, ...]


def open_within(reading: Reading, payments: Sequence[UUID]) -> OpenBundle | None:
    """The actor's newest list with an open code, every payment of which is among these; None when there is none."""
    newest = reading.execute(
        select(_O.bundle_id)
        .join_from(t.otp_challenge, t.payment_bundle, _B.id == _O.bundle_id)
        .where(
            _O.executor_id == reading.actor.id,
            _O.voided_at.is_(None),
            _O.consumed_at.is_(None),
            _O.expires_at > reading.now,
            _B.scheduled_for.is_(None),
            _B.id.in_(select(_L.bundle_id).where(_L.payment_id.in_(payments))),
        )
        .order_by(_O.created_at.desc(), _O.id.desc())
    ).scalars()
    wanted = set(payments)
    for bundle_id in newest.all():
        lines = reading.execute(select(_L.payment_id).where(_L.bundle_id == bundle_id).order_by(_L.position))
        listed = tuple(lines.scalars().all())
        if set(listed) <= wanted:
            return OpenBundle(bundle_id, listed)
    return None


def spent(work: Work, bundle_id: UUID, proof: Proof) -> Row[Any]:
    """The code that the actor spent in a transaction before this one, for another fund of the same list.

    Raises Refused when it was not, or has expired meanwhile.
    """
    found = work.execute(
        select(_O.verified_at, _O.channel).where(
            _O.id == proof.challenge_id,
            _O.bundle_id == bundle_id,
            _O.executor_id == work.actor.id,
            _O.consumed_at.is_not(None),
            _O.expires_at > work.now,
        )
    ).first()
    if found is None:
        raise Refused.because(Reason("code_not_verified", "The code of the list has expired. Ask for another."))
    return found


def prove(desk: Desk, actor: Actor, bundle_id: UUID, code: str) -> Proof:
    """Count a try (committed), then compare. Raises Refused when wrong, void, expired, or none was sent."""
    typed = codes.cleaned(code)
    tried = desk.run_unaudited(actor, _count_try, bundle_id)
    proof = codes.compare(desk, actor, tried, typed)
    if proof is None:
        raise desk.run(actor, _note_wrong, bundle_id, tried)
    return proof


def consume(work: Work, bundle_id: UUID, proof: Proof, locked: Sequence[Row[Any]]) -> Row[Any]:
    """Spend the code in the transaction that uses it: when it was verified, and by which channel.

    `locked`: facts that were read with their lock; those of the list's other payments are read. Raises Refused when
    the code is spent, void or expired, or the list is not what it was.
    """
    lines = work.execute(
        select(_L.payment_id, _L.payment_hash).where(_L.bundle_id == bundle_id).order_by(_L.position)
    ).all()
    facts = _in_order(work, [line.payment_id for line in lines], locked)
    bundle = work.execute(select(t.payment_bundle).where(_B.id == bundle_id)).one()
    list_hash = _list_hash(facts, bundle.scheduled_for)
    spent = work.execute(
        update(t.otp_challenge)
        .where(
            _O.id == proof.challenge_id,
            _O.bundle_id == bundle_id,
            _O.executor_id == work.actor.id,
            _O.payment_hash == list_hash,
            _O.voided_at.is_(None),
            _O.consumed_at.is_(None),
            _O.expires_at > work.now,
        )
        .values(verified_at=work.now, consumed_at=work.now, updated_at=work.now)
        .returning(_O.verified_at, _O.channel)
    ).first()
    if spent is None:
        raise Refused.because(Reason("code_not_verified", "The code of the list is used, void or expired. Ask again."))
    codes.accept(work, proof, facts[0])
    _record(work, bundle, "otp.verified", {"challenge": proof.challenge_id, "channel": proof.channel})
    return spent


def _make(
    work: Work, refs: Sequence[str | UUID], day: date | None, code: str, key: bytes, has_sms: bool
) -> tuple[BundleSent, _About, UUID]:
    work.actor.require(Right.EXECUTE)
    payments = locate.payment_ids(work, refs)
    if not payments or len(payments) > MOST_PAYMENTS or len(set(payments)) != len(payments):
        raise InvalidInput.of(payments=f"must be 1 to {MOST_PAYMENTS:,}, each named once")
    rows = _in_order(work, payments)
    reasons = [reason for row in rows for reason in _reasons_against(work, row, day)]
    if len({(row.company_id, row.currency) for row in rows}) > 1:
        reasons.append(Reason("several_companies", "One code confirms payments of one company and currency."))
    if reasons:
        raise Refused.because(*reasons)
    _require_resend_time(work, payments, rows[0].otp_resend_seconds)
    voided = _void(work, _list_hash(rows, day))
    bundle = write_down(work, rows, day)
    challenge = _challenge(work, rows[0], bundle, has_sms)
    if challenge.channel is not OtpChannel.TOTP:
        challenge.code_hmac = codes.mac(key, challenge.id, code)
    work.add(challenge)
    _record(
        work,
        bundle,
        "otp.sent",
        {
            "channel": challenge.channel,
            "challenge": challenge.id,
            "payments": [row.number for row in rows],
            "total": bundle.total_amount,
            "list_hash": bundle.list_hash,
            "voided": voided,
        },
    )
    sent = BundleSent(
        bundle_id=bundle.id,
        payments=tuple(row.number for row in rows),
        total=Money(bundle.total_amount, bundle.currency),
        channel=challenge.channel,
        sent_to=otp.address_of(rows[0], challenge.channel),
        expires_at=challenge.expires_at,
        resend_after=work.now + timedelta(seconds=rows[0].otp_resend_seconds),
        attempts_left=challenge.max_attempts,
    )
    about = _About(
        number=_named(sent.payments),
        amount=bundle.total_amount,
        currency=bundle.currency,
        payee=("1 payee" if len(rows) == 1 else f"{len(rows)} payees") + (f", on {day}" if day else ""),
        actor_email=rows[0].actor_email,
        actor_phone=rows[0].actor_phone,
        otp_expiry_seconds=rows[0].otp_expiry_seconds,
    )
    return sent, about, challenge.id


def write_down(work: Work, rows: Sequence[Row[Any]], day: date | None) -> PaymentBundle:
    """Write a list down, in the order given. `rows` are the payments' facts; `day`: when they are to be executed."""
    bundle = _bundle(work, rows, day)
    work.add(bundle)
    lines = [
        {
            "id": new_id(),
            "created_at": work.now,
            "bundle_id": bundle.id,
            "payment_id": row.id,
            "position": position,
            "amount": row.amount,
            "payment_hash": payment_facts.payment_hash(row),
        }
        for position, row in enumerate(rows, 1)
    ]
    work.insert_together(PaymentBundleLine, lines)
    return bundle


def _reasons_against(reading: Reading, row: Row[Any], day: date | None) -> list[Reason]:
    if day is not None:
        return payment_facts.reasons_against_day(row, reading.actor.id, reading.now, day)
    return payment_facts.reasons_against(row, reading.actor.id, reading.now, code_offered=True)


def _in_order(reading: Reading, payments: Sequence[UUID], known: Sequence[Row[Any]] = ()) -> list[Row[Any]]:
    found = {row.id: row for row in known}
    missing = [payment for payment in payments if payment not in found]
    found |= {row.id: row for row in payment_facts.read_many(reading, missing)}
    return [found[payment] for payment in payments]


def _bundle(work: Work, rows: Sequence[Row[Any]], day: date | None) -> PaymentBundle:
    return PaymentBundle(
        id=new_id(),
        created_at=work.now,
        company_id=rows[0].company_id,
        executor_id=work.actor.person_id,
        payment_count=len(rows),
        total_amount=sum(row.amount for row in rows),
        currency=rows[0].currency,
        scheduled_for=day,
        list_hash=_list_hash(rows, day),
    )


def _challenge(work: Work, facts: Row[Any], bundle: PaymentBundle, has_sms: bool) -> OtpChallenge:
    return OtpChallenge(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        bundle_id=bundle.id,
        executor_id=work.actor.person_id,
        session_id=work.actor.session_id,
        payment_hash=bundle.list_hash,
        channel=otp.channel_for(facts, has_sms=has_sms),
        expires_at=work.now + timedelta(seconds=facts.otp_expiry_seconds),
        max_attempts=facts.otp_max_attempts,
        sent_at=work.now,
    )


def _list_hash(rows: Sequence[Any], day: date | None) -> str:
    """The canonical hash of every payment's own hash in order, with the count, the total and the day."""
    return sha256(
        audit.canonical_text(
            {
                "payments": [payment_facts.payment_hash(row) for row in rows],
                "count": len(rows),
                "total": sum(row.amount for row in rows),
                "day": day or "",
            }
        ).encode()
    ).hexdigest()


def _require_resend_time(work: Work, payments: Sequence[UUID], seconds: int) -> None:
    last = work.execute(
        select(_O.created_at)
        .join_from(t.otp_challenge, t.payment_bundle_line, _L.bundle_id == _O.bundle_id)
        .where(_L.payment_id.in_(payments), _O.executor_id == work.actor.id)
        .order_by(_O.created_at.desc())
        .limit(1)
    ).scalar()
    wait = codes.seconds_to_wait(last, seconds, work.now)
    if wait:
        message = f"A code for some of these was made a moment ago; ask again in {wait} s."
        raise Refused.because(Reason("resend_too_soon", message))


def _void(work: Work, list_hash: str) -> list[str]:
    of_list = select(_B.id).where(_B.executor_id == work.actor.id, _B.list_hash == list_hash)
    voided = work.execute(
        update(t.otp_challenge)
        .where(_O.bundle_id.in_(of_list), _O.voided_at.is_(None), _O.consumed_at.is_(None))
        .values(voided_at=work.now, updated_at=work.now)
        .returning(_O.id)
    )
    return [str(found) for found in voided.scalars()]


def _void_undelivered(work: Work, sent: BundleSent, challenge_id: UUID) -> None:
    _void_code(work, challenge_id)
    bundle = work.execute(select(t.payment_bundle).where(_B.id == sent.bundle_id)).one()
    _record(work, bundle, "otp.undelivered", {"challenge": challenge_id})


def _void_code(work: Work, challenge_id: UUID) -> None:
    work.execute(
        update(t.otp_challenge)
        .where(_O.id == challenge_id, _O.voided_at.is_(None), _O.consumed_at.is_(None))
        .values(voided_at=work.now, updated_at=work.now)
    )


def _count_try(work: Work, bundle_id: UUID) -> Counted:
    work.actor.require(Right.EXECUTE)
    locked = work.execute(select(_U.otp_locked_at).where(_U.id == work.actor.id)).scalar()
    if locked is not None:
        message = "You are locked after too many wrong codes: an admin unlocks you."
        raise Refused.because(Reason("code_locked", message))
    counted = work.execute(
        update(t.otp_challenge)
        .where(
            _O.bundle_id == bundle_id,
            _O.executor_id == work.actor.id,
            _O.voided_at.is_(None),
            _O.consumed_at.is_(None),
            _O.expires_at > work.now,
            _O.attempts < _O.max_attempts,
        )
        .values(attempts=_O.attempts + 1, updated_at=work.now)
        .returning(_O.id)
    ).scalar()
    if counted is None:
        raise Refused.because(_no_code())
    c = t.company.c
    bundle = work.execute(select(t.payment_bundle).where(_B.id == bundle_id)).one()
    row = work.execute(
        select(
            _O.id,
            _O.channel,
            _O.code_hmac,
            _O.attempts,
            _O.max_attempts,
            _O.expires_at,
            _U.totp_secret,
            c.lock_after_failures,
        )
        .join_from(t.otp_challenge, t.payment_bundle, _B.id == _O.bundle_id)
        .join(t.company, c.id == _B.company_id)
        .join(t.user, _U.id == _O.executor_id)
        .where(_O.id == counted)
    ).one()
    data = {"challenge": row.id, "channel": row.channel, "attempt": row.attempts}
    _record(work, bundle, "otp.tried", data)
    return Counted(
        row.id,
        row.channel,
        row.code_hmac,
        row.attempts,
        row.max_attempts,
        row.expires_at,
        row.totp_secret,
        row.lock_after_failures,
    )


def _no_code() -> Reason:
    return Reason(
        "no_code", "No code of this list is open: none was sent, or it is used, void or expired. Ask for one."
    )


def _note_wrong(work: Work, bundle_id: UUID, tried: Counted) -> Refused:
    bundle = work.execute(select(t.payment_bundle).where(_B.id == bundle_id)).one()
    return codes.note_wrong(
        work,
        tried,
        void=lambda: _void_code(work, tried.challenge_id),
        record=lambda data: _record(work, bundle, "otp.refused", data),
        of=" for the list",
    )


def _record(work: Work, bundle: Any, action: str, data: dict[str, Any]) -> None:
    work.record(
        action,
        "payment_bundle",
        bundle.id,
        f"{bundle.payment_count} payments",
        stream=audit.company_stream(bundle.company_id),
        company_id=bundle.company_id,
        data=data,
    )
