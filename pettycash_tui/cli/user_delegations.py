"""`pettycash user delegate`: who acts for an approver who is away."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit, Reason, date_of
from pettycash_tui.cli.output import ColumnSpec

COLUMNS = (
    ColumnSpec("Away", "approver"),
    ColumnSpec("Delegate", "delegate"),
    ColumnSpec("From", "starts_on"),
    ColumnSpec("Until", "ends_on"),
    ColumnSpec("Reason", "reason"),
)


def delegate(
    ctx: typer.Context,
    user: Annotated[
        str | None, typer.Argument(metavar="[APPROVER]", help="Who is away; yourself when left out.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="USER", help="Who acts for them.")] = None,
    starts_on: Annotated[
        date | None,
        typer.Option("--from", "--starts-on", parser=date_of("from"), metavar="DATE", help="The first day; today."),
    ] = None,
    ends_on: Annotated[
        date | None,
        typer.Option("--until", "--ends-on", parser=date_of("until"), metavar="DATE", help="The last day."),
    ] = None,
    reason: Reason = None,
    end: Annotated[bool, typer.Option("--end", help="End the delegation now.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """Let somebody act while an approver is away (--to), end that (--end), or list who acts for whom."""
    from pettycash_tui.services import delegations
    from pettycash_tui.services.errors import InvalidInput

    with session.at_desk(ctx) as (desk, actor):
        if to is None and not end:
            page = desk.read(actor, delegations.listing, user=user, limit=limit, after=after)
            output.emit_page(ctx, page.items, page.next, columns=COLUMNS, key="id")
            return
        if end:
            ended = desk.run(actor, delegations.end, user or actor.username)
            output.emit(ctx, ended, sentence=f"{_who(ended.approver)} is back; {_who(ended.delegate)} acts no longer.")
            return
        if ends_on is None:
            raise InvalidInput.of(until="is missing; give the last day, such as --until 2026-11-30")
        made = desk.run(
            actor,
            delegations.add,
            to or "",
            starts_on=starts_on,
            ends_on=ends_on,
            reason=reason or "",
            approver=user,
        )
    sentence = f"{_who(made.delegate)} acts for {_who(made.approver)} from {made.starts_on} to {made.ends_on}."
    output.emit(ctx, made, sentence=sentence)


def _who(person: Any) -> str:
    return person.name if person is not None else "somebody"
