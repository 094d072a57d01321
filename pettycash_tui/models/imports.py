"""Vouchers that were written elsewhere, and the requisition that each became."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from pettycash_tui.models.base import Row
from pettycash_tui.models.columns import big, positive, ref, text

VOUCHER_NUMBER_LENGTH = 40


class ImportedVoucher(Row, table=True):
    """A line of an imported file. Append-only: a voucher number is imported once in a company, whatever becomes of it.

    `voucher_number` is in capitals, so that `pv-7` is not another one than `PV-7`; `line` counts from 1, the heading's.
    """

    __tablename__ = "imported_voucher"
    __table_args__ = (
        UniqueConstraint("company_id", "voucher_number"),
        UniqueConstraint("requisition_id"),
        CheckConstraint("voucher_number <> '' AND voucher_number = upper(voucher_number)", name="number_in_capitals"),
        CheckConstraint("length(file_sha256) = 64", name="file_named"),
        positive("line"),
        Index("ix_imported_voucher_list", "company_id", "created_at", "id"),
    )

    company_id: UUID = ref("company.id")
    voucher_number: str = text(VOUCHER_NUMBER_LENGTH)
    requisition_id: UUID = ref("requisition.id")
    file_sha256: str = text(64)
    line: int = big()
