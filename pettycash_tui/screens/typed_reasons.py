"""Reasons that were typed and could not be sent: they stand in the prompt when one tries again."""

from __future__ import annotations

from collections.abc import Callable, Hashable


class TypedReasons:
    """What was typed about each act, until it has succeeded. An act is named by its verb and its row."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, str] = {}

    def of(self, about: Hashable) -> str:
        """What was typed before; nothing where it was sent, or never typed."""
        return self._kept.get(about, "")

    def keeping(self, about: Hashable, act: Callable[[str], object]) -> Callable[[str | None], None]:
        """What a prompt calls with its answer: the text is kept, and then the act begun with it."""

        def answered(text: str | None) -> None:
            if text is not None:
                self._kept[about] = text
                act(text)

        return answered

    def sent(self, about: Hashable) -> None:
        """It has arrived: forget it."""
        self._kept.pop(about, None)
