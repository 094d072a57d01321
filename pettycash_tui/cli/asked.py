"""What of a command line may stand in the audit log: what was to be done, and never with which values.

A value may be a code, a password that was typed in the wrong place, or a payee. So only words that the program itself
knows are kept: nouns, verbs, the names of their options, and programs that people try to reach by SSH.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer._click import Context

OTHER_PROGRAMS = frozenset(
    {
        "bash", "cat", "curl", "git-receive-pack", "git-upload-pack", "id", "internal-sftp", "ls", "nc", "psql",
        "python", "python3", "rsync", "scp", "sftp", "sftp-server", "sh", "sqlite3", "su", "sudo", "tar", "wget",
    }
)  # fmt: skip
"""Told by their names where a noun should stand: an attempt to get at them is what an auditor looks for."""
ELSE = "…"


def words_of(command: str) -> list[str]:
    """The words of a command line, whether or not it can be read."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def told(command: str) -> str:
    """The command line without its values: `pay execute … --otp …`."""
    from pettycash_tui.cli.main import root

    top = root()
    context = top.context_class(top)
    at: Any = top
    kept: list[str] = []
    known = _options(top)
    words = words_of(command)
    for word in words[1:] if words[:1] == ["pettycash"] else words:
        below = _below(at, context, word)
        if below is not None:
            at = below
            known |= _options(at)
            kept.append(word)
        elif word.partition("=")[0] in known:
            kept.append(word.partition("=")[0])
        elif at is top and _program(word) in OTHER_PROGRAMS and not _names(kept):
            kept.append(_program(word))
            at = None
        elif kept[-1:] != [ELSE]:
            kept.append(ELSE)
    return " ".join(kept)


def _below(at: Any, context: Context, word: str) -> Any:
    return at.get_command(context, word) if hasattr(at, "get_command") else None


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")}


def _program(word: str) -> str:
    return word.rpartition("/")[2]


def _names(kept: Sequence[str]) -> list[str]:
    return [word for word in kept if not word.startswith("-")]
