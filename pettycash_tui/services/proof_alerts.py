"""The alerts of the audit chain, for who may read it: it was found wrong, or was not sealed for more than a day.

That a chain was never sealed is the doctor's to tell: nobody's day has gone wrong then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from pettycash_tui.services import audit_state
from pettycash_tui.services.alert_kinds import Alert, AlertKind, Severity, key_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

CHECKPOINT_AGE = timedelta(days=1)
"""How old the latest checkpoint may be."""

_NOBODY = UUID(int=0)


def alerts(reading: Reading) -> Iterable[Alert]:
    """What the last verification found, until one finds nothing; and a checkpoint that is too old."""
    if not reading.actor.may(Right.READ_AUDIT):
        return
    known = audit_state.integrity(reading)
    company = reading.actor.company_id or _NOBODY
    if known.ok is False and known.verified_at is not None:
        things = "1 thing" if known.problems == 1 else f"{known.problems} things"
        yield Alert(
            key=key_of(AlertKind.AUDIT_WRONG, company, int(known.verified_at.timestamp())),
            kind=AlertKind.AUDIT_WRONG,
            severity=Severity.CRITICAL,
            subject="audit chain",
            sentence=f"The audit chain was verified, and {things} in it or in the books are not as they were written",
            amount=None,
            since=known.verified_at,
            place="audit",
            command="pettycash audit verify --full",
        )
    sealed = known.checkpoint_at
    if sealed is not None and reading.now - sealed > CHECKPOINT_AGE:
        days = max(1, (reading.now - sealed) // timedelta(days=1))
        ago = "more than a day ago" if days == 1 else f"{days} days ago"
        yield Alert(
            key=key_of(AlertKind.CHECKPOINT_OLD, company, int(sealed.timestamp())),
            kind=AlertKind.CHECKPOINT_OLD,
            severity=Severity.WARNING,
            subject="checkpoint",
            sentence=f"The audit chain was last sealed {ago}: what was written since is as safe as the database only",
            amount=None,
            since=sealed + CHECKPOINT_AGE,
            place="audit",
            command="pettycash jobs run checkpoint",
        )
