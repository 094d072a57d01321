"""The lists that can be exported, each read page by page by the service that the screens and commands list it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services import ledger_views, payment_views, requisition_views
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, Pages, ValueKind, Values
from pettycash_tui.services.ledger_views import EntryFilter, EntryView, LedgerFund
from pettycash_tui.services.paging import MAX_LIMIT, Page
from pettycash_tui.services.payment_views import PaymentFilter, PaymentView
from pettycash_tui.services.refs import PersonRef, Ref
from pettycash_tui.services.requisition_views import QueueOrder, RequisitionDetail, RequisitionFilter, RequisitionRow
from pettycash_tui.services.work import Reading

T = TypeVar("T")

_INTEGER, _MONEY, _DATE, _MOMENT = ValueKind.INTEGER, ValueKind.MONEY, ValueKind.DATE, ValueKind.MOMENT

REQUISITION_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("status", "Status"),
    ExportColumn("urgent", "Urgent"),
    ExportColumn("tier", "Tier", _INTEGER),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("payee", "Payee"),
    ExportColumn("purpose", "Purpose"),
    ExportColumn("revision", "Revision", _INTEGER),
    ExportColumn("requested_by", "Requested by"),
    ExportColumn("next_approver", "Next approver"),
    ExportColumn("fund", "Fund"),
    ExportColumn("branch", "Branch"),
    ExportColumn("created_at", "Written", _MOMENT),
)
QUEUE_COLUMNS = (
    *REQUISITION_COLUMNS,
    ExportColumn("waiting_since", "Waiting since", _MOMENT),
    ExportColumn("due_at", "Due", _MOMENT),
)
PAYMENT_COLUMNS = (
    ExportColumn("number", "Number"),
    ExportColumn("requisition", "Requisition"),
    ExportColumn("status", "Status"),
    ExportColumn("held", "Money held"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("payee", "Payee"),
    ExportColumn("purpose", "Purpose"),
    ExportColumn("method", "Method"),
    ExportColumn("destination", "Destination"),
    ExportColumn("fund", "Fund"),
    ExportColumn("executor", "Executor"),
    ExportColumn("requested_by", "Requested by"),
    ExportColumn("retry_count", "Retries", _INTEGER),
    ExportColumn("last_error", "Last error"),
    ExportColumn("gateway_reference", "Reference"),
    ExportColumn("voucher_number", "Voucher"),
    ExportColumn("created_at", "Made", _MOMENT),
    ExportColumn("executed_at", "Executed", _MOMENT),
)
ENTRY_COLUMNS = (
    ExportColumn("fund", "Fund"),
    ExportColumn("sequence", "No", _INTEGER),
    ExportColumn("value_date", "Date", _DATE),
    ExportColumn("entry_type", "Type"),
    ExportColumn("description", "Text"),
    ExportColumn("paid_out", "Paid out", _MONEY),
    ExportColumn("paid_in", "Paid in", _MONEY),
    ExportColumn("balance_after", "Balance", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("voucher_number", "Voucher"),
    ExportColumn("payment", "Payment"),
    ExportColumn("requisition", "Requisition"),
    ExportColumn("replenishment", "Replenishment"),
    ExportColumn("variance", "Variance"),
    ExportColumn("transfer", "Transfer"),
    ExportColumn("corrects", "Corrects"),
    ExportColumn("journal", "Journal"),
    ExportColumn("contra_account", "Against"),
    ExportColumn("source_type", "Comes from"),
    ExportColumn("created_by", "Written by"),
    ExportColumn("created_at", "Written", _MOMENT),
)


def requisitions(given: RequisitionFilter, *, oldest_first: bool = False) -> ExportRequest:
    """The requisitions that the actor may see and that match."""
    lister = partial(requisition_views.list_requisitions, oldest_first=oldest_first)
    return ExportRequest(
        name="requisitions",
        title="Requisitions",
        columns=REQUISITION_COLUMNS,
        pages=lambda reading: pages(partial(lister, reading, given), _requisition),
        pick=partial(each, requisition_views.show, _requisition),
        count=lambda reading: requisition_views.count_requisitions(reading, given),
        filter=narrowed(given),
    )


def queue(order: QueueOrder = QueueOrder.AGE, *, search: str | None = None) -> ExportRequest:
    """What waits for the actor's decision and matches."""
    waiting = partial(requisition_views.queue, order=order, search=search or None)

    def pick(reading: Reading, ids: Sequence[UUID]) -> Pages:
        # A queue is short, and only its own query knows since when each has been waiting.
        wanted = set(ids)
        for rows in _items(partial(requisition_views.queue, reading, order=order)):
            yield [_waiting(row) for row in rows if row.id in wanted]

    return ExportRequest(
        name="approvals",
        title="Approvals",
        columns=QUEUE_COLUMNS,
        pages=lambda reading: pages(partial(waiting, reading), _waiting),
        pick=pick,
        count=lambda reading: requisition_views.count_queue(reading, search=search or None),
        filter={"order": order, **({"search": search} if search else {})},
    )


def payments(given: PaymentFilter, *, oldest_first: bool = False) -> ExportRequest:
    """The payments that the actor may see and that match."""
    lister = partial(payment_views.list_payments, oldest_first=oldest_first)
    return ExportRequest(
        name="payments",
        title="Payments",
        columns=PAYMENT_COLUMNS,
        pages=lambda reading: pages(partial(lister, reading, given), _payment),
        pick=partial(each, payment_views.show, _payment),
        count=lambda reading: payment_views.count_payments(reading, given),
        filter=narrowed(given),
    )


def ledger(fund: str, given: EntryFilter, *, newest_first: bool = False) -> ExportRequest:
    """The entries of a fund's ledger that match; `fund` is its code. Whether the actor may read it is asked on reading.

    Raises nothing here; reading raises NotFound and NotAllowed.
    """

    def book(reading: Reading) -> LedgerFund:
        return ledger_views.open_ledger(reading, fund)

    def entries(reading: Reading) -> Pages:
        lister = partial(ledger_views.list_entries, reading, book(reading), given, newest_first=newest_first)
        return pages(lister, _entry)

    return ExportRequest(
        name=f"ledger-{fund}",
        title=f"Ledger {fund}",
        columns=ENTRY_COLUMNS,
        pages=entries,
        pick=partial(each, ledger_views.show_entry, _entry),
        count=lambda reading: ledger_views.count_entries(reading, book(reading), given),
        filter={"fund": fund, **narrowed(given)},
    )


def _items(lister: Callable[..., Page[T]]) -> Iterator[Sequence[T]]:
    after = None
    while True:
        page = lister(limit=MAX_LIMIT, after=after)
        yield page.items
        if page.next is None:
            return
        after = page.next


def pages(lister: Callable[..., Page[T]], values: Callable[[T], Values]) -> Pages:
    """A list's rows, page by page."""
    for items in _items(lister):
        yield [values(item) for item in items]


def each(
    show: Callable[[Reading, UUID], Any], values: Callable[[Any], Values], reading: Reading, ids: Sequence[UUID]
) -> Pages:
    """The rows of these ids, each read by itself; one that is not there any more is left out."""
    for found_id in ids:
        with suppress(NotFound):
            yield [values(show(reading, found_id))]


def narrowed(given: Any) -> dict[str, object]:
    """The fields of a filter that narrow something."""
    nothing = type(given)()
    values = {field.name: getattr(given, field.name) for field in fields(given)}
    return {name: value for name, value in values.items() if value not in (getattr(nothing, name), None, "")}


def _requisition(row: RequisitionRow | RequisitionDetail) -> Values:
    return (
        row.number,
        row.status.label,
        "yes" if row.is_urgent else "",
        row.tier,
        row.amount,
        row.amount.currency,
        row.payee,
        row.purpose,
        row.revision,
        name_of(row.requested_by),
        name_of(row.next_approver),
        code_of(row.fund),
        code_of(row.branch),
        row.created_at,
    )


def _waiting(row: RequisitionRow) -> Values:
    return (*_requisition(row), row.waiting_since, row.due_at)


def _payment(row: PaymentView) -> Values:
    return (
        row.number,
        row.requisition,
        row.status.label,
        "yes" if row.held else "",
        row.amount,
        row.amount.currency,
        row.payee,
        row.purpose,
        row.method.label,
        row.destination,
        code_of(row.fund),
        name_of(row.executor),
        name_of(row.requested_by),
        row.retry_count,
        row.last_error,
        row.gateway_reference,
        row.voucher_number,
        row.created_at,
        row.executed_at,
    )


def _entry(row: EntryView) -> Values:
    raises = row.amount.minor > 0 if row.entry_type is EntryType.ADJUSTMENT else row.entry_type is EntryType.CREDIT
    amount = Money(abs(row.amount.minor), row.amount.currency)
    contra = row.contra_account
    return (
        row.fund,
        row.sequence,
        row.value_date,
        row.entry_type.label,
        row.description,
        None if raises else amount,
        amount if raises else None,
        row.balance_after,
        row.amount.currency,
        row.voucher_number,
        row.payment,
        row.requisition,
        row.replenishment,
        row.variance,
        row.transfer,
        row.corrects,
        row.journal,
        f"{contra.code} {contra.name}" if contra else None,
        row.source_type.label,
        name_of(row.created_by) or "System",
        row.created_at,
    )


def name_of(found: PersonRef | None) -> str | None:
    """A person's name, for a cell."""
    return found.name if found else None


def code_of(found: Ref | None) -> str | None:
    """The code of a fund or branch, for a cell."""
    return found.code if found else None
