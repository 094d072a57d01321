"""The entry point: runs one command or opens the desk, and turns the outcome into an exit code.

Nothing heavy is imported here, so that `pettycash --help` answers at once, also over SSH.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from pettycash_tui.cli.given import DATABASE_VARIABLE, HOME_VARIABLE
from pettycash_tui.cli.grammar import Root, finish_root
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAM = "pettycash"
KEPT = frozenset(
    {"HOME", "LANG", "LOGNAME", "NO_COLOR", "PATH", "SHELL", "TERM", "COLORTERM", "TZ", "USER", "XDG_RUNTIME_DIR"}
)

app = typer.Typer(
    name=PROGRAM,
    cls=Root,
    help="Petty cash and treasury for the terminal. Without a command it opens the desk.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def pettycash(
    ctx: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(envvar=DATABASE_VARIABLE, metavar="URL", show_envvar=True, help="The database to work on."),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(envvar=HOME_VARIABLE, metavar="DIR", show_envvar=True, help="Embedded files, keys, exports."),
    ] = None,
    as_user: Annotated[
        str | None, typer.Option("--as", metavar="USER", help="Act as this person (demo databases only).")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only numbers or ids, or nothing.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour (also: NO_COLOR).")] = False,
    mouse: Annotated[bool, typer.Option("--mouse", help="Let the desk use the mouse.")] = False,
    allow_owner: Annotated[
        bool,
        typer.Option(
            "--allow-owner", help="Work on a shared database as its owner or a superuser (PETTYCASH_ALLOW_OWNER=1)."
        ),
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """The options are read by `Root.parse_args`, before a noun is loaded; what is left to do is to open the desk."""
    if ctx.invoked_subcommand is None:
        from pettycash_tui.cli.desk import open_desk

        open_desk(options(ctx))


def root() -> Root:
    """The whole command line, ready to run."""
    command = get_command(app)
    assert isinstance(command, Root)
    return finish_root(command)


def forget_environment() -> None:
    """Keep of the environment only what a terminal needs: under a forced command it may be the client's."""
    for name in list(os.environ):
        if name not in KEPT and not name.startswith(("LC_", "SSH_")):
            del os.environ[name]


def main(
    arguments: Sequence[str] | None = None, *, failed: Callable[[BaseException], object] = lambda error: None
) -> int:
    """Run one command line and return its exit code (the contract of cli.md). `failed` is given what is reported.

    0 done; 1 a fault of ours; 2 usage or bad input; 3 refused by a rule; 4 not found; 5 not signed in or not allowed;
    6 somebody else was faster; 7 database not reachable; 130 interrupted; 141 nobody reads the output any more.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[-3:-1] == ["ssh", "serve"]:
        forget_environment()
    command = root()
    if os.environ.get(f"_{PROGRAM.upper()}_COMPLETE"):
        command.main(args=given, prog_name=PROGRAM)
    context = command.context_class(command, info_name=PROGRAM)
    try:
        try:
            with context:
                command.parse_args(context, list(given))
                command.invoke(context)
            code = 0
        except typer.Exit as ending:
            code = ending.exit_code
        # Here rather than at the interpreter's end, where a full disk or a closed pipe could no longer be reported.
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        from pettycash_tui.cli.failure import report

        failed(error)
        return report(error, given=options(context), arguments=given)
    return code
