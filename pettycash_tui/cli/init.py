"""`pettycash init`: the first set-up of a database, a company and its admin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import asking, output
from pettycash_tui.cli.options import options
from pettycash_tui.services.errors import InvalidInput

if TYPE_CHECKING:
    from pettycash_tui.services.setup import SetUp, SetUpResult

VARIABLES = (
    "COMPANY_NAME",
    "COMPANY_CODE",
    "COMPANY_CURRENCY",
    "ADMIN_USERNAME",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
)


def command(
    ctx: typer.Context,
    non_interactive: Annotated[
        bool,
        typer.Option(
            "--non-interactive",
            help="Ask nothing: ADMIN_USERNAME, ADMIN_EMAIL, ADMIN_PASSWORD, COMPANY_NAME, COMPANY_CODE and"
            " COMPANY_CURRENCY are in the environment (COMPANY_TIMEZONE and COMPANY_LOCALE may be).",
        ),
    ] = False,
) -> None:
    """Set up: the database, a company with its accounts, categories and policy, and its admin. Again: no change."""
    from contextlib import closing

    from pettycash_tui.services import setup

    given = options(ctx)
    if not non_interactive and (found := setup.existing(given.database, given.home)) is not None:
        _print(ctx, found)
        return
    answers = _from_environment() if non_interactive else _asked(ctx)
    setup.check(answers)
    with closing(setup.open_or_make(given.database, given.home)) as desk:
        _print(ctx, setup.init(desk, answers))


def _print(ctx: typer.Context, done: SetUpResult) -> None:
    company = f"{done.company.name} ({done.company.code}), {done.currency}"
    if not done.is_new:
        output.emit(ctx, done, sentence=f"{done.database} is set up already for {company}. Nothing was changed.")
        return
    lines = [
        f"Set up {company}, in {done.database}.",
        f"The server key, on which every code depends, is in {done.server_key}. Keep a copy of it elsewhere.",
        f"Sign in with `pettycash login {done.admin.username if done.admin else 'USER'}`.",
    ]
    output.emit(ctx, done, sentence=lines)


def _from_environment() -> SetUp:
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        raise InvalidInput(
            f"{', '.join(missing)} must be set in the environment for --non-interactive.",
            fields={name.lower(): f"is missing; set {name}" for name in missing},
        )
    name, code, currency, username, email, password = (os.environ[variable] for variable in VARIABLES)
    return _answers(name, code, currency, username, email, password, os.environ.get("COMPANY_TIMEZONE") or "UTC")


def _asked(ctx: typer.Context) -> SetUp:
    if not asking.can_ask(ctx):
        raise InvalidInput(
            "init asks questions, and nobody can answer here. Run it at a terminal, or with --non-interactive and"
            f" {', '.join(VARIABLES)} in the environment.",
            code="usage",
        )
    ask = {"COMPANY_NAME": "Company", "COMPANY_CODE": "Short code of it, such as ACME"}
    name, code = (_ask(ctx, label, variable) for variable, label in ask.items())
    currency = _ask(ctx, "Currency", "COMPANY_CURRENCY", "KES")
    timezone = _ask(ctx, "Time zone", "COMPANY_TIMEZONE", _timezone_here())
    username = _ask(ctx, "Username of the admin", "ADMIN_USERNAME", "admin")
    email = _ask(ctx, "Mail address of the admin", "ADMIN_EMAIL")
    password = os.environ.get("ADMIN_PASSWORD") or asking.ask_secret(ctx, "Password of the admin", repeat=True)
    return _answers(name, code, currency, username, email, password, timezone)


def _ask(ctx: typer.Context, label: str, variable: str, default: str | None = None) -> str:
    return asking.ask_text(ctx, label, option=variable, default=os.environ.get(variable) or default)


def _answers(name: str, code: str, currency: str, username: str, email: str, password: str, timezone: str) -> SetUp:
    from pettycash_tui.services.setup import NewAdmin, SetUp

    admin = NewAdmin(username, email, password)
    return SetUp(name, code, currency, admin, timezone, os.environ.get("COMPANY_LOCALE") or "en")


def _timezone_here() -> str:
    """The time zone of this computer, where it says so by its name."""
    from pathlib import Path

    _, found, zone = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return zone if found else "UTC"
