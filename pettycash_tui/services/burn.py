"""How fast funds spend: what each paid out on every one of the last thirty calendar days of its company.

One statement serves any number of funds. It is answered from an index that holds all it needs, so that a cash book of
a million entries costs what its last thirty days do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services.work import Reading

DAYS = 30
"""Calendar days that are looked back on, today included."""

_L = t.ledger_entry.c
_PAID_OUT = (
    select(_L.fund_id, _L.value_date, func.sum(_L.amount))
    .where(
        _L.fund_id.in_(bindparam("funds", expanding=True)),
        _L.entry_type == EntryType.DEBIT,
        _L.value_date >= bindparam("since"),
    )
    .group_by(_L.fund_id, _L.value_date)
)


@dataclass(frozen=True, slots=True)
class Spender:
    """A fund whose burn is asked for: the company's day today, and the day on which the fund was opened."""

    fund_id: UUID
    currency: str
    today: date
    opened_on: date


@dataclass(frozen=True, slots=True)
class Burn:
    """What a fund paid out: `daily` in major units, the oldest day first and today last, and the sum of them.

    `days` are those on which the fund existed; the average is over them.
    """

    daily: tuple[Decimal, ...]
    paid_out: Money
    days: int

    @property
    def per_day(self) -> Money:
        """The average of a day, rounded down to the minor unit."""
        return Money(self.paid_out.minor // self.days, self.paid_out.currency)

    def days_until(self, spare: Money) -> int | None:
        """How many whole days `spare` lasts at the average; None where nothing was spent."""
        if self.paid_out.minor <= 0:
            return None
        return max(0, spare.minor) * self.days // self.paid_out.minor


def burns(reading: Reading, spenders: Sequence[Spender]) -> dict[UUID, Burn]:
    """The burn of each fund, by its id."""
    if not spenders:
        return {}
    since = min(spender.today for spender in spenders) - timedelta(days=DAYS - 1)
    rows: Sequence[Any] = reading.execute(
        _PAID_OUT, {"funds": [spender.fund_id for spender in spenders], "since": since}
    ).all()
    paid = {(fund_id, day): int(amount) for fund_id, day, amount in rows}
    return {spender.fund_id: _burn(spender, paid) for spender in spenders}


def _burn(spender: Spender, paid: dict[tuple[UUID, date], int]) -> Burn:
    days = [spender.today - timedelta(days=DAYS - 1 - place) for place in range(DAYS)]
    daily = [Money(paid.get((spender.fund_id, day), 0), spender.currency) for day in days]
    existed = (spender.today - spender.opened_on).days + 1
    return Burn(
        daily=tuple(money.decimal for money in daily),
        paid_out=Money(sum(money.minor for money in daily), spender.currency),
        days=max(1, min(DAYS, existed)),
    )
