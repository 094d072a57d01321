"""What may be given on every command line, and the options that lists share.

The types are `Annotated`, so a command writes `status: Status = None`. Money is never parsed here: an amount is passed
as text to the service, which knows the currency. Ids and human numbers are text too; the service finds the object.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from pettycash_tui.cli.given import GlobalOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click import Context

AnyEnum = TypeVar("AnyEnum", bound=Enum)


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
    """A parser for an option that takes a date: `2026-11-21`, or a word such as `today`, `fri` or `-3d`.

    Words are counted on the company's calendar, for which the database is asked. Raises InvalidInput naming `field`.
    """

    def parse(text: str) -> date:
        from pettycash_tui.services.inputs import day_in_words, parse_day

        in_words = day_in_words(text)
        return in_words(_company_today()) if in_words is not None else parse_day(field, text, date.today())

    return parse


def _company_today() -> date:
    """The day where the company is; this computer's when nobody is signed in, which the command itself tells."""
    from typer._click.globals import get_current_context

    from pettycash_tui.cli import session
    from pettycash_tui.services.companies import timezone_of
    from pettycash_tui.services.errors import PettyCashError

    try:
        return session.read(get_current_context(), lambda reading: reading.today(timezone_of(reading)))
    except PettyCashError:
        return date.today()


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
FromDate = Annotated[date | None, _date_option("--from", help="From this day on: 2026-11-21, today, fri, -3d.")]
ToDate = Annotated[date | None, _date_option("--to", help="Up to and including this day.")]
SinceDate = Annotated[date | None, _date_option("--since", help="From this day on: 2026-11-21, today, fri, -3d.")]
UntilDate = Annotated[date | None, _date_option("--until", help="Up to and including this day.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=500, metavar="N", help="At most so many.")]
After = Annotated[str | None, typer.Option("--after", metavar="CURSOR", help="Go on behind this cursor.")]

DEFAULT_LIMIT = 50

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Its number or code, or its id.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="Such as 1250.50, 1,250 or 1.2k.")]
Comment = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="A word for the trail.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, do it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")]
