"""Giving a file that is whole its name, without ever taking the place of another."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system answers that knows no second name for a file: vfat, exFAT, some network disks."""


def give_name(file: str | Path, name: str | Path, *, folder: int | None = None) -> None:
    """Let `file` be called `name` too; without hard links it is renamed, so the name of before may be gone afterwards.

    Both are looked up in the open `folder` where one is given. Raises FileExistsError when the name is taken.
    """
    try:
        # Unlike a rename, a link fails where the name is taken, also by a file that came in between.
        os.link(file, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if is_there(name, folder=folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name)) from error
        os.rename(file, name, src_dir_fd=folder, dst_dir_fd=folder)


def is_there(name: str | Path, *, folder: int | None = None) -> bool:
    """Whether the name is taken, also by a link that leads nowhere."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
