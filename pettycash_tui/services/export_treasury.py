"""The treasury's lists for an export: what is to be reconciled, variances, transfers, replenishments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from pettycash_tui.models.enums import ReplenishmentStatus, TransferStatus, VarianceStatus
from pettycash_tui.services import (
    bank_batch_views,
    reconciliation_views,
    replenishment_views,
    transfer_views,
    variance_views,
)
from pettycash_tui.services.bank_batch_views import BatchState, BatchView
from pettycash_tui.services.export_lists import code_of, each, name_of, narrowed, pages
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, ValueKind, Values
from pettycash_tui.services.paging import Page
from pettycash_tui.services.reconciliation_views import ReconciliationFilter, ReconciliationRow
from pettycash_tui.services.replenishment_views import ReplenishmentView
from pettycash_tui.services.transfer_views import TransferView
from pettycash_tui.services.variance_views import VarianceView
from pettycash_tui.services.work import Reading

_MONEY, _MOMENT = ValueKind.MONEY, ValueKind.MOMENT

RECONCILIATION_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("fund", "Fund"),
    ExportColumn("entry", "Entry"),
    ExportColumn("payee", "Payee"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("method", "Method"),
    ExportColumn("voucher_number", "Voucher"),
    ExportColumn("gateway_reference", "Reference"),
    ExportColumn("executor", "Executor"),
    ExportColumn("executed_at", "Executed", _MOMENT),
    ExportColumn("open_variance", "Open variance"),
    ExportColumn("reconciled_by", "Reconciled by"),
    ExportColumn("reconciled_at", "Reconciled", _MOMENT),
)
VARIANCE_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("payment", "Payment"),
    ExportColumn("voucher_number", "Voucher"),
    ExportColumn("payee", "Payee"),
    ExportColumn("fund", "Fund"),
    ExportColumn("original_amount", "Booked", _MONEY),
    ExportColumn("adjusted_amount", "Adjusted", _MONEY),
    ExportColumn("variance_amount", "Variance", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("reason", "Reason"),
    ExportColumn("recorded_by", "Recorded by"),
    ExportColumn("recorded_at", "Recorded", _MOMENT),
    ExportColumn("approved_by", "Approved by"),
    ExportColumn("approved_at", "Approved", _MOMENT),
    ExportColumn("rejected_by", "Rejected by"),
    ExportColumn("rejected_at", "Rejected", _MOMENT),
    ExportColumn("rejection_reason", "Why rejected"),
    ExportColumn("entry", "Entry"),
)
TRANSFER_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("from_fund", "From"),
    ExportColumn("to_fund", "To"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("reason", "Reason"),
    ExportColumn("requested_by", "Asked by"),
    ExportColumn("requested_at", "Asked", _MOMENT),
    ExportColumn("approved_by", "Approved by"),
    ExportColumn("completed_at", "Completed", _MOMENT),
    ExportColumn("rejected_by", "Rejected by"),
    ExportColumn("rejected_at", "Rejected", _MOMENT),
    ExportColumn("rejection_reason", "Why rejected"),
    ExportColumn("from_entry", "Entry from"),
    ExportColumn("to_entry", "Entry to"),
)
REPLENISHMENT_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("fund", "Fund"),
    ExportColumn("requested_amount", "Asked for", _MONEY),
    ExportColumn("completed_amount", "Received", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("reference", "Reference"),
    ExportColumn("automatic", "Automatic"),
    ExportColumn("reason", "Reason"),
    ExportColumn("requested_by", "Asked by"),
    ExportColumn("requested_at", "Asked", _MOMENT),
    ExportColumn("approved_by", "Approved by"),
    ExportColumn("approved_at", "Approved", _MOMENT),
    ExportColumn("completed_by", "Received by"),
    ExportColumn("completed_at", "Received on", _MOMENT),
    ExportColumn("rejected_by", "Rejected by"),
    ExportColumn("rejected_at", "Rejected", _MOMENT),
)


BANK_FILE_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("fund", "Fund"),
    ExportColumn("format", "Format"),
    ExportColumn("execution_date", "To be paid on", ValueKind.DATE),
    ExportColumn("debit_account", "From account"),
    ExportColumn("line_count", "Lines", ValueKind.INTEGER),
    ExportColumn("control_sum", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("confirmed", "Lines paid", ValueKind.INTEGER),
    ExportColumn("confirmed_amount", "Paid", _MONEY),
    ExportColumn("refused", "Lines refused", ValueKind.INTEGER),
    ExportColumn("refused_amount", "Refused", _MONEY),
    ExportColumn("open", "Lines open", ValueKind.INTEGER),
    ExportColumn("open_amount", "Open", _MONEY),
    ExportColumn("executor", "Written by"),
    ExportColumn("created_at", "Written", _MOMENT),
)


def reconciliation(given: ReconciliationFilter) -> ExportRequest:
    """The executed payments that wait to be reconciled, or are."""
    return ExportRequest(
        name="reconciled" if given.reconciled else "to-reconcile",
        title="Reconciled" if given.reconciled else "To reconcile",
        columns=RECONCILIATION_COLUMNS,
        pages=lambda reading: pages(partial(reconciliation_views.list_payments, reading, given), _reconciliation),
        pick=partial(each, reconciliation_views.show, _reconciliation),
        count=lambda reading: sum(found.count for found in reconciliation_views.counts(reading, given)),
        filter=narrowed(given),
    )


def variances(status: VarianceStatus | None = None, search: str | None = None) -> ExportRequest:
    """The variances that the actor may see and that match."""
    lister = partial(variance_views.list_variances, status=status, search=search or None)
    return _listed("Variances", VARIANCE_COLUMNS, lister, variance_views.show, _variance, _given(status, search))


def transfers(status: TransferStatus | None = None, search: str | None = None) -> ExportRequest:
    """The transfers between funds that the actor may see and that match."""
    lister = partial(transfer_views.list_transfers, status=status, search=search or None)
    return _listed("Transfers", TRANSFER_COLUMNS, lister, transfer_views.show, _transfer, _given(status, search))


def replenishments(status: ReplenishmentStatus | None = None, search: str | None = None) -> ExportRequest:
    """The replenishments of the actor's company that match."""
    lister = partial(replenishment_views.list_replenishments, status=status, search=search or None)
    return _listed(
        "Replenishments",
        REPLENISHMENT_COLUMNS,
        lister,
        replenishment_views.show,
        _replenishment,
        _given(status, search),
    )


def bank_files(status: BatchState | None = None, search: str | None = None) -> ExportRequest:
    """The bank files that the actor may see and that match, with how many of their lines are settled."""
    lister = partial(bank_batch_views.list_batches, status=status, search=search or None)

    def show(reading: Reading, ref: UUID) -> BatchView:
        return bank_batch_views.show(reading, ref).batch

    return _listed("Bank files", BANK_FILE_COLUMNS, lister, show, _bank_file, _given(status, search))


def _listed(
    title: str,
    columns: tuple[ExportColumn, ...],
    lister: Callable[..., Page[Any]],
    show: Callable[[Reading, UUID], Any],
    values: Callable[[Any], Values],
    filter: dict[str, object],
) -> ExportRequest:
    return ExportRequest(
        name=title.lower().replace(" ", "-"),
        title=title,
        columns=columns,
        pages=lambda reading: pages(partial(lister, reading), values),
        pick=partial(each, show, values),
        filter=filter,
    )


def _given(status: object, search: str | None) -> dict[str, object]:
    values = {"status": status, "search": search}
    return {name: value for name, value in values.items() if value}


def _reconciliation(row: ReconciliationRow) -> Values:
    return (
        row.number,
        row.status.label,
        code_of(row.fund),
        row.entry,
        row.payee,
        row.amount,
        row.currency,
        row.method.label,
        row.voucher_number,
        row.gateway_reference,
        name_of(row.executor),
        row.executed_at,
        row.open_variance,
        name_of(row.reconciled_by),
        row.reconciled_at,
    )


def _variance(row: VarianceView) -> Values:
    return (
        row.number,
        row.status.label,
        row.payment,
        row.voucher_number,
        row.payee,
        code_of(row.fund),
        row.original_amount,
        row.adjusted_amount,
        row.variance_amount,
        row.currency,
        row.reason,
        name_of(row.recorded_by),
        row.recorded_at,
        name_of(row.approved_by),
        row.approved_at,
        name_of(row.rejected_by),
        row.rejected_at,
        row.rejection_reason,
        row.entry,
    )


def _transfer(row: TransferView) -> Values:
    return (
        row.number,
        row.status.label,
        code_of(row.from_fund),
        code_of(row.to_fund),
        row.amount,
        row.currency,
        row.reason,
        name_of(row.requested_by),
        row.requested_at,
        name_of(row.approved_by),
        row.completed_at,
        name_of(row.rejected_by),
        row.rejected_at,
        row.rejection_reason,
        row.from_entry,
        row.to_entry,
    )


def _replenishment(row: ReplenishmentView) -> Values:
    return (
        row.number,
        row.state_label,
        code_of(row.fund),
        row.requested_amount,
        row.completed_amount,
        row.requested_amount.currency,
        row.reference,
        "yes" if row.auto_triggered else "",
        row.reason,
        name_of(row.requested_by),
        row.requested_at,
        name_of(row.approved_by),
        row.approved_at,
        name_of(row.completed_by),
        row.completed_at,
        name_of(row.rejected_by),
        row.rejected_at,
    )


def _bank_file(row: BatchView) -> Values:
    return (
        row.number,
        row.status.label,
        code_of(row.fund),
        row.format.label,
        row.execution_date,
        row.debit_account,
        row.line_count,
        row.control_sum,
        row.currency,
        row.confirmed,
        row.confirmed_amount,
        row.refused,
        row.refused_amount,
        row.open,
        row.open_amount,
        name_of(row.executor),
        row.created_at,
    )
