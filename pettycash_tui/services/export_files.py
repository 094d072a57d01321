"""Where an export goes: a file that is there whole or not at all, and that only its owner can read.

From a screen it goes to `<home>/exports/<username>/`, and no link is followed anywhere below the home. A command names
its file, or takes the bytes on stdout.
"""

from __future__ import annotations

import errno
import os
import re
import secrets as random_source
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from pettycash_tui.services import forced
from pettycash_tui.services.errors import NotFound, Refused
from pettycash_tui.services.new_name import give_name, is_there

FOLDER = "exports"
_CHUNK = 1 << 20
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_MANY = 1000
_UNFINISHED = re.compile(r"\..+\.part|\.parts-.+")
_BARE_NAME = re.compile(r"\w[\w.+-]{0,199}", re.ASCII)
_A_DAY = 86_400


class Draft:
    """An export that is being written. `keep` gives it its name; one that is not kept leaves nothing behind.

    `folder` is where parts of it may lie meanwhile (None: the system's), `name` what it will be called, `place` what
    kind of place that is, for the audit event.
    """

    def __init__(self, file: BinaryIO, *, folder: Path | None, name: str, place: str, keep: Callable[[], Path | None]):
        self.file = file
        self.folder = folder
        self.name = name
        self.place = place
        self._keep = keep

    def finish(self) -> tuple[int, str]:
        """Put it on the disk: its size in bytes and its SHA-256."""
        self.file.flush()
        with suppress(OSError):
            # A disk that is full says so in `flush`; some places (a pipe, a virtual disk) know no fsync.
            os.fsync(self.file.fileno())
        self.file.seek(0)
        digest, size = sha256(), 0
        while part := self.file.read(_CHUNK):
            digest.update(part)
            size += len(part)
        return size, digest.hexdigest()

    def keep(self) -> Path | None:
        """Give it its name: where it is now, None for stdout."""
        return self._keep()


@contextmanager
def in_exports(home: Path, username: str, name: str) -> Iterator[Draft]:
    """A file in the person's own folder of exports; where the name is taken, with `-2` and so on behind it.

    Raises Refused where the folder is a link, can be touched by others, cannot be written to or is full.
    """
    path = home / FOLDER / username
    with _told(path), _own_folder(home, username) as folder:
        _clear_leftovers(folder)
        stem, dot, ending = name.rpartition(".")
        names = [name, *(f"{stem}-{number}{dot}{ending}" for number in range(2, _MANY))]
        with _file_in(folder, path, names, place=FOLDER) as draft:
            yield draft


@contextmanager
def at_path(path: Path, *, replace: bool) -> Iterator[Draft]:
    """A file that a command names. Raises Refused where it is there already (unless `replace`) or cannot be made.

    Who came by SSH names no path of this computer: a bare name, and the file is in their own folder of exports.
    """
    served = forced.current()
    if served is not None:
        with _in_own_folder(served, path, replace) as draft:
            yield draft
        return
    with _told(path.parent):
        folder = os.open(path.parent, _OPEN_FOLDER)
        try:
            _look_for(folder, path, replace)
            with _file_in(folder, path.parent, [path.name], replace=replace, place="file") as draft:
                yield draft
        finally:
            os.close(folder)


@contextmanager
def _in_own_folder(served: forced.Served, path: Path, replace: bool) -> Iterator[Draft]:
    own = served.home / FOLDER / served.username
    require_bare_name(str(path))
    with _told(own), _own_folder(served.home, served.username) as folder:
        _look_for(folder, path, replace)
        with _file_in(folder, own, [path.name], replace=replace, place=FOLDER) as draft:
            yield draft


def require_bare_name(name: str) -> None:
    """Raise Refused unless it is the name of a file alone: no folder, nothing hidden, no option."""
    if not _BARE_NAME.fullmatch(name):
        raise Refused(
            "By SSH a file is named without a folder, such as --output march.csv: it is kept in your own folder of"
            " exports. Or leave --output out and redirect: ssh HOST … > FILE.",
            code="own_folder_only",
            fields={"output": "must be a name without a folder"},
        )


@contextmanager
def read_own(home: Path, username: str, name: str) -> Iterator[BinaryIO]:
    """A file of the person's own exports, to be read. No link is followed. Raises Refused, NotFound."""
    require_bare_name(name)
    with _told(home / FOLDER / username), _own_folder(home, username) as folder:
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise NotFound(f"You have no export {name}.") from None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise NotFound(f"You have no export {name}.")
            yield file


@contextmanager
def for_stdout(name: str, send: Callable[[BinaryIO], None]) -> Iterator[Draft]:
    """A file without a name, which is sent when it is complete: what is read slowly must not hold the database.

    What `send` raises leaves as it is.
    """
    is_sending = False
    try:
        with tempfile.TemporaryFile() as file:

            def keep() -> None:
                nonlocal is_sending
                is_sending = True
                file.seek(0)
                send(file)

            yield Draft(file, folder=None, name=name, place="stdout", keep=keep)
    except OSError as error:
        if is_sending:
            raise
        raise _refusal(error, Path(tempfile.gettempdir())) from error


@contextmanager
def _own_folder(home: Path, username: str) -> Iterator[int]:
    if username in ("", ".", "..") or "/" in username:
        raise Refused("This username cannot name a folder of exports.", code="unsafe_folder")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = [os.open(home, _OPEN_FOLDER)]
    try:
        path = home
        for name in (FOLDER, username):
            path /= name
            opened.append(_folder_in(opened[-1], name, path))
        yield opened[-1]
    finally:
        for handle in opened:
            os.close(handle)


def _folder_in(parent: int, name: str, path: Path) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    try:
        handle = os.open(name, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        raise Refused(
            f"{path} is a link or a file, so nothing is written there. Put it away; a folder is made in its place.",
            code="unsafe_folder",
        ) from error
    # Asked of the open folder: a path could be exchanged between the question and the writing.
    about = os.fstat(handle)
    if about.st_uid == os.geteuid() and not about.st_mode & 0o077:
        return handle
    os.close(handle)
    raise Refused(
        f"{path} can be touched by others, so nothing is written there. Run chmod 700 on it, as its owner.",
        code="unsafe_folder",
    )


def _clear_leftovers(folder: int) -> None:
    """Take away what a program that was killed has left; after a day nobody is writing it any more."""
    for name in filter(_UNFINISHED.fullmatch, os.listdir(folder)):
        with suppress(OSError):
            about = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if about.st_mtime > time.time() - _A_DAY:
                continue
            if stat.S_ISDIR(about.st_mode):
                shutil.rmtree(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)


@contextmanager
def _file_in(folder: int, path: Path, names: list[str], *, place: str, replace: bool = False) -> Iterator[Draft]:
    part = f".{names[0]}.{random_source.token_hex(8)}.part"
    file = os.fdopen(os.open(part, _NEW_FILE, 0o600, dir_fd=folder), "w+b")

    def keep() -> Path:
        name = _name_it(folder, part, names, replace)
        with suppress(OSError):
            os.fsync(folder)
        return path / name

    try:
        yield Draft(file, folder=path, name=names[0], place=place, keep=keep)
    finally:
        with suppress(OSError):
            # A full disk refuses here once more what it refused before.
            file.close()
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)


def _name_it(folder: int, part: str, names: list[str], replace: bool) -> str:
    if replace:
        os.replace(part, names[0], src_dir_fd=folder, dst_dir_fd=folder)
        return names[0]
    for name in names:
        with suppress(FileExistsError):
            give_name(part, name, folder=folder)
            return name
    raise _taken(names[0])


def _look_for(folder: int, path: Path, replace: bool) -> None:
    """Refuse at once what would be refused at the end."""
    if not is_there(path.name, folder=folder):
        return
    if not replace:
        raise _taken(str(path))
    mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise Refused(f"{path} is not a file, so it is not replaced.", code="not_a_file", fields={"output": "no file"})


def _taken(name: str) -> Refused:
    return Refused(
        f"{name} is there already. Name another file, or replace it with --replace.",
        code="file_exists",
        fields={"output": "is there already"},
    )


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what a disk refused, and what to do."""
    try:
        yield
    except OSError as error:
        raise _refusal(error, folder) from error


def _refusal(error: OSError, folder: Path) -> Refused:
    if error.errno in _FULL:
        return Refused(
            f"The disk of {folder} is full. Nothing was written; make room, or show fewer rows, and export again.",
            code="disk_full",
        )
    if error.errno in _FORBIDDEN:
        return Refused(
            f"{folder} cannot be written to ({error.strerror}). Check its permissions, or ask your admin.",
            code="folder_read_only",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Refused(f"There is no folder {folder}. Make it, or name another.", code="no_folder")
    why = error.strerror or type(error).__name__
    return Refused(f"The file could not be written to {folder} ({why}). Nothing was left there.", code="not_written")
