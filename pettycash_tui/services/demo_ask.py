"""A requisition of the demo's history: what is asked for, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

from pettycash_tui.services.requisitions import RequisitionInput


class Fate(Enum):
    """What becomes of a requisition, besides being approved and paid."""

    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    SLOW = "slow"
    DECLINED = "declined"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Ask:
    """One requisition on its way. `stop_after` decisions it is left alone; `pace` is the time between its acts."""

    given: RequisitionInput
    by: str
    fund: str
    fate: Fate = Fate.PAID
    pace: timedelta | None = None
    stop_after: int | None = None
    executor: str | None = None
    is_reviewed: bool = True
    in_file: bool = False
    stays_sent_back: bool = False
    decided: int = 0
    tries: int = 0
    id: UUID | None = None

    @property
    def written_as(self) -> UUID:
        """The requisition, which is written by the time that anything is done to it."""
        if self.id is None:
            raise AssertionError("written before it is acted on")
        return self.id
