"""`--export`: all rows of a list as a file, in place of a page of it on the screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import one_of, options
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.export_progress import Progress

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.export import Exported
    from pettycash_tui.services.export_files import Draft
    from pettycash_tui.services.export_request import ExportRequest
    from pettycash_tui.services.identity import Actor

Export = Annotated[
    str | None, typer.Option("--export", metavar="FORMAT", help="Write all rows as csv or xlsx, to stdout or a file.")
]
Output = Annotated[str | None, typer.Option("--output", metavar="FILE", help="Where --export writes to.")]
Replace = Annotated[bool, typer.Option("--replace", help="Let --output replace a file that is there.")]

TELL_AFTER = 1.0
"""Seconds before the progress is told: what ends sooner needs no line."""

_TELL_EVERY = 0.25
_CHUNK = 1 << 16


def is_asked(export: str | None, file: str | None, replace: bool, after: str | None) -> bool:
    """Whether a list is to be exported. Raises InvalidInput for options that do not go together."""
    if export is None:
        for name, is_given in (("output", file is not None), ("replace", replace)):
            if is_given:
                raise InvalidInput.of(**{name: "goes with --export csv or --export xlsx"})
        return False
    if after is not None:
        raise InvalidInput.of(after="does not go with --export, which writes all rows")
    if replace and file is None:
        raise InvalidInput.of(replace="goes with --output FILE")
    return True


def run(ctx: Context, request: ExportRequest, export: str | None, file: str | None, replace: bool) -> None:
    """Write all rows of the list to the file, or to stdout."""
    from pettycash_tui.services import export as exports
    from pettycash_tui.services.export import Format

    format = one_of(Format, export, field="export")
    assert format is not None

    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress | None) -> Exported:
        return exports.export(desk, actor, request, draft, format, progress=progress)

    write_out(ctx, write, file, replace, is_binary="" if format is Format.CSV else "workbook")


Write = Callable[["Desk", "Actor", "Draft", "Progress | None"], "Exported"]


def write_out(ctx: Context, write: Write, file: str | None, replace: bool, *, is_binary: str = "") -> None:
    """Let `write` fill a file or stdout. `is_binary` is what a file that is no text is called (`workbook`)."""
    from pettycash_tui.services import export_files

    if replace and file is None:
        raise InvalidInput.of(replace="goes with --output FILE")
    if file is not None:
        with export_files.at_path(Path(file), replace=replace) as draft:
            done = _written(ctx, write, draft)
        output.emit(ctx, done, sentence=_sentence(done))
        return
    if options(ctx).json:
        raise InvalidInput.of(output="must name a file, because --json keeps stdout for its document")
    if is_binary and sys.stdout.isatty():
        raise InvalidInput.of(
            output=f"must name a file: a {is_binary} on a terminal is of no use (or redirect it: > FILE)"
        )
    with export_files.for_stdout("stdout", _send) as draft:
        _written(ctx, write, draft)


def _written(ctx: Context, write: Write, draft: Draft) -> Exported:
    given = options(ctx)
    line = _ProgressLine() if sys.stderr.isatty() and not (given.json or given.quiet) else None
    with session.at_desk(ctx) as (desk, actor):
        try:
            return write(desk, actor, draft, line)
        finally:
            if line is not None:
                line.clear()


class _ProgressLine(Progress):
    """A progress that tells itself on one line of stderr, from a second on."""

    def __init__(self) -> None:
        super().__init__()
        self._next = time.monotonic() + TELL_AFTER
        self._width = 0

    def check(self) -> None:
        super().check()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TELL_EVERY
            line = str(self)
            output.write_prompt(f"\r{line.ljust(self._width)}")
            self._width = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            output.write_prompt(f"\r{' ' * self._width}\r")


def _sentence(done: Exported) -> str:
    rows = "1 row" if done.rows == 1 else f"{done.rows:,} rows"
    sheets = f" on {done.sheets} sheets" if done.sheets > 1 else ""
    return f"{rows}{sheets} written to {done.path} ({done.size:,} bytes)."


def _send(file: BinaryIO) -> None:
    if sys.stdout.isatty():
        output.emit_bytes(file.read())
        return
    while part := file.read(_CHUNK):
        output.emit_bytes(part)
