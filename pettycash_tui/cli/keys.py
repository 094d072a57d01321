"""`pettycash keys`: every key of the desk as it is in force, and what is wrong with the remapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.desk_file import DeskFile

VERBS = ("list", "check", "path")

_COLUMNS = (
    ColumnSpec("Keys", "keys"),
    ColumnSpec("Does", "label", min_width=14),
    ColumnSpec("Where", "where", min_width=10),
    ColumnSpec("Action", "id", min_width=24),
)


def command(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[list|check|path] [SEARCH]", help="What to do, or words to look for.")
    ] = None,
) -> None:
    """List the desk's keys as they are in force; `check` names what is wrong in desk.toml, `path` says where it is."""
    from pettycash_tui.desk_file import load
    from pettycash_tui.services.home_folder import default_home

    given = options(ctx)
    file = load(given.home or default_home())
    verb, *rest = words if words and words[0] in VERBS else ("list", *(words or ()))
    if verb == "path":
        output.emit(ctx, {"path": str(file.path), "exists": file.path.is_file()}, sentence=str(file.path), always=True)
    elif verb == "check":
        _check(ctx, file)
    else:
        _list(ctx, file, " ".join(rest))


def _list(ctx: Context, file: DeskFile, search: str) -> None:
    from pettycash_tui.keymap import heading, key_table

    found = [
        {
            "id": row.id,
            "keys": f"{row.keys} *" if row.remapped and not options(ctx).json else row.keys,
            "label": row.label,
            "what": row.tooltip,
            "where": heading(row.scope),
            "remapped": row.remapped,
        }
        for row in key_table(keymap=file.keymap)
        if row.matches(search)
    ]
    output.emit_page(ctx, found, columns=_COLUMNS, key="id", empty="No key matches.")
    if any(row["remapped"] for row in found):
        output.note(ctx, f"* as remapped in {file.path}")
    if file.problems:
        output.note(ctx, f"{file.path} has {len(file.problems)} problem(s); see `pettycash keys check`.")


def _check(ctx: Context, file: DeskFile) -> None:
    problems = [{"line": problem.line, "message": problem.message} for problem in file.problems]
    document = {"path": str(file.path), "ok": not problems, "theme": file.theme or None, "problems": problems}
    if problems:
        said = [f"{file.path}: {problem.sentence}" for problem in file.problems]
    elif file.path.is_file():
        said = [f"{file.path} is in order: {len(file.keymap)} action(s) with other keys."]
    else:
        said = [f"There is no {file.path}: every key is as it comes."]
    output.emit(ctx, document, sentence=said, always=True)
    if problems:
        raise typer.Exit(2)
