"""The keyring of the desktop, where there is one that keeps anything."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyring.backend import KeyringBackend

SERVICE = "pettycash"
PATIENCE_SECONDS = 3.0
"""How long a keyring may take to answer before it counts as none: one that asks for a password on a screen that
nobody sees would hang a job for ever."""
FINDING_SECONDS = 15.0
"""How long it may take to find out which keyring there is: a busy host is slow to load what knows that, and a keyring
that was not found in time would look like one that is locked."""


def get(name: str) -> str | None:
    """The secret of that name, or None: none kept, no keyring, locked, raising or too slow."""
    return _ask(lambda backend: backend.get_password(SERVICE, name))


def is_silent(name: str) -> bool:
    """Whether there is a keyring that does not say if it has the secret: locked, raising or too slow.

    What it may hold must then not be made anew.
    """
    return not _asked(lambda backend: backend.get_password(SERVICE, name))


def put(name: str, value: str) -> bool:
    """Hand a secret over; whether the keyring took it. Read it back: some take and do not keep."""

    def act(backend: KeyringBackend) -> str:
        backend.set_password(SERVICE, name, value)
        return "done"

    return _ask(act) is not None


def state() -> tuple[str, str]:
    """The name of the keyring, and what it is like: `none`, `keeps`, `locked`, `silent`, or the class of its error."""
    found = ["", "silent"]

    def ask(is_found: Event) -> None:
        try:
            import keyring
            from keyring.errors import KeyringLocked

            backend = keyring.get_keyring()
            is_found.set()
            module = type(backend).__module__.removeprefix("keyring.backends.")
            found[0] = f"{module}.{type(backend).__qualname__}"
            if not _keeps(backend):
                found[1] = "none"
                return
            try:
                backend.get_password(SERVICE, "server_key")
                found[1] = "keeps"
            except KeyringLocked:
                found[1] = "locked"
        except Exception as error:
            # A half-installed plugin may raise anything; for who looks that is an answer.
            found[1] = type(error).__name__

    _patiently(ask)
    return found[0], found[1]


def _patiently(ask: Callable[[Event], None]) -> None:
    """Ask in a thread, which sets its event as soon as it knows whom, and wait no longer than a person would."""
    is_found = Event()

    def asked() -> None:
        try:
            ask(is_found)
        finally:
            is_found.set()

    asking = Thread(target=asked, name="keyring", daemon=True)
    asking.start()
    if is_found.wait(FINDING_SECONDS):
        asking.join(PATIENCE_SECONDS)


def _ask(act: Callable[[KeyringBackend], str | None]) -> str | None:
    """What the keyring says; None when there is none, it is locked, it raises, or it takes too long."""
    answers = _asked(act)
    return answers[0] if answers else None


def _asked(act: Callable[[KeyringBackend], str | None]) -> list[str | None]:
    """The keyring's answer, which is None where there is no keyring; empty when one is there and gave none."""
    answers: list[str | None] = []

    def ask(is_found: Event) -> None:
        # A backend may raise anything: D-Bus errors, KeyringLocked, ImportError of a half-installed plugin.
        try:
            import keyring

            backend = keyring.get_keyring()
            is_one = _keeps(backend)
        except Exception:
            is_one = False
        is_found.set()
        if is_one:
            with suppress(Exception):
                answers.append(act(backend))
        else:
            answers.append(None)

    _patiently(ask)
    # One that answers too late has not answered.
    return list(answers)


def _keeps(backend: KeyringBackend) -> bool:
    """Whether a backend keeps anything: not the fail and null ones, nor a chain of nothing else."""
    from keyring.backends import chainer, fail, null

    if isinstance(backend, fail.Keyring | null.Keyring):
        return False
    if isinstance(backend, chainer.ChainerBackend):
        return any(_keeps(one) for one in backend.backends)
    return True
