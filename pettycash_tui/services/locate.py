"""Finding the one object a person named, by human number or id, within what they may see.

A number that does not exist, a malformed one and one of another company all answer alike: NotFound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import visibility
from pettycash_tui.services.errors import InvalidInput, NotFound
from pettycash_tui.services.numbering import NumberKind, canonical_number
from pettycash_tui.services.work import Reading


def as_uuid(typed: str | UUID) -> UUID | None:
    """The id, when it is one."""
    if isinstance(typed, UUID):
        return typed
    try:
        return UUID(typed.strip())
    except ValueError:
        return None


def requisition(reading: Reading, ref: str | UUID, *, lock: bool = False) -> Row[Any]:
    """The whole row of a requisition that the actor may see; locked for change when asked."""
    return _one(
        reading, t.requisition, NumberKind.REQUISITION, ref, visibility.requisitions(reading), "requisition", lock
    )


_R = t.requisition.c
_OWN = (
    select(t.requisition)
    .where(_R.id == bindparam("requisition"), _R.requested_by_id == bindparam("me"))
    .with_for_update(key_share=True, of=t.requisition)
)


def own_requisition(reading: Reading, ref: str | UUID) -> Row[Any] | None:
    """The whole row of a requisition of the actor's own, locked for change; None when it is somebody else's.

    Raises NotFound for one that they may not even see.
    """
    found_id = ref if isinstance(ref, UUID) else requisition(reading, ref).id
    row = reading.execute(_OWN, {"requisition": found_id, "me": reading.actor.id}).first()
    if row is None:
        requisition(reading, ref)
    return row


def payment(reading: Reading, ref: str | UUID, *, lock: bool = False) -> Row[Any]:
    """The whole row of a payment that the actor may see."""
    return _one(reading, t.payment, NumberKind.PAYMENT, ref, visibility.payments(reading), "payment", lock)


def payment_id(reading: Reading, ref: str | UUID) -> UUID:
    """The id of a payment that the actor may see, without its row. Raises NotFound."""
    found_id = as_uuid(ref)
    number = None if found_id else canonical_number(str(ref), NumberKind.PAYMENT)
    p = t.payment.c
    rows = reading.execute(
        select(p.id).where(p.id == found_id if found_id else p.number == number, visibility.payments(reading)).limit(2)
    ).all()
    found: UUID = _single(rows, f"payment {number or _shown(ref)}").id
    return found


def payment_ids(reading: Reading, refs: Sequence[str | UUID]) -> list[UUID]:
    """The ids of several payments that the actor may see, in the order named, in one statement. Raises NotFound."""
    p = t.payment.c
    named = [as_uuid(ref) or canonical_number(str(ref), NumberKind.PAYMENT) for ref in refs]
    rows = reading.execute(
        select(p.id, p.number).where(
            or_(
                p.id.in_([name for name in named if isinstance(name, UUID)]),
                p.number.in_([name for name in named if isinstance(name, str)]),
            ),
            visibility.payments(reading),
        )
    ).all()
    by_name: dict[UUID | str | None, list[Row[Any]]] = {}
    for row in rows:
        by_name.setdefault(row.id, []).append(row)
        by_name.setdefault(row.number, []).append(row)
    return [
        _single(by_name.get(name, []), f"payment {name or _shown(ref)}").id
        for ref, name in zip(refs, named, strict=True)
    ]


def replenishment(reading: Reading, ref: str | UUID, *, lock: bool = False) -> Row[Any]:
    """The whole row of a replenishment of the actor's company."""
    visible = visibility.of_company(t.replenishment.c.company_id, reading.actor)
    return _one(reading, t.replenishment, NumberKind.REPLENISHMENT, ref, visible, "replenishment", lock)


def variance(reading: Reading, ref: str | UUID, *, lock: bool = False) -> Row[Any]:
    """The whole row of a variance of a payment that the actor may see."""
    return _one(reading, t.variance, NumberKind.VARIANCE, ref, visibility.variances(reading), "variance", lock)


def transfer(reading: Reading, ref: str | UUID, *, lock: bool = False) -> Row[Any]:
    """The whole row of a transfer from or to a fund whose ledger the actor may see."""
    visible = visibility.transfers(reading.actor)
    return _one(reading, t.fund_transfer, NumberKind.TRANSFER, ref, visible, "transfer", lock)


def bank_batch(reading: Reading, ref: str | UUID) -> Row[Any]:
    """The whole row of a bank file that the actor may see, its bytes among it."""
    visible = visibility.bank_batches(reading.actor)
    return _one(reading, t.bank_batch, NumberKind.BANK_BATCH, ref, visible, "bank file", False)


def fund(reading: Reading, ref: str | UUID) -> Row[Any]:
    """The whole row of a fund of the actor's company, by code or id."""
    visible = visibility.of_company(t.treasury_fund.c.company_id, reading.actor)
    found_id = as_uuid(ref)
    named = t.treasury_fund.c.id == found_id if found_id else t.treasury_fund.c.code == str(ref).strip().upper()
    rows = reading.execute(select(t.treasury_fund).where(named, visible).limit(2)).all()
    return _single(rows, f"fund {_shown(ref)}")


def _one(
    reading: Reading,
    table: Table,
    kind: NumberKind,
    ref: str | UUID,
    visible: ColumnElement[bool],
    name: str,
    lock: bool,
) -> Row[Any]:
    found_id = as_uuid(ref)
    number = None if found_id else canonical_number(str(ref), kind)
    if found_id is None and number is None:
        raise NotFound(f"There is no {name} {_shown(ref)}. Expected a number such as {kind.value}-000123, or an id.")
    statement = select(table).where(table.c.id == found_id if found_id else table.c.number == number, visible)
    if lock:
        statement = statement.with_for_update(key_share=True, of=table)
    rows = reading.execute(statement.limit(2)).all()
    return _single(rows, f"{name} {number or _shown(ref)}")


def _single(rows: Any, what: str) -> Row[Any]:
    if not rows:
        raise NotFound(f"There is no {what} that you may see.")
    if len(rows) > 1:
        raise InvalidInput(f"Several companies have {what}. Name it by its id.")
    row: Row[Any] = rows[0]
    return row


def _shown(ref: str | UUID) -> str:
    text = str(ref)
    return text if len(text) <= 40 else text[:40] + "…"
