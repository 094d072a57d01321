"""What an entry of a cash book comes from: its payment (of a variance the one it corrects), and what was paid by it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import requisition_detail, visibility
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.requisition_detail import RequisitionDetail
from pettycash_tui.services.work import Reading


def payment_id(reading: Reading, entry: UUID) -> UUID:
    """The payment of an entry whose ledger the reader may read. Raises NotFound."""
    found: UUID = _origin(reading, entry).payment_id
    return found


def requisition(reading: Reading, entry: UUID) -> RequisitionDetail:
    """The requisition that an entry paid, whole. Raises NotFound, also where the reader may not see it."""
    return requisition_detail.show(reading, _origin(reading, entry).requisition_id)


def _origin(reading: Reading, entry: UUID) -> Row[Any]:
    e, p, f, v = t.ledger_entry.c, t.payment.c, t.treasury_fund.c, t.variance.c
    statement: Select[Any] = (
        select(p.id.label("payment_id"), p.requisition_id)
        .select_from(t.ledger_entry)
        .outerjoin(t.variance, v.id == e.variance_id)
        .join(t.payment, p.id == func.coalesce(e.payment_id, v.payment_id))
        .join(t.treasury_fund, f.id == e.fund_id)
        .where(e.id == entry, visibility.ledgers(reading.actor))
    )
    row = reading.execute(statement).first()
    if row is None:
        raise NotFound("No payment stands behind this entry.")
    return row
