"""A few fields about something, asked before it is done.

A prompt stays open until the books have answered, so that nothing that was typed is lost with a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.long_work import LOOK_EVERY, LongWork
from pettycash_tui.screens.prompts import NO_UNDO
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.plain import Field, PlainText, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

Typed = Mapping[str, str]
"""What was typed, by the name of the field."""

Send = Callable[[Typed], bool]
"""Begins what was asked for with what was typed; False when something is being done to it already."""


class Asked(NamedTuple):
    """A field: its name in the services' errors, its label, how long it may be, and whether it may stay empty."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    length: int = 200
    required: bool = True


class FormPrompt(ModalScreen[None]):
    """Fields about something. Whoever opened it sends what was typed, and closes it or says what was refused.

    `compare` says below the fields what the figures that stand in them would mean.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        binding("form.submit"),
        binding("form.next"),
        binding("form.previous"),
    ]
    DEFAULT_CSS = """
    FormPrompt { align: center middle; }
    FormPrompt > Vertical {
        width: 70; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    FormPrompt .title { text-style: bold; color: $primary; margin-bottom: 1; }
    FormPrompt .lines { height: auto; margin-bottom: 1; }
    FormPrompt #differs { height: auto; margin-left: 16; color: $warning; }
    FormPrompt .no-undo { height: auto; color: $warning; text-style: bold; margin-top: 1; }
    FormPrompt #meanwhile { display: none; height: auto; color: $warning; text-style: bold; }
    FormPrompt .foot { color: $text-muted; margin-top: 1; }
    """

    help_title: str = ""
    help_text: str = ""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        asks: Sequence[Asked],
        send: Send,
        *,
        enter_does: str,
        undo: str = NO_UNDO,
        help_text: str = "",
        compare: Callable[[Typed], str] | None = None,
    ) -> None:
        super().__init__()
        self.help_title = title
        self.help_text = help_text or self.help_text
        self._lines = tuple(lines)
        self._asks = tuple(asks)
        self._send = send
        self._enter_does = enter_does
        self._undo = undo
        self._compare_with = compare
        self._is_over = False
        self._work: LongWork | None = None
        self._step = ""
        self._watch: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self.help_title, classes="title")
            yield PlainText("\n".join(self._lines), classes="lines")
            yield from self.fields()
            if self._compare_with is not None:
                yield PlainText(id="differs")
            if self._undo:
                yield PlainText(self._undo, classes="no-undo")
            yield PlainText(id="meanwhile")
            yield PlainText(id="foot", classes="foot")

    def fields(self) -> Iterable[Field]:
        """What is asked."""
        for asked in self._asks:
            line = SafeInput(value=asked.value, max_length=asked.length, placeholder=asked.hint)
            yield Field(asked.name, asked.label, line)

    def on_mount(self) -> None:
        self.query(Input).first().focus()
        self._say(f"{key('form.enter')} {self._enter_does}")

    @property
    def typed(self) -> dict[str, str]:
        """What the fields hold."""
        return {field.field_name: str(field.value or "").strip() for field in self.query(Field)}

    # -- sending -------------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self) -> None:
        if self._compare_with is not None:
            self.query_one("#differs", PlainText).show(self._compare_with(self.typed))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Send what was typed."""
        if self._is_over:
            self.action_back()
            return
        typed = self.typed
        needed = {asked.name for asked in self._asks if asked.required}
        missing = next((f for f in self.query(Field) if f.field_name in needed and not typed[f.field_name]), None)
        if missing is not None:
            # Also where the database would be slow to say so.
            missing.show_error(f"{missing.label} is missing.")
        elif self._send(typed):
            self._say("it is being recorded")
        else:
            self._say("something is being recorded already; wait for its result")

    def watch_work(self, work: LongWork, step: str) -> None:
        """Say how far it is, while it is being recorded; esc stops it after the `step` under way."""
        self._work = work
        self._step = step
        self._watch = self.set_interval(LOOK_EVERY, self._look)
        self._look()

    def _look(self) -> None:
        if self._work is None:
            return
        told = self.query_one("#meanwhile", PlainText)
        told.display = True
        told.show(self._work.bar)
        if self._work.is_stopping:
            self._say(f"stopping after {self._step}")
        else:
            foot = f"it is being recorded · {key('app.back')} stops it after {self._step}"
            self.query_one("#foot", PlainText).show(foot)

    def _end_watch(self) -> None:
        if self._work is not None and self._watch is not None:
            self._watch.stop()
            self.query_one("#meanwhile", PlainText).display = False
        self._work = None

    def refuse(self, error: PettyCashError) -> None:
        """Say beside the field what was expected; what was typed stays."""
        self._end_watch()
        if not show_field_errors(self, error):
            self.query(Field).first().show_error(error.message)
        if not self._is_over:
            self._say(f"{key('form.enter')} {self._enter_does}")

    def finish(self) -> None:
        """Close, as it is done; under the help or a locked desk as soon as one comes back."""
        self._is_over = True
        self._end_watch()
        self._say("it is recorded")
        close(self)

    def end(self, sentence: str) -> None:
        """Somebody else was faster: one can only close it."""
        self._is_over = True
        meanwhile = self.query_one("#meanwhile", PlainText)
        meanwhile.show(f"! {sentence}")
        meanwhile.display = True
        for line in self.query(".no-undo"):
            line.display = False
        self._say("nothing was recorded from here")

    def action_back(self) -> None:
        """Stop what takes long; else leave at once, and what was begun goes on."""
        if self._work is not None and not self._work.is_stopping:
            self._work.stop()
            self._look()
        else:
            self.dismiss(None)

    def _say(self, words: str) -> None:
        self.query_one("#foot", PlainText).show(f"{words} · {key('app.back')} leaves")
