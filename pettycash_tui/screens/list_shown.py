"""The frame of a window with a list of payments: the list with as many lines as there are, what it comes to, the code.

At 80 by 24 all must be seen that one confirms by: the list takes what the rest leaves, and scrolls.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import ClassVar
from uuid import UUID

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding
from pettycash_tui.screens.asking_code import AsksCode
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.listed import Drawn, Listed, draw_list, draw_total
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.widgets.background import WindowMark
from pettycash_tui.widgets.long_text import LongText
from pettycash_tui.widgets.plain import Field, FieldError, PlainText

_FRAME = 6
"""Lines of the window beside the list and what is asked: its border, title, keys, and the empty lines between."""

_WIDTH = 72
"""Cells of a line in it."""

_LABEL = 18
"""Cells before what is said under a field."""

_LEAST = 3
"""Lines of the list that are always in view."""


class ListShown(AsksCode[BundleSent], ModalScreen[None]):
    """A list, its total, the state of a code, fields, and the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.help"),
        binding("form.next"),
        binding("form.previous"),
        binding("pay.copy"),
        binding("pay.page_down"),
        binding("pay.page_up"),
    ]
    DEFAULT_CSS = """
    ListShown { align: center middle; }
    ListShown > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ListShown .title { text-style: bold; color: $primary; margin-bottom: 1; }
    ListShown PlainText { height: auto; }
    ListShown FieldError { margin-left: 0; }
    ListShown #total, ListShown #code-state { margin-top: 1; }
    ListShown .foot { color: $text-muted; margin-top: 1; }
    """
    help_title = ""
    help_text = ""

    def __init__(self) -> None:
        super().__init__()
        self.listed: Listed | None = None
        self.is_over = False
        """Whether one can only read and close it."""
        self.room = 0
        """Lines of the list that are in view."""

    def fields(self) -> Iterable[Field]:
        """What is asked beside the code."""
        return ()

    def draw(self, listed: Listed) -> Drawn:
        """The list as it is shown."""
        return draw_list(listed, self.context)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self.help_title, classes="title")
            yield LongText(id="list")
            yield PlainText(id="total")
            yield PlainText(id="code-state")
            yield from self.fields()
            yield Field("otp", "Code", CodeInput())
            yield FieldError(id="said")
            yield WindowMark()
            yield PlainText(id="foot", classes="foot")

    def on_resize(self, event: events.Resize) -> None:
        self.make_room()

    def make_room(self) -> None:
        """Give the list the lines that the rest of the window leaves."""
        width, others = _WIDTH, _FRAME
        for part in (self.query_one("#total", PlainText), self.query_one("#code-state", PlainText)):
            others += 1 + _lines_of(part.text, width) if part.display and part.text else 0
        for field in self.query(Field):
            others += 1 + _lines_of(field.error, width - _LABEL) if field.display else 0
        others += _lines_of(self.query_one("#said", FieldError).text, width)
        most = max(_LEAST, self.app.size.height - others)
        if most != self.room:
            self.room = most
            self.shown.give_room(most)

    @property
    def shown(self) -> LongText:
        """The list, or what came of it."""
        return self.query_one("#list", LongText)

    @property
    def inputs(self) -> list[Input]:
        """The lines that one can type in now."""
        controls = [field.control_widget for field in self.query(Field) if field.display]
        return [control for control in controls if isinstance(control, Input)]

    def focus_first(self) -> None:
        """Go to the first line that one can type in."""
        inputs = self.inputs
        self.set_focus(inputs[0] if inputs else None)

    # -- the list ------------------------------------------------------------------------------------------------------

    def show_list(self, at: UUID | None = None) -> None:
        """Draw the list, with one of its payments in view."""
        if self.listed is None:
            return
        drawn = self.draw(self.listed)
        self.shown.show(drawn.lines)
        total = draw_total(self.listed, self.context)
        self.query_one("#total", PlainText).update(total)
        self.query_one("#total").display = bool(total.plain)
        if at is not None and at in drawn.places:
            self.call_after_refresh(self.shown.show_line, drawn.places[at])

    def action_rows_down(self) -> None:
        """Show more of the list."""
        self.shown.page(1)

    def action_rows_up(self) -> None:
        """Show what stands before."""
        self.shown.page(-1)

    def action_copy(self) -> None:
        """Show all of it as plain text, and copy it."""
        title = self.query_one(".title", PlainText).text
        text = self.shown.text
        total = self.query_one("#total", PlainText)
        if total.display:
            text = f"{text}\n\n{total.text}"
        self.app.push_screen(TextWindow(title, text, to_copy=True, wrap=False))

    def say(self, message: str) -> None:
        if self.is_attached:
            self.query_one("#said", FieldError).show_message(message)
            self.make_room()


def _lines_of(text: str, width: int) -> int:
    return sum(max(1, ceil(cell_len(line) / width)) for line in text.split("\n")) if text else 0
