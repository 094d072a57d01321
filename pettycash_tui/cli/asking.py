"""Questions to the person at the terminal.

Asked on stderr, so that stdout stays the result's. Where nobody can answer (no terminal, or `--json`) a question
becomes InvalidInput that names the option to give; no command waits for an answer that cannot come.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import write_prompt
from pettycash_tui.models.text import printable
from pettycash_tui.services.errors import InvalidInput

if TYPE_CHECKING:
    from typer._click import Context


def can_ask(source: Context | GlobalOptions) -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and not options(source).json


def ask_text(source: Context | GlobalOptions, label: str, *, option: str, default: str | None = None) -> str:
    """One line of text. An empty answer takes the default, or is asked again where there is none.

    Raises InvalidInput naming `option` (such as `--purpose`) when nobody can answer and there is no default;
    EOFError at the end of input.
    """
    if not can_ask(source):
        if default is not None:
            return default
        raise _missing(option)
    shown_default = f" [{printable(default)}]" if default else ""
    while True:
        write_prompt(f"{printable(label)}{shown_default}: ")
        answer = _read_line().strip() or default
        if answer is not None:
            return answer


def given_code(source: Context | GlobalOptions, otp: str) -> str:
    """The code that `--otp` names: itself, or with `-` the next line of standard input, which no process list shows."""
    return ask_secret(source, "Code", field="otp") if otp == "-" else otp


def ask_secret(source: Context | GlobalOptions, label: str, *, field: str = "password", repeat: bool = False) -> str:
    """A password or code, never shown and never taken from an option, where other users of the host could read it.

    Without a terminal it is the next line of standard input. `repeat` asks twice, at a terminal.
    Raises InvalidInput naming `field` when nobody can answer, when the line is empty, or when the two differ.
    """
    if not sys.stdin.isatty():
        secret = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
        if not secret:
            raise InvalidInput.of(**{field: "is needed: give it as one line on standard input, or run at a terminal"})
        return secret
    if options(source).json:
        raise InvalidInput.of(**{field: "is needed: with --json give it as one line on standard input"})
    from getpass import getpass

    secret = getpass(f"{printable(label)}: ")
    if not secret:
        raise InvalidInput.of(**{field: "must not be empty"})
    if repeat and getpass(f"{printable(label)} (again): ") != secret:
        raise InvalidInput.of(**{field: "was not the same both times"})
    return secret


def confirm(source: Context | GlobalOptions, question: str, *, given: bool = False, option: str = "--yes") -> bool:
    """Yes or no; only y or yes is yes. `given` is the value of `option`, and answers without asking.

    Raises InvalidInput naming `option` when nobody can answer.
    """
    if given:
        return True
    if not can_ask(source):
        raise _missing(option, "confirmation")
    write_prompt(f"{printable(question)} [y/N] ")
    return _read_line().strip().casefold() in ("y", "yes")


def _read_line() -> str:
    # sys.stdin rather than input(), which would write its prompt to stdout or through readline's own idea of width.
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _missing(option: str, what: str = "") -> InvalidInput:
    field = option.lstrip("-").replace("-", "_")
    expected = f"is needed: give {option}, or run at a terminal without --json"
    name = what or field.replace("_", " ")
    return InvalidInput(f"{name.capitalize()} {expected}.", fields={field: expected})
