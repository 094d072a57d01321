"""Posting to a fund's cash book: the one function that moves a balance, and always with its entry.

A guarded UPDATE locks the fund's row, takes the hold and the voucher number and tells the balance; writing the entry
moves the balance (trigger `ledger_entry_moves_fund`), so that no program can do the one without the other.
Source: domain, section 3, LedgerEntry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, case, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import EntrySource, EntryType
from pettycash_tui.models.treasury import LedgerEntry
from pettycash_tui.services.work import Work

_F = t.treasury_fund.c
_STATE = (
    _F.id,
    _F.company_id,
    _F.code,
    _F.currency,
    _F.account_id,
    _F.current_balance,
    _F.held_amount,
    _F.reorder_level,
    _F.ledger_sequence,
    _F.voucher_sequence,
)

_PAY_HELD = (
    update(t.treasury_fund)
    .where(
        _F.id == bindparam("fund"),
        _F.is_active,
        _F.held_amount >= bindparam("sum"),
        _F.current_balance >= bindparam("sum"),
    )
    .values(
        held_amount=_F.held_amount - bindparam("sum"),
        # A year that goes back (a clock set wrong) goes on counting in the later year: numbers never repeat.
        voucher_sequence=case((_F.voucher_year < bindparam("year"), 1), else_=_F.voucher_sequence + 1),
        voucher_year=case((_F.voucher_year < bindparam("year"), bindparam("year")), else_=_F.voucher_year),
        updated_at=bindparam("now"),
    )
    .returning(*_STATE, _F.voucher_year)
)
# The same without an answer, to be run for several payments one after the other.
_PAY_HELD_EACH = (
    update(t.treasury_fund)
    .where(_F.id == bindparam("fund"))
    .values(
        held_amount=_F.held_amount - bindparam("sum"),
        voucher_sequence=case((_F.voucher_year < bindparam("year"), 1), else_=_F.voucher_sequence + 1),
        voucher_year=case((_F.voucher_year < bindparam("year"), bindparam("year")), else_=_F.voucher_year),
        updated_at=bindparam("now"),
    )
)
_PAY_IN = (
    update(t.treasury_fund)
    .where(_F.id == bindparam("fund"), _F.is_active)
    .values(updated_at=bindparam("now"))
    .returning(*_STATE)
)
_MOVE_FREE = (
    update(t.treasury_fund)
    .where(
        _F.id == bindparam("fund"),
        _F.is_active,
        # What is held belongs to the payments that hold it: only the rest may leave.
        _F.current_balance - _F.held_amount + bindparam("change") >= 0,
    )
    .values(updated_at=bindparam("now"))
    .returning(*_STATE)
)


@dataclass(frozen=True, slots=True)
class Posting:
    """What an entry says besides the money: where it comes from and its other account.

    `corrects_id`: the entry that it puts right. `journal`: that of the entry before it in the same event.
    """

    source: EntrySource
    contra_account_id: UUID
    description: str
    payment_id: UUID | None = None
    replenishment_id: UUID | None = None
    variance_id: UUID | None = None
    transfer_id: UUID | None = None
    corrects_id: UUID | None = None
    journal: str | None = None


SEALED = (
    "journal",
    "fund_id",
    "sequence",
    "entry_type",
    "amount",
    "currency",
    "balance_after",
    "account_id",
    "contra_account_id",
    "source_type",
    "payment_id",
    "replenishment_id",
    "variance_id",
    "transfer_id",
    "corrects_id",
    "description",
    "value_date",
)


@dataclass(frozen=True, slots=True)
class Posted:
    """The entry as written, and the fund after it (minor units)."""

    entry: dict[str, Any]
    fund_code: str
    balance: int
    available: int
    reorder_level: int
    voucher_number: str | None = None

    @property
    def seal(self) -> dict[str, Any]:
        """The entry's content for its audit event, whose canonical text is its seal."""
        return {"entry_id": self.entry["id"], **{name: self.entry[name] for name in SEALED}}


def pay_out_held(work: Work, fund_id: UUID, amount: int, posting: Posting, timezone: str) -> Posted | None:
    """Debit a held amount: balance and hold fall together, the voucher number is the fund's next of the year.

    None when the fund is inactive or holds less than this (the caller says why).
    """
    year = work.today(timezone).year
    row = work.execute(_PAY_HELD, {"fund": fund_id, "sum": amount, "year": year, "now": work.now}).first()
    if row is None:
        return None
    voucher = _voucher(row.code, row.voucher_year, row.voucher_sequence)
    return _post(work, row, EntryType.DEBIT, amount, posting, timezone, voucher)


def pay_out_held_together(
    work: Work, fund_id: UUID, debits: Sequence[tuple[int, Posting]], timezone: str
) -> list[Posted] | None:
    """Debit several held amounts of one fund, in this order: every payment has its own voucher and its own entry.

    The fund is locked first, so that what was looked at is what is changed. None as with `pay_out_held`.
    """
    fund = work.execute(select(*_STATE, _F.is_active).where(_F.id == fund_id).with_for_update(key_share=True)).one()
    total = sum(amount for amount, _ in debits)
    if not fund.is_active or fund.held_amount < total or fund.current_balance < total:
        return None
    year = work.today(timezone).year
    work.connection.execute(
        _PAY_HELD_EACH, [{"fund": fund_id, "sum": amount, "year": year, "now": work.now} for amount, _ in debits]
    )
    end = work.execute(select(_F.voucher_year, _F.voucher_sequence).where(_F.id == fund_id)).one()
    posted, sequence, balance = [], fund.ledger_sequence, fund.current_balance
    for place, (amount, posting) in enumerate(debits, start=1):
        sequence, balance = sequence + 1, balance - amount
        entry = _entry(work, fund, EntryType.DEBIT, amount, posting, timezone, sequence, balance)
        voucher = _voucher(fund.code, end.voucher_year, end.voucher_sequence - len(debits) + place)
        available = balance - (fund.held_amount - total)
        posted.append(Posted(entry, fund.code, balance, available, fund.reorder_level, voucher))
    work.insert(LedgerEntry, [each.entry for each in posted])
    return posted


def _voucher(fund: str, year: int, sequence: int) -> str:
    return f"PCV-{fund}-{year}-{sequence:05d}"


def pay_in(work: Work, fund_id: UUID, amount: int, posting: Posting, timezone: str) -> Posted | None:
    """Credit the fund. None when it is inactive."""
    row = work.execute(_PAY_IN, {"fund": fund_id, "now": work.now}).first()
    if row is None:
        return None
    return _post(work, row, EntryType.CREDIT, amount, posting, timezone, None)


def pay_out(work: Work, fund_id: UUID, amount: int, posting: Posting, timezone: str) -> Posted | None:
    """Debit money that no payment holds. None when the fund is inactive or has not so much available."""
    row = work.execute(_MOVE_FREE, {"fund": fund_id, "change": -amount, "now": work.now}).first()
    if row is None:
        return None
    return _post(work, row, EntryType.DEBIT, amount, posting, timezone, None)


def adjust(work: Work, fund_id: UUID, change: int, posting: Posting, timezone: str) -> Posted | None:
    """Raise (or, below zero, lower) the balance by an adjustment. None as with `pay_out`."""
    row = work.execute(_MOVE_FREE, {"fund": fund_id, "change": change, "now": work.now}).first()
    if row is None:
        return None
    return _post(work, row, EntryType.ADJUSTMENT, change, posting, timezone, None)


def _post(
    work: Work,
    fund: Row[Any],
    entry_type: EntryType,
    amount: int,
    posting: Posting,
    timezone: str,
    voucher: str | None,
) -> Posted:
    sequence = fund.ledger_sequence + 1
    balance = fund.current_balance + (-amount if entry_type is EntryType.DEBIT else amount)
    entry = _entry(work, fund, entry_type, amount, posting, timezone, sequence, balance)
    work.insert(LedgerEntry, [entry])
    return Posted(
        entry,
        fund.code,
        balance,
        balance - fund.held_amount,
        fund.reorder_level,
        voucher,
    )


def _entry(
    work: Work,
    fund: Row[Any],
    entry_type: EntryType,
    amount: int,
    posting: Posting,
    timezone: str,
    sequence: int,
    balance: int,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": work.now,
        "company_id": fund.company_id,
        # The journal of a single entry carries the entry's own number; a transfer's two share the first one's.
        "journal": posting.journal or f"JNL-{fund.code}-{sequence:06d}",
        "fund_id": fund.id,
        "sequence": sequence,
        "entry_type": entry_type,
        "amount": amount,
        "currency": fund.currency,
        "balance_after": balance,
        "account_id": fund.account_id,
        "contra_account_id": posting.contra_account_id,
        "source_type": posting.source,
        "payment_id": posting.payment_id,
        "replenishment_id": posting.replenishment_id,
        "variance_id": posting.variance_id,
        "transfer_id": posting.transfer_id,
        "corrects_id": posting.corrects_id,
        "description": posting.description[:400],
        "value_date": work.today(timezone),
        "created_by_id": work.actor.id,
    }
