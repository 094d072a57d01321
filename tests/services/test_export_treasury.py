"""The treasury's lists for an export, each read back and in both orders; and the months of the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import banking
import pytest
import story

from pettycash_tui.models.enums import VarianceStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    bank_batch_views,
    export_treasury,
    finding,
    period_months,
    periods,
    reconciliation,
    reconciliation_views,
    replenishment_views,
    replenishments,
    transfer_views,
    transfers,
    variance_views,
    variances,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.finding import FoundKind
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.period_months import MonthState
from pettycash_tui.services.reconciliation_views import ReconciliationFilter


@pytest.fixture
def people(desk: Desk, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which each list has two rows."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    people = story.trading_company(desk)
    treasury = people["treasury"]
    for amount in ("4500", "1200", "300"):
        payment = story.approved(desk, people["staff"], amount)
        story.pay(desk, payment)
        if amount != "300":
            desk.run(treasury, variances.record, payment, "1000", "=HYPERLINK(1)")
    desk.run(people["cfo"], reconciliation.reconcile, ["PAY-000003"])
    for target in ("NBI", "MSA"):
        desk.run(treasury, transfers.request, "HQ", target, "1000", "")
        desk.run(treasury, replenishments.request, target, "1000", "")
    banking.give_accounts(desk, people)
    for amount in ("700", "800"):
        banking.write(desk, treasury, banking.transfers(desk, people, amount))
    return people


def rows_of(desk: Desk, actor: Actor, request: ExportRequest) -> list[dict[str, Any]]:
    """What the export reads, by the keys of its columns."""
    rows = desk.read(actor, lambda reading: [row for page in request.read(reading) for row in page])
    return [dict(zip((column.key for column in request.columns), row, strict=True)) for row in rows]


def test_every_list_is_exported_with_a_value_for_each_column(desk: Desk, people: dict[str, Actor]) -> None:
    cfo = people["cfo"]
    for request, count in (
        (export_treasury.reconciliation(ReconciliationFilter()), 2),
        (export_treasury.reconciliation(ReconciliationFilter(reconciled=True)), 1),
        (export_treasury.variances(VarianceStatus.PENDING), 2),
        (export_treasury.variances(search="VAR-000001"), 1),
        (export_treasury.transfers(), 2),
        (export_treasury.replenishments(), 2),
        (export_treasury.bank_files(), 2),
    ):
        rows = rows_of(desk, cfo, request)
        assert len(rows) == count, request.name
        expected = desk.read(cfo, request.expected)
        assert expected in (None, count)
    (row, _) = rows_of(desk, cfo, export_treasury.variances())
    assert row["variance_amount"] == Money(-20000, "KES") and row["reason"] == "=HYPERLINK(1)"
    (written, _) = rows_of(desk, cfo, export_treasury.bank_files())
    assert (written["number"], written["line_count"], written["open"]) == ("BAT-000002", 1, 1)


def test_only_the_marked_rows_are_exported(desk: Desk, people: dict[str, Actor]) -> None:
    cfo = people["cfo"]
    found = desk.read(cfo, transfer_views.show, "TRF-000002")
    batch = desk.read(cfo, bank_batch_views.show, "BAT-000001").batch
    (row,) = rows_of(desk, cfo, export_treasury.transfers().of_marked([found.id]))
    assert row["number"] == "TRF-000002"
    (row,) = rows_of(desk, cfo, export_treasury.bank_files().of_marked([batch.id]))
    assert row["number"] == "BAT-000001"


@pytest.mark.parametrize(
    ("lister", "backwards"),
    [
        (variance_views.list_variances, "oldest_first"),
        (transfer_views.list_transfers, "oldest_first"),
        (replenishment_views.list_replenishments, "oldest_first"),
        (bank_batch_views.list_batches, "oldest_first"),
        (
            lambda reading, **given: reconciliation_views.list_payments(reading, ReconciliationFilter(), **given),
            "newest_first",
        ),
    ],
)
def test_a_list_goes_page_by_page_in_both_orders(
    desk: Desk, people: dict[str, Actor], lister: Callable[..., Any], backwards: str
) -> None:
    def read(**given: Any) -> Any:
        return desk.read(people["cfo"], lister, limit=1, **given)

    first = read()
    second = read(after=first.next)
    assert [row.number for page in (first, second) for row in page.items] == [
        row.number
        for page in (read(**{backwards: True, "after": read(**{backwards: True}).next}), read(**{backwards: True}))
        for row in page.items
    ]
    assert second.next is None


def test_a_bank_file_is_found_by_its_number_by_who_may_see_it(desk: Desk, people: dict[str, Actor]) -> None:
    (found,) = desk.read(people["treasury"], finding.find, "bat 1")
    assert (found.kind, found.number, found.amount) == (FoundKind.BANK_FILE, "BAT-000001", Money(70000, "KES"))
    assert desk.read(people["staff"], finding.find, "BAT-000001") == ()


def test_the_months_go_back_to_the_first_entry_and_say_how_they_stand(desk: Desk, people: dict[str, Actor]) -> None:
    cfo = people["cfo"]
    month = f"{desk.clock():%Y-%m}"
    (only,) = desk.read(cfo, period_months.months)
    assert (only.period, only.state, only.is_running) == (month, MonthState.OPEN, True)
    case = desk.read(people["fpa"], period_months.case, month)
    assert next(reason.code for reason in case.against_closing) == "not_allowed"
    banking_open = desk.read(cfo, period_months.case, month)
    assert banking_open.checks.blocks and banking_open.against_closing, "a bank file has no word of its bank yet"
    with pytest.raises(NotAllowed):
        desk.read(people["staff"], period_months.months)


def test_a_month_that_was_closed_and_opened_again_says_so(
    desk: Desk, plain_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = story.trading_company(desk)
    cfo, month = people["cfo"], f"{desk.clock():%Y-%m}"
    desk.run(cfo, periods.close, month, "Month end")
    assert desk.read(cfo, period_months.months)[0].state is MonthState.CLOSED
    desk.run(cfo, periods.reopen, month, "A late invoice")
    row = desk.read(cfo, period_months.months)[0]
    assert row.state is MonthState.REOPENED and row.closing is not None
    assert desk.read(cfo, period_months.case, month).against_closing == ()
