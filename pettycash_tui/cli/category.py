"""`pettycash category`: what money may be spent on."""

from __future__ import annotations

from typing import Any

from pettycash_tui.cli.listed import Setting, group
from pettycash_tui.cli.output import ColumnSpec


def _kind() -> Any:
    from pettycash_tui.services.categories import CATEGORY

    return CATEGORY


app = group(
    _kind,
    "category",
    (
        Setting("code", "A word such as travel.", "CODE"),
        Setting("name", "What it is called."),
        Setting("account", "The account that its payments are booked to.", "CODE"),
        Setting("cost_center", "Who bears the payments of requisitions that name none.", "CODE"),
        Setting("is_default", "Whether requisitions that name none fall under it.", is_flag=True),
    ),
    (
        ColumnSpec("Code", "code"),
        ColumnSpec("Name", "name"),
        ColumnSpec("Account", "account.code"),
        ColumnSpec("Cost center", "cost_center.code"),
        ColumnSpec("Default", "is_default"),
        ColumnSpec("Active", "is_active"),
    ),
)
