"""What people do to claims and months, for the company whose books hold whatever they do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.services import periods, replenishments

_which = st.integers(0, 9)


class DoingImprest:
    """Rules for the state machine: partly funding, closing and opening again."""

    books: Any
    clock: Any
    act: Any
    one: Any
    references: Any

    @precondition(lambda self: any(r.status is ReplenishmentStatus.APPROVED for r in self.books.replenishments))
    @rule(index=_which, part=st.sampled_from(["0.01", "1000", "30000", "900000"]))
    def fund_in_part(self, index: int, part: str) -> None:
        """Less, or more, arrives than was asked for."""
        approved = [r for r in self.books.replenishments if r.status is ReplenishmentStatus.APPROVED]
        row = self.one(approved, index)
        self.act("treasury", replenishments.complete, row.number, f"PART-{next(self.references)}", part)

    @rule(
        who=st.sampled_from(["cfo", "cfo", "treasury"]),
        back=st.sampled_from([0, 1, 1, 1, -1]),
        stays=st.sampled_from([False, False, False, True]),
    )
    def close_month(self, who: str, back: int, stays: bool) -> None:
        """Somebody closes a month, and often may not; mostly it is opened again, or nothing could go on."""
        closed = self.act(who, periods.close, self._month(back), "all settled")
        if closed is not None and not stays:
            self.act("cfo", periods.reopen, self._month(back), "too early")

    @precondition(lambda self: any(row.is_closed for row in self.books.periods))
    @rule(who=st.sampled_from(["cfo", "cfo", "cfo", "ceo"]), index=_which)
    def reopen_month(self, who: str, index: int) -> None:
        """Somebody opens a closed month again."""
        row = self.one([row for row in self.books.periods if row.is_closed], index)
        self.act(who, periods.reopen, f"{row.starts_on:%Y-%m}", "a late invoice")

    def _month(self, back: int) -> str:
        now = self.clock()
        months = now.year * 12 + now.month - 1 - back
        return f"{months // 12:04d}-{months % 12 + 1:02d}"
