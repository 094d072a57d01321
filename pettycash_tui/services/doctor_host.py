"""The doctor's look at this host: whose the files are, where the keys are, what the terminal can show."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.database import engine as engines
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.secrets import SERVER_KEY

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the command found of the terminal it runs in."""

    is_terminal: bool
    term: str
    encoding: str
    color_term: str = ""


def files(desk: Desk) -> Iterator[Finding]:
    yield from _owner_only(desk.home, 0o700)
    if not engines.is_embedded(desk.url):
        return
    path = Path(str(desk.url.database))
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        yield from _owner_only(name, 0o600)
    if path.parent != desk.home:
        yield from _owner_only(path.parent, 0o700)
    yield Finding(
        "one_trust_domain",
        NOTE,
        f"{path} is one trust domain: whoever can write the file can change the books, and only a checkpoint that is"
        " kept elsewhere shows it.",
    )


def _owner_only(path: Path, wanted: int) -> Iterator[Finding]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        sentence = f"{path} may be read or written by others (mode {mode:04o})."
        yield Finding("permissions", ERROR, sentence, f"chmod {wanted:o} {path}")
    if found.st_uid != os.geteuid():
        yield Finding("owner", WARNING, f"{path} belongs to another user of this computer.", f"chown $USER {path}")


def server_key(desk: Desk) -> Iterator[Finding]:
    secrets = desk.secrets
    where = secrets.where(SERVER_KEY)
    if where != "nowhere":
        yield Finding("server_key", NOTE, f"The server key, on which every code depends, is in {where}.")
    elif engines.is_embedded(desk.url):
        yield Finding("server_key", NOTE, f"There is no server key yet; it will be made in {desk.home} when needed.")
    else:
        sentence = (
            "The server key is not on this host, so no code can be sent or checked. Bring it from your other host"
        )
        yield Finding("no_server_key", ERROR, f"{sentence} and set PETTYCASH_SERVER_KEY_FILE to its path.")
    for warning in secrets.warnings:
        yield Finding("secret_warning", WARNING, warning)


def secret_store() -> Iterator[Finding]:
    try:
        import keyring

        backend = keyring.get_keyring()
    except Exception as error:
        # A half-installed plugin may raise anything; for the doctor that is an answer.
        yield Finding("keyring", NOTE, f"The keyring cannot be used ({type(error).__name__}); secrets are in files.")
        return
    name = f"{type(backend).__module__.removeprefix('keyring.backends.')}.{type(backend).__qualname__}"
    if backend.priority <= 0:
        yield Finding("keyring", NOTE, f"There is no keyring here ({name}); secrets are in owner-only files.")
    else:
        yield Finding("keyring", NOTE, f"The keyring is {name}.")


def looked_at(terminal: Terminal) -> Iterator[Finding]:
    if not terminal.is_terminal:
        yield Finding("terminal", NOTE, "This command runs without a terminal; the desk needs one.")
        return
    if terminal.term in ("", "dumb"):
        yield Finding("terminal", ERROR, f"TERM is {terminal.term or 'not set'}.", "export TERM=xterm-256color")
    if terminal.encoding.lower().replace("-", "") != "utf8":
        sentence = f"The terminal's encoding is {terminal.encoding or 'unknown'}, not UTF-8: names may show as ?."
        yield Finding("encoding", WARNING, sentence, "export LC_ALL=C.UTF-8")
    if "256" not in terminal.term and terminal.color_term not in ("truecolor", "24bit"):
        yield Finding("colors", NOTE, f"TERM {terminal.term} promises few colours; the desk uses what there is.")
