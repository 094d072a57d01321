"""The command that exports what a list shows, for somebody who wants the file elsewhere than on this computer."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from enum import Enum

from pettycash_tui.screens.period import Period
from pettycash_tui.services.book_export import BookFormat
from pettycash_tui.services.export import Format
from pettycash_tui.services.export_request import ExportRequest

_COMMANDS = {"requisitions": ("req", "list"), "approvals": ("req", "queue"), "payments": ("pay", "list")}
_OPTIONS = {
    "status": "--status",
    "fund": "--fund",
    "from_date": "--from",
    "to_date": "--to",
    "search": "--search",
    "order": "--sort",
    "entry_type": "--type",
}


def command_for(request: ExportRequest, format: Format) -> str | None:
    """`pettycash req list --export csv > requisitions.csv`; None where no command narrows a list like that."""
    narrowed = dict(request.filter)
    if request.name in _COMMANDS:
        words = [*_COMMANDS[request.name]]
    elif request.name.startswith("ledger-"):
        words = ["fund", "ledger", str(narrowed.pop("fund"))]
    else:
        return None
    options = _options(narrowed)
    if options is None:
        return None
    command = shlex.join(["pettycash", *words, *options, "--export", format.value])
    # Quoted as one word: the local shell takes it apart first, the far one afterwards.
    return f"{shlex.quote(command) if options else command} > {request.name}.{format.value}"


def book_command(fund: str, format: BookFormat, period: Period) -> str:
    """`pettycash fund export NBI --format hledger --from 2026-03-01 > book-NBI.journal`."""
    words = ["fund", "export", fund, "--format", format.value]
    for option, day in (("--from", period.first), ("--to", period.last)):
        words += [option, day.isoformat()] if day is not None else []
    return f"{shlex.join(['pettycash', *words])} > book-{fund}.{format.ending}"


def statement_command(fund: str, month: str, format: str, name: str) -> str:
    """`pettycash fund statement NBI --period 2026-03 --format pdf > statement-NBI-2026-03.pdf`."""
    return f"pettycash fund statement {fund} --period {month} --format {format} > {name}"


def _options(narrowed: Mapping[str, object]) -> list[str] | None:
    words: list[str] = []
    for name, value in narrowed.items():
        if name == "mine":
            words.append("--mine")
        elif name == "waiting":
            words.append("--waiting" if value else "--held")
        elif name in _OPTIONS:
            words += [_OPTIONS[name], str(value.value if isinstance(value, Enum) else value)]
        else:
            return None
    return words
