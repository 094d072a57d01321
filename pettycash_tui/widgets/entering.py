"""The line to type in and the button, with an enter key that can be remapped as every other one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Button, Input

from pettycash_tui.actions import binding


class LineInput(Input):
    """Textual's line to type in; its own binding of enter has no public name."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("form.enter")]

    async def action_enter(self) -> None:
        """Hand in what was typed."""
        await self.action_submit()


class AnswerButton(Button):
    """Textual's button, pressed with the key that takes a line."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("form.enter")]

    def action_enter(self) -> None:
        """Press it."""
        self.action_press()
