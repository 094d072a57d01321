"""Ledger entries beside the seals in their events: the common case, compared as text without parsing it.

What is not plainly the same is parsed and compared column by column (`audit_business`), which says what is different.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import TextClause, bindparam, text

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit_chain import Stored
from pettycash_tui.services.audit_page import Texts, dashed
from pettycash_tui.services.ledger import SEALED
from pettycash_tui.services.work import Reading

WRITTEN = ("company_id", "created_by_id", "created_at")
"""What the event itself says of the entry that it seals: whose it is, by whom and when it was written."""
COLUMNS = ("id", *SEALED, *WRITTEN)
SEQUENCE = COLUMNS.index("sequence")
_IDS = tuple(name.endswith("id") for name in COLUMNS)
_OPTIONAL = frozenset({"created_by_id", "payment_id", "replenishment_id", "variance_id", "transfer_id", "corrects_id"})


def _entries(cast: str, ending: str) -> TextClause:
    """The entries of a fund as they were sealed, as text and whole numbers.

    Without the columns' types, which would take longer than everything else here.
    """
    special = {name: name for name in ("sequence", "amount", "balance_after")}
    if cast:
        special["value_date"] = "to_char(value_date, 'YYYY-MM-DD')"
        special["created_at"] = """to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    special |= {name: f"COALESCE({name}{cast}, '')" for name in _OPTIONAL}
    given = [special.get(name, f"{name}{cast}") for name in COLUMNS]
    return text(
        f"SELECT {', '.join(given)} FROM ledger_entry WHERE fund_id = :fund AND sequence > :after {ending}"
    ).bindparams(bindparam("fund", type_=t.ledger_entry.c.id.type))


_FIRST, _UNTIL = "ORDER BY sequence LIMIT :size", "AND sequence <= :until ORDER BY sequence"
_SQLITE = {ending: _entries("", ending) for ending in (_FIRST, _UNTIL)}
_POSTGRES = {ending: _entries("::text", ending) for ending in (_FIRST, _UNTIL)}


def following(reading: Reading, fund: Any, after: int, size: int) -> list[Stored]:
    """So many entries behind `after`."""
    return _rows(reading, _FIRST, {"fund": fund, "after": after, "size": size})


def between(reading: Reading, fund: Any, after: int, until: int) -> dict[int, Stored]:
    """The entries behind `after` up to `until`, by sequence, each as it was sealed."""
    rows = _rows(reading, _UNTIL, {"fund": fund, "after": after, "until": until})
    spelt = (tuple([dashed(v) if is_id else v for v, is_id in zip(row, _IDS, strict=True)]) for row in rows)
    return {int(row[SEQUENCE]): row for row in spelt}


def are_right(rows: Sequence[Stored], events: Sequence[Stored], known: Texts) -> bool:
    """Whether each of these entries is, word for word, what the event in its place has sealed."""
    if len(rows) != len(events):
        return False
    try:
        texts = [_sealed(row, known) for row in rows]
    except TypeError:
        return False
    bodies = [event[1] for event in events]
    return all(
        f'"entry":{seal}' in body or f'"data":{seal}' in body for seal, body in zip(texts, bodies, strict=True)
    ) and all(
        (row[-3], row[-2], row[-1]) == (event[7], event[5] or "", event[6])
        for row, event in zip(rows, events, strict=True)
    )


def written_by(event: Stored) -> tuple[str, str, str]:
    """What `WRITTEN` of the entry is that this event seals, its ids as a body spells them."""
    return dashed(event[7]), dashed(event[5]), event[6]


def _sealed(row: Stored, known: Texts) -> str:
    (
        entry, journal, fund, sequence, kind, amount, currency, balance, account, contra, source,
        payment, replenishment, variance, transfer, corrects, description, day, *_,
    ) = row  # fmt: skip
    return (
        f'{{"account_id":"{known[account]}","amount":{amount},"balance_after":{balance}'
        f',"contra_account_id":"{known[contra]}","corrects_id":"{dashed(corrects) if corrects else ""}"'
        f',"currency":"{currency}","description":{encode_basestring(description)},"entry_id":"{dashed(entry)}"'
        f',"entry_type":"{kind}","fund_id":"{known[fund]}","journal":"{journal}"'
        f',"payment_id":"{dashed(payment) if payment else ""}"'
        f',"replenishment_id":"{dashed(replenishment) if replenishment else ""}","sequence":{sequence}'
        f',"source_type":"{source}","transfer_id":"{dashed(transfer) if transfer else ""}","value_date":"{day}"'
        f',"variance_id":"{dashed(variance) if variance else ""}"}}'
    )


def _rows(reading: Reading, ending: str, values: dict[str, Any]) -> list[Stored]:
    statement = (_POSTGRES if reading.is_postgres else _SQLITE)[ending]
    return [*reading.execute(statement, values).cursor.fetchall()]
