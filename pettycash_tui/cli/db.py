"""`pettycash db`: the schema's state, upgrading it, and the rights of the role that the program connects as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk

app = typer.Typer()

EXIT_NOT_UPGRADED = 7


@app.command("status")
def status(ctx: typer.Context) -> None:
    """Show which database this is and whether its schema is this program's. Exit code 7 when it is not."""
    from contextlib import closing

    from pettycash_tui.database.schema import SchemaState
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk:
        found = _document(desk)
    lines = [
        f"{found['database']}",
        f"The schema is {found['state']}: {found['revision'] or 'none'} of {found['head']}.",
    ]
    output.emit(ctx, found, sentence=lines, always=True)
    if found["state"] != SchemaState.CURRENT:
        raise typer.Exit(EXIT_NOT_UPGRADED)


@app.command("upgrade")
def upgrade(ctx: typer.Context) -> None:
    """Bring the schema to this program's version. Does nothing when it is there already."""
    from contextlib import closing

    from pettycash_tui.database.schema import SchemaState
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk:
        before = desk.schema_status()
        if before.state in (SchemaState.EMPTY, SchemaState.OLDER):
            desk.upgrade()
        desk.require_current()
        found = _document(desk)
    changed = before.state is not SchemaState.CURRENT
    was = before.revision or "empty"
    sentence = f"Upgraded from {was} to {found['head']}." if changed else f"Already at {found['head']}; nothing to do."
    output.emit(ctx, {**found, "changed": changed}, sentence=sentence)


@app.command("grant")
def grant(
    ctx: typer.Context,
    role: Annotated[
        str | None, typer.Argument(metavar="[ROLE]", help="The Postgres role that the program connects as.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ROLE", help="The role that owns the tables and migrates.")
    ] = None,
    verifier: Annotated[
        str | None, typer.Option("--verifier", metavar="ROLE", help="A role that only reads, to verify the books.")
    ] = None,
) -> None:
    """Make the roles of a Postgres database: who runs the program, who owns the tables, who only verifies.

    The program's role reads, inserts and changes what changes, and may never delete. Done again, nothing changes.
    """
    from contextlib import closing

    from pettycash_tui.services.errors import InvalidInput
    from pettycash_tui.services.opening import open_desk

    if role is None and owner is None and verifier is None:
        raise InvalidInput.of(role="is missing; name the role that the program connects as, --owner or --verifier")
    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk:
        desk.grant(role, owner=owner, verifier=verifier)
        address = desk.shown_address
    done = [
        f"{name} {what} {address}."
        for name, what in (
            (owner, "owns the tables of"),
            (role, "may run the program on"),
            (verifier, "may read and verify"),
        )
        if name
    ]
    output.emit(ctx, {"database": address, "role": role, "owner": owner, "verifier": verifier}, sentence=done)


def _document(desk: Desk) -> dict[str, Any]:
    from pettycash_tui.database.schema import HEAD, SchemaState

    found = desk.schema_status()
    kind = desk.kind if found.state is SchemaState.CURRENT else ""
    return {
        "database": desk.shown_address,
        "state": found.state,
        "revision": found.revision,
        "head": HEAD,
        "kind": kind or None,
    }
