"""What an entry of a cash book comes from: its payment, and the requisition that was paid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

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
    e, p, f = t.ledger_entry.c, t.payment.c, t.treasury_fund.c
    statement: Select[Any] = (
        select(e.payment_id, p.requisition_id)
        .join(t.payment, p.id == e.payment_id)
        .join(t.treasury_fund, f.id == e.fund_id)
        .where(e.id == entry, visibility.ledgers(reading.actor))
    )
    row = reading.execute(statement).first()
    if row is None:
        raise NotFound("No payment stands behind this entry.")
    return row
