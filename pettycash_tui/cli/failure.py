"""What went wrong, for a person or a script: one sentence or one JSON document on stderr, and an exit code.

Imported only when something did go wrong.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from gettext import gettext
from typing import TYPE_CHECKING

import typer
from typer._click.exceptions import BadParameter, MissingParameter
from typer.core import TyperGroup

from pettycash_tui.cli.document import json_text
from pettycash_tui.cli.output import write_error
from pettycash_tui.models.text import printable
from pettycash_tui.services.errors import PettyCashError, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pettycash_tui.cli.given import GlobalOptions

EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, what a shell shows for an interrupted program
EXIT_UNREAD = 141  # 128 + SIGPIPE, what a program shows whose reader (such as `head`) has gone

# What typer says, in the words of its own translation, about a group without a verb.
_MISSING_VERB = gettext("Missing command.")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

DEBUG_VARIABLE = "PETTYCASH_DEBUG"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is reported: for a person the message, for a script all of it."""

    exit_code: int
    code: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    help: str = ""


def report(error: BaseException, *, given: GlobalOptions, arguments: Sequence[str]) -> int:
    """Tell on stderr what went wrong and return the exit code.

    `arguments` is looked at for `--json` only when parsing may have stopped before it was read: a refusal of a service
    always comes after.
    """
    lost = _give_up_stdout_if_lost()
    if isinstance(error, BrokenPipeError):
        return EXIT_UNREAD
    if isinstance(error, OSError) and (lost is not None or error.errno in _FULL):
        failure = Failure(EXIT_FAULT, "output_lost", f"The output could not be written: {error.strerror}.")
    else:
        failure = failure_of(error)
    trace = _trace(error) if failure.code == "fault" and os.environ.get(DEBUG_VARIABLE) == "1" else ""
    if given.json or (not isinstance(error, PettyCashError) and _asks_for_json(arguments)):
        body = {
            "code": failure.code,
            "message": failure.message,
            "fields": failure.fields,
            "reasons": [{"code": reason.code, "message": reason.message} for reason in failure.reasons],
        }
        text = json_text({"error": {**body, "traceback": trace.splitlines()} if trace else body})
    else:
        text = trace + (printable(failure.help, multiline=True) or printable(failure.message))
    # Nobody reads stderr either: the exit code says it.
    with suppress(BrokenPipeError):
        write_error(text)
    return failure.exit_code


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception stands for."""
    if isinstance(error, PettyCashError):
        unsaid = [reason.message for reason in error.reasons if reason.message not in error.message]
        return Failure(
            error.exit_code, error.code, _one_line(" ".join([error.message, *unsaid])), error.fields, error.reasons
        )
    if isinstance(error, KeyboardInterrupt | EOFError | typer.Abort):
        return Failure(EXIT_INTERRUPTED, "interrupted", "Interrupted.")
    if isinstance(error, typer.TyperException):
        return _usage(error)
    # Only the name of its class: the text of an unexpected error may quote what somebody typed, or a secret.
    return Failure(
        EXIT_FAULT,
        "fault",
        f"This is a fault of ours, not of yours ({type(error).__name__}); {DEBUG_VARIABLE}=1 shows where it happened.",
    )


def _usage(error: typer.TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pettycash"
    if context is not None and isinstance(context.command, TyperGroup) and error.message == _MISSING_VERB:
        message = f"{path} needs one of: {', '.join(context.command.list_commands(context))}."
        return Failure(EXIT_USAGE, "usage", message, help=f"{context.get_help()}\n\n{message}")
    fields: dict[str, str] = {}
    parameter = getattr(error, "param", None)
    if isinstance(error, BadParameter) and parameter is not None:
        long_name = max(parameter.opts, key=len).lstrip("-").replace("-", "_") or parameter.name
        fields[long_name] = "is missing" if isinstance(error, MissingParameter) else _one_line(error.message)
    message = _one_line(error.format_message())
    if message[-1:] not in (".", "?", "!"):
        message += "."
    return Failure(EXIT_USAGE, "usage", f"{message} See {path} --help.", fields)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _asks_for_json(arguments: Sequence[str]) -> bool:
    upto = arguments.index("--") if "--" in arguments else len(arguments)
    return "--json" in arguments[:upto]


def _trace(error: BaseException) -> str:
    from pettycash_tui.services.fault import where_it_happened

    return printable(where_it_happened(error), multiline=True)


def _give_up_stdout_if_lost() -> OSError | None:
    """Flush stdout; when that fails, say why and point it elsewhere.

    The interpreter flushes it once more at its end, and would complain and change the exit code.
    """
    try:
        sys.stdout.flush()
    except OSError as lost:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        return lost
    return None
