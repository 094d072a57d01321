"""`pettycash demo`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.garbage import look_again
from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pettycash_tui.services.demo import DemoResult
    from pettycash_tui.services.desk import Desk


def command(
    ctx: typer.Context,
    reset: Annotated[bool, typer.Option("--reset", help="Make it anew. Only a demo is ever replaced.")] = False,
    no_tui: Annotated[bool, typer.Option("--no-tui", help="Do not open the desk on it.")] = False,
) -> None:
    """Make the demo company, unless it is there, and open the desk on it.

    With --home it is that home's SQLite file, without one a demo home of its own; with --database that empty database.
    """
    from contextlib import closing

    from pettycash_tui.services import demo, demo_place, opening

    given = options(ctx)
    with closing(demo_place.open_demo_desk(given.database, given.home)) as desk:
        look_again()
        made = demo.make(desk, reset=reset, progress=_progress(given))
        here = replace(given, home=desk.home)
        output.emit(ctx, _document(desk, made), sentence=_sentences(given, desk, made), table=_people(made))
        session.warn(ctx, opening.warning_of(desk))
    opens = not no_tui and not given.json
    if opens and sys.stdin.isatty() and sys.stdout.isatty():
        from pettycash_tui.cli.desk import open_desk

        open_desk(here)
    elif opens:
        output.note(ctx, "There is no terminal here, so the desk is not opened (as with --no-tui).")


def _document(desk: Desk, made: DemoResult) -> dict[str, Any]:
    from pettycash_tui.services.demo import PASSWORD

    def accounts(main: bool) -> list[dict[str, Any]]:
        return [
            {"username": account.username, "role": account.role, "name": account.name}
            for account in made.accounts
            if (account.company == made.main_company) is main
        ]

    return {
        "database": desk.shown_address,
        "home": desk.home,
        "is_new": made.is_new,
        "company": made.main_company,
        "accounts": accounts(True),
        "accounts_of_second_company": accounts(False),
        "password": PASSWORD,
    }


def _sentences(given: GlobalOptions, desk: Desk, made: DemoResult) -> list[str]:
    from pettycash_tui.services.demo import PASSWORD

    return [
        f"The demo company is {'made' if made.is_new else 'here already'}: {desk.shown_address}",
        f"Act as anybody with --as, or sign in with the password {PASSWORD}. For example:",
        f"  {_reach(given, desk)} --as clerk.nbi req list",
        "",
    ]


def _reach(given: GlobalOptions, desk: Desk) -> str:
    """The words that reach this demo from any shell."""
    from shlex import quote

    words = ["pettycash"]
    if given.database:
        words += ["--database", quote(desk.shown_address)]
    if given.home is not None or not given.database:
        words += ["--home", quote(str(desk.home))]
    return " ".join(words)


def _people(made: DemoResult) -> Table:
    return Table(
        (
            ColumnSpec("Username", "username"),
            ColumnSpec("Role", lambda account: account.role.label),
            ColumnSpec("Name", "name"),
            ColumnSpec("Company", "company"),
        ),
        made.accounts,
    )


def _progress(given: GlobalOptions) -> Callable[[float], None] | None:
    """A line on stderr that counts up, where somebody looks on."""
    if given.json or given.quiet or not sys.stderr.isatty():
        return None
    shown = -1

    def show(done: float) -> None:
        nonlocal shown
        percent = int(done * 100)
        if percent != shown:
            shown = percent
            output.write_prompt(f"\rMaking a year of petty cash … {percent:3d} %")
        if done >= 1:
            # The result takes the line's place.
            output.write_prompt("\r" + " " * 40 + "\r")

    return show
