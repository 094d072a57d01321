"""One of several: a fund, an officer. What one types narrows the list; enter takes the marked line, esc none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from pettycash_tui.actions import binding, key
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.plain import PlainText, plain

T = TypeVar("T")

_LEAST, _MOST = 64, 80
"""Columns: the window is as wide as its longest line needs, and never wider than a terminal of 80."""

_SIDES = 5
"""Columns of it that are no text: its border, the space beside that, and the scroll bar."""

LONGEST = _MOST - _SIDES
"""Cells of the longest line that is shown whole."""


class ChoicePrompt(ModalScreen[T | None], Generic[T]):
    """Choose one of `choices`, each with the line that names it.

    Without `choices` it is opened before they are read, so that what one types at once narrows them and is no key of
    the list below; `fill` brings them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        binding("choice.down"),
        binding("choice.up"),
    ]
    DEFAULT_CSS = """
    ChoicePrompt { align: center middle; }
    ChoicePrompt > Vertical {
        max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ChoicePrompt .title { text-style: bold; color: $primary; }
    ChoicePrompt .lines { height: auto; }
    ChoicePrompt Input { margin-top: 1; }
    ChoicePrompt OptionList { height: auto; max-height: 12; border: none; padding: 0; background: $surface;
        scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ChoicePrompt OptionList > .option-list--option-highlighted {
        color: $block-cursor-foreground; background: $block-cursor-background;
    }
    ChoicePrompt .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, choices: Sequence[tuple[str, T]] | None, lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._is_filled = choices is not None
        self._choices = tuple(choices or ())
        self._shown = self._choices

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            if self._lines:
                yield PlainText("\n".join(self._lines), classes="lines")
            yield LineInput(placeholder="type to narrow the list", compact=True)
            yield OptionList(markup=False)
            yield PlainText("Nothing matches.", classes="none")
            yield PlainText(f"{key('form.enter')} chooses · {key('app.back')} leaves", classes="foot")

    def on_mount(self) -> None:
        self._make_room()
        self.query_one(OptionList).can_focus = False
        self._narrow("")
        self.query_one(Input).focus()

    def fill(self, choices: Sequence[tuple[str, T]]) -> None:
        """Offer these, narrowed by what was typed meanwhile."""
        self._is_filled = True
        self._choices = tuple(choices)
        self._make_room()
        self._narrow(self.query_one(Input).value)

    def _make_room(self) -> None:
        longest = max((cell_len(line) for line, _ in self._choices), default=0)
        self.query_one(Vertical).styles.width = min(max(_LEAST, longest + _SIDES), _MOST)

    def action_row_down(self) -> None:
        """Go to the next line."""
        self._move(1)

    def action_row_up(self) -> None:
        """Go to the line before."""
        self._move(-1)

    def _move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = min(max((options.highlighted or 0) + by, 0), options.option_count - 1)

    def action_back(self) -> None:
        """Choose none."""
        self.dismiss(None)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take()

    def _take(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and self._shown:
            self.dismiss(self._shown[place][1])

    def _narrow(self, words: str) -> None:
        wanted = words.lower().split()
        self._shown = tuple(choice for choice in self._choices if all(word in choice[0].lower() for word in wanted))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(plain(line)) for line, _ in self._shown])
        options.highlighted = 0 if self._shown else None
        none = self.query_one(".none", PlainText)
        none.show("Nothing matches." if self._is_filled else "reading…")
        none.display = not self._shown
