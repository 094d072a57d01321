"""What is known of whether a cash book adds up, as a word and a mark."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pettycash_tui.services import ledger_checks
from pettycash_tui.services.ledger_checks import Tip
from pettycash_tui.services.ledger_totals import Totals
from pettycash_tui.theme import StatusMark

_ADDS_UP = StatusMark("✔", "adds up", "good")
_NOT_LOOKED = StatusMark("", "", "muted")


@dataclass(frozen=True, slots=True)
class Integrity:
    """The end of the ledger, the entries that were shown, and all of them once they are counted.

    None is what was not looked at yet.
    """

    tip: bool | None = None
    whole: bool | None = None
    broken: frozenset[int] = frozenset()

    @property
    def mark(self) -> StatusMark:
        """The worst that is known."""
        if self.broken:
            return _fault(f"entry {min(self.broken)}")
        if self.tip is False:
            return _fault("the balance")
        if self.whole is False:
            return _fault("the sum of all entries")
        return _ADDS_UP if self.tip else _NOT_LOOKED

    def with_tip(self, tip: Tip) -> Integrity:
        """The same after comparing the fund with its last entry."""
        return replace(self, tip=tip.adds_up)

    def with_whole(self, totals: Totals) -> Integrity:
        """The same after counting every entry."""
        return replace(self, whole=ledger_checks.whole_adds_up(totals))

    def with_broken(self, broken: frozenset[int]) -> Integrity:
        """The same after seeing more entries."""
        return replace(self, broken=self.broken | broken)


def _fault(what: str) -> StatusMark:
    return StatusMark("✖", f"{what} does not add up", "bad")
