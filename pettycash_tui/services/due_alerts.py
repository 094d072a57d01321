"""The alerts of payments that were due on a day and are not executed: because something hinders it, or no job ran."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from zoneinfo import ZoneInfo

from pettycash_tui.services import schedule_views
from pettycash_tui.services.alert_kinds import Alert, AlertKind, Severity, key_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.schedule_views import OverdueSchedule
from pettycash_tui.services.work import Reading


def alerts(reading: Reading, most: int) -> Iterable[Alert]:
    """One for each payment that the actor may see; another problem, or none any more, is another alert."""
    pays = reading.actor.may(Right.EXECUTE) or reading.actor.may(Right.CANCEL_PAYMENT)
    for found in schedule_views.overdue(reading, most):
        why = found.problem or "no run of `pettycash jobs run execute-due` has taken it up"
        since = found.problem_at or _end_of(found)
        yield Alert(
            key=key_of(AlertKind.DUE, found.id, int(since.timestamp())),
            kind=AlertKind.DUE,
            severity=Severity.CRITICAL if found.executor_id == reading.actor.id else Severity.WARNING,
            subject=found.payment,
            sentence=f"{found.payment} to {found.payee} was due on {found.scheduled_for} and is not executed: {why}",
            amount=found.amount,
            since=since,
            place="payments" if pays else "requisitions",
            command=f"pettycash pay explain {found.payment}",
        )


def _end_of(found: OverdueSchedule) -> datetime:
    return datetime.combine(found.scheduled_for, time.max, ZoneInfo(found.timezone))
