"""`pettycash db`: the schema's state, upgrading it, the roles of the database, backups, and whether all is whole."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import output, progress_line
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.findings import Finding

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
def upgrade(
    ctx: typer.Context,
    rules: Annotated[
        bool, typer.Option("--rules", help="Put every rule of the database in force again, also where it is current.")
    ] = False,
) -> None:
    """Bring the schema to this program's version. Does nothing when it is there already.

    With --rules, triggers, indexes and, on Postgres, constraints and the isolation of companies are put right as well.
    Exit code 3 when some of them could not be.
    """
    from contextlib import closing

    from pettycash_tui.cli.policy import finding_lines
    from pettycash_tui.database.schema import SchemaState
    from pettycash_tui.services.findings import has_errors
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk:
        before = desk.schema_status()
        if before.state in (SchemaState.EMPTY, SchemaState.OLDER):
            desk.upgrade()
        desk.require_current()
        left = _put_in_force(desk) if rules else []
        found = _document(desk)
    changed = before.state is not SchemaState.CURRENT
    was = before.revision or "empty"
    sentence = f"Upgraded from {was} to {found['head']}." if changed else f"Already at {found['head']}; nothing to do."
    if rules and not changed:
        sentence = f"Every rule of {found['head']} is in force."
    failed = has_errors(left)
    if failed:
        sentence = "Some rules are still not in force: rows break them, or it takes the owner of the tables."
    document = {**found, "changed": changed, **({"ok": not failed, "findings": left} if rules else {})}
    output.emit(ctx, document, sentence=[sentence, *finding_lines(left)], always=failed)
    if failed:
        raise typer.Exit(3)


def _put_in_force(desk: Desk) -> list[Finding]:
    """Put the rules in force; what is still not as it should be."""
    from pettycash_tui.services import rule_check
    from pettycash_tui.services.identity import SYSTEM

    desk.install_rules()
    return desk.read(SYSTEM, lambda reading: list(rule_check.in_force(reading)))


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


@app.command("check")
def check(ctx: typer.Context) -> None:
    """Check that the books are whole: file, rules, balances, holds, chains, attachments. Exit code 3 when not."""
    from contextlib import closing

    from pettycash_tui.cli.policy import print_findings
    from pettycash_tui.services import book_check
    from pettycash_tui.services.findings import has_errors
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk, _told(ctx) as tell:
        findings = book_check.check(desk, tell)
    failed = has_errors(findings)
    summary = "Something is wrong in the books." if failed else "The books are whole."
    print_findings(ctx, findings, summary, failed=failed)


@app.command("backup")
def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where the backup goes; never an existing file.")],
) -> None:
    """Take a backup while people work, and check it. Exit code 3 when the books in it are not whole.

    An embedded database becomes a SQLite file, a Postgres database an archive. The server key and other secrets are
    not in it: keep them apart.
    """
    from contextlib import closing

    from pettycash_tui.services import backups
    from pettycash_tui.services.findings import has_errors
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home, require_current=False)) as desk, _told(ctx) as tell:
        done = backups.backup(desk, _path(file), tell)
    failed = has_errors(done.findings)
    lines = [
        f"Backed up {done.rows:,} rows to {done.file} ({done.size:,} bytes) and read it again.",
        f"SHA-256: {done.sha256}",
        "The server key and other secrets are not in it: keep a copy of them elsewhere.",
        *(f"{finding.severity.value}: {finding.message}" for finding in done.findings),
    ]
    if not done.recorded:
        lines.append(
            "This backup is not recorded: nothing could be written to the database. Note the SHA-256 elsewhere, and see"
            " `pettycash db check`."
        )
    output.emit(ctx, {"ok": not failed, **_fields(done)}, sentence=lines, always=not done.recorded)
    if failed:
        raise typer.Exit(3)


@app.command("restore")
def restore(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that `pettycash db backup` has made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the books that are there; they are put aside in a file first.")
    ] = False,
) -> None:
    """Restore a backup and check it. Everybody has to sign in again afterwards, and every open code is void."""
    from pettycash_tui.services import backups
    from pettycash_tui.services.findings import has_errors
    from pettycash_tui.services.home_folder import default_home
    from pettycash_tui.services.opening import address_of

    given = options(ctx)
    url, home = address_of(given.database, given.home), (given.home or default_home()).absolute()
    with _told(ctx) as tell:
        done = backups.restore(url, home, _path(file), replace=replace, tell=tell)
    failed = has_errors(done.findings)
    lines = [f"Restored {done.file} into {done.database}."]
    if done.aside is not None:
        lines.append(f"What was there before is in {done.aside}.")
    lines.append("Everybody has to sign in again, and codes have to be sent anew.")
    lines.extend(f"{finding.severity.value}: {finding.message}" for finding in done.findings)
    output.emit(ctx, {"ok": not failed, **_fields(done)}, sentence=lines)
    if failed:
        raise typer.Exit(3)


def _fields(done: Any) -> dict[str, Any]:
    from dataclasses import fields

    return {field.name: getattr(done, field.name) for field in fields(done)}


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text).expanduser()


@contextmanager
def _told(ctx: typer.Context) -> Iterator[Callable[[str], object]]:
    """What tells how far long work is, where somebody looks on."""
    if not progress_line.is_wanted(ctx):
        yield lambda _text: None
        return
    line = progress_line.ProgressLine()
    try:
        yield line.tell
    finally:
        line.clear()


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
