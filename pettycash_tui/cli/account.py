"""`pettycash account`: the chart of accounts."""

from __future__ import annotations

from typing import Any

from pettycash_tui.cli.listed import Setting, group
from pettycash_tui.cli.output import ColumnSpec


def _kind() -> Any:
    from pettycash_tui.services.accounts import ACCOUNT

    return ACCOUNT


app = group(
    _kind,
    "account",
    (
        Setting("code", "Such as 5100.", "CODE"),
        Setting("name", "What it is called."),
        Setting("type", "asset, liability, equity, income or expense.", "TYPE"),
        Setting(
            "purpose",
            "replenishment_source, opening_balances, cash_over_short or transfers_in_transit: one of each.",
            "PURPOSE",
        ),
    ),
    (
        ColumnSpec("Code", "code"),
        ColumnSpec("Name", "name"),
        ColumnSpec("Type", "type"),
        ColumnSpec("Purpose", "purpose"),
        ColumnSpec("Active", "is_active"),
    ),
)
