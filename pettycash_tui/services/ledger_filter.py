"""What a fund's cash book is narrowed to: a type, a period, a text, an amount; and what people type for the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, or_
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.narrowing import contains

_L = t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What a ledger is narrowed to. Dates are value dates, and every bound is included.

    `least` and `most` are minor units of the fund's currency, whatever the direction.
    """

    entry_type: EntryType | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    least: int | None = None
    most: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the whole ledger is shown, so that a position is a sequence."""
        return self == EntryFilter()

    @property
    def has_period(self) -> bool:
        """Whether days narrow it."""
        return self.from_date is not None or self.to_date is not None

    @property
    def is_period_only(self) -> bool:
        """Whether nothing but days narrows it: all entries from one to another are shown."""
        return self.has_period and self == EntryFilter(from_date=self.from_date, to_date=self.to_date)

    @property
    def is_searched(self) -> bool:
        """Whether entries must be looked at one by one: no index knows a text or an amount."""
        return bool(self.search) or self.least is not None or self.most is not None


@dataclass(frozen=True, slots=True)
class AmountRange:
    """Amounts from `least` to `most`, both included; None is open."""

    least: Money | None = None
    most: Money | None = None

    @property
    def text(self) -> str:
        """The range as it can be typed; empty when every amount is shown."""
        if self.least is None and self.most is None:
            return ""
        if self.least == self.most and self.least is not None:
            return self.least.plain()
        return f"{self.least.plain() if self.least else ''}..{self.most.plain() if self.most else ''}"


def parse_amount_range(field: str, typed: str, currency: str) -> AmountRange:
    """`500`, `500..2000`, `1.2k..`, `>1000`, `>=1000`, `<50`, `<=50`; empty for every amount.

    Raises InvalidInput for `field`.
    """
    text = typed.strip()
    if not text:
        return AmountRange()
    if text[0] in "<>":
        return _compared(field, text, currency)
    start, separator, end = text.partition("..")
    if not separator:
        exact = parse_money(field, text, currency, allow_zero=True)
        return AmountRange(exact, exact)
    least = parse_money(field, start, currency, allow_zero=True) if start.strip() else None
    most = parse_money(field, end, currency, allow_zero=True) if end.strip() else None
    if least is None and most is None:
        raise InvalidInput.of(**{field: "must name at least one amount, such as 500.. or ..2000"})
    if least is not None and most is not None and most < least:
        raise InvalidInput.of(**{field: f"must go from the smaller to the larger, such as {most.plain()}..{start}"})
    return AmountRange(least, most)


def _compared(field: str, text: str, currency: str) -> AmountRange:
    sign = text[:2] if text[1:2] == "=" else text[0]
    bound = parse_money(field, text[len(sign) :], currency, allow_zero=True)
    # An amount is a whole number of minor units: above one means from the next on.
    if sign[0] == ">":
        return AmountRange(least=bound if sign == ">=" else Money(bound.minor + 1, currency))
    if sign == "<" and bound.minor == 0:
        raise InvalidInput.of(**{field: "must be above zero: no amount is less than nothing"})
    return AmountRange(most=bound if sign == "<=" else Money(bound.minor - 1, currency))


def conditions(given: EntryFilter, *, in_sequence: bool = False) -> list[ColumnElement[bool]]:
    """The conditions on `ledger_entry` that a filter makes.

    `in_sequence`: the entries are looked up by their sequence, and the index of days must stay out of it, because an
    open period is most of a ledger and would be read and sorted for every page.
    """
    made: list[ColumnElement[bool]] = []
    if given.entry_type is not None:
        made.append(_L.entry_type == given.entry_type)
    # The function hides the column from the index; NULL it never is.
    day: ColumnElement[Any] = func.coalesce(_L.value_date, _L.value_date) if in_sequence else _L.value_date
    if given.from_date is not None:
        made.append(day >= given.from_date)
    if given.to_date is not None:
        made.append(day <= given.to_date)
    if given.least is not None:
        made.append(func.abs(_L.amount) >= given.least)
    if given.most is not None:
        made.append(func.abs(_L.amount) <= given.most)
    if given.search and given.search.strip():
        made.append(or_(contains(_L.description, given.search), contains(_L.journal, given.search)))
    return made


_LOWERS = (_L.entry_type == EntryType.DEBIT) | (_L.amount < 0)

PAID_OUT: ColumnElement[int] = case((_LOWERS, func.abs(_L.amount)), else_=0)
"""What an entry takes out of its fund, in minor units; an adjustment does what its sign says."""

PAID_IN: ColumnElement[int] = case((_LOWERS, 0), else_=_L.amount)
"""What an entry brings into its fund, in minor units."""
