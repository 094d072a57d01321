"""`pettycash session`: where people are signed in, and ending it from elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

ROWS = (
    ColumnSpec("Seen", "last_seen_at", min_width=16),
    ColumnSpec("By", "client"),
    ColumnSpec("From", "source"),
    ColumnSpec("State", lambda row: "here" if row.is_current else row.state.value, min_width=5),
    ColumnSpec("Id", "id", min_width=36),
)

OfUser = Annotated[
    str | None, typer.Option("--user", metavar="USER", help="Somebody else's (admins of their company).")
]


@app.command("list")
def list_sessions(
    ctx: typer.Context,
    user: OfUser = None,
    ended_too: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List where you are signed in, newest first."""
    from pettycash_tui.services import session_list

    page = session.read(ctx, session_list.list_sessions, user=user, ended_too=ended_too, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS)


@app.command("revoke")
def revoke(
    ctx: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Its id, as `session list` shows it.")] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="All but this one; with --user all of theirs.")] = False,
    user: OfUser = None,
) -> None:
    """End a session, or all: whoever works there has to sign in again."""
    from pettycash_tui.services import session_list
    from pettycash_tui.services.errors import InvalidInput

    if (id is None) == (not everywhere) or (id is not None and user is not None):
        raise InvalidInput.of(id="is needed: give the id of one session, or --all (with --user USER: of somebody else)")
    with session.at_desk(ctx) as (desk, actor):
        revoke_all = session_list.revoke_all
        done = session_list.revoke(desk, actor, id) if id is not None else revoke_all(desk, actor, user)
    count = "1 session" if done.revoked == 1 else f"{done.revoked} sessions"
    output.emit(ctx, done, sentence=f"Ended {count} of {done.username}.")
