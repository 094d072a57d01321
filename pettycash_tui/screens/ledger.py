"""The cash book of a fund: paid out, paid in, balance, from the newest entry back to the first."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from pettycash_tui.actions import bindings_for
from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.ledger_source import LedgerSource
from pettycash_tui.screens.ledger_text import describe_filter, draw_entry, draw_fund
from pettycash_tui.screens.list_and_detail import ListOfScreen
from pettycash_tui.screens.period import Period
from pettycash_tui.screens.period_prompt import PeriodPrompt
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import funds, replenishments
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.ledger_views import EntryFilter
from pettycash_tui.services.paging import MAX_LIMIT, Page
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.replenishments import ReplenishmentState
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.plain import PlainText
from pettycash_tui.widgets.virtual_table import VirtualTable

_TYPES = (None, EntryType.DEBIT, EntryType.CREDIT, EntryType.ADJUSTMENT)


class CashBook(ListOfScreen):
    """A table that opens where the newest entries are."""

    opens_at = "last"


class LedgerScreen(DeskScreen):
    """One fund at a time, with its level above its entries."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("ledger")]
    AUTO_FOCUS = "VirtualTable"
    place = "ledger"
    help_title = "Fund ledger"
    help_text = (
        "The cash book of a fund, the newest entry at the bottom. Nothing in it is ever changed.\n"
        "Enter opens an entry; f goes to the next fund, t and p narrow it to a type and a period."
    )
    filter_hint = "text or journal number"
    rights: ClassVar = {"replenish": Right.REQUEST_REPLENISHMENT}
    DEFAULT_CSS = """
    LedgerScreen #fund { height: auto; padding: 0 1; background: $surface; }
    LedgerScreen #shown { height: 1; padding: 0 1; color: $accent; display: none; }
    LedgerScreen #shown.-narrowed { display: block; }
    LedgerScreen #book { height: 1fr; }
    """

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._funds: tuple[FundView, ...] = ()
        self._place = 0
        self._type: EntryType | None = None
        self._period = Period()

    # -- parts ---------------------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        yield PlainText("loading…", id="fund")
        yield PlainText(id="shown")
        yield Container(id="book")

    def on_mount(self) -> None:
        self.ask("funds", _all_funds, then=self._open_first, failed=self._no_funds)

    def reload(self) -> None:
        super().reload()
        if self.fund is None:
            self.on_mount()
        else:
            self.ask("fund", funds.show, self.fund.id, then=self._take_levels)

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        return self._funds[self._place] if self._funds else None

    @property
    def given(self) -> EntryFilter:
        """What its cash book is narrowed to."""
        return EntryFilter(self._type, self._period.first, self._period.last, self.filter_text or None)

    def _no_funds(self, error: PettyCashError) -> None:
        self.query_one("#fund", PlainText).show(f"Could not load: {error.message} r tries again.")
        self.show_error(error)

    def _open_first(self, found: tuple[FundView, ...]) -> None:
        self._funds = found
        if not found:
            self.query_one("#fund", PlainText).show("There is no fund whose cash book you may read.")
            return
        own = self.context.actor.branch_id
        self._place = next((i for i, fund in enumerate(found) if own and fund.branch and fund.branch.id == own), 0)
        self._show_fund()

    def _show_fund(self) -> None:
        """Show the cash book of the fund at `_place`, as it is narrowed."""
        fund = self.fund
        if fund is None:
            return
        self._draw_fund(fund)
        source = LedgerSource(self.context, fund, self.given)
        narrowed = describe_filter(self.given, self._period.text)
        shown = self.query_one("#shown", PlainText)
        shown.show(narrowed)
        shown.set_class(bool(narrowed), "-narrowed")
        empty = "No entry matches; esc in the filter, t and p show others." if narrowed else "No entries yet."
        tables = self.query(CashBook)
        if tables:
            tables.first().set_source(source, empty=empty)
        else:
            table = CashBook(source, empty=empty)
            self.query_one("#book").mount(table)
            table.focus()

    def _draw_fund(self, fund: FundView) -> None:
        self.show_title(f"{self.help_title}: {fund.code}")
        text = draw_fund(fund, self._place + 1, len(self._funds), self.context)
        self.query_one("#fund", PlainText).update(text)

    def _take_levels(self, fund: FundView) -> None:
        self._funds = tuple(fund if known.id == fund.id else known for known in self._funds)
        if self.fund is not None:
            self._draw_fund(self.fund)

    # -- which are shown -----------------------------------------------------------------------------------------------

    def filter_changed(self, text: str) -> None:
        self._show_fund()

    def action_next_fund(self) -> None:
        """Show the next fund."""
        self._go_to_fund(self._place + 1)

    def action_previous_fund(self) -> None:
        """Show the fund before."""
        self._go_to_fund(self._place - 1)

    def _go_to_fund(self, place: int) -> None:
        if len(self._funds) < 2:
            self.tell("There is no other fund whose cash book you may read.")
            return
        self._place = place % len(self._funds)
        self._show_fund()
        self.ask("fund", funds.show, self._funds[self._place].id, then=self._take_levels)

    def action_choose_fund(self) -> None:
        """Choose a fund by its code or name."""

        def chosen(place: int | None) -> None:
            if place is not None:
                self._go_to_fund(place)

        lines = [(f"{fund.code}  {fund.name}", place) for place, fund in enumerate(self._funds)]
        self.app.push_screen(ChoicePrompt("Which fund?", lines), chosen)

    def action_next_type(self) -> None:
        """Show only what was paid out, only what was paid in, only adjustments, then all again."""
        self._type = _TYPES[(_TYPES.index(self._type) + 1) % len(_TYPES)]
        self._show_fund()

    def action_period(self) -> None:
        """Choose the period."""

        def chosen(period: Period | None) -> None:
            if period is not None:
                self._period = period
                self._show_fund()

        self.app.push_screen(PeriodPrompt(self._period), chosen)

    @on(VirtualTable.RowSelected)
    def _open_entry(self, message: VirtualTable.RowSelected) -> None:
        message.stop()
        entry = message.row.value
        self.app.push_screen(TextWindow(f"{entry.fund} entry {entry.sequence}", draw_entry(entry, self.context)))

    # -- asking for money ----------------------------------------------------------------------------------------------

    def action_replenish(self) -> None:
        """Ask for money for the fund, after showing how much."""
        fund = self.fund
        if fund is not None:
            self.ask("replenish", replenishments.usual_amount, fund.id, then=partial(self._confirm_replenishment, fund))

    def _confirm_replenishment(self, fund: FundView, amount: Money) -> None:
        if amount.minor <= 0:
            self.tell(f"Fund {fund.code} is at its target, with what is on its way.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                # The amount that was confirmed, whatever has happened meanwhile.
                self.act(replenishments.request, fund.id, amount.plain(), then=self._asked)

        lines = [
            f"{self.context.money_with_currency(amount)} for fund {fund.code}, {fund.name}",
            f"It has {self.context.money(fund.available)} available; its target is "
            f"{self.context.money(fund.target_balance)}.",
            "Somebody else approves it before money moves.",
        ]
        self.app.push_screen(ConfirmPrompt(f"Replenish {fund.code}", lines, "Ask for it", undo=""), answered)

    def _asked(self, state: ReplenishmentState) -> None:
        self.tell(f"{state.number} asks for {self.context.money_with_currency(state.amount)} for fund {state.fund}.")
        self.reload()


def _all_funds(reading: Reading) -> tuple[FundView, ...]:
    """Every fund whose cash book the person may read, also those no longer in use."""
    found: list[FundView] = []
    after = None
    while True:
        page: Page[FundView] = funds.list_funds(
            reading, with_ledger=True, include_inactive=True, limit=MAX_LIMIT, after=after
        )
        found += page.items
        after = page.next
        if after is None:
            return tuple(found)
