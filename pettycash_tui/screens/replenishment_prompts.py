"""What is asked before a replenishment is rejected or its money received.

A prompt stays open until the books have answered, so that nothing that was typed is lost with a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.prompts import NO_UNDO
from pettycash_tui.screens.replenishment_text import amount_and_fund, difference
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.replenishment_views import ReplenishmentView
from pettycash_tui.services.replenishments import REASON_LENGTH, REFERENCE_LENGTH
from pettycash_tui.widgets.plain import Field, PlainText, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

Send = Callable[[Mapping[str, str]], bool]
"""Begins what was asked for with what was typed; False when something is being done to the request already."""


class ReplenishmentPrompt(ModalScreen[None]):
    """Fields about a request. Whoever opened it sends what was typed, and closes it or says what was refused."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        binding("form.submit"),
        binding("form.next"),
        binding("form.previous"),
    ]
    DEFAULT_CSS = """
    ReplenishmentPrompt { align: center middle; }
    ReplenishmentPrompt > Vertical {
        width: 70; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ReplenishmentPrompt .title { text-style: bold; color: $primary; margin-bottom: 1; }
    ReplenishmentPrompt .lines { height: auto; margin-bottom: 1; }
    ReplenishmentPrompt #differs { height: auto; margin-left: 16; color: $warning; }
    ReplenishmentPrompt .no-undo { color: $warning; text-style: bold; margin-top: 1; }
    ReplenishmentPrompt #meanwhile { display: none; height: auto; color: $warning; text-style: bold; }
    ReplenishmentPrompt .foot { color: $text-muted; margin-top: 1; }
    """

    help_title: ClassVar[str] = ""
    help_text: ClassVar[str] = ""
    enter_does: ClassVar[str] = ""

    def __init__(self, asked: ReplenishmentView, context: DeskContext, send: Send) -> None:
        super().__init__()
        self.asked = asked
        self.desk_context = context
        self._send = send
        self._is_over = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(f"{self.help_title} {self.asked.number}", classes="title")
            yield PlainText(amount_and_fund(self.asked, self.desk_context), classes="lines")
            yield from self.fields()
            yield PlainText(NO_UNDO, classes="no-undo")
            yield PlainText(id="meanwhile")
            yield PlainText(id="foot", classes="foot")

    def fields(self) -> Iterable[Field | PlainText]:
        """What is asked."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.query(Input).first().focus()
        self._say(f"{key('form.enter')} {self.enter_does}")

    # -- sending -------------------------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Send what was typed."""
        if self._is_over:
            self.action_back()
            return
        typed = {field.field_name: str(field.value or "").strip() for field in self.query(Field)}
        missing = next((field for field in self.query(Field) if not typed[field.field_name]), None)
        if missing is not None:
            # Also where the database would be slow to say so.
            missing.show_error(f"{missing.label} is missing.")
        elif self._send(typed):
            self._say("it is being recorded")
        else:
            self._say("something is being recorded already; wait for its result")

    def refuse(self, error: PettyCashError) -> None:
        """Say beside the field what was expected; what was typed stays."""
        if not show_field_errors(self, error):
            self.query(Field).first().show_error(error.message)
        if not self._is_over:
            self._say(f"{key('form.enter')} {self.enter_does}")

    def finish(self) -> None:
        """Close, as it is done; under the help or a locked desk as soon as one comes back."""
        self._is_over = True
        self._say("it is recorded")
        close(self)

    def end(self, sentence: str) -> None:
        """Somebody else was faster: one can only close it."""
        self._is_over = True
        meanwhile = self.query_one("#meanwhile", PlainText)
        meanwhile.show(f"! {sentence}")
        meanwhile.display = True
        self.query_one(".no-undo").display = False
        self._say("nothing was recorded from here")

    def action_back(self) -> None:
        """Leave at once; what was begun goes on."""
        self.dismiss(None)

    def _say(self, words: str) -> None:
        self.query_one("#foot", PlainText).show(f"{words} · {key('app.back')} leaves")


class RejectPrompt(ReplenishmentPrompt):
    """Asks why."""

    help_title = "Reject"
    help_text = "The request is over for good, and who made it reads the reason.\nThe fund may then be asked for again."
    enter_does = "rejects it"

    def fields(self) -> Iterable[Field | PlainText]:
        yield Field("reason", "Reason", SafeInput(max_length=REASON_LENGTH, placeholder="who asked for it reads this"))


class ReceivePrompt(ReplenishmentPrompt):
    """Asks under which reference the money came, and how much it was."""

    help_title = "Receive"
    help_text = (
        "The money has come: it is paid into the fund, and payments that waited for it are taken up.\n"
        "Another amount than was asked for may be typed; the request is completed with it all the same."
    )
    enter_does = "pays it into the fund"

    def fields(self) -> Iterable[Field | PlainText]:
        hint = "the transfer's own reference"
        yield Field("reference", "Reference", SafeInput(max_length=REFERENCE_LENGTH, placeholder=hint))
        amount = SafeInput(value=self.asked.requested_amount.grouped(), max_length=40, placeholder="1,250.50 or 1.2k")
        yield Field("amount", f"Amount {self.asked.requested_amount.currency}", amount)
        yield PlainText(id="differs")

    @on(Input.Changed)
    def _compare(self) -> None:
        self.query_one("#differs", PlainText).show(self._difference())

    def _difference(self) -> str:
        typed = self.query_one("#field-amount", Field).value
        try:
            amount = parse_money("amount", typed, self.asked.requested_amount.currency)
        except InvalidInput:
            return ""  # said beside the field when it is sent, not while one types
        differs = difference(self.asked.requested_amount, amount, self.desk_context)
        return f"▲ {differs}; the request is completed with it" if differs else ""
