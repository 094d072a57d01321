"""What may be given on every command line, and the options that lists share.

The types are `Annotated`, so a command writes `status: Status = None`. Money is never parsed here: an amount is passed
as text to the service, which knows the currency. Ids and human numbers are text too; the service finds the object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click import Context

AnyEnum = TypeVar("AnyEnum", bound=Enum)


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options that every command shares, as given before the noun or after the verb.

    `color` says only whether colour is wanted; `output` also asks whether a terminal is there to see it.
    """

    database: str | None = None
    home: Path | None = None
    as_user: str | None = None
    json: bool = False
    quiet: bool = False
    color: bool = True
    mouse: bool = False


def options(source: Context | GlobalOptions) -> GlobalOptions:
    """The global options of a command, from its context.

    They are kept on the outermost context only: `--json` after the verb replaces them there, and a copy in an inner
    context would be stale.
    """
    if isinstance(source, GlobalOptions):
        return source
    found = source.find_root().obj
    return found if isinstance(found, GlobalOptions) else GlobalOptions()


def date_of(field: str) -> Callable[[str], date]:
    """A parser for an option that takes a date: `2026-11-21`, `today` or `yesterday` (this computer's calendar).

    Raises InvalidInput that names `field`.
    """

    def parse(text: str) -> date:
        typed = text.strip().lower()
        if typed == "today":
            return date.today()
        if typed == "yesterday":
            return date.today() - timedelta(days=1)
        try:
            # fromisoformat alone also reads 20261121 and 2026-W47-6, which a slip of the hand can produce.
            if len(typed) == 10 and typed.isascii() and typed[4] == typed[7] == "-":
                return date.fromisoformat(typed)
        except ValueError:
            pass
        from pettycash_tui.services.errors import InvalidInput

        raise InvalidInput.of(**{field: "must be a date such as 2026-11-21, or today, or yesterday"})

    return parse


def one_of(kind: type[AnyEnum], text: str | None, *, field: str) -> AnyEnum | None:
    """The member of `kind` that `text` spells, or None for None.

    Called inside a command, because importing the enums where options are declared would make `--help` slow.
    Raises InvalidInput that names `field` and lists what is possible.
    """
    if text is None:
        return None
    wanted = text.strip().casefold().replace("-", "_")
    for member in kind:
        if str(member.value).casefold().replace("-", "_") == wanted:
            return member
    from pettycash_tui.services.errors import InvalidInput

    possible = ", ".join(str(member.value) for member in kind)
    raise InvalidInput.of(**{field: f"must be one of {possible}"})


def _date_option(*names: str, help: str) -> Any:
    field = names[0].lstrip("-").replace("-", "_")
    return typer.Option(*names, parser=date_of(field), metavar="DATE", help=help)


Status = Annotated[str | None, typer.Option("--status", metavar="STATUS", help="Only those in this status.")]
Fund = Annotated[str | None, typer.Option("--fund", metavar="CODE", help="Only those of this fund.")]
Search = Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Only those that contain this text.")]
FromDate = Annotated[date | None, _date_option("--from", help="From this day on: 2026-11-21, today, yesterday.")]
ToDate = Annotated[date | None, _date_option("--to", help="Up to and including this day.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=500, metavar="N", help="At most so many.")]
After = Annotated[str | None, typer.Option("--after", metavar="CURSOR", help="Go on behind this cursor.")]

DEFAULT_LIMIT = 50

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Its number or code, or its id.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="Such as 1250.50, 1,250 or 1.2k.")]
Comment = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="A word for the trail.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, do it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")]
