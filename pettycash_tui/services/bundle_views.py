"""Reading the code of a list of payments that was sent a while ago and may still be typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services import bundles, otp, payment_facts
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.work import Reading


def standing(reading: Reading, payments: Sequence[UUID], scheduled_for: date | None = None) -> BundleSent | None:
    """The code that the actor was sent for exactly these payments, in this order, and may still type.

    None when none is open, it has expired, or its tries are used.
    """
    try:
        bundle_id = bundles.find(reading, payments, scheduled_for)
    except Refused:
        return None
    o, b = t.otp_challenge.c, t.payment_bundle.c
    row = reading.execute(
        select(t.otp_challenge, b.total_amount, b.currency)
        .join_from(t.otp_challenge, t.payment_bundle, b.id == o.bundle_id)
        .where(
            o.bundle_id == bundle_id,
            o.executor_id == reading.actor.id,
            o.voided_at.is_(None),
            o.consumed_at.is_(None),
            o.expires_at > reading.now,
            o.attempts < o.max_attempts,
        )
        .order_by(o.created_at.desc(), o.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    facts = payment_facts.read(reading, payments[0])
    p = t.payment.c
    numbers = {
        found.id: found.number for found in reading.execute(select(p.id, p.number).where(p.id.in_(payments))).all()
    }
    return BundleSent(
        bundle_id=bundle_id,
        payments=tuple(numbers[payment] for payment in payments),
        total=Money(row.total_amount, row.currency),
        channel=row.channel,
        sent_to=otp.address_of(facts, row.channel),
        expires_at=row.expires_at,
        resend_after=row.created_at + timedelta(seconds=facts.otp_resend_seconds),
        attempts_left=row.max_attempts - row.attempts,
    )
