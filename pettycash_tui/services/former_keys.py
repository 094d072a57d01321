"""Server keys that were followed by another, kept beside it: what an older backup goes by is read with them.

A rotation changes the database over and voids what was open under the old key; a backup from before it still holds
authenticator apps under that key. Each former key is an owner-only file `server.key.<fingerprint>` of the home. An
administrator may put one there too, as `server.key.<any word>`. Who keeps no backup from before a rotation removes it.
"""

from __future__ import annotations

from pathlib import Path

from pettycash_tui.services.errors import Refused
from pettycash_tui.services.owner_only import write_owner_only
from pettycash_tui.services.secrets import KEY_FILE, KEY_LOCK_FILE, NEXT_KEY_FILE, Secrets, fingerprint, key_in_file


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


def before(secrets: Secrets) -> dict[str, bytes]:
    """The keys that were followed by the present one, by their fingerprints; empty where nothing was rotated.

    Raises Refused for a file that others may read, InvalidInput for one that is no key.
    """
    paths = sorted(secrets.home.glob(f"{KEY_FILE}.*"))
    former = [key_in_file(path) for path in paths if path.name not in (NEXT_KEY_FILE, KEY_LOCK_FILE)]
    # Of a rotation that was cut short the present one is kept already.
    present = secrets.found_key() if former else None
    return {fingerprint(key): key for key in former if present is None or key != present[0]}
