"""Every screen test sees the same terminal, whatever the tests are started from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pettycash_tui.actions import use_keymap
from pettycash_tui.screens import list_and_detail


@pytest.fixture(autouse=True)
def terminal_of_today(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal with all colours, and the keys as they come."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("NO_COLOR", "PETTYCASH_THEME"):
        monkeypatch.delenv(name, raising=False)
    # Tests press keys faster than any person; the one about rows that are passed by takes the time it needs.
    monkeypatch.setattr(list_and_detail, "PASSING", 0)
    yield
    use_keymap({})
