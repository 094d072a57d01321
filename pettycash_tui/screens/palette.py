"""Find anything: what can be done here, the screens, the themes, and any object by its number, a payee or an amount.

Textual's own palette is not used: over a slow line its enter key may take what the list held before the last letter,
and it reads titles as markup. Here enter takes what is marked, and waits where the database has not yet answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.palette_lines import Line, Rank, actions_on, object_line, theme_lines
from pettycash_tui.screens.palette_objects import Target
from pettycash_tui.services import finding
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.finding import Found
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.background import Background, WindowMark
from pettycash_tui.widgets.cells import GAP, fit
from pettycash_tui.widgets.plain import MUTED, PlainText, plain
from pettycash_tui.widgets.safe_input import SafeInput

DELAY = 0.12
"""Seconds without a key before the database is asked."""

_PAGE = 10
"""Lines that the keys of a page move by."""

_KIND, _RIGHT, _STATUS = 13, 16, 22
"""Cells of each; what stands on the right takes more where an amount needs it."""
_WIDE = 90


def open_palette(
    app: App[Any], context: DeskContext | None, *, themes: bool = True, wear: Callable[[str], object]
) -> None:
    """Open the palette over the current screen. `wear` puts on a theme of `THEME_NAMES`."""
    lines = [*actions_on(app, app.screen), *(theme_lines(app, wear) if themes else ())]

    def chosen(line: Line | None) -> None:
        if line is not None:
            app.call_later(line.run)

    app.push_screen(Palette(lines, context, partial(object_line, app)), chosen)


class Palette(Background, ModalScreen[Line | None]):
    """A line to type in, and below it what answers; enter takes the marked line, esc none."""

    help_title = "Find"
    help_text = (
        "Type a part of what you look for: an action, a screen, a theme, the number of a document, a payee or an"
        " amount. The best answer is marked; every action stands with its key."
    )
    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help"), *bindings_for("choice")]
    DEFAULT_CSS = """
    Palette { align: center top; }
    Palette > Vertical {
        width: 90%; min-width: 78; max-width: 130; height: auto; max-height: 100%; margin-top: 1; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    Palette SafeInput { margin-bottom: 1; }
    Palette OptionList {
        border: none; padding: 0; background: $surface;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    Palette OptionList > .option-list--option-highlighted {
        color: $block-cursor-foreground; background: $block-cursor-background;
    }
    Palette OptionList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
    Palette .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(
        self,
        lines: Sequence[Line],
        context: DeskContext | None,
        line_of: Callable[[DeskContext, Found], tuple[Target, Line] | None],
    ) -> None:
        super().__init__()
        self._known = tuple(lines)
        self._reader = context
        self._line_of = line_of
        self._objects: list[Line] = []
        self._objects_of = ""
        self._shown: list[Line] = []
        self._timer: Timer | None = None
        self._moved = False
        self._enter_waits = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield SafeInput(placeholder="an action, a screen, REQ-12, a payee, an amount", compact=True)
            yield OptionList(markup=False)
            yield WindowMark()
            yield PlainText(classes="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(SafeInput).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Follow the window's width."""
        self.call_after_refresh(self._draw)

    @property
    def lines(self) -> list[str]:
        """What is shown, line by line."""
        return [f"{line.kind}: {line.text}" for line in self._shown]

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_row_down(self) -> None:
        """Go to the next line."""
        self._move(1)

    def action_row_up(self) -> None:
        """Go to the line before."""
        self._move(-1)

    def action_rows_down(self) -> None:
        """Go down by a page."""
        self._move(_PAGE)

    def action_rows_up(self) -> None:
        """Go up by a page."""
        self._move(-_PAGE)

    def _move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if options.option_count and self._shown:
            self._moved = True
            options.highlighted = min(max((options.highlighted or 0) + by, 0), options.option_count - 1)

    def action_back(self) -> None:
        """Choose none."""
        self.dismiss(None)

    @on(SafeInput.Changed)
    def _typed(self, event: SafeInput.Changed) -> None:
        event.stop()
        self._moved = self._enter_waits = False
        self.forget("find")
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DELAY, self._ask) if self._is_searched else None
        self._draw()

    @on(SafeInput.Submitted)
    def _entered(self, event: SafeInput.Submitted) -> None:
        event.stop()
        line = self._marked()
        is_sure = line is not None and (self._moved or not self._words or line.rank(self._words) <= Rank.NAMED)
        if is_sure or not self._is_waiting:
            if line is not None:
                self.dismiss(line)
        else:
            self._enter_waits = True

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._shown:
            self.dismiss(self._shown[event.option_index])

    # -- the database --------------------------------------------------------------------------------------------------

    @property
    def _words(self) -> str:
        return self.query_one(SafeInput).value.strip()

    @property
    def _is_searched(self) -> bool:
        return self._reader is not None and bool(self._words)

    @property
    def _is_waiting(self) -> bool:
        return self._is_searched and self._objects_of != self._words

    def _ask(self) -> None:
        context, words = self._reader, self._words
        if context is not None and words:
            found = partial(self._found, words)
            self.read("find", context.read, finding.find, words, then=found, failed=self._not_found, waits="searching…")

    def _found(self, words: str, found: Iterable[Found]) -> None:
        context = self._reader
        lines: dict[Target, Line] = {}
        for one in found:
            answer = self._line_of(context, one) if context is not None else None
            if answer is not None:
                lines.setdefault(*answer)
        self._objects, self._objects_of = list(lines.values()), words
        self._draw()
        if self._enter_waits and (line := self._marked()) is not None:
            self.dismiss(line)
        self._enter_waits = False

    def _not_found(self, error: PettyCashError) -> None:
        self._objects, self._objects_of, self._enter_waits = [], self._words, False
        self._draw()
        self.query_one(".foot", PlainText).show(f"✖ {error.message}")

    # -- drawing -------------------------------------------------------------------------------------------------------

    def _marked(self) -> Line | None:
        place = self.query_one(OptionList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def _draw(self) -> None:
        words, options, marked = self._words, self.query_one(OptionList), self._marked()
        ranked = [(line.rank(words) if words else Rank.NAMED, line) for line in self._known]
        if self._objects_of == words:
            ranked += [(Rank.OBJECT, line) for line in self._objects]
        self._shown = [line for rank, line in sorted(ranked, key=lambda pair: pair[0]) if rank is not Rank.NOT]
        width = options.scrollable_content_region.width or 70
        options.clear_options()
        if self._shown:
            right = max(_RIGHT, *(cell_len(line.right) + GAP for line in self._shown))
            options.add_options([Option(_drawn(line, width, right)) for line in self._shown])
            stays = self._moved and marked in self._shown
            options.highlighted = self._shown.index(marked) if stays and marked else 0
        else:
            said = "searching…" if self._is_waiting else "Nothing found."
            options.add_option(Option(plain(said, MUTED), disabled=True))
        options.styles.height = min(options.option_count, max(self.size.height - 9, 5))
        choosing, taking = f"{key('choice.up')} {key('choice.down')}", key("form.enter")
        self.query_one(".foot", PlainText).show(f"{choosing} choose · {taking} takes it · {key('app.back')} leaves")


def _drawn(line: Line, width: int, right: int) -> Content:
    has_status = width >= _WIDE
    room = width - _KIND - right - (_STATUS if has_status else 0)
    mark = status_mark(line.status) if line.status else None
    parts = [plain(fit(line.kind, _KIND), MUTED), plain(fit(line.text, room))]
    if has_status:
        parts.append(plain("  " + fit(mark.text if mark else "", _STATUS - 2)))
    parts.append(plain(fit(line.right, right, "right"), "bold"))
    return Content("").join(parts)
