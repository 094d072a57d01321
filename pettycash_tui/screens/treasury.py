"""The treasury's month: what is to be reconciled, variances, replenishments and the like, one list at a time."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, NamedTuple

from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import FilterBar
from pettycash_tui.screens.treasury_keys import TreasuryKeys, is_key, method_of
from pettycash_tui.screens.treasury_views.catalogue import views_for
from pettycash_tui.screens.treasury_views.view import TreasuryView
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.totals import Total
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.paging import RowSource


class Whole(NamedTuple):
    """The whole of a row, and the view that can draw it: another may be shown by the time it was read."""

    view: TreasuryView[Any, Any]
    detail: Any


class TreasuryScreen(TreasuryKeys):
    """One of the treasury's lists with the detail of a row; a key shows the next list."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("treasury")]
    place = "treasury"
    help_title = "Treasury"
    filter_hint = "number"

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._views = tuple(view(self) for view in views_for(context.actor))
        self._place = 0
        self._total: Total | None = None

    @property
    def view(self) -> TreasuryView[Any, Any]:
        """The list that is shown."""
        return self._views[self._place]

    @property
    def help_text(self) -> str:  # type: ignore[override]
        """What the screen is for, and the list that it shows."""
        names = ", ".join(view.title for view in self._views)
        return (
            f"{self.view.told}\n{key('treasury.view')} and {key('treasury.view_before')} go through: {names}."
            f" {key('treasury.state')} shows another part of the list."
        )

    # -- the list ------------------------------------------------------------------------------------------------------

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What is said when nothing is listed: whether there is nothing, or nothing matches."""
        if self._search:
            return f"Nothing matches “{self._search}”; {key('app.back')} shows all."
        return self.view.empty

    @property
    def _search(self) -> str:
        return self.filter_text if self.is_mounted else ""

    def source(self) -> RowSource:
        return self.view.source(self._search)

    def export_request(self) -> ExportRequest | None:
        """All that the list shows."""
        return self.view.export_request(self._search)

    def read_detail(self, value: Any) -> Whole:
        view = next(view for view in self._views if isinstance(value, view.row_type))
        return Whole(view, view.read_detail(value))

    def draw_detail(self, detail: Whole) -> Content:
        return detail.view.draw_detail(detail.detail)

    def on_mount(self) -> None:
        self._name_list()
        self._weigh()

    def action_next_view(self) -> None:
        """Show the next list."""
        self._go_to(self._place + 1)

    def action_previous_view(self) -> None:
        """Show the list before."""
        self._go_to(self._place - 1)

    def action_next_state(self) -> None:
        """Show another part of the list."""
        self._go_to(self._place, self.view.place + 1)

    def _go_to(self, place: int, part: int | None = None) -> None:
        """Show a list, or another part of it. What was typed to narrow another list is forgotten."""
        place %= len(self._views)
        if place != self._place:
            self._place = place
            bar = self.query_one(FilterBar)
            with self.prevent(FilterBar.Changed):
                bar.value = ""
            bar.remove_class("-open")
            hint = self.view.filter_hint
            bar.placeholder = f"{hint} · {key('form.enter')} keeps it, {key('app.back')} shows all"
            if bar.has_focus:
                self.table.focus()
        if part is not None:
            self.view.place = part % len(self.view.kinds)
        self._total = None
        self._name_list()
        self.show_list()
        self._weigh()
        self.refresh_bindings()

    # -- the title -----------------------------------------------------------------------------------------------------

    def filter_changed(self, text: str) -> None:
        super().filter_changed(text)
        self._weigh()

    def reload(self) -> None:
        super().reload()
        self._weigh()

    def books_changed(self) -> None:
        super().books_changed()
        self._weigh()

    def _weigh(self) -> None:
        """Read how many are listed and what they come to."""

        def weighed(total: Total | None) -> None:
            self._total = total
            self._name_list()

        self.ask("total", _weighed, self.view, self._search, then=weighed, failed=_unknown)

    def _name_list(self) -> None:
        found = ""
        if self._total is not None:
            amounts = " + ".join(self.context.money_with_currency(amount) for amount in self._total.amounts)
            found = f" {self._total.count}{f', {amounts}' if amounts else ''}"
        at = f" {self._place + 1}/{len(self._views)}" if len(self._views) > 1 else ""
        self.show_title(f"{self.help_title}{at}: {self.view.kind.name}{found}")

    # -- going to one --------------------------------------------------------------------------------------------------

    def show_object(self, number: str) -> None:
        """Put the cursor on what has that number, in its list; or show the list of that name."""
        for place, view in enumerate(self._views):
            if number == view.name:
                self._go_to(place, 0)
                return
            if view.prefix and number.startswith(view.prefix):
                self.seek(view.seek, number, then=partial(self._found, place, number))
                return
        self.tell(f"{number} is not among the lists that you are offered here.", warning=True)

    def _found(self, place: int, number: str, found: tuple[Any, int]) -> None:
        row, part = found
        view = self._views[place]
        if place == self._place and (view.place == part or view.kind.given is None):
            self.go_to_row(row, number)
            return
        self._go_to(place, part)
        self._wanted = (row, number)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the keys of the list that is shown, for those who may use them on the row under the cursor."""
        if not super().check_action(action, parameters):
            return False
        if action in ("next_view", "previous_view"):
            return len(self._views) > 1
        view = self.view
        if action == "next_state":
            return len(view.kinds) > 1
        if not is_key(action):
            return True
        if method_of(view, action) is None or not any(self.context.actor.may(right) for right in view.acts[action]):
            return False
        if action in view.without_row:
            return True
        row = self.value
        if not isinstance(row, view.row_type):
            return False
        # A row that is gone keeps its keys: each says what became of it.
        return self.is_gone or view.offers(action, row, self._detail_for(view))

    def _detail_for(self, view: TreasuryView[Any, Any]) -> Any:
        whole: Whole | None = self.detail
        return whole.detail if whole is not None and whole.view is view else None

    def start(self, act: str) -> None:
        """Let the list that is shown answer a key."""
        method = method_of(self.view, act)
        if method is not None:
            method()

    def open_row(self) -> None:
        """Open what is under the cursor, or go to its detail."""
        if not self.view.open_row():
            super().open_row()


def _weighed(reading: Reading, view: TreasuryView[Any, Any], search: str) -> Total | None:
    return view.weigh(reading, search)


def _unknown(error: object) -> None:
    """The title says nothing of a total that could not be read; the list itself tells why."""
