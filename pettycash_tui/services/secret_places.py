"""Which secrets the program knows by name, where each is found, and putting one into the keyring."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.secrets import DATABASE_PASSWORD, SERVER_KEY, Secrets

KNOWN = (
    SERVER_KEY,
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


def keep(home: Path, name: str, value: str) -> str:
    """Put a secret into the keyring. Returns where it is. Raises InvalidInput, or Refused without a keyring."""
    require_settable(name)
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise InvalidInput.of(secret="must not be empty")
    if len(value) > _LONGEST:
        raise InvalidInput.of(secret=f"may have at most {_LONGEST} characters")
    return Secrets(home, embedded=True).keep(name, value)


def require_settable(name: str) -> None:
    """Raise InvalidInput for the server key, which another one may not simply follow."""
    if name == SERVER_KEY:
        raise InvalidInput.of(
            name="cannot be set: `pettycash secret rotate server_key` makes a new one and changes the database with it"
        )


def require_rotatable(name: str) -> None:
    """Raise InvalidInput for anything but the server key."""
    if name != SERVER_KEY:
        raise InvalidInput.of(name="must be server_key; any other secret is replaced by `pettycash secret set NAME`")
