"""Which secrets the program knows by name, where each is found, and putting one into the keyring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.secrets import CHECKPOINT_KEY, DATABASE_PASSWORD, KEY_BYTES, SERVER_KEY, Secrets

KNOWN = (
    SERVER_KEY,
    CHECKPOINT_KEY,
    DATABASE_PASSWORD,
    "smtp_password",
    "sms_url",
    "mpesa_consumer_key",
    "mpesa_consumer_secret",
    "mpesa_initiator_password",
)
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret's name, in words where it is found, and what is to be warned of."""

    name: str
    where: str
    warnings: tuple[str, ...]


def where(home: Path, name: str | None = None) -> list[Kept]:
    """Where the secret of that name is found, or every one that is known. Raises Refused for a file others can read."""
    found = []
    for one in (name,) if name else KNOWN:
        # Of each its own warnings.
        secrets = Secrets(home, embedded=True)
        place = secrets.where(one)
        found.append(Kept(one, place, tuple(secrets.warnings)))
    return found


def keep(home: Path, name: str, value: str, *, is_sealed: Callable[[], bool]) -> str:
    """Put a secret into the keyring. Returns where it is. Raises as `require_settable`, or Refused without a keyring.

    `is_sealed` tells whether a checkpoint key has signed the books.
    """
    require_settable(name)
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise InvalidInput.of(secret="must not be empty")
    if len(value) > _LONGEST:
        raise InvalidInput.of(secret=f"may have at most {_LONGEST} characters")
    secrets = Secrets(home, embedded=True)
    if name == CHECKPOINT_KEY:
        _require_same(secrets, value, is_sealed)
    return secrets.keep(name, value)


def require_settable(name: str) -> None:
    """Raise InvalidInput for the server key, which another one may not simply follow."""
    if name == SERVER_KEY:
        raise InvalidInput.of(
            name="cannot be set: `pettycash secret rotate server_key` makes a new one and changes the database with it"
        )


def _require_same(secrets: Secrets, value: str, is_sealed: Callable[[], bool]) -> None:
    """Raise InvalidInput for a key that signs checkpoints where another one does, and has."""
    try:
        key = bytes.fromhex(value.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput.of(secret="must be the 64 hexadecimal digits of a key (`openssl rand -hex 32`)")
    now = secrets.get(CHECKPOINT_KEY)
    if now is None or now.strip().lower() == key.hex() or not is_sealed():
        return
    where = secrets.where(CHECKPOINT_KEY)
    raise InvalidInput.of(
        name=f"cannot be set: the books were sealed with another key, in {where}, and what that one sealed would not be"
        " looked at any more. Keep that one. Only where it must be replaced, as when somebody else knows it: run"
        " `pettycash audit key --output FILE`, which proves what it sealed, then `pettycash audit verify --full"
        f" --checkpoint FILE` against the last checkpoint, take the key away from {where}, and set the new one"
    )


def require_rotatable(name: str) -> None:
    """Raise InvalidInput for anything but the server key."""
    if name != SERVER_KEY:
        raise InvalidInput.of(name="must be server_key; any other secret is replaced by `pettycash secret set NAME`")
