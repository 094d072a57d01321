"""The desk: what waits for the person with one key to each, the alerts, the funds, and what just happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.reactive import Reactive
from textual.widget import Widget

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.home_copy import EXPORTS, entry_as_text, pane_as_text
from pettycash_tui.screens.home_entries import (
    PLACES,
    AlertRow,
    FundRow,
    HappeningRow,
    Said,
    WaitingRow,
    alert_entries,
    fund_entries,
    happening_entries,
    titled,
    waiting_entries,
)
from pettycash_tui.screens.home_layout import Need, shares
from pettycash_tui.screens.home_text import draw, fund_columns
from pettycash_tui.screens.showing import go_and_show, open_replenishment
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import alerts, overview
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.overview import Overview
from pettycash_tui.services.waiting import More, Task, WaitingLine
from pettycash_tui.widgets.gauge import LEGEND
from pettycash_tui.widgets.pane_list import Entry, PaneList

WIDE = 160
"""Columns from which on the panes stand in two columns; each of them is as wide as a narrow window."""

REREAD_SECONDS = 60
"""How often it is read again though nobody has acted: ages grow, and approvals become overdue by themselves."""

_BARS = 2
"""Lines of the window that are no pane: the status bar and the keys."""


class DeskHomeScreen(DeskScreen):
    """Four panes over one reading of the books."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("desk"), binding("list.refresh")]
    DEFAULT_CSS = """
    DeskHomeScreen #desk { height: 1fr; }
    DeskHomeScreen Vertical { height: auto; width: 1fr; }
    DeskHomeScreen PaneList { scrollbar-gutter: stable; }
    DeskHomeScreen.-wide #desk { layout: horizontal; }
    DeskHomeScreen.-wide Vertical { height: 100%; }
    DeskHomeScreen.-wide #left { margin-right: 1; }
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The panes draw their own focus: Textual's own would send the whole window at each step from pane to pane."""

    place: ClassVar[str] = "desk"
    help_title = "Desk"

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._found: Overview | None = None
        self.help_text = (
            "What waits for you now, the most pressing first: the letter before a line opens it, or"
            f" {key('list.open')} under the cursor. Below it the alerts, the funds and what just happened; tab and the"
            " arrows move between them.\n"
            f"A fund's bar: {LEGEND}. The small bars are what was paid out on each of the last 30 days, with the"
            f" average of a day and when it reaches the reorder level. {key('desk.acknowledge')} marks an alert as seen"
            " by you; the same key takes it back."
        )

    # -- parts ---------------------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        with Container(id="desk"):
            with Vertical(id="left"):
                yield PaneList("Waits for you", draw, id="waiting")
                yield PaneList("Alerts", draw, id="alerts")
            with Vertical(id="right"):
                yield PaneList("Funds", draw, columns=self._fund_columns, id="funds")
                yield PaneList("What just happened", draw, id="happenings")

    @property
    def panes(self) -> tuple[PaneList, ...]:
        """The panes, in the order in which one goes through them."""
        return tuple(self._pane(name) for name in ("waiting", "alerts", "funds", "happenings"))

    def _pane(self, name: str) -> PaneList:
        return self.query_one(f"#{name}", PaneList)

    def on_mount(self) -> None:
        for pane in self.panes:
            pane.can_focus = False
            pane.show([Entry("loading", Said("loading…"), still=True)])
        self._share_height()
        self.reload()
        self.set_interval(REREAD_SECONDS, self._reread)

    def _reread(self) -> None:
        if self.is_current:
            self.reload()

    def on_resize(self, event: events.Resize) -> None:
        """Share the window out anew."""
        self._share_height()

    def _share_height(self) -> None:
        width, height = self.app.size
        room = max(4, height - _BARS)
        if width < WIDE:
            self._give(self.panes, width, room)
        else:
            for column in ("#left", "#right"):
                self._give(tuple(self.query_one(column).query(PaneList)), (width - 1) // 2, room)

    def _give(self, panes: tuple[PaneList, ...], width: int, room: int) -> None:
        needs = [Need(pane.lines_at(width - 1), _LEAST[pane.id or ""]) for pane in panes]
        for pane, height in zip(panes, shares(needs, room), strict=True):
            pane.styles.height = height

    def _fund_columns(self, width: int) -> str:
        first = next((entry.value for entry in self._pane("funds").entries if isinstance(entry.value, FundRow)), None)
        return fund_columns(first, width)

    # -- reading -------------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the books again; the cursor stays on what it is on."""
        self.ask("overview", overview.overview, then=self._show, failed=self._failed)

    def action_reload(self) -> None:
        """Read everything again."""
        self.reload()

    def _show(self, found: Overview) -> None:
        self._found = found
        waiting, total = self._pane("waiting"), found.waiting.total
        waits = titled(self.context, f"Waits for you ({total})") if total else "Waits for you"
        waiting.show(waiting_entries(self.context, found), title=waits)
        fresh = sum(not alert.is_acknowledged for alert in found.alerts)
        self._pane("alerts").show(alert_entries(self.context, found), title=f"Alerts ({fresh})" if fresh else "Alerts")
        self._pane("funds").show(fund_entries(self.context, found), title=titled(self.context, "Funds"))
        happened = titled(self.context, "What just happened") if found.happenings else "What just happened"
        self._pane("happenings").show(happening_entries(self.context, found), title=happened)
        self._share_height()
        self._keep_focus()
        self.refresh_bindings()

    def _keep_focus(self) -> None:
        """Let the focus be only where there is something to go to, and somewhere as long as there is anything."""
        for pane in self.panes:
            pane.can_focus = pane.cursor_entry is not None
        focused = self.focused
        if not isinstance(focused, PaneList) or not focused.can_focus:
            first = next((pane for pane in self.panes if pane.can_focus), None)
            self.set_focus(first)

    def _failed(self, error: PettyCashError) -> None:
        self.show_error(error)
        if self._found is None:
            said = Said(f"Could not be read: {error.message} {key('list.refresh')} tries again.", "bad")
            self._pane("waiting").show([Entry("failed", said, still=True)])
            self._share_height()

    # -- going ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key for each line that there is; acknowledging only on an alert."""
        if action == "take":
            return self._line(parameters[0]) is not None
        if action == "acknowledge":
            return self._alert() is not None
        return super().check_action(action, parameters)

    def action_take(self, line: int) -> None:
        """Open what waits on that line."""
        found = self._line(line)
        if found is not None:
            self._take(found)

    def _line(self, line: object) -> WaitingLine | None:
        lines = self._found.waiting.lines if self._found is not None else ()
        return lines[line - 1] if isinstance(line, int) and 0 < line <= len(lines) else None

    def _take(self, line: WaitingLine) -> None:
        if line.task in (Task.REPLENISH, Task.RECEIVE):
            self.app.call_later(open_replenishment, self.app, line.number)
        else:
            self._go(line.place, line.opens)

    @on(PaneList.Opened)
    def _open(self, message: PaneList.Opened) -> None:
        message.stop()
        value = message.entry.value
        if isinstance(value, WaitingRow):
            self._take(value.line)
        elif isinstance(value, More):
            self._go(value.place, "")
        elif isinstance(value, AlertRow) and value.alert.place:
            self._go(value.alert.place, value.alert.subject)
        elif isinstance(value, AlertRow):
            self.tell(f"See `{value.alert.command}`.")
        elif isinstance(value, FundRow):
            self._go("ledger", value.level.code)
        elif isinstance(value, HappeningRow) and value.happening.place:
            self._go(value.happening.place, value.happening.opens)

    def _go(self, place: str, number: str) -> None:
        if not self.app.check_action("go", (place,)):
            self.tell(f"{PLACES.get(place, place)} is not among your screens: {number}", warning=True)
            return
        self.app.call_later(go_and_show, self.app, place, number)

    @on(PaneList.Left)
    def _next_pane(self, message: PaneList.Left) -> None:
        message.stop()
        panes = [pane for pane in self.panes if pane.can_focus]
        place = panes.index(message.pane) + message.step if message.pane in panes else -1
        if 0 <= place < len(panes):
            panes[place].enter_from(message.step)

    # -- acknowledging -------------------------------------------------------------------------------------------------

    def _alert(self) -> AlertRow | None:
        pane = self.focused
        entry = pane.cursor_entry if isinstance(pane, PaneList) and pane.id == "alerts" else None
        return entry.value if entry is not None and isinstance(entry.value, AlertRow) else None

    def action_acknowledge(self) -> None:
        """Note that the person has seen the alert, or take that back."""
        row = self._alert()
        if row is not None:
            change = alerts.take_back if row.alert.is_acknowledged else alerts.acknowledge
            self.act(change, row.alert.key, then=lambda _: self.reload())

    @on(PaneList.Moved)
    @on(events.DescendantFocus)
    def _cursor_moved(self) -> None:
        self.refresh_bindings()

    # -- taking along --------------------------------------------------------------------------------------------------

    def export_request(self) -> ExportRequest | None:
        """All that the focused pane is about."""
        pane = self._focused_pane
        return EXPORTS[pane.id or ""]() if pane is not None else None

    def action_copy_row(self) -> None:
        """Show all that is known of the entry under the cursor as text, and copy it."""
        pane = self._focused_pane
        if pane is not None and pane.cursor_entry is not None:
            title, text = entry_as_text(self.context, pane.cursor_entry)
            self.app.push_screen(TextWindow(title or pane.title, text, to_copy=True))

    def action_copy_page(self) -> None:
        """Show what the focused pane holds as text, and copy it."""
        pane = self._focused_pane
        if pane is not None:
            text = pane_as_text(self.context, pane.entries)
            self.app.push_screen(TextWindow(pane.title, text, to_copy=True, wrap=False))

    @property
    def _focused_pane(self) -> PaneList | None:
        return self.focused if isinstance(self.focused, PaneList) else None


_LEAST = {"waiting": 5, "alerts": 3, "funds": 5, "happenings": 4}
