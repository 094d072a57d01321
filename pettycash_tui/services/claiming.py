"""Which entries a claim lists: covered when a replenishment is asked for, released when it is rejected.

A claim lists what the fund paid out, and was over or short, since the living claims before it. Claims have no gaps: an
open one is rejected or completed before the next, so the last entry of the living ones says what is not yet claimed.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, text, update

from pettycash_tui.models import tables as t
from pettycash_tui.services.work import Work

_V = t.replenishment_voucher.c
_COVER = """
INSERT INTO replenishment_voucher
    (id, created_at, updated_at, replenishment_id, fund_id, entry_id, sequence, amount, is_released)
SELECT {new_id}, r.created_at, r.created_at, r.id, l.fund_id, l.id, l.sequence,
    CASE l.entry_type WHEN 'debit' THEN l.amount ELSE -l.amount END, {no}
FROM replenishment r JOIN ledger_entry l ON l.fund_id = r.fund_id
WHERE r.id = :replenishment AND l.source_type IN ('payment', 'variance')
    AND l.sequence > COALESCE(
        (SELECT MAX(v.sequence) FROM replenishment_voucher v WHERE v.fund_id = r.fund_id AND {living}), 0)
"""
_KEY = bindparam("replenishment", type_=t.replenishment.c.id.type)
_COVER_ON = {
    False: text(_COVER.format(new_id="lower(hex(randomblob(16)))", no="0", living="v.is_released = 0")).bindparams(
        _KEY
    ),
    True: text(_COVER.format(new_id="gen_random_uuid()", no="false", living="NOT v.is_released")).bindparams(_KEY),
}


def cover(work: Work, replenishment_id: UUID) -> None:
    """List what the fund has paid out since the living claims, under a request that was just made: one statement."""
    work.execute(_COVER_ON[work.is_postgres], {"replenishment": replenishment_id})


def release(work: Work, replenishment_id: UUID) -> None:
    """Give the lines of a rejected claim back, so that the next one lists them."""
    work.execute(
        update(t.replenishment_voucher)
        .where(_V.replenishment_id == replenishment_id, _V.is_released.is_(False))
        .values(is_released=True, updated_at=work.now)
    )
