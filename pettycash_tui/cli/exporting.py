"""`--export`: all rows of a list as a file, in place of a page of it on the screen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pettycash_tui.cli import output, progress_line, session
from pettycash_tui.cli.options import one_of, options
from pettycash_tui.cli.progress_line import ProgressLine
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
    line = _ToldProgress() if progress_line.is_wanted(ctx) else None
    with session.at_desk(ctx) as (desk, actor):
        try:
            return write(desk, actor, draft, line)
        finally:
            if line is not None:
                line.clear()


class _ToldProgress(Progress):
    """A progress that tells itself on one line of stderr."""

    def __init__(self) -> None:
        super().__init__()
        self._line = ProgressLine()

    def check(self) -> None:
        super().check()
        self._line.tell(self)

    def clear(self) -> None:
        """Take the line away."""
        self._line.clear()


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
