"""Going to an entry of a cash book by its number, by a day, or by what it comes from."""

from __future__ import annotations

from functools import partial

from pettycash_tui.actions import key
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_prompts import JumpPrompt
from pettycash_tui.screens.ledger_source import book_of
from pettycash_tui.services import ledger_places, ledger_walk
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.ledger_filter import EntryFilter
from pettycash_tui.services.ledger_places import Spot, Target
from pettycash_tui.services.ledger_views import EntryView


class Jumping(DeskScreen):
    """A screen with the cash book of one of several funds, in which one goes to any entry."""

    _wanted_object: str | None = None

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        raise NotImplementedError

    @property
    def known_funds(self) -> tuple[FundView, ...]:
        """The funds that can be shown."""
        raise NotImplementedError

    @property
    def book(self) -> CashBook | None:
        """The table."""
        raise NotImplementedError

    @property
    def given(self) -> EntryFilter:
        """What it is narrowed to."""
        raise NotImplementedError

    def go_to_fund(self, place: int) -> None:
        """Show another fund."""
        raise NotImplementedError

    def clear_filters(self) -> None:
        """Show all entries."""
        raise NotImplementedError

    # -- asked for on this screen --------------------------------------------------------------------------------------

    def action_jump(self) -> None:
        """Ask where to go."""
        fund = self.fund
        if fund is None:
            return

        def find(target: Target) -> Spot:
            return self.context.read(ledger_places.find, book_of(fund), target)

        def chosen(spot: Spot | None) -> None:
            if spot is not None:
                self._go_to(spot)

        self.app.push_screen(JumpPrompt(find, self.context.day()), chosen)

    def _go_to(self, spot: Spot) -> None:
        fund = self.fund
        if fund is None or self.book is None:
            return
        if spot.fund != fund.id:
            self._go_to_other_fund(spot)
        elif self.given.is_empty:
            self._arrive(spot.id, spot.sequence, spot.note)
        else:
            come = partial(self._come_near, spot, self.given)
            self.ask("jump", ledger_walk.nearest, book_of(fund), self.given, spot.sequence, then=come)

    def _come_near(self, spot: Spot, given: EntryFilter, found: EntryView | None) -> None:
        if self.given != given:
            return
        if found is None:
            self.tell("No entry is shown.")
        elif found.sequence == spot.sequence:
            self._arrive(found.id, found.sequence, spot.note)
        else:
            note = spot.note or f"Entry {spot.sequence} is not among those shown; {key('app.back')} shows all."
            self._arrive(found.id, found.sequence, note)

    def _go_to_other_fund(self, spot: Spot) -> None:
        place = next((place for place, fund in enumerate(self.known_funds) if fund.id == spot.fund), None)
        if place is None:
            self.tell(f"It is in the cash book of {spot.fund_code}, entry {spot.sequence}.")
            return
        self.go_to_fund(place)
        self.clear_filters()
        self._arrive(spot.id, spot.sequence, f"It is in the cash book of {spot.fund_code}.")

    def _arrive(self, entry: object, sequence: int, note: str) -> None:
        if self.book is not None:
            self.book.go_to(entry, sequence)
        if note:
            self.tell(note)

    # -- asked for elsewhere -------------------------------------------------------------------------------------------

    def show_object(self, number: str) -> None:
        """Show a fund by its code, or an entry by its number or by that of what it comes from."""
        if not self.known_funds:
            self._wanted_object = number
            return
        self._wanted_object = None
        place = next((at for at, fund in enumerate(self.known_funds) if fund.code == number.strip().upper()), None)
        if place is not None:
            self.go_to_fund(place)
        else:
            self.ask("object", ledger_places.find_named, number, then=self._show_spot)

    def funds_known(self) -> None:
        """The funds were read: show what was asked for before."""
        if self._wanted_object is not None:
            self.show_object(self._wanted_object)

    def _show_spot(self, spot: Spot) -> None:
        place = next((place for place, fund in enumerate(self.known_funds) if fund.id == spot.fund), None)
        if place is None:
            self.tell(f"It is in the cash book of {spot.fund_code}, entry {spot.sequence}.")
            return
        self.clear_filters()
        self.go_to_fund(place)
        self._arrive(spot.id, spot.sequence, spot.note)
