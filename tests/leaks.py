"""Codes, passwords and keys that a test makes the program handle, looked for where none of them may ever stand.

Watched is what the program itself makes and is given: one-time codes, passwords, authenticator secrets, recovery codes,
the server key and the one that signs checkpoints, tokens of sessions. Looked through are every audit event as it is
written, and at the end of each test its log, its standard output and error, what the test read of these, what commands
over ssh and in a journey gave, and the files `log` and `*.log` below its folder. The outbox may hold codes, and so may
the screen of a demo database: those a journey knows from its outbox alone count as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from pettycash_tui.services import audit, messages, passwords, recovery, secrets, sessions, totp

SHORTEST_PASSWORD = 12
"""Shorter ones are those of demo accounts and what tests type to be refused: words that stand anywhere."""

LARGEST_LOG = 1_000_000


class Watch:
    """What one test has made the program handle, and where it was found."""

    def __init__(self) -> None:
        self.codes: set[str] = set()
        self.shown_codes: set[str] = set()
        """Codes of demo databases, where they are shown on the screen."""
        self.words: set[str] = set()
        self.shown_words: set[str] = set()
        """Secrets of authenticator apps and recovery codes, which are shown once, to be taken over."""
        self.read: list[str] = []
        """What the test took out of its captured output before the end."""
        self.read_errors: list[str] = []
        """The same of standard error, where nothing is shown to be taken over."""
        self.found: list[str] = []

    def look(self, text: str, where: str, *, is_screen: bool = False, is_error: bool = False) -> None:
        """Note every secret that the text holds; on standard error a demo may still show its codes."""
        codes = self.codes if is_screen else self.codes | self.shown_codes
        # A code within a longer number or an id is none: those hold six digits of every kind.
        hits = [code for code in codes if code in text and re.search(rf"(?<![\w.:-]){code}(?![\w-])", text)]
        hits += [
            word
            for word in (self.words if is_screen and not is_error else self.words | self.shown_words)
            if word in text
        ]
        self.found += [f"{hit[:3]}… in {where}" for hit in hits]

    def look_everywhere(self, sections: list[tuple[str, str]], folder: Path | None) -> None:
        """Look through what is left at the end of a test."""
        for title, text in sections:
            self.look(text, title, is_screen="stdout" in title or "stderr" in title, is_error="stderr" in title)
        for text in self.read:
            self.look(text, "its output", is_screen=True)
        for text in self.read_errors:
            self.look(text, "its standard error", is_screen=True, is_error=True)
        if folder is not None:
            # What other processes made, such as those of a journey, is known by what they sent.
            for letter in folder.rglob("outbox/*.eml"):
                self.shown_codes.update(_ALONE.findall(letter.read_text(errors="replace")))
        if folder is not None and (self.codes or self.shown_codes or self.words):
            for path in (*folder.rglob("*.log"), *folder.rglob("log")):
                if path.is_file() and path.stat().st_size < LARGEST_LOG:
                    self.look(path.read_text(errors="replace"), path.name)


def given(out: str, error: str) -> None:
    """Watch what a program of its own gave to the test, as what the test reads of its own output."""
    watch.read.append(out)
    watch.read_errors.append(error)


_ALONE = re.compile(r"(?m)^(\d{6})\r?$")
"""A code in a message stands alone on its line."""

watch = Watch()


def begin() -> None:
    """Forget what the test before has handled."""
    for kept in (
        watch.codes,
        watch.shown_codes,
        watch.words,
        watch.shown_words,
        watch.read,
        watch.read_errors,
        watch.found,
    ):
        kept.clear()


def install() -> None:
    """Watch whatever the program makes and is given from here on."""
    _after(messages, "send_code", lambda desk, _actor, _facts, code, **__: _code(code, is_shown=desk.is_demo))
    _after(passwords, "hash_password", lambda password, *_, demo=False, **__: _password(password))
    _after(passwords, "verify", lambda _hash, password: _password(password))
    _with_result(totp, "enrol", lambda made: watch.shown_words.add(made.secret_base32))
    _with_result(recovery, "replace", lambda made: watch.shown_words.update(made, (c.replace("-", "") for c in made)))
    _with_result(sessions, "begin", lambda made: watch.words.add(made.token))
    _with_result(secrets, "_key_of", lambda key: watch.words.add(key.hex()))
    _with_result(audit, "canonical_text", lambda body: watch.look(body, "an audit event"))
    _with_result(
        pytest.CaptureFixture,
        "readouterr",
        lambda taken: (watch.read.append(str(taken[0])), watch.read_errors.append(str(taken[1]))),
    )


def _code(code: str, *, is_shown: bool) -> None:
    (watch.shown_codes if is_shown else watch.codes).add(code)


def _password(password: str) -> None:
    if len(password) >= SHORTEST_PASSWORD:
        watch.words.add(password)


def _after(place: Any, name: str, note: Callable[..., None]) -> None:
    was = getattr(place, name)

    @wraps(was)
    def watched(*given: Any, **named: Any) -> Any:
        try:
            return was(*given, **named)
        finally:
            note(*given, **named)

    setattr(place, name, watched)


def _with_result(place: Any, name: str, note: Callable[[Any], None]) -> None:
    was = getattr(place, name)

    @wraps(was)
    def watched(*given: Any, **named: Any) -> Any:
        made = was(*given, **named)
        note(made)
        return made

    setattr(place, name, watched)
