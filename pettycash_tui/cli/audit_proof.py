"""The verbs of `pettycash audit` that prove the log: verify, checkpoint, export, key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import output, progress_line, session
from pettycash_tui.cli.exporting import Replace
from pettycash_tui.cli.failure import EXIT_FAULT
from pettycash_tui.cli.options import SinceDate, UntilDate
from pettycash_tui.cli.output import ColumnSpec, Table
from pettycash_tui.cli.progress_line import ProgressLine
from pettycash_tui.services.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click import Context

    from pettycash_tui.services.audit_verify import Verified
    from pettycash_tui.services.checkpoint_text import Checkpoint

EXIT_WRONG = 3
EXIT_UNDELIVERED = EXIT_FAULT

Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The public key, as `audit key` prints it.")]
NewFile = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="The file to write; it must be new.")]

_PROBLEMS = [
    ColumnSpec("Stream", "where"),
    ColumnSpec("Event", "sequence"),
    ColumnSpec("What", "kind", min_width=12),
    ColumnSpec("How", "message", min_width=20),
]


def verify(
    ctx: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="From the first event, not only the last 30 days.")] = False,
    since: SinceDate = None,
    until: UntilDate = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="Compare with what this file sealed.")
    ] = None,
    key: Key = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Verify this file; no database is opened.")
    ] = None,
    alert: Annotated[bool, typer.Option("--alert", help="Tell the admins by mail when something is wrong.")] = False,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="With --alert: tell this address instead.")
    ] = None,
) -> None:
    """Prove that nothing was changed behind the program's back. Exit code 3 when something was."""
    if email is not None and not alert:
        raise InvalidInput.of(email="goes with --alert")
    if export is not None:
        _verify_file(ctx, export, key, (full, since, until, checkpoint, alert))
        return
    from pettycash_tui.services import audit_alarm, audit_check

    if key is not None and checkpoint is None:
        raise InvalidInput.of(key="goes with --checkpoint or --export")
    asked = audit_check.Asked(
        full=full, since=since, until=until, key=_key_in(key), checkpoint=_checkpoint_in(checkpoint)
    )
    with session.at_desk(ctx, verifies=True) as (desk, actor):
        found = _watched(ctx, lambda tell: audit_check.check(desk, actor, asked, progress=tell))
        if alert:
            found = replace(found, untold=audit_alarm.tell(desk, actor, found, email))
    _tell(ctx, found)


def _verify_file(ctx: Context, export: Path, key: Path | None, others: tuple[Any, ...]) -> None:
    if any(others):
        raise InvalidInput.of(export="goes with --key only")
    if key is None:
        raise InvalidInput.of(key="must name the file of the public key: `pettycash audit key --output FILE`")
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import audit_export

    with incoming(export, field="export") as path:
        pem = _key_in(key)
        assert pem is not None
        found = _watched(ctx, lambda tell: audit_export.verify_file(path, pem, progress=tell))
    _tell(ctx, found, records=False)


def _checkpoint_in(file: Path | None) -> Checkpoint | None:
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services.checkpoint_text import read_checkpoint

    if file is None:
        return None
    with incoming(file, field="checkpoint") as path:
        return read_checkpoint(path)


def _key_in(file: Path | None) -> str | None:
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services.checkpoints import read_key

    if file is None:
        return None
    with incoming(file, field="key") as path:
        return read_key(path)


def _watched(ctx: Context, act: Callable[[Callable[[int, int], None] | None], Any]) -> Any:
    if not progress_line.is_wanted(ctx):
        return act(None)
    line = ProgressLine()
    try:
        return act(lambda done, total: line.tell(_Far(done, total)))
    finally:
        line.clear()


class _Far:
    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, max(total, done, 1)

    def __str__(self) -> str:
        filled = 20 * self._done // self._total
        return f"[{'#' * filled}{'.' * (20 - filled)}] {self._done:,} of {self._total:,} events"


def _tell(ctx: Context, found: Verified, *, records: bool = True) -> None:
    count = len(found.problems)
    if found.ok:
        sentences = [f"{found.events:,} events in {found.streams} streams are as they were written."]
    else:
        sentences = [f"{'1 thing is' if count == 1 else f'{count} things are'} wrong in {found.events:,} events."]
    if found.sealed_at is not None:
        sentences.append(
            f"The checkpoint is of {found.sealed_at:%Y-%m-%d %H:%M} UTC, of {found.sealed_events:,} events."
        )
    if records and not found.recorded:
        sentences.append("This verification is not recorded: nothing can be written to the database.")
    sentences += found.untold
    output.emit(
        ctx, found, sentence=sentences, table=Table(_PROBLEMS, found.problems) if found.problems else None, always=True
    )
    if not found.ok:
        raise typer.Exit(EXIT_WRONG)


def checkpoint(
    ctx: typer.Context,
    file: NewFile = None,
    after_restore: Annotated[
        str | None,
        typer.Option(
            "--after-restore",
            metavar="REASON",
            help="Although the books were restored and lack what the checkpoint before sealed, or that is lost; the "
            "admins are told.",
        ),
    ] = None,
) -> None:
    """Seal the log: every stream's length and last hash, signed, to a file and to the places that are set up."""
    from pettycash_tui.services import checkpoints

    with session.at_desk(ctx) as (desk, actor):
        if after_restore is None:
            made = checkpoints.make(desk, actor, output=file)
        else:
            from pettycash_tui.services import resealing

            made, untold = resealing.after_restore(desk, actor, after_restore, output=file)
            for sentence in untold:
                output.note(ctx, sentence)
    sentences = [f"{made.events:,} events in {made.streams} streams are sealed."]
    for place in made.places:
        what = f"The {place.kind} {place.where}"
        sentences.append(f"{what}: not delivered, {place.error}." if place.error else f"{what} has it.")
    output.emit(ctx, made, sentence=sentences)
    if not made.is_everywhere:
        raise typer.Exit(EXIT_UNDELIVERED)


def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Option("--output", metavar="FILE", help="The file to write.")],
    replace: Replace = False,
) -> None:
    """Write all events to a file that can be verified with nothing but itself and the public key."""
    from pettycash_tui.services import audit_export, export_files

    with session.at_desk(ctx) as (desk, actor), export_files.at_path(file, replace=replace) as draft:
        done = _watched(ctx, lambda tell: audit_export.export(desk, actor, draft, progress=tell))
    output.emit(ctx, done, sentence=f"{done.events:,} events in {done.streams} streams are in {done.path}.")


def key(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="The file to write.")] = None,
    replace: Replace = False,
) -> None:
    """Print the public key that checkpoints and exports are verified with."""
    from pettycash_tui.services import checkpoints, export_files
    from pettycash_tui.services.permissions import Right

    with session.at_desk(ctx) as (desk, actor):
        actor.require(Right.READ_AUDIT)
        found = checkpoints.public_key(desk)
    if file is not None:
        with export_files.at_path(file, replace=replace) as draft:
            draft.file.write(found.public_key.encode())
            draft.finish()
            draft.keep()
        output.emit(ctx, found, sentence=f"The public key {found.fingerprint[:16]}… is in {file}.")
        return
    output.emit(ctx, found, sentence=found.public_key.splitlines(), always=True)
