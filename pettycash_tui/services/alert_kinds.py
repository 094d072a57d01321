"""What an alert is, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pettycash_tui.models.money import Money


class Severity(StrEnum):
    """How bad it is, the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


class AlertKind(StrEnum):
    """What an alert is about."""

    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    CONTRADICTED = "contradicted"
    FAILED = "failed"
    DUE = "due"
    WAITING = "waiting"
    LOW_FUND = "low_fund"
    UNDELIVERED = "undelivered"
    AUDIT_WRONG = "audit_wrong"
    CHECKPOINT_OLD = "checkpoint_old"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is not as it should be. `key` is it and its episode; `place` and `command` deal with it.

    `place` is empty for what no screen deals with, `amount` None for what is about no money.
    """

    key: str
    kind: AlertKind
    severity: Severity
    subject: str
    sentence: str
    amount: Money | None
    since: datetime
    place: str
    command: str
    is_acknowledged: bool = False


def key_of(kind: AlertKind, id: UUID, episode: int) -> str:
    """The name of an alert: what it is about, and which time it is so."""
    return f"{kind.value}:{id}:{episode}"
