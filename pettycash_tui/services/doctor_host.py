"""The doctor's look at this host: whose the files are, where the keys are, what the terminal can show."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from shlex import quote

from pettycash_tui.database import engine as engines
from pettycash_tui.notify.outbox import FOLDER as OUTBOX
from pettycash_tui.services import export_files, former_keys, host_settings, keyrings, token_file
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.secrets import KEY_FILE, SERVER_KEY

_VARIABLE = re.compile(r"PETTYCASH_[A-Z_]+")
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the command found of the terminal it runs in."""

    is_terminal: bool
    term: str
    encoding: str
    color_term: str = ""


_UNLOCKING = {"macOS": "security unlock-keychain", "SecretService": "gnome-keyring-daemon --unlock"}

_FILES = (
    KEY_FILE,
    "checkpoint.key",
    token_file.NAME,
    host_settings.FILE,
)
"""Files of the home that nobody else may touch, besides the database and `config.toml`."""

_KEYS = (f"{KEY_FILE}.*", f"{former_keys.DAMAGED}-*")
"""The server keys before and after the present one, and what was found in the place of one."""

_FOLDERS = (export_files.FOLDER, f"{export_files.FOLDER}/*", OUTBOX, f"{OUTBOX}/notices")
_DRAFTS = (".*.part", f"{export_files.FOLDER}/*/.*.part", ".*.key.*")
"""What is being written, or was left behind. Letters are kept by their folder."""


def files(desk: Desk) -> Iterator[Finding]:
    """Whether anybody else may touch what is in the home, and the database where it is a file."""
    yield from _owner_only(desk.home, 0o700)
    inside = [desk.home / name for name in _FILES]
    inside += [path for pattern in (*_KEYS, *_FOLDERS, *_DRAFTS) for path in sorted(desk.home.glob(pattern))]
    for path in dict.fromkeys(inside):
        yield from _owner_only(path, 0o700 if path.is_dir() else 0o600)
    if not engines.is_embedded(desk.url):
        return
    path = Path(str(desk.url.database))
    # What a restore put aside is a database, too.
    aside = sorted(path.parent.glob(f"{escape(path.stem)}.before-*{escape(path.suffix)}"))
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), *aside):
        yield from _owner_only(name, 0o600)
    if path.parent != desk.home:
        yield from _owner_only(path.parent, 0o700)
    if not path.exists():
        return
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
        yield Finding("permissions", ERROR, sentence, f"chmod {wanted:o} {quote(str(path))}")
    if found.st_uid != os.geteuid():
        yield Finding(
            "owner", WARNING, f"{path} belongs to another user of this computer.", f'chown "$USER" {quote(str(path))}'
        )


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
        command = "export PETTYCASH_SERVER_KEY_FILE=PATH"
        yield Finding("no_server_key", ERROR, f"{sentence} and set PETTYCASH_SERVER_KEY_FILE to its path.", command)
    for warning in secrets.warnings:
        named = _VARIABLE.search(warning)
        if named is None:
            command = "pettycash secret where"
        else:
            # What is used is put into a file first, or it would be nowhere.
            kept = "" if "not used" in warning else f"export {named[0]}_FILE=PATH && "
            command = f"{kept}unset {named[0]}"
        yield Finding("secret_warning", WARNING, warning, command)


def secret_store() -> Iterator[Finding]:
    name, state = keyrings.state()
    if state == "keeps":
        yield Finding("keyring", NOTE, f"The keyring is {name}.")
    elif state == "none":
        yield Finding("keyring", NOTE, f"There is no keyring here ({name}); secrets are in owner-only files.")
    elif state == "locked":
        sentence = f"The keyring {name} is locked, so no secret in it is found. Unlock it, or keep secrets in files."
        yield Finding(
            "keyring_locked", WARNING, sentence, _UNLOCKING.get(name.partition(".")[0], "pettycash secret where")
        )
    elif state == "silent":
        sentence = f"The keyring {name} does not answer, so no secret in it is found. Keep secrets in files."
        yield Finding("keyring_silent", WARNING, " ".join(sentence.split()), "pettycash secret where")
    else:
        yield Finding("keyring", NOTE, f"The keyring cannot be used ({state}); secrets are in files.")


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
