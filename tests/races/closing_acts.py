"""What a person does to a month in one process of a race."""

from __future__ import annotations

from building import actor

from pettycash_tui.services import periods, replenishments
from pettycash_tui.services.desk import Desk


def close(desk: Desk, who: str, month: str) -> bool:
    return desk.run(actor(desk, who), periods.close, month, "all settled").is_closed


def reopen(desk: Desk, who: str, month: str) -> bool:
    return not desk.run(actor(desk, who), periods.reopen, month, "a late invoice").is_closed


def reject(desk: Desk, who: str, number: str) -> str:
    return desk.run(actor(desk, who), replenishments.reject, number, "ask again").number
