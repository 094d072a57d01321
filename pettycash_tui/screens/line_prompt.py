"""Asks for one line, such as a period or an amount; what is wrong with it stands beside the field."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.widgets.background import WindowMark
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.plain import Field, PlainText, show_field_errors

T = TypeVar("T")


class LinePrompt(ModalScreen[Any], Generic[T]):
    """One field; enter takes it, esc leaves things as they were. A prompt of this kind says how it is `understood`."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help"), binding("form.submit")]
    DEFAULT_CSS = """
    LinePrompt { align: center middle; }
    LinePrompt > Vertical {
        width: 68; max-width: 100%; height: auto; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    LinePrompt .title { text-style: bold; color: $primary; margin-bottom: 1; }
    LinePrompt .foot { color: $text-muted; margin-top: 1; }
    """

    title_text: ClassVar[str] = ""
    field: ClassVar[str] = ""
    label: ClassVar[str] = ""
    example: ClassVar[str] = ""
    foot: ClassVar[str] = ""
    entered: ClassVar[str] = ""
    """What becomes of the line that is entered, where that is worth saying: `shows it`."""

    def __init__(self, value: str = "") -> None:
        super().__init__()
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self.title_text, classes="title")
            yield Field(self.field, self.label, LineInput(self._value, placeholder=self.example, max_length=120))
            yield WindowMark()
            taking = [f"{key('form.enter')} {self.entered}"] if self.entered else []
            yield PlainText(" · ".join([self.foot, *taking, f"{key('app.back')} leaves"]), classes="foot")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def understood(self, typed: str) -> T:
        """What was typed, as a value. Raises InvalidInput for the field."""
        raise NotImplementedError

    def take(self, value: T) -> None:
        """The line was understood."""
        self.dismiss(value)

    def refuse(self, error: PettyCashError) -> None:
        """Say beside the field what was expected."""
        show_field_errors(self, error)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Take the line."""
        try:
            value = self.understood(self.query_one(Input).value)
        except InvalidInput as error:
            self.refuse(error)
            return
        self.take(value)

    def action_back(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
