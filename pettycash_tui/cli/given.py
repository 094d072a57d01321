"""What was given before the noun, on the command line or in the environment. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATABASE_VARIABLE = "PETTYCASH_DATABASE_URL"
HOME_VARIABLE = "PETTYCASH_HOME"


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
