"""Short human numbers per kind and company: `REQ-000123`, `PAY-000088`, `RPL-000007`.

They may have gaps (an undone transaction gives its number back only by luck); the voucher number, which may not, lives
on its fund and is given in the payment's own transaction.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from pettycash_tui.models import tables as t
from pettycash_tui.services.work import Work


class NumberKind(StrEnum):
    """What is numbered."""

    REQUISITION = "REQ"
    PAYMENT = "PAY"
    REPLENISHMENT = "RPL"
    BANK_BATCH = "BAT"
    VARIANCE = "VAR"
    TRANSFER = "TRF"


_COUNT = (
    update(t.number_counter)
    .where(t.number_counter.c.company_id == bindparam("company"), t.number_counter.c.kind == bindparam("which"))
    .values(last_value=t.number_counter.c.last_value + bindparam("count", type_=t.number_counter.c.last_value.type))
    .returning(t.number_counter.c.last_value)
)


def next_number(work: Work, company_id: UUID, kind: NumberKind) -> str:
    """The company's next number of this kind. Its counter stays locked until the transaction ends."""
    return next_numbers(work, company_id, kind, 1)[0]


def next_numbers(work: Work, company_id: UUID, kind: NumberKind, count: int) -> list[str]:
    """The company's next numbers of this kind, in order."""
    counter = {"company": company_id, "which": kind.value, "count": count}
    last = work.execute(_COUNT, counter).scalar()
    if last is None:
        _start(work, company_id, kind)
        last = work.execute(_COUNT, counter).scalar_one()
    return [f"{kind.value}-{value:06d}" for value in range(last - count + 1, last + 1)]


def _start(work: Work, company_id: UUID, kind: NumberKind) -> None:
    values = {"company_id": company_id, "kind": kind.value, "last_value": 0}
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        work.execute(postgres_insert(t.number_counter).values(values).on_conflict_do_nothing())
    else:
        work.execute(insert(t.number_counter).values(values))


def canonical_number(typed: str, kind: NumberKind) -> str | None:
    """`req-12`, `REQ-000012` or `12` as `REQ-000012`; None when it is no such number."""
    text = typed.strip().upper().removeprefix(f"{kind.value}-")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        return None
    return f"{kind.value}-{int(text):06d}"
