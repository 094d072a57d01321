"""Who works here where sshd has started the program for one key: known once for the whole process.

Under the forced command everybody shares one user of the system, so that the person is whose the key is, and nothing
else may say otherwise: no kept session, no `--as`, no password, no variable of the environment. Source: architecture,
trust boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.services.errors import NotAllowed

CLIENT = "ssh"


@dataclass(frozen=True, slots=True)
class Served:
    """The person of the key, their session's token, and the home whose exports are theirs."""

    username: str
    token: str
    source: str
    home: Path

    def __repr__(self) -> str:
        return f"Served(username={self.username!r}, source={self.source!r})"


_here: list[Served] = []


def begin(served: Served) -> None:
    """From now on this process works for that person alone."""
    _here[:] = [served]


def end() -> None:
    """The person has left."""
    _here.clear()


def current() -> Served | None:
    """Whom this process works for; None where nobody was forced on it."""
    return _here[0] if _here else None


def command(words: str) -> str:
    """How the person runs a command of this program, for a sentence that tells them to."""
    return f"`ssh -t HOST {words}`" if _here else f"`pettycash {words}`"


def sign_in_again() -> str:
    """What somebody does whose session is over."""
    return "Connect again by SSH." if _here else "Sign in again with `pettycash login USER`."


def refuse_others() -> None:
    """Raise NotAllowed where the person is known by their key and so cannot be another."""
    if _here:
        raise NotAllowed(
            f"Here you are {_here[0].username}, by your SSH key. To be somebody else, connect with their key.",
            code="known_by_key",
        )
