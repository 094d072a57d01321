"""The cash book of a fund: paid out, paid in, balance, from the newest entry back to the first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.models.enums import EntryType
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.entry_window import EntryWindow
from pettycash_tui.screens.export_kinds import ExportKind, book_kinds
from pettycash_tui.screens.imprest_text import draw_identity
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_integrity import Integrity
from pettycash_tui.screens.ledger_jumping import Jumping
from pettycash_tui.screens.ledger_prompts import AmountPrompt
from pettycash_tui.screens.ledger_replenishing import Replenishing
from pettycash_tui.screens.ledger_source import LedgerSource, book_of
from pettycash_tui.screens.ledger_statement import Stating
from pettycash_tui.screens.ledger_text import describe_filter, draw_entry, draw_fund
from pettycash_tui.screens.ledger_totals_bar import TotalsBar
from pettycash_tui.screens.period import Period
from pettycash_tui.screens.period_prompt import PeriodPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import export_lists, funds, imprest, ledger_checks
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.imprest import ImprestIdentity
from pettycash_tui.services.ledger_checks import Tip
from pettycash_tui.services.ledger_filter import AmountRange, EntryFilter
from pettycash_tui.services.paging import MAX_LIMIT, Page
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.paging import Row
from pettycash_tui.widgets.plain import PlainText
from pettycash_tui.widgets.virtual_table import VirtualTable

_TYPES = (None, EntryType.DEBIT, EntryType.CREDIT, EntryType.ADJUSTMENT)


class LedgerScreen(Jumping, Replenishing, Stating):
    """One fund at a time, with its level above its entries and what they come to below."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("ledger")]
    AUTO_FOCUS = "VirtualTable"
    place = "ledger"
    help_title = "Fund ledger"
    filter_hint = "text or journal number"
    rights: ClassVar = {"replenish": Right.REQUEST_REPLENISHMENT}
    DEFAULT_CSS = """
    LedgerScreen #fund { height: auto; padding: 0 1; background: $surface; }
    LedgerScreen #shown { height: auto; max-height: 2; padding: 0 1; color: $accent; display: none; }
    LedgerScreen #shown.-narrowed { display: block; }
    LedgerScreen #book { height: 1fr; }
    """

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._funds: tuple[FundView, ...] = ()
        self._place = 0
        self._type: EntryType | None = None
        self._period = Period()
        self._amount = AmountRange()
        self._integrity = Integrity()
        self._shown: tuple[object, EntryFilter] | None = None

    @property
    def help_text(self) -> str:  # type: ignore[override]
        """What the screen is for, with the keys in force."""
        return (
            "The cash book of a fund, the newest entry at the bottom; nothing in it is ever changed. Below it stands"
            " what the entries shown come to.\n"
            f"An entry opens with {key('list.open')}, {key('ledger.jump')} goes to a number or a day."
            f" {key('ledger.next_fund')} shows the next fund; {key('ledger.type')}, {key('ledger.period')},"
            f" {key('ledger.amount')} and {key('list.filter')} narrow it, {key('app.back')} shows all again.\n"
            f"{key('ledger.statement')} shows the statement of a month; {key('list.export')} writes the entries, or the"
            " fund's book for another program."
        )

    # -- parts ---------------------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        yield PlainText("loading…", id="fund")
        yield PlainText(id="shown")
        yield Container(id="book")
        yield TotalsBar(self.context)

    def on_mount(self) -> None:
        self.ask("funds", _all_funds, then=self._open_first, failed=self._no_funds)

    def reload(self) -> None:
        super().reload()
        if self.fund is None:
            self.on_mount()
        else:
            self._look_at_fund()

    def books_changed(self) -> None:
        """Somebody paid, or was paid: the levels, the totals and the end of the book follow."""
        super().books_changed()
        if self.fund is not None:
            self._look_at_fund()

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        return self._funds[self._place] if self._funds else None

    @property
    def known_funds(self) -> tuple[FundView, ...]:
        """The funds whose cash book the person may read; none until they were read."""
        return self._funds

    @property
    def book(self) -> CashBook | None:
        """The table; None until a fund is shown."""
        return next(iter(self.query(CashBook)), None)

    @property
    def given(self) -> EntryFilter:
        """What its cash book is narrowed to."""
        return EntryFilter(
            self._type,
            self._period.first,
            self._period.last,
            self.filter_text or None,
            self._amount.least.minor if self._amount.least else None,
            self._amount.most.minor if self._amount.most else None,
        )

    def export_request(self) -> ExportRequest | None:
        """The entries as they are narrowed now."""
        return export_lists.ledger(self.fund.code, self.given) if self.fund is not None else None

    def export_kinds(self) -> list[ExportKind]:
        """The fund's book in the period shown, for other programs."""
        return book_kinds(self.fund.code, self._period, self.context) if self.fund is not None else []

    def row_title(self, row: Row) -> str:
        """Which entry it is."""
        return f"{row.value.fund} entry {row.value.sequence}"

    def row_as_text(self, row: Row) -> str:
        """The entry in full."""
        return draw_entry(row.value, self.context).plain

    def _no_funds(self, error: PettyCashError) -> None:
        again = key("list.refresh")
        self.query_one("#fund", PlainText).show(f"Could not load: {error.message} {again} tries again.")
        self.show_error(error)

    def _open_first(self, found: tuple[FundView, ...]) -> None:
        self._funds = found
        if not found:
            self.query_one("#fund", PlainText).show(
                "There is no fund whose cash book you may read. An admin opens one with `pettycash fund add`;\n"
                f"custodians, managers, treasury and finance read theirs. {key('app.back')} goes back."
            )
            return
        own = self.context.actor.branch_id
        self._place = next((i for i, fund in enumerate(found) if own and fund.branch and fund.branch.id == own), 0)
        self.show_fund()
        self.funds_known()

    def show_fund(self) -> None:
        """Show the cash book of the fund at its place, as it is narrowed."""
        fund = self.fund
        if fund is None or self._shown == (fund.id, self.given):
            return
        if self._shown is None or self._shown[0] != fund.id:
            self._integrity = Integrity()
        self._shown = (fund.id, self.given)
        self._draw_fund(fund)
        source = LedgerSource(self.context, fund, self.given)
        narrowed = describe_filter(self.given, self._period, self._amount, self.context)
        shown = self.query_one("#shown", PlainText)
        shown.show(narrowed)
        shown.set_class(bool(narrowed), "-narrowed")
        empty = f"No entry matches; {key('app.back')} shows all." if narrowed else "No entries yet."
        if self.book is not None:
            self.book.set_source(source, empty=empty)
        else:
            table = CashBook(source, empty=empty)
            self.query_one("#book").mount(table)
            # A scroll bar that comes or goes moves the columns that the totals stand under.
            self.watch(table, "show_vertical_scrollbar", self._draw_totals, init=False)
            table.focus()
        self._look_at_fund()

    def _draw_fund(self, fund: FundView) -> None:
        self.show_title(f"{self.help_title}: {fund.code}")
        text = draw_fund(fund, self._place + 1, len(self._funds), self.context, self._integrity.mark)
        self.query_one("#fund", PlainText).update(text)

    # -- levels, totals, and whether it adds up ------------------------------------------------------------------------

    def _look_at_fund(self) -> None:
        """Read the fund's level, check its end, and count what is new."""
        fund = self.fund
        if fund is None:
            return
        self.ask("fund", funds.show, fund.id, then=self._take_levels)
        self.ask("tip", ledger_checks.tip, book_of(fund), then=self._take_tip)
        self.query_one(TotalsBar).count(book_of(fund), self.given)

    def _take_levels(self, fund: FundView) -> None:
        self._funds = tuple(fund if known.id == fund.id else known for known in self._funds)
        if self.fund is not None:
            self._draw_fund(self.fund)

    def _take_tip(self, tip: Tip) -> None:
        self._judge(self._integrity.with_tip(tip))

    @on(CashBook.PageShown)
    def _entries_came(self, message: CashBook.PageShown) -> None:
        message.stop()
        self._judge(self._integrity.with_broken(message.broken))
        self.query_one(TotalsBar).draw()

    def _draw_totals(self) -> None:
        self.call_after_refresh(self.query_one(TotalsBar).draw)

    @on(TotalsBar.Counted)
    def _counted(self, message: TotalsBar.Counted) -> None:
        message.stop()
        if message.given.is_empty:
            self._judge(self._integrity.with_whole(message.totals))

    def _judge(self, integrity: Integrity) -> None:
        if integrity != self._integrity:
            self._integrity = integrity
            if self.fund is not None:
                self._draw_fund(self.fund)

    # -- which are shown -----------------------------------------------------------------------------------------------

    def filter_changed(self, text: str) -> None:
        self.show_fund()

    def action_next_fund(self) -> None:
        """Show the next fund."""
        self._step_fund(1)

    def action_previous_fund(self) -> None:
        """Show the fund before."""
        self._step_fund(-1)

    def action_identity(self) -> None:
        """Show what the float is made of, and whether it adds up."""
        fund = self.fund
        if fund is None:
            return

        def show(found: ImprestIdentity) -> None:
            text = draw_identity(found, fund.available, self.context)
            self.app.push_screen(TextWindow(f"Float of {fund.code}, {fund.name}", text))

        self.ask("identity", imprest.identity, fund.id, then=show)

    def _step_fund(self, by: int) -> None:
        if len(self._funds) < 2:
            self.tell("There is no other fund whose cash book you may read.")
            return
        self.go_to_fund((self._place + by) % len(self._funds))

    def go_to_fund(self, place: int) -> None:
        """Show the fund at that place among those known."""
        self._place = place
        self.show_fund()

    def action_choose_fund(self) -> None:
        """Choose a fund by its code or name."""

        def chosen(place: int | None) -> None:
            if place is not None:
                self.go_to_fund(place)

        lines = [(f"{fund.code}  {fund.name}", place) for place, fund in enumerate(self._funds)]
        self.app.push_screen(ChoicePrompt("Which fund?", lines), chosen)

    def action_next_type(self) -> None:
        """Show only what was paid out, only what was paid in, only adjustments, then all again."""
        self._type = _TYPES[(_TYPES.index(self._type) + 1) % len(_TYPES)]
        self.show_fund()

    def action_period(self) -> None:
        """Choose the period."""

        def chosen(period: Period | None) -> None:
            if period is not None:
                self._period = period
                self.show_fund()

        self.app.push_screen(PeriodPrompt(self._period, self.context.day()), chosen)

    def action_amount(self) -> None:
        """Choose the amounts."""

        def chosen(amount: AmountRange | None) -> None:
            if amount is not None:
                self._amount = amount
                self.show_fund()

        currency = self.fund.currency if self.fund else self.context.currency
        self.app.push_screen(AmountPrompt(self._amount, currency), chosen)

    def action_back(self) -> None:
        """Show all entries again, or go back."""
        if self.given.is_empty:
            super().action_back()
        else:
            self.clear_filters()

    def clear_filters(self) -> None:
        """Show all entries; the cursor stays on the entry where it stands."""
        row = self.book.cursor_row if self.book is not None else None
        self._type, self._period, self._amount = None, Period(), AmountRange()
        self.close_filter()
        self.show_fund()
        if row is not None and self.book is not None and self.given.is_empty:
            self.book.go_to(row.key, row.value.sequence)

    @on(VirtualTable.RowSelected)
    def _open_entry(self, message: VirtualTable.RowSelected) -> None:
        message.stop()
        self.app.push_screen(EntryWindow(message.row.value, self.context))


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
