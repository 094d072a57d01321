"""The desk at a glance: what waits for a person, how the funds stand, what is wrong, and what just happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pettycash_tui.services import alerts, fund_levels, happenings, waiting
from pettycash_tui.services.alerts import Alert
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.happenings import Happening
from pettycash_tui.services.waiting import Waiting
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the desk shows, read in one transaction."""

    as_of: datetime
    waiting: Waiting
    funds: tuple[FundLevel, ...]
    alerts: tuple[Alert, ...]
    happenings: tuple[Happening, ...]


def overview(reading: Reading) -> Overview:
    """What the acting person's desk shows now."""
    queued = waiting.queue_lines(reading)
    levels = fund_levels.fund_levels(reading)
    return Overview(
        as_of=reading.now,
        waiting=waiting.told(reading, queued),
        funds=levels,
        alerts=alerts.told(reading, queued, levels),
        happenings=happenings.happenings(reading, levels),
    )
