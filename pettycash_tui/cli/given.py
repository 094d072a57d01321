"""What was given before the noun, on the command line or in the environment. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATABASE_VARIABLE = "PETTYCASH_DATABASE_URL"
HOME_VARIABLE = "PETTYCASH_HOME"
_PASSWORDS = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options that every command shares, as given before the noun or after the verb.

    `color` says only whether colour is wanted; `output` also asks whether a terminal is there to see it.
    """

    database: str | None = None
    home: Path | None = None
    as_user: str | None = None
    json: bool = False
    quiet: bool = False
    color: bool = True
    mouse: bool = False


def require_no_password(database: str) -> None:
    """Refuse a database's address with a password in it, given on the command line. Raises InvalidInput."""
    from urllib.parse import parse_qsl, urlsplit

    parts = urlsplit(database)
    if not parts.password and not any(name.lower() in _PASSWORDS for name, _ in parse_qsl(parts.query)):
        return
    from pettycash_tui.services.errors import InvalidInput

    raise InvalidInput.of(
        database="holds a password, which every user of this host can read while the command runs: leave it out and "
        f"keep it with `pettycash secret set database_password`, or give the address in {DATABASE_VARIABLE}"
    )


def directory(text: str | None) -> Path | None:
    """The path of `--home`, whose `~` the shell leaves alone in `--home=~/x`. Raises InvalidInput."""
    if text is None:
        return None
    try:
        if text:
            return Path(text).expanduser()
    except RuntimeError:
        pass
    from pettycash_tui.services.errors import InvalidInput

    raise InvalidInput.of(home="must be a directory, such as ~/pettycash")
