"""Server keys that were followed by another, kept beside it: what an older backup goes by is read with them.

A rotation changes the database over and voids what was open under the old key; a backup from before it still holds
authenticator apps under that key. Each former key is an owner-only file `server.key.<fingerprint>` of the home. An
administrator may put one there too, as `server.key.<any word>`. Who keeps no backup from before a rotation removes it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.owner_only import DamagedFile, sync_folder, write_owner_only
from pettycash_tui.services.secrets import (
    KEY_FILE,
    KEY_LOCK_FILE,
    NEXT_KEY_FILE,
    Found,
    Place,
    Secrets,
    fingerprint,
    key_in_file,
)

DAMAGED = f"damaged-{KEY_FILE}"
"""How the name begins under which something is kept that is no key; not as those of former keys, which are read."""


def keep(home: Path, key: bytes) -> None:
    """Keep a key that another is about to follow. Raises Refused when the home cannot be written."""
    path = home / f"{KEY_FILE}.{fingerprint(key)}"
    if path.exists():
        return
    try:
        write_owner_only(path, key.hex() + "\n")
    except OSError as error:
        raise Refused(
            f"The old server key cannot be kept in {path}: {error.strerror}. Check the folder's permissions.",
            code="no_server_key",
        ) from error


def set_aside(secrets: Secrets, key: bytes | None, found: Found) -> None:
    """Keep what is in the place of the key that another is about to follow: a key, or what is left of one."""
    if key is not None:
        keep(secrets.home, key)
        return
    path = secrets.home / KEY_FILE
    try:
        if found.place is Place.HOME and path.exists():
            # A second name, so that it stays in its place until the new key takes that.
            with suppress(FileExistsError):
                os.link(path, secrets.home / _name_of(path.read_bytes()))
            sync_folder(secrets.home)
        elif found.place is Place.KEYRING:
            write_owner_only(secrets.home / _name_of(found.value.encode()), f"{found.value}\n")
    except OSError as error:
        raise Refused(
            f"What is in the place of the server key cannot be kept in {secrets.home}: {error.strerror}. Check the "
            "folder's permissions.",
            code="no_server_key",
        ) from error


def _name_of(content: bytes) -> str:
    """The same for the same content, so that it is kept once however often this is begun."""
    return f"{DAMAGED}-{sha256(content).hexdigest()[:8]}"


def before(secrets: Secrets) -> dict[str, bytes]:
    """The keys that were followed by the present one, by their fingerprints; empty where nothing was rotated.

    A file that is no key, such as an encrypted copy of one, is passed by: it would keep everybody out who needs none of
    them. Raises Refused for a key that others may read.
    """
    paths = sorted(secrets.home.glob(f"{KEY_FILE}.*"))
    former = []
    for path in paths:
        if path.name not in (NEXT_KEY_FILE, KEY_LOCK_FILE):
            with suppress(DamagedFile, InvalidInput):
                former.append(key_in_file(path))
    # Of a rotation that was cut short the present one is kept already.
    present = secrets.key_or_damage() if former else None
    return {fingerprint(key): key for key in former if present is None or key != present[0]}
