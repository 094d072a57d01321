"""The one place that prints.

With `--json` exactly one JSON document on stdout; otherwise a short sentence, a table or a detail view, safe for the
terminal whatever the database holds. Colour is restrained, and only for a terminal that wants it. What is not part of
the result (notes, questions, errors) goes to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from pettycash_tui.cli.document import json_text, to_json
from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.cli.options import options
from pettycash_tui.cli.table import ColumnSpec, Table, pair_lines, shown, table_lines, value_of
from pettycash_tui.models.text import printable

if TYPE_CHECKING:
    from typer._click import Context

__all__ = [
    "ColumnSpec",
    "Section",
    "Table",
    "emit",
    "emit_bytes",
    "emit_detail",
    "emit_page",
    "note",
    "to_json",
    "write_error",
    "write_prompt",
]

NOTHING_FOUND = "Nothing found."
PIPED_WIDTH = 80
NARROWEST_TERMINAL = 40

_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
# What a person would type to name an object, best first.
_HANDLES = ("number", "code", "username", "id")


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table below a detail view, such as the steps of a requisition. Left out when it has no items."""

    title: str
    columns: Sequence[ColumnSpec]
    items: Sequence[Any]


def emit(
    source: Context | GlobalOptions,
    document: Any,
    *,
    sentence: str | Sequence[str] | None = None,
    table: Table | None = None,
    always: bool = False,
) -> None:
    """Print the result of an action: `document` with `--json`, else the sentence (or a line each) and the table.

    With `--quiet` nothing is printed, unless `always`, which is for commands whose whole purpose is the answer.
    """
    given = options(source)
    if given.json:
        _write_document(document)
    elif not given.quiet or always:
        sentences = [sentence] if isinstance(sentence, str) else list(sentence or ())
        _write_lines([printable(line) for line in sentences])
        if table is not None:
            _write_table(given, table)


def emit_page(
    source: Context | GlobalOptions,
    items: Sequence[Any],
    next_cursor: str | None = None,
    *,
    columns: Sequence[ColumnSpec],
    key: str | Callable[[Any], Any] | None = None,
    empty: str = NOTHING_FOUND,
) -> None:
    """Print a list: `{"items": [...], "next": cursor|null}` with `--json`, else a table.

    With `--quiet` one handle per line: `key` of each item, by default its number, code, username or id.
    """
    given = options(source)
    if given.json:
        _write_document({"items": items, "next": next_cursor})
        return
    if given.quiet:
        _write_lines([printable(shown(value_of(item, key) if key else _handle(item))) for item in items])
        return
    if items:
        _write_table(given, Table(columns, items))
    else:
        _write_lines([empty])
    if next_cursor is not None:
        # Not on a pipe's stdout, where it would be taken for a row, but said: a cut list must not look whole.
        more = f"There are more: --after {printable(next_cursor)}"
        if sys.stdout.isatty():
            _write_lines([_styled(given, _DIM, more)])
        else:
            write_error(more)


def emit_detail(
    source: Context | GlobalOptions,
    document: Any,
    *,
    title: str,
    pairs: Sequence[tuple[str, Any]],
    sections: Sequence[Section] = (),
) -> None:
    """Print one object: `document` with `--json`, else a title, labelled values, and tables below.

    With `--quiet` its handle only: number, code, username or id of the document.
    """
    given = options(source)
    if given.json:
        _write_document(document)
        return
    if given.quiet:
        _write_lines([printable(shown(_handle(document)))])
        return
    width = _width()
    _write_lines([_styled(given, _BOLD, printable(title)), *pair_lines(pairs, width)])
    for section in sections:
        if section.items:
            _write_lines(["", _styled(given, _BOLD, printable(section.title))])
            _write_table(given, Table(section.columns, section.items))


def emit_bytes(content: bytes) -> None:
    """Write a file that was asked for on stdout (an export, a key) unchanged; it is data, not a message.

    A terminal gets it made printable, because an export may hold what somebody typed long ago.
    """
    if sys.stdout.isatty():
        _write(sys.stdout, printable(content.decode("utf-8", "replace").replace("\r\n", "\n"), multiline=True))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def note(source: Context | GlobalOptions, sentence: str) -> None:
    """Tell a person something beside the result, on stderr; silent with `--json` and `--quiet`."""
    given = options(source)
    if not (given.json or given.quiet):
        write_error(printable(sentence))


def write_error(text: str) -> None:
    """One message on stderr. The text must be printable already."""
    write_prompt(text + "\n")


def write_prompt(text: str) -> None:
    """A question on stderr, the cursor left behind it. The text must be printable already."""
    sys.stdout.flush()
    _write(sys.stderr, text)
    sys.stderr.flush()


def _handle(item: Any) -> Any:
    for name in _HANDLES:
        value = item.get(name) if isinstance(item, dict) else getattr(item, name, None)
        if value is not None:
            return value
    raise TypeError(f"{type(item).__name__} has no number, code, username or id; give a key")


def _write_document(document: Any) -> None:
    # Indented for a person at a terminal; on one line for a program, and in ASCII where UTF-8 would not arrive.
    indent = 2 if sys.stdout.isatty() else None
    text = json_text(to_json(document), indent=indent, ascii_only=not _takes_utf8(sys.stdout))
    _write(sys.stdout, text + "\n")


def _write_table(given: GlobalOptions, table: Table) -> None:
    _write_lines(table_lines(table, _width(), heading=lambda line: _styled(given, _DIM, line)))


def _write_lines(lines: Sequence[str]) -> None:
    if lines:
        _write(sys.stdout, "\n".join(lines) + "\n")


def _write(stream: TextIO, text: str) -> None:
    if not _takes_utf8(stream):
        encoding = stream.encoding or "ascii"
        text = text.encode(encoding, "replace").decode(encoding)
    stream.write(text)


def _takes_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"


def _width() -> int:
    """The terminal's width; 80 where there is none, so that a pipe gets the same lines everywhere."""
    if not sys.stdout.isatty():
        return PIPED_WIDTH
    from shutil import get_terminal_size

    return max(get_terminal_size((PIPED_WIDTH, 24)).columns, NARROWEST_TERMINAL)


def _styled(given: GlobalOptions, style: str, text: str) -> str:
    return f"{style}{text}{_PLAIN}" if _wants_color(given) else text


def _wants_color(given: GlobalOptions) -> bool:
    # NO_COLOR counts when present and not empty (no-color.org).
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return given.color and not unwanted and sys.stdout.isatty()
