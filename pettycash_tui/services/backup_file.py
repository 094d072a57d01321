"""A file that gets its name when it is whole: a backup, or the embedded database that is restored from one."""

from __future__ import annotations

import errno
import os
import secrets as random_source
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from pettycash_tui.services.errors import Refused
from pettycash_tui.services.new_name import give_name, is_there
from pettycash_tui.services.owner_only import sync_folder

LOGS = ("-wal", "-journal", "-shm")
"""What SQLite keeps beside a file. A log that is not the file's own would be played into it."""

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """An empty owner-only file to write into, which is called `path` at the end; after an error nothing is left of it.

    One that is killed leaves `.NAME.….part`, never a file under the final name. Raises Refused where the name is taken
    (nothing is overwritten), and where the folder is missing, full or cannot be written to.
    """
    if is_there(path):
        raise taken(path)
    with _said_of(path), scratch_beside(path) as draft:
        yield draft
        name_it(draft, path)


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """An empty owner-only file in the folder of `path`, of which nothing is left unless it was given a name.

    Raises Refused where the folder is missing, full or cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{random_source.token_hex(8)}.part")
    with _said_of(path):
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    try:
        yield draft
    finally:
        for left in (draft, *beside(draft)):
            with suppress(FileNotFoundError):
                left.unlink()


def name_it(draft: Path, path: Path) -> None:
    """Put a file on the disk and give it its name. Raises Refused where the name is taken, or the folder refuses."""
    with _said_of(path):
        _sync(draft)
        give_name(draft, path)
        sync_folder(path.parent)


def put_away(path: Path, aside: Path) -> None:
    """Give a file that is in the way another name, which it has on the disk afterwards, and its logs with it.

    The name of before stays, for who replaces it in one step, where the file system knows hard links.
    Raises Refused where the new name is taken, or the folder refuses.
    """
    with _said_of(aside):
        give_name(path, aside)
        sync_folder(aside.parent)
        put_logs_away(path, aside)


def put_logs_away(path: Path, aside: Path) -> None:
    """Give the logs beside a name, which has no file or another one soon, another name."""
    with _said_of(aside):
        for log, other in zip(beside(path), beside(aside), strict=True):
            if is_there(log):
                log.rename(other)
        sync_folder(aside.parent)


def take_place(draft: Path, path: Path) -> None:
    """Put a file on the disk under a name that may be another's, which is that file's no more."""
    with _said_of(path):
        _sync(draft)
        draft.replace(path)
        sync_folder(path.parent)


def beside(path: Path) -> tuple[Path, ...]:
    """Where SQLite would keep the logs of a file."""
    return tuple(path.with_name(path.name + end) for end in LOGS)


def taken(path: Path) -> Refused:
    """The refusal of a name that a file has already."""
    return Refused(
        f"{path} is there already, and no backup is overwritten. Name another file.",
        code="file_exists",
        fields={"file": "is there already"},
    )


def digest_of(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
            size += len(part)
    return size, digest.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """Say what a disk refused, and what to do."""
    try:
        yield
    except FileExistsError:
        raise taken(path) from None
    except OSError as error:
        raise _refusal(error, path) from error


def _refusal(error: OSError, path: Path) -> Refused:
    if error.errno in _FULL:
        return Refused(f"The disk of {path.parent} is full. Nothing was written; make room.", code="disk_full")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Refused(f"There is no folder {path.parent}. Make it, or name another.", code="no_folder")
    return Refused(f"{path} cannot be written ({error.strerror}). Nothing was left there.", code="not_written")
