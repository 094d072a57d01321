"""Files that only their owner may touch: the server key, the session, secrets that a setting names."""

from __future__ import annotations

import os
import secrets as random_source
import stat
from contextlib import suppress
from pathlib import Path
from shlex import quote

from pettycash_tui.services.errors import Refused

LARGEST = 65_536
"""No secret is longer, in bytes."""


class UnsafeFile(Refused):
    """The file of a secret is not used; `command` is what to run, empty where no command helps."""

    def __init__(self, path: Path, message: str, command: str = "") -> None:
        super().__init__(message, code="unsafe_file")
        self.path = path
        self.command = command


class DamagedFile(UnsafeFile):
    """The file of a secret is ours alone and holds none: it was cut short, or something else was written there."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, f"The file {path} is not used, because it {why}.")


def read_owner_only(path: Path) -> str:
    """A file's text without the end of its last line.

    Raises Refused unless it is a regular file that belongs to us and that nobody else may touch; FileNotFoundError
    when it is not there.
    """
    try:
        # Without O_NONBLOCK a named pipe in its place would hang the program here.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refused_file(path, f"cannot be read ({error.strerror})") from error
    try:
        # Asked of the open file: a path could be exchanged between the question and the reading.
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise refused_file(path, "is not a regular file", f"ls -ld {quote(str(path))}")
        if about.st_uid != os.geteuid():
            raise refused_file(path, "belongs to another user of this computer", f'chown "$USER" {quote(str(path))}')
        if about.st_mode & 0o077:
            mode = about.st_mode & 0o777
            raise refused_file(path, f"can be touched by others (mode {mode:04o}); run chmod 600 on it")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    finally:
        os.close(handle)
    return text_of(path, content)


def write_owner_only(path: Path, content: str) -> None:
    """Write or replace a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{random_source.token_hex(8)}")
    try:
        write_new(draft, content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def write_new(path: Path, content: str) -> None:
    """Make a file with mode 0600 and put it on the disk. Raises FileExistsError when the name is taken."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def text_of(path: Path, content: bytes) -> str:
    """The text of a secret's file. Raises DamagedFile when it is empty, too large or not UTF-8."""
    if len(content) > LARGEST:
        raise DamagedFile(path, "is too large for a secret")
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise DamagedFile(path, "is not text in UTF-8") from None
    if not text:
        raise DamagedFile(path, "is empty")
    return text


def refused_file(path: Path, why: str, command: str = "") -> UnsafeFile:
    """The refusal of a secret's file, which `command` mends; without one, that only we may touch it does."""
    return UnsafeFile(
        path, f"The file {path} is not used, because it {why}.", command or f"chmod 600 {quote(str(path))}"
    )
