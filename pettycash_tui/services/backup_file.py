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
from pettycash_tui.services.owner_only import sync_folder

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """An empty owner-only file to write into, which is called `path` at the end; after an error nothing is left of it.

    One that is killed leaves `.NAME.….part`, never a file under the final name. Raises Refused where the name is taken
    (nothing is overwritten), and where the folder is missing, full or cannot be written to.
    """
    if path.exists() or path.is_symlink():
        raise taken(path)
    draft = path.with_name(f".{path.name}.{random_source.token_hex(8)}.part")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        try:
            yield draft
            _sync(draft)
            # A link, unlike a rename, never takes the place of a file that came in between.
            os.link(draft, path)
            sync_folder(path.parent)
        finally:
            for left in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm", "-journal"))):
                with suppress(FileNotFoundError):
                    left.unlink()
    except FileExistsError:
        raise taken(path) from None
    except OSError as error:
        raise _refusal(error, path) from error


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


def _refusal(error: OSError, path: Path) -> Refused:
    if error.errno in _FULL:
        return Refused(f"The disk of {path.parent} is full. Nothing was written; make room.", code="disk_full")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Refused(f"There is no folder {path.parent}. Make it, or name another.", code="no_folder")
    return Refused(f"{path} cannot be written ({error.strerror}). Nothing was left there.", code="not_written")
