"""How the desk looks in its other themes, and without colour."""

from __future__ import annotations

import pytest
from picturing import Look, business, look, pictured_desk

__all__ = ["business", "look", "pictured_desk"]


@pytest.mark.parametrize("theme", ["light", "ansi", "colour-blind"])
def test_theme(look: Look, theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_THEME", theme)
    assert look("branch_manager", "approvals")


def test_without_colour(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert look("branch_manager", "approvals")
