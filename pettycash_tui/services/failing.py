"""That a payment failed: its count, its last error, when it may be tried again, and what becomes of its hold.

The one rule for every way in which money leaves. Source: domain, section 3, retries.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.models.text import printable
from pettycash_tui.services import holds, payments, schedule_ends
from pettycash_tui.services.work import Work

FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(days=1)


def wait_before(retry: int) -> timedelta:
    """How long a gateway is left alone before the payment's `retry`-th retry, the first being 1."""
    # Beyond eight the wait is more than a day anyway.
    factor: int = 4 ** min(max(retry, 1) - 1, 8)
    return min(FIRST_WAIT * factor, LONGEST_WAIT)


def record(work: Work, facts: Any, what: str, *, final: bool = False, back_off: bool = False, code: str = "") -> None:
    """Make a payment a failed one. `facts` are read with their lock.

    `final`: trying again would be refused again, so its retries count as used. After the last retry the hold goes
    back, and to those who wait. `back_off`: it is not tried again at once.
    """
    what = printable(what)
    count = facts.max_retries if final else min(facts.retry_count + 1, facts.max_retries)
    is_final = count >= facts.max_retries
    schedule_ends.void(work, facts, f"It failed: {what}")
    again: datetime | None = work.now + wait_before(count) if back_off and not is_final else None
    if facts.is_held and is_final:
        holds.lock_waiting(work, facts.fund_id)
    work.execute(
        update(t.payment)
        .where(t.payment.c.id == facts.id)
        .values(
            status=PaymentStatus.FAILED,
            retry_count=count,
            last_error=what[:500],
            next_attempt_at=again,
            is_held=facts.is_held and not is_final,
            updated_at=work.now,
        )
    )
    taken: list[str] = []
    if facts.is_held and is_final:
        holds.release(work, facts.fund_id, facts.amount)
        taken = holds.take_up_waiting(work, facts.fund_id)
    data: dict[str, Any] = {"error": what[:500], "retry_count": count, "final": is_final, "taken_up": taken}
    if code:
        data["code"] = code
    if again is not None:
        data["next_attempt_at"] = again
    payments.record(work, facts, "payment.failed", data)
