"""The questions that are asked before what cannot be undone: yes or no, and a reason.

Both repeat what it is about (number, amount, payee) and say that there is no undo. Esc is always "no".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.widgets.entering import AnswerButton
from pettycash_tui.widgets.plain import FieldError, PlainText, plain
from pettycash_tui.widgets.safe_input import SafeInput

NO_UNDO = "This cannot be undone."

_CSS = """
%s { align: center middle; }
%s > Vertical {
    width: 64; max-width: 100%%; height: auto; max-height: 100%%; padding: 0 1;
    border: round $primary; background: $surface; color: $foreground;
}
%s .title { text-style: bold; color: $primary; margin-bottom: 1; }
%s .lines { height: auto; max-height: 12; margin-bottom: 1; overflow-y: auto; }
%s .no-undo { color: $warning; text-style: bold; margin-bottom: 1; }
%s Horizontal { height: 1; align-horizontal: right; }
%s Button { margin-left: 2; }
"""


def _css(name: str) -> str:
    return _CSS % ((name,) * _CSS.count("%s"))


def _answers(no: str, yes: str, saying_yes: str) -> ComposeResult:
    """The two buttons, each with its key."""
    with Horizontal():
        yield AnswerButton(plain(f"{no} ({key('app.back')})"), id="no", compact=True)
        yield AnswerButton(plain(f"{yes} ({key(saying_yes)})"), id="yes", compact=True, variant="primary")


class ConfirmPrompt(ModalScreen[bool]):
    """Yes or no. The cursor stands on "no": enter alone never does what cannot be undone; `y` and `n` answer too.

    Without `lines` it is opened before what it asks about was read, so that no key is taken by the list below it
    meanwhile; one can only leave it until `fill` says what it is about.
    """

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help"), *bindings_for("prompt")]
    DEFAULT_CSS = _css("ConfirmPrompt")

    def __init__(
        self,
        title: str,
        lines: Sequence[str] | None,
        confirm_label: str,
        *,
        cancel_label: str = "Cancel",
        undo: str = NO_UNDO,
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = None if lines is None else tuple(lines)
        self._confirm_label = confirm_label
        self._cancel_label = cancel_label
        self._undo = undo

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            yield PlainText("reading…" if self._lines is None else "\n".join(self._lines), classes="lines")
            if self._undo:
                yield PlainText(self._undo, classes="no-undo")
            yield from _answers(self._cancel_label, self._confirm_label, "prompt.yes")

    def on_mount(self) -> None:
        self.query_one("#yes").display = self._lines is not None
        self.query_one("#no").focus()

    def fill(self, lines: Sequence[str]) -> None:
        """Say what it is about; from now on it can be answered."""
        self._lines = tuple(lines)
        self.query_one(".lines", PlainText).show("\n".join(lines))
        self.query_one("#yes").display = True

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """Do it, if it is known what."""
        if self._lines is not None:
            self.dismiss(True)

    def action_back(self) -> None:
        """Do not."""
        self.dismiss(False)


class ReasonPrompt(ModalScreen[str | None]):
    """Asks for a reason: the text, or None when it was cancelled. Without `required` an empty one is an answer.

    `text` is what was typed before and could not be sent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help"), binding("form.submit")]
    DEFAULT_CSS = _css("ReasonPrompt") + "ReasonPrompt Input { margin-bottom: 1; border: tall $primary; height: 3; }"

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        required: bool = True,
        *,
        confirm_label: str = "Go on",
        cancel_label: str = "Cancel",
        undo: str = NO_UNDO,
        text: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._required = required
        self._text = text
        self._confirm_label = confirm_label
        self._cancel_label = cancel_label
        self._undo = undo

    def compose(self) -> ComposeResult:
        hint = "the reason" if self._required else "the reason, if you want to give one"
        with Vertical():
            yield PlainText(self._title, classes="title")
            yield PlainText("\n".join(self._lines), classes="lines")
            yield SafeInput(value=self._text, placeholder=hint, id="reason", max_length=2000)
            yield FieldError()
            if self._undo:
                yield PlainText(self._undo, classes="no-undo")
            yield from _answers(self._cancel_label, self._confirm_label, "form.enter")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one(FieldError).show_message("")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "yes":
            self.action_submit()
        else:
            self.dismiss(None)

    def action_submit(self) -> None:
        """Give the answer."""
        reason = self.query_one(Input).value.strip()
        if self._required and not reason:
            self.query_one(FieldError).show_message("A reason is needed; the requester reads it.")
            self.query_one(Input).focus()
            return
        self.dismiss(reason)

    def action_back(self) -> None:
        """Do not."""
        self.dismiss(None)
