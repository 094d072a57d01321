"""The session of the command line: its token in `<home>/session`, readable by its owner alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.services.errors import NotSignedIn, Refused
from pettycash_tui.services.owner_only import read_owner_only, write_owner_only

NAME = "session"


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A token and the address (without password) of the database that knows it."""

    token: str
    database: str

    def __repr__(self) -> str:
        return f"KeptSession(database={self.database!r})"


def read(home: Path) -> KeptSession | None:
    """The session of this home, or None. Raises NotSignedIn when the file is not ours alone, or damaged."""
    path = home / NAME
    try:
        content = json.loads(read_owner_only(path))
        return KeptSession(token=str(content["token"]), database=str(content["database"]))
    except FileNotFoundError:
        return None
    except Refused as error:
        raise NotSignedIn(f"{error.message} Or sign in again with `pettycash login USER`.") from error
    except (ValueError, KeyError, TypeError):
        raise NotSignedIn(f"The file {path} is damaged. Sign in again with `pettycash login USER`.") from None


def write(home: Path, session: KeptSession) -> None:
    """Keep a session, in place of the one before."""
    write_owner_only(home / NAME, json.dumps({"token": session.token, "database": session.database}) + "\n")


def remove(home: Path) -> None:
    """Forget the session, if there is one."""
    (home / NAME).unlink(missing_ok=True)
