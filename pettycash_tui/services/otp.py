"""One-time codes for payments: sent to the executor, bound to the payment's content, counted before compared.

Six digits from `secrets`, stored as HMAC-SHA256 under a key outside the database. Five wrong tries void a code;
another can be asked for after 60 seconds; ten failures in a row lock the officer. A wrong code is a refusal, never a
failed payment. Source: domain, section 3, OTP challenge; RFC 6238 for the authenticator app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OtpChannel
from pettycash_tui.models.treasury import OtpChallenge
from pettycash_tui.services import codes, key_in_force, locate, messages, payment_facts, payments
from pettycash_tui.services.codes import Counted, Proof
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

# Built once: making these anew for each payment took a tenth of its time.
_O = t.otp_challenge.c
_OPEN = (
    update(t.otp_challenge)
    .where(
        _O.executor_id == bindparam("officer"),
        _O.voided_at.is_(None),
        _O.consumed_at.is_(None),
        _O.expires_at > bindparam("now"),
    )
    .values(updated_at=bindparam("now"))
)
_COUNT = (
    _OPEN.where(_O.id == bindparam("code"), _O.attempts < _O.max_attempts)
    .values(attempts=_O.attempts + 1)
    .returning(_O.id, _O.channel, _O.code_hmac, _O.attempts, _O.max_attempts, _O.expires_at, _O.payment_hash)
)
_CONSUME = (
    _OPEN.where(_O.payment_id == bindparam("payment"), _O.payment_hash == bindparam("hash"))
    .values(consumed_at=bindparam("now"))
    .returning(_O.verified_at, _O.channel)
)
# Who signs in anew, or comes by another door, proves anew that it is they who pay.
_CONSUME_VERIFIED = _CONSUME.where(
    _O.verified_at.is_not(None), _O.session_id.is_not_distinct_from(bindparam("session", type_=_O.session_id.type))
)
_CONSUME_PROVEN = _CONSUME.where(_O.id == bindparam("code")).values(verified_at=bindparam("now"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A code on its way. `demo_code` is filled in demo databases only, where codes are shown on the screen."""

    payment: str
    channel: OtpChannel
    sent_to: str
    expires_at: datetime
    resend_after: datetime
    attempts_left: int
    demo_code: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A code that was right; the payment can be executed in the same session until it expires."""

    payment: str
    channel: OtpChannel
    verified_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Try:
    """A counted try, not yet compared, and the payment that it is for."""

    facts: Row[Any]
    counted: Counted


# --- sending ----------------------------------------------------------------------------------------------------------


def send(desk: Desk, actor: Actor, ref: str | UUID) -> Sent:
    """Make a code for a payment and send it to the actor, its executor. Voids the code before it.

    Raises Refused with every reason against executing, or when the last code is younger than the resend time.
    """
    code = codes.new_code()
    key_in_force.require(desk)
    key = desk.secrets.derive("otp")
    sent, facts, challenge_id = desk.run(actor, _make, ref, code, key, messages.has_sms(desk))
    if sent.channel is OtpChannel.TOTP:
        return sent
    try:
        messages.send_code(desk, actor, facts, code, by_sms=sent.channel is OtpChannel.SMS)
    except PettyCashError:
        desk.run(actor, _void_undelivered, facts.id, challenge_id)
        raise
    return replace(sent, demo_code=code) if desk.is_demo else sent


def _make(work: Work, ref: str | UUID, code: str, key: bytes, has_sms: bool = False) -> tuple[Sent, Row[Any], UUID]:
    work.actor.require(Right.EXECUTE)
    found = locate.payment(work, ref)
    facts = payment_facts.read(work, found.id, lock=True)
    reasons = payment_facts.reasons_against(facts, work.actor.id, work.now, code_offered=True)
    if reasons:
        raise Refused.because(*reasons)
    _require_resend_time(work, facts)
    payments.void_codes(work, facts.id)
    challenge = _challenge(work, facts, sent=True, has_sms=has_sms)
    if challenge.channel is not OtpChannel.TOTP:
        challenge.code_hmac = codes.mac(key, challenge.id, code)
    work.add(challenge)
    payments.record(work, facts, "otp.sent", {"channel": challenge.channel, "challenge": challenge.id})
    return _sent(work, facts, challenge), facts, challenge.id


def channel_for(facts: Row[Any], *, has_sms: bool = False) -> OtpChannel:
    """How a code reaches the actor. Raises Refused where there is no way."""
    channel: OtpChannel = facts.otp_channel
    if channel is OtpChannel.TOTP and facts.totp_confirmed_at is None:
        if not facts.actor_email:
            raise Refused.because(
                Reason("no_channel", "You have no authenticator app enrolled. Run `pettycash totp enrol`.")
            )
        channel = OtpChannel.EMAIL
    if channel is OtpChannel.SMS and not (has_sms and facts.actor_phone):
        # Without a gateway or a number it goes by mail, and the challenge says so.
        channel = OtpChannel.EMAIL
    if channel is OtpChannel.EMAIL and not facts.actor_email:
        raise Refused.because(Reason("no_channel", "You have no email address on file: an admin can add one."))
    return channel


def _challenge(work: Work, facts: Row[Any], *, sent: bool, has_sms: bool = False) -> OtpChallenge:
    return OtpChallenge(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        payment_id=facts.id,
        executor_id=work.actor.person_id,
        session_id=work.actor.session_id,
        payment_hash=payment_facts.payment_hash(facts),
        channel=channel_for(facts, has_sms=has_sms),
        expires_at=work.now + timedelta(seconds=facts.otp_expiry_seconds),
        max_attempts=facts.otp_max_attempts,
        sent_at=work.now if sent else None,
    )


def _sent(work: Work, facts: Row[Any], challenge: OtpChallenge) -> Sent:
    return Sent(
        payment=facts.number,
        channel=challenge.channel,
        sent_to=address_of(facts, challenge.channel),
        expires_at=challenge.expires_at,
        resend_after=work.now + timedelta(seconds=facts.otp_resend_seconds),
        attempts_left=challenge.max_attempts,
    )


def _require_resend_time(work: Work, facts: Row[Any]) -> None:
    o = t.otp_challenge.c
    last = work.execute(
        select(o.created_at)
        .where(o.payment_id == facts.id, o.executor_id == work.actor.id)
        .order_by(o.created_at.desc())
        .limit(1)
    ).scalar()
    seconds = codes.seconds_to_wait(last, facts.otp_resend_seconds, work.now)
    if seconds:
        raise Refused.because(
            Reason("resend_too_soon", f"A code for {facts.number} was made a moment ago; ask again in {seconds} s.")
        )


def standing(reading: Reading, ref: str | UUID) -> Sent | None:
    """The code that the actor was sent for a payment and may still type; None when there is none, or it has expired."""
    found = locate.payment(reading, ref)
    facts = payment_facts.read(reading, found.id)
    if facts.code_executor_id != reading.actor.id or facts.code_expires_at <= reading.now:
        return None
    o = t.otp_challenge.c
    challenge = reading.execute(select(t.otp_challenge).where(o.id == facts.code_id)).one()
    return Sent(
        payment=facts.number,
        channel=challenge.channel,
        sent_to=address_of(facts, challenge.channel),
        expires_at=challenge.expires_at,
        resend_after=challenge.created_at + timedelta(seconds=facts.otp_resend_seconds),
        attempts_left=challenge.max_attempts - challenge.attempts,
    )


def address_of(facts: Row[Any], channel: OtpChannel) -> str:
    """Where a code goes, as it is shown."""
    if channel is OtpChannel.SMS:
        return f"…{facts.actor_phone[-3:]}"
    return "your authenticator app" if channel is OtpChannel.TOTP else _masked(facts.actor_email)


def _void_undelivered(work: Work, payment_id: UUID, challenge_id: UUID) -> None:
    # Not one that was asked for meanwhile and did arrive.
    payments.void_codes(work, payment_id, only=challenge_id)
    facts = payment_facts.read(work, payment_id)
    payments.record(work, facts, "otp.undelivered", {})


# --- trying -----------------------------------------------------------------------------------------------------------


def verify(desk: Desk, actor: Actor, ref: str | UUID, code: str) -> Verified:
    """Check a code; the payment can then be executed until it expires, in the session that checked it and no other.

    Raises Refused when it is wrong.
    """
    proof, facts = prove(desk, actor, ref, code)
    return desk.run(actor, _mark_verified, facts.id, proof)


def prove(
    desk: Desk, actor: Actor, ref: str | UUID, code: str, check: Callable[[Row[Any]], object] | None = None
) -> tuple[Proof, Row[Any]]:
    """Count a try (committed), then compare. Raises Refused when wrong, void, expired, or none was sent.

    `check` may refuse the payment's facts before a try is spent on it.
    """
    typed = codes.cleaned(code)
    tried = desk.run_unaudited(actor, _count_try, ref, check)
    proof = codes.compare(desk, actor, tried.counted, typed)
    if proof is None:
        raise desk.run(actor, _note_wrong, tried)
    return proof, tried.facts


def _count_try(work: Work, ref: str | UUID, check: Callable[[Row[Any]], object] | None) -> _Try:
    work.actor.require(Right.EXECUTE)
    found_id = locate.payment_id(work, ref)
    facts = payment_facts.read(work, found_id)
    reasons = payment_facts.reasons_against(facts, work.actor.id, work.now, code_offered=True)
    if reasons:
        raise Refused.because(*reasons)
    if check is not None:
        check(facts)
    if facts.code_id is None:
        if facts.otp_channel is not OtpChannel.TOTP or facts.totp_confirmed_at is None:
            raise _no_code(work, facts)
        # The app makes its codes without being asked: the first one typed opens the challenge that counts tries.
        _require_resend_time(work, facts)
        work.add(_challenge(work, facts, sent=False))
        facts = payment_facts.read(work, found_id)
    counted = work.execute(_COUNT, {"code": facts.code_id, "officer": work.actor.id, "now": work.now}).first()
    if counted is None:
        if facts.code_expires_at <= work.now:
            raise Refused.because(
                Reason("code_expired", f"The code for {facts.number} has expired. Ask for another: `pay send-otp`.")
            )
        raise _no_code(work, facts)
    if counted.payment_hash != payment_facts.payment_hash(facts):
        raise Refused.because(Reason("code_not_of_payment", f"This code is not for {facts.number} as it stands."))
    data = {"challenge": counted.id, "channel": counted.channel, "attempt": counted.attempts}
    payments.record(work, facts, "otp.tried", data)
    return _Try(
        facts,
        Counted(
            counted.id,
            counted.channel,
            counted.code_hmac,
            counted.attempts,
            counted.max_attempts,
            counted.expires_at,
            facts.totp_secret,
            facts.lock_after_failures,
        ),
    )


def _no_code(work: Work, facts: Row[Any]) -> Refused:
    o = t.otp_challenge.c
    last = work.execute(
        select(o.voided_at, o.consumed_at, o.attempts, o.max_attempts)
        .where(o.payment_id == facts.id)
        .order_by(o.created_at.desc())
        .limit(1)
    ).first()
    if last is not None and last.attempts >= last.max_attempts:
        return Refused.because(
            Reason("code_void", f"The code for {facts.number} is void after too many tries. Ask for another.")
        )
    if last is not None and last.consumed_at is not None:
        return Refused.because(Reason("code_used", f"The code for {facts.number} is used. Ask for another."))
    return Refused.because(
        Reason("no_code", f"No code was sent for {facts.number}. Ask for one: `pettycash pay send-otp {facts.number}`.")
    )


def _note_wrong(work: Work, tried: _Try) -> Refused:
    facts = tried.facts
    return codes.note_wrong(
        work,
        tried.counted,
        void=lambda: payments.void_codes(work, facts.id, only=tried.counted.challenge_id),
        record=lambda data: payments.record(work, facts, "otp.refused", data),
        of=f" for {facts.number}",
    )


def _mark_verified(work: Work, payment_id: UUID, proof: Proof) -> Verified:
    o = t.otp_challenge.c
    marked = work.execute(
        update(t.otp_challenge)
        .where(o.id == proof.challenge_id, o.voided_at.is_(None), o.consumed_at.is_(None), o.expires_at > work.now)
        # Of this session from now on, wherever it was asked for.
        .values(verified_at=work.now, session_id=work.actor.session_id, updated_at=work.now)
    )
    facts = payment_facts.read(work, payment_id)
    if marked.rowcount != 1:
        raise Refused.because(Reason("code_expired", f"The code for {facts.number} has expired. Ask for another."))
    codes.accept(work, proof, facts)
    payments.record(work, facts, "otp.verified", {"challenge": proof.challenge_id, "channel": proof.channel})
    return Verified(facts.number, proof.channel, work.now, proof.expires_at)


# --- consuming --------------------------------------------------------------------------------------------------------


def consume(work: Work, facts: Row[Any], proof: Proof | None) -> Row[Any]:
    """Spend the code in the transaction of the debit. Raises Refused when it is not there, spent, void or expired."""
    values: dict[str, Any] = {
        "payment": facts.id,
        "officer": work.actor.id,
        "hash": payment_facts.payment_hash(facts),
        "now": work.now,
    }
    if proof is None:
        values["session"] = work.actor.session_id
    else:
        values["code"] = proof.challenge_id
    spent = work.execute(_CONSUME_VERIFIED if proof is None else _CONSUME_PROVEN, values).first()
    if spent is None:
        raise Refused.because(
            Reason("code_not_verified", f"The code for {facts.number} is not verified, or used or void. Ask again.")
        )
    if proof is not None:
        codes.accept(work, proof, facts)
    return spent


def _masked(address: str) -> str:
    name, _, host = address.partition("@")
    return f"{name[:1]}…@{host}"
