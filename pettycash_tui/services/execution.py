"""Executing a payment: the debit, its ledger entry, the code, the trail and the audit event, all of it or none.

Over a network it is three steps instead: the code and the order in one transaction, the sending outside of any, and
what the gateway answered in another (`orders`, `sending`).

Locks: requisition, payment, code, fund, stream head. Pressing twice, a lost connection and a retry, two officers at
once and a killed process all pay exactly once. A failure is recorded in a transaction of its own, so that it survives
the rollback. Source: domain, section 3, executing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.gateways.protocol import (
    CannotSend,
    GatewayFailed,
    NetworkGateway,
    Receipt,
    ReferenceMissing,
)
from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    PaymentStatus,
)
from pettycash_tui.services import (
    codes,
    failing,
    gateway_settings,
    locate,
    orders,
    otp,
    payment_facts,
    posting,
    sending,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import (
    DatabaseUnavailable,
    InvalidInput,
    Overtaken,
    PettyCashError,
    Reason,
    Refused,
)
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.posting import Confirmed, Executed
from pettycash_tui.services.sending import Awaited
from pettycash_tui.services.work import Reading, Work

REFERENCE_LENGTH = 120
KEY_LENGTH = 120

__all__ = ["KEY_LENGTH", "REFERENCE_LENGTH", "Awaited", "Executed", "execute", "record_failure"]


def execute(
    desk: Desk,
    actor: Actor,
    ref: str | UUID,
    *,
    code: str | None = None,
    reference: str | None = None,
    idempotency_key: str | None = None,
) -> Executed | Awaited:
    """Pay. `code` is the one-time code, unless it was verified before; `reference` the gateway's.

    Over a network the payment is sent, and its result awaited. The same idempotency key gives the earlier result again;
    without one a second attempt is Refused. Raises Refused with every reason, InvalidInput, Overtaken.
    """
    typed_reference = clean_text("reference", reference or "", max_length=REFERENCE_LENGTH, required=False)
    if idempotency_key is None:
        # Made before anything is sent: after a lost connection it tells whether the money left by this very call.
        return _pay(desk, actor, ref, code, typed_reference, str(new_id()))
    key = clean_text("idempotency_key", idempotency_key, max_length=KEY_LENGTH)
    earlier = desk.read(actor, _earlier, ref, key)
    if earlier is not None:
        return earlier
    try:
        return _pay(desk, actor, ref, code, typed_reference, key)
    except (Refused, Overtaken):
        # The same call may run twice at once: what the other one did meanwhile is the result of both.
        earlier = desk.read(actor, _earlier, ref, key)
        if earlier is None:
            raise
        return earlier


def _pay(
    desk: Desk, actor: Actor, ref: str | UUID, code: str | None, typed_reference: str, key: str
) -> Executed | Awaited:
    actor.require(Right.EXECUTE)
    if gateway_settings.is_any(desk):
        payment = desk.read(actor, locate.payment, ref)
        gateway = gateway_settings.network(desk, payment.method)
        if gateway is not None:
            return _send(desk, actor, payment.id, code, gateway, key)
    proof = None
    if code is not None:
        # A missing reference is refused before a code is spent on it.
        proof, facts = otp.prove(desk, actor, ref, code, check=lambda facts: _check_reference(facts, typed_reference))
        ref = facts.id
    try:
        return desk.run(actor, _execute, ref, proof, typed_reference, key)
    except DatabaseUnavailable as error:
        if error.code != "database_away":
            raise
        return _after_lost_connection(desk, actor, ref, key, error)
    except PettyCashError:
        raise
    except Exception as error:
        what = str(error) if isinstance(error, GatewayFailed) else f"fault: {type(error).__name__}"
        # Unaudited only when there is nothing to record: somebody paid or cancelled it meanwhile.
        desk.run_unaudited(actor, record_failure, ref, what)
        if isinstance(error, GatewayFailed):
            raise Refused.because(Reason("gateway_failed", f"The payment failed: {error}")) from error
        raise


def _send(
    desk: Desk, actor: Actor, payment_id: UUID, code: str | None, gateway: NetworkGateway, key: str
) -> Executed | Awaited:
    """Write the order down, send it, and write down what was answered."""
    proof = None
    if code is not None:
        proof, _ = otp.prove(desk, actor, payment_id, code, check=lambda facts: _check_order(gateway, facts))
    order_id = sending.opened(desk, actor, _open, payment_id, proof, gateway, key)
    return sending.send(desk, actor, gateway, order_id)


def _open(
    work: Work, conversation_id: str, payment_id: UUID, proof: codes.Proof | None, gateway: NetworkGateway, key: str
) -> UUID:
    facts = _checked(work, payment_id, code_offered=proof is not None)
    _check_order(gateway, facts)
    confirmed = _confirmed(work, facts, proof)
    return orders.open_order(work, facts, gateway.name, conversation_id=conversation_id, confirmed=confirmed, key=key)


def _check_order(gateway: NetworkGateway, payment: Row[Any]) -> None:
    try:
        gateway.check(payment_facts.order_of(payment))
    except CannotSend as error:
        raise InvalidInput.of(**{error.field: f"{error.expected}: {payment.number} cannot be sent"}) from None


def _earlier(reading: Reading, ref: str | UUID, key: str) -> Executed | Awaited | None:
    payment = locate.payment(reading, ref)
    p = t.payment.c
    other = reading.execute(
        select(p.id, p.number).where(p.company_id == payment.company_id, p.idempotency_key == key)
    ).first()
    if other is None:
        return None
    if other.id != payment.id:
        raise InvalidInput.of(idempotency_key=f"belongs to {other.number}; use a new one for {payment.number}")
    return sending.result_of(reading, payment.id, key, repeated=True)


def _check_reference(payment: Row[Any], typed_reference: str) -> None:
    try:
        GATEWAYS[payment.method].check(payment_facts.order_of(payment), typed_reference)
    except ReferenceMissing as error:
        raise InvalidInput.of(reference=str(error)) from None


def _receipt(payment: Row[Any], typed_reference: str) -> Receipt:
    try:
        return GATEWAYS[payment.method].pay(payment_facts.order_of(payment), typed_reference)
    except ReferenceMissing as error:
        raise InvalidInput.of(reference=str(error)) from None


def _execute(work: Work, ref: str | UUID, proof: codes.Proof | None, typed_reference: str, key: str) -> Executed:
    # With a proof the payment was found, and was the actor's to see, when the try was counted.
    found = ref if proof is not None and isinstance(ref, UUID) else locate.payment(work, ref).id
    facts = _checked(work, found, code_offered=proof is not None)
    confirmed = _confirmed(work, facts, proof)
    return posting.post(work, facts, _receipt(facts, typed_reference), confirmed, key)


def _checked(work: Work, payment_id: UUID, *, code_offered: bool) -> Row[Any]:
    """The facts of a payment, locked, with nothing against executing it. Raises NotAllowed, Refused, Overtaken."""
    # As who acts is by now: an app may be demanded since they signed in.
    work.actor.require(Right.EXECUTE)
    facts = payment_facts.read(work, payment_id, lock=True)
    reasons = payment_facts.reasons_against(facts, work.actor.id, work.now, code_offered=code_offered)
    if reasons:
        if code_offered and payment_facts.is_executed(facts):
            # A right code was checked a moment ago, when nothing stood against it: somebody else was faster.
            raise Overtaken(reasons[0].message, code="already_executed", reasons=reasons)
        raise Refused.because(*reasons)
    return facts


def _confirmed(work: Work, facts: Row[Any], proof: codes.Proof | None) -> Confirmed:
    """Spend the code, where one is needed or was given, and say by whom and how the payment is confirmed."""
    spent = otp.consume(work, facts, proof) if facts.otp_required or proof is not None else None
    return Confirmed(
        executor_id=work.actor.person_id,
        verified_at=spent.verified_at if spent else None,
        channel=spent.channel if spent else None,
        source=work.actor.source,
        client=work.actor.client,
    )


def record_failure(work: Work, ref: str | UUID, what: str) -> None:
    """Record that a payment failed: its count, its last error, and after the last retry the hold goes back."""
    found = locate.payment(work, ref)
    facts = payment_facts.read(work, found.id, lock=True)
    if facts.status not in (PaymentStatus.PENDING, PaymentStatus.FAILED):
        # Somebody paid, sent or cancelled it meanwhile.
        return
    failing.record(work, facts, what)


def _after_lost_connection(
    desk: Desk, actor: Actor, ref: str | UUID, key: str, error: DatabaseUnavailable
) -> Executed | Awaited:
    """The connection went away while paying: look whether this call's payment stands before saying anything."""
    unsure = DatabaseUnavailable(
        f"The connection to the database was lost while paying {ref}. Look at the payment before anything else;"
        " trying again cannot pay it twice.",
        code="database_away",
    )
    try:
        done = desk.run_unaudited(actor, _settled, ref, key)
    except DatabaseUnavailable:
        raise unsure from error
    if done is None:
        raise error
    return done


def _settled(work: Work, ref: str | UUID, key: str) -> Executed | Awaited | None:
    """What became of a call, read under the payment's lock: a server that still commits it is waited for."""
    payment_facts.read(work, locate.payment(work, ref).id, lock=True)
    return _earlier(work, ref, key)
