"""Finding a place in a cash book: by the number of an entry, by a day, or by what an entry comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services import ledger_totals, ledger_views, visibility
from pettycash_tui.services.errors import InvalidInput, NotFound
from pettycash_tui.services.inputs import parse_day
from pettycash_tui.services.ledger_views import LedgerFund
from pettycash_tui.services.work import Reading

EXPECTED = "must be an entry's number (4711), a day (2026-03-14) or a number such as PCV-…, PAY-… or REQ-…"
_NUMBERS = ("PCV-", "PAY-", "REQ-", "RPL-", "VAR-", "TRF-", "JNL-")
_L = t.ledger_entry.c

Target = int | date | str
"""A sequence, a day, or the number of a voucher, payment, requisition, replenishment, variance, transfer or journal."""


@dataclass(frozen=True, slots=True)
class Spot:
    """An entry that was found: which one, in which fund, and what to say where it is not exactly what was asked."""

    id: UUID
    fund: UUID
    fund_code: str
    sequence: int
    value_date: date
    note: str = ""


def parse_target(typed: str, today: date) -> Target:
    """What somebody typed: `4711`, `2026-03-14`, `PCV-NBI-2026-00012`, `NBI:42`. Raises InvalidInput for `place`."""
    text = typed.strip()
    if text.replace(",", "").isascii() and text.replace(",", "").isdigit() and len(text) < 19:
        return int(text.replace(",", ""))
    if text.upper().startswith(_NUMBERS) or _is_entry(text):
        return text.upper()
    try:
        return parse_day("place", text, today)
    except InvalidInput:
        raise InvalidInput.of(place=EXPECTED) from None


def find(reading: Reading, fund: LedgerFund, target: Target) -> Spot:
    """The entry that is meant. Raises NotFound, with what there is instead."""
    if isinstance(target, int):
        return _numbered(reading, fund, target)
    return _of_day(reading, fund, target) if isinstance(target, date) else find_named(reading, target, fund.id)


def find_named(reading: Reading, ref: str | UUID, preferred: UUID | None = None) -> Spot:
    """The entry of a numbered object (see `Target`), in any ledger the reader may see.

    Of several (a transfer's two ends) the one in the `preferred` fund. Raises NotFound.
    """
    f = t.treasury_fund.c
    statement = (
        select(_L.id, _L.fund_id, f.code, f.company_id, _L.sequence, _L.value_date)
        .join(t.treasury_fund, f.id == _L.fund_id)
        .where(visibility.ledgers(reading.actor), ledger_views.named_entry(reading, ref))
    )
    rows = reading.execute(statement.order_by(_L.sequence).limit(10)).all()
    if not rows:
        raise NotFound(f"No ledger that you may read has an entry of {str(ref)[:40]}. What is not paid has none.")
    own = [row for row in rows if row.fund_id == preferred]
    if not own and len({row.company_id for row in rows}) > 1:
        raise InvalidInput(f"Several companies have {str(ref)[:40]}. Choose the fund first.")
    row = (own or rows)[0]
    return Spot(row.id, row.fund_id, row.code, row.sequence, row.value_date)


def _numbered(reading: Reading, fund: LedgerFund, sequence: int) -> Spot:
    last = ledger_totals.last_sequence(reading, fund)
    row = reading.execute(select(_L.id, _L.value_date).where(_L.fund_id == fund.id, _L.sequence == sequence)).first()
    if row is None:
        raise NotFound(
            f"There is no entry {sequence}: the ledger of {fund.code} has entries 1 to {last}."
            if last
            else f"The ledger of {fund.code} is still empty."
        )
    return Spot(row.id, fund.id, fund.code, sequence, row.value_date)


def _of_day(reading: Reading, fund: LedgerFund, day: date) -> Spot:
    """The first entry of a day, or of the next day that has one."""
    statement = (
        select(_L.id, _L.sequence, _L.value_date)
        .where(_L.fund_id == fund.id, _L.value_date >= day)
        .order_by(_L.value_date, _L.sequence)
        .limit(1)
    )
    row = reading.execute(statement).first()
    if row is None:
        return _before_day(reading, fund, day)
    first = row.sequence == 1 and row.value_date > day
    note = f"The ledger begins on {row.value_date}." if first else ""
    if not first and row.value_date > day:
        note = f"No entry on {day}; the next is of {row.value_date}."
    return Spot(row.id, fund.id, fund.code, row.sequence, row.value_date, note)


def _before_day(reading: Reading, fund: LedgerFund, day: date) -> Spot:
    last = ledger_totals.last_before(reading, fund, day)
    if not last:
        raise NotFound(f"The ledger of {fund.code} is still empty.")
    spot = _numbered(reading, fund, last)
    return replace(spot, note=f"The ledger ends on {spot.value_date}, entry {last}.")


def _is_entry(text: str) -> bool:
    fund, separator, sequence = text.rpartition(":")
    return bool(fund and separator and sequence.isascii() and sequence.isdigit())
