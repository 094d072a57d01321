"""Keyrings of every kind a host may have: one that keeps, and all those that do not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked

from pettycash_tui.services import keyrings


class Remembering(KeyringBackend):
    """A keyring that keeps what it is given."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept under that name."""
        self.asked += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.kept[service, username] = password


class Forgetting(Remembering):
    """A keyring that takes a secret and does not keep it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Forget it."""


class Locked(Remembering):
    """A keyring that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:
        """Nothing."""
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing."""
        raise KeyringLocked("locked")


class Hanging(Remembering):
    """A keyring that asks for a password on a screen that nobody sees, and waits."""

    def __init__(self) -> None:
        super().__init__()
        self.released = Event()

    def get_password(self, service: str, username: str) -> str | None:
        """Too late."""
        self.released.wait(30)
        return "too late"

    def set_password(self, service: str, username: str, password: str) -> None:
        """Too late."""
        self.released.wait(30)


class HangingOnWriting(Hanging):
    """The same, that reads without asking."""

    get_password = Remembering.get_password


class Chain(chainer.ChainerBackend):
    """A chain of what a test puts into it."""

    priority = 1
    backends: list[KeyringBackend] = []  # noqa: RUF012


def chain_of(*backends: KeyringBackend) -> Chain:
    """A chain of these."""
    made = Chain()  # type: ignore[no-untyped-call]
    made.__dict__["backends"] = list(backends)
    return made


FAIL: KeyringBackend = fail.Keyring()  # type: ignore[no-untyped-call]
NULL: KeyringBackend = null.Keyring()  # type: ignore[no-untyped-call]


def use(monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend) -> None:
    """This is the host's keyring."""
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def _raising(error: Exception) -> Callable[[pytest.MonkeyPatch], None]:
    def set_up(monkeypatch: pytest.MonkeyPatch) -> None:
        def get_keyring() -> KeyringBackend:
            raise error

        monkeypatch.setattr(keyring, "get_keyring", get_keyring)

    return set_up


def _using(make: Callable[[], KeyringBackend]) -> Callable[[pytest.MonkeyPatch], None]:
    def set_up(monkeypatch: pytest.MonkeyPatch) -> None:
        use(monkeypatch, make())
        # None of them answers at all, or at once.
        monkeypatch.setattr(keyrings, "PATIENCE_SECONDS", 0.1)

    return set_up


USELESS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "fail": _using(lambda: FAIL),
    "null": _using(lambda: NULL),
    "locked": _using(Locked),
    "empty chain": _using(chain_of),
    "chain of nothing": _using(lambda: chain_of(NULL, FAIL)),
    "chain of locked ones": _using(lambda: chain_of(NULL, Locked())),
    "forgetting": _using(Forgetting),
    "hanging": _using(Hanging),
    "hanging on writing": _using(HangingOnWriting),
    "absent": lambda monkeypatch: monkeypatch.setitem(sys.modules, "keyring", None),
    "half installed": _raising(ImportError("no backend is installed")),
    "failing": _raising(InitError("no D-Bus")),
}
"""Keyrings that keep nothing, by what is the matter with each: how a test makes it the host's."""
