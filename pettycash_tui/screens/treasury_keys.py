"""The keys of the treasury's screen, each handed on to the list that is shown."""

from __future__ import annotations

from typing import Any

from pettycash_tui.screens.showing_rows import ShowsRow


class TreasuryKeys(ShowsRow):
    """A screen whose view answers to its keys, as far as it has them."""

    def start(self, act: str) -> None:
        """Let the view do what a key asks for."""
        raise NotImplementedError

    def action_ask_for(self) -> None:
        """Ask for money, or for a transfer."""
        self.start("ask_for")


def is_key(name: str) -> bool:
    """Whether the action is one that a view answers."""
    return f"action_{name}" in vars(TreasuryKeys)


def method_of(view: Any, act: str) -> Any:
    """What the view does at that key; None where it does nothing."""
    return getattr(view, act, None) if act in view.acts else None
