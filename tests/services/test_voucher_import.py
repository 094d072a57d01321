"""Vouchers written elsewhere become requisitions like all others: once each, with every bad line named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import books
import pytest
import story
import vouchers
from sqlalchemy import select, update
from trading import Trading
from vouchers import file_of, numbered

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, Role
from pettycash_tui.services import (
    requisitions,
    submission,
    voucher_import,
    voucher_views,
    voucher_writing,
    workflow,
)
from pettycash_tui.services.errors import InvalidInput, NotAllowed, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.voucher_import import ImportStopped
from pettycash_tui.services.voucher_summary import VouchersImported
from pettycash_tui.services.work import Reading, Work


def do(trading: Trading, path: Path, who: str = "staff", **options: Any) -> VouchersImported:
    return voucher_import.import_file(trading.desk, trading[who], path, **options)


def problems(trading: Trading, path: Path, who: str = "staff", **options: Any) -> dict[str, str]:
    before = len(trading.rows(t.requisition))
    with pytest.raises(InvalidInput) as caught:
        do(trading, path, who, **options)
    assert len(trading.rows(t.requisition)) == before
    assert caught.value.message.startswith(("Nothing was imported.", "File "))
    return caught.value.fields


# --- what becomes of a line -------------------------------------------------------------------------------------------


def test_each_line_is_submitted_as_the_importers_own_requisition(trading: Trading, tmp_path: Path) -> None:
    heading = "Voucher number;Amount;Payee;Purpose;Category;Method;Destination;Origin;Branch;Currency"
    path = file_of(
        tmp_path,
        "pv-1;1,250.50;Total Energies;Fuel;travel;mpesa;+254712345678;;;KES",
        '2026/0017;12000;"Kamau; Sons";"Shelves\nfor the shop";;;;branch;MSA;',
        heading=heading,
    )
    done = do(trading, path)
    assert (done.imported, done.lines, done.there_before, done.bad, done.dry_run) == (2, 2, 0, 0, False)
    assert [(each.voucher_number, each.requisition) for each in done.vouchers] == [
        ("PV-1", "REQ-000001"),
        ("2026/0017", "REQ-000002"),
    ]
    assert [(each.fund, each.count, str(each.total)) for each in done.funds] == [
        ("MSA", 1, "KES 12,000.00"),
        ("NBI", 1, "KES 1,250.50"),
    ]
    first, second = trading.show("REQ-000001"), trading.show("REQ-000002")
    assert (first.status, first.imported_voucher) == (RequisitionStatus.PENDING_BRANCH_APPROVAL, "PV-1")
    assert (first.requested_by.username, first.destination, first.category.code) == (
        "staff",
        "+254712345678",
        "travel",
    )
    assert (second.payee, second.purpose, second.tier) == ("Kamau; Sons", "Shelves\nfor the shop", 2)
    assert second.fund.code == "MSA"
    books.check(trading.desk)


def left_by(reading: Reading) -> list[list[Any]]:
    """Requisitions, steps, trail and events, without the ids that are made anew."""
    numbers = {row.id: row.number for row in reading.execute(select(t.requisition))}
    found = []
    for table in (t.requisition, t.approval_step, t.approval_trail):
        rows = [row._asdict() for row in reading.execute(select(table))]
        for row in rows:
            row.setdefault("requisition", numbers.get(row.pop("requisition_id", None)))
            del row["id"]
        found.append(sorted(rows, key=str))
    events = select(t.audit_event).where(t.audit_event.c.subject_type == "requisition")
    told = []
    for event in reading.execute(events.order_by(t.audit_event.c.stream, t.audit_event.c.sequence)):
        data = json.loads(event.body)["data"]
        data.pop("imported", None)
        told.append((event.stream, event.action, event.subject, event.actor_id, data))
    return [*found, told]


class Undone(Exception):
    """Ends a transaction whose work was only to be looked at."""


def test_an_import_leaves_what_submitting_one_by_one_leaves(trading: Trading, tmp_path: Path) -> None:
    trading.another("branch_manager2", Role.BRANCH_MANAGER, like="branch_manager")
    trading.away("treasury2", "cfo")
    amounts = ["4500", "12000", "60000", "260000", "700", "4500"]
    by_hand: list[list[Any]] = []
    with pytest.raises(Undone), trading.desk.work(trading["staff"]) as work:
        for at, amount in enumerate(amounts, 1):
            given = RequisitionInput(amount=amount, payee=f"Shop {at}", purpose="Paper")
            submission.submit(work, requisitions.create(work, given).id)
        work.finish(audited=True)
        by_hand = left_by(work)
        raise Undone
    assert trading.rows(t.requisition) == []
    lines = [f"PV-{at},{amount},Shop {at},Paper" for at, amount in enumerate(amounts, 1)]
    do(trading, file_of(tmp_path, *lines))
    imported = trading.desk.read(SYSTEM, left_by)
    assert [len(each) for each in imported] == [6, 17, 6, 12]
    assert imported == by_hand
    books.check(trading.desk)


def test_who_imports_decides_on_nothing_of_it(trading: Trading, tmp_path: Path) -> None:
    do(trading, file_of(tmp_path, *numbered(1)), who="branch_manager")
    with pytest.raises(Refused, match="your own"):
        trading.approve("REQ-000001", "branch_manager")
    do(trading, file_of(tmp_path, *numbered(1, first=7)), who="treasury")
    kinds = trading.steps("REQ-000002")
    assert "treasury" not in {username for _, username, _ in kinds}
    assert trading.rows(t.payment) == []


# --- what was there already -------------------------------------------------------------------------------------------


def test_a_file_imported_again_imports_nothing_and_names_what_is_there(trading: Trading, tmp_path: Path) -> None:
    path = file_of(tmp_path, *numbered(3))
    do(trading, path)
    trading.act("branch_manager", workflow.reject, "REQ-000002", "no receipt")
    again = do(trading, path, who="cfo")
    assert (again.imported, again.there_before, again.first) == (0, 3, None)
    assert [(each.requisition, each.status.value) for each in again.there] == [
        ("REQ-000001", "pending_branch_approval"),
        ("REQ-000002", "rejected"),
        ("REQ-000003", "pending_branch_approval"),
    ]
    longer = do(trading, file_of(tmp_path, *numbered(5)), who="cfo")
    assert (longer.imported, longer.there_before) == (2, 3)
    assert trading.show("REQ-000005").requested_by.username == "cfo"
    assert len(books.check(trading.desk).requisitions) == 5


def test_another_voucher_under_a_number_of_the_books_is_a_bad_line(trading: Trading, tmp_path: Path) -> None:
    do(trading, file_of(tmp_path, *numbered(2)))
    path = file_of(tmp_path, "pv-1,100,shop  1,Paper", "PV-2,201,Shop 2,Paper", "PV-3,300,Shop 3,Paper")
    assert problems(trading, path) == {
        "line 3: voucher_number": "PV-2 is in the books as REQ-000002, KES 200.00 for Shop 2"
    }
    done = do(trading, path, skip_bad=True)
    assert (done.imported, done.there_before, done.bad) == (1, 1, 1)
    trading.act("branch_manager", workflow.request_changes, "REQ-000001", "the receipt says 90")
    trading.act("staff", lambda work, ref: requisitions.edit(work, ref, RequisitionInput(amount="90")), "REQ-000001")
    assert do(trading, file_of(tmp_path, *numbered(2))).there_before == 2


def test_another_company_has_its_own_numbers(trading: Trading, tmp_path: Path) -> None:
    people = story.trading_company(trading.desk, "BETA", prefix="b_")
    path = file_of(tmp_path, *numbered(1))
    do(trading, path)
    done = voucher_import.import_file(trading.desk, people["staff"], path)
    assert (done.company, done.imported) == ("BETA", 1)
    with pytest.raises(PettyCashError):
        voucher_import.import_file(trading.desk, people["staff"], path, company="ACME")
    found = trading.desk.read(people["cfo"], voucher_views.list_imported)
    assert [each.requested_by.username for each in found.items if each.requested_by] == ["b_staff"]


# --- bad lines --------------------------------------------------------------------------------------------------------


def test_every_bad_line_is_named_with_its_field_and_nothing_is_imported(trading: Trading, tmp_path: Path) -> None:
    heading = "voucher_number,amount,payee,purpose,currency,category,method,destination,fund,is_urgent"
    path = file_of(
        tmp_path,
        "PV-1,100,Shop,Paper,,,,,,",
        "PV-2,1e9,Shop,Paper,,,,,,",
        "PV-3,-5,,Paper,,,,,,",
        "PV-4,10.123,=HYPERLINK(1),Paper,,,,,,",
        "PV-5,10,@SUM(A1),+1+1,,,,,,",
        "PV-6,10,+254712345678,Airtime,,,,,,",
        "PV-7,10,Shop,Paper,USD,,,,,",
        "PV-8,10,Shop,Paper,XXQ,,,,,",
        "PV-9,10,Shop,Paper,,moon,mpesa,,NOWHERE,perhaps",
        "pv-1,10,Shop,Paper,,,,,,",
        "=1+1,１２,Shop,\x1b[2J,,,,,,",
        "PV-12,10,Shop",
        "",
        ",,,,,,,,,",
        "PV-13,10,Shop,Paper,,moon,mpesa,,,",
        heading=heading,
    )
    found = problems(trading, path)
    assert set(found) == {
        "line 2: voucher_number",
        "line 3: amount",
        "line 4: amount",
        "line 4: payee",
        "line 5: payee",
        "line 6: payee",
        "line 6: purpose",
        "line 8: currency",
        "line 9: currency",
        "line 5: amount",
        "line 10: category",
        "line 10: destination",
        "line 10: is_urgent",
        "line 11: voucher_number",
        "line 12: voucher_number",
        "line 12: amount",
        "line 12: purpose",
        "line 13",
        "line 16: category",
        "line 16: destination",
    }
    assert found["line 2: voucher_number"] == "PV-1 stands on line 11 too"
    assert found["line 8: currency"] == "must be KES, the currency of its fund, not USD"
    assert found["line 13"] == "has 3 columns; expected 10"
    with pytest.raises(InvalidInput, match=r"vouchers\.csv, line 3: amount must be an amount in ordinary digits"):
        do(trading, path)


def test_the_good_lines_come_in_when_the_bad_ones_are_to_be_skipped(trading: Trading, tmp_path: Path) -> None:
    lines = [*numbered(3), "PV-9,0,Shop,Paper", "PV-10,1,,Paper", 'PV-11,"1,Shop,Paper', "PV-2,5,Other,Ink"]
    done = do(trading, file_of(tmp_path, *lines), skip_bad=True, chunk=2)
    assert (done.imported, done.bad, done.lines) == (2, 5, 7)
    assert [each.voucher_number for each in done.vouchers] == ["PV-1", "PV-3"]
    assert set(done.bad_lines) == {
        "line 3: voucher_number",
        "line 5: amount",
        "line 6: payee",
        "line 7",
        "line 8: voucher_number",
    }
    mended = do(trading, file_of(tmp_path, *numbered(3), "PV-9,1,Shop,Paper"))
    assert (mended.imported, mended.there_before) == (2, 2)
    books.check(trading.desk)


def test_a_file_of_bad_lines_tells_the_first_and_counts_the_rest(trading: Trading, tmp_path: Path) -> None:
    path = file_of(tmp_path, *[f"PV-{at},0,Shop,Paper" for at in range(1_200)])
    with pytest.raises(InvalidInput, match="and 1,180 more") as caught:
        do(trading, path)
    assert len(caught.value.fields) == 1_000


def test_a_line_that_nobody_may_decide_on_is_named(trading: Trading, tmp_path: Path) -> None:
    trading.change(lambda work: work.execute(update(t.approval_threshold).values(is_active=False)))
    found = problems(trading, file_of(tmp_path, *numbered(2)))
    assert set(found) == {"line 2", "line 3"}
    assert "No approval policy covers KES 100.00" in found["line 2"]


# --- rehearsing, stopping, going on -----------------------------------------------------------------------------------


def test_a_rehearsal_tells_who_would_decide_and_what_funds_would_pay(trading: Trading, tmp_path: Path) -> None:
    trading.request(amount="60000", payee="Shop 2")
    before = books.read(trading.desk)
    lines = [*numbered(1), "PV-2,60000,shop 2,Shelves", "PV-3,50000,Shop 3,Chairs"]
    told = do(trading, file_of(tmp_path, *lines), dry_run=True)
    assert (told.dry_run, told.imported, told.first) == (True, 3, None)
    (fund,) = told.funds
    assert (str(fund.total), str(fund.available), fund.is_short) == ("KES 110,100.00", "KES 100,000.00", True)
    kinds = [(each.kind.value, each.person.username, each.count) for each in told.deciding]
    assert kinds[0] == ("approve", "branch_manager", 3)
    assert sum(count for kind, _, count in kinds if kind == "validate") == 3
    assert [each.sentence for each in told.alike] == ["Line 3 (PV-2): REQ-000001 asks for the same amount and payee."]
    after = books.check(trading.desk)
    assert (after.events, after.requisitions) == (before.events, before.requisitions)
    really = do(trading, file_of(tmp_path, *lines))
    assert (really.funds[0].total, really.deciding, really.alike) == (fund.total, told.deciding, told.alike)


def test_it_stops_between_two_transactions_and_goes_on_from_there(trading: Trading, tmp_path: Path) -> None:
    path = file_of(tmp_path, *numbered(7))
    seen: list[tuple[str, int, int]] = []

    def until(what: str, lines: int) -> Any:
        def report(*at: Any) -> bool:
            seen.append(at)
            return at[:2] != (what, lines)

        return report

    with pytest.raises(ImportStopped):
        do(trading, path, chunk=3, report=until("checked", 6))
    assert trading.rows(t.requisition) == []
    seen.clear()
    part = do(trading, path, chunk=3, report=until("imported", 3))
    assert (part.stopped, part.imported, part.last) == (True, 3, "REQ-000003")
    assert seen == [("checked", 3, 7), ("checked", 6, 7), ("checked", 7, 7), ("imported", 3, 7)]
    rest = do(trading, path, chunk=3)
    assert (rest.stopped, rest.imported, rest.there_before) == (False, 4, 3)
    books.check(trading.desk)


def test_what_stops_it_half_way_is_told_with_what_is_in(
    trading: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, *numbered(4))
    written = voucher_writing.submit_all

    def change_then(work: Work, source: Any, lines: Any, skip_bad: bool) -> Any:
        if lines[0].line == 4:
            work.execute(update(t.user).values(is_active=False).where(t.user.c.username == "staff"))
        return written(work, source, lines, skip_bad)

    monkeypatch.setattr(voucher_writing, "submit_all", change_then)
    with pytest.raises(NotAllowed, match="2 vouchers are in, up to REQ-000002; the others are not: You are not"):
        do(trading, path, chunk=2)
    monkeypatch.undo()
    assert do(trading, path).imported == 2

    def replace(*_: Any) -> bool:
        file_of(tmp_path, *numbered(5, first=20))
        return True

    with pytest.raises(Refused, match="was changed while it was read"):
        do(trading, path, report=replace, chunk=2)
    books.check(trading.desk)


def test_what_was_right_when_checked_and_is_not_when_written_is_refused(
    trading: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, "PV-1,10,Shop,Paper,travel", "PV-2,20,Shop,Paper,", heading=f"{vouchers.HEADING},category")
    written = voucher_writing.submit_all

    def change_then(work: Work, source: Any, lines: Any, skip_bad: bool) -> Any:
        work.execute(update(t.category).values(is_active=False).where(t.category.c.code == "travel"))
        return written(work, source, lines, skip_bad)

    monkeypatch.setattr(voucher_writing, "submit_all", change_then)
    with pytest.raises(InvalidInput, match="Line 2: Category 'travel' is not an active category") as caught:
        do(trading, path)
    assert set(caught.value.fields) == {"line 2: category"}
    assert trading.rows(t.requisition) == []
    done = do(trading, path, skip_bad=True)
    assert (done.imported, done.bad, set(done.bad_lines)) == (1, 1, {"line 2: category"})


def test_imported_vouchers_are_listed_for_who_sees_their_requisitions(trading: Trading, tmp_path: Path) -> None:
    do(trading, file_of(tmp_path, *numbered(3)))
    listed = trading.desk.read(trading["staff"], voucher_views.list_imported, limit=2)
    assert [(each.voucher_number, each.line) for each in listed.items] == [("PV-3", 4), ("PV-2", 3)]
    rest = trading.desk.read(trading["staff"], voucher_views.list_imported, limit=2, after=listed.next)
    assert [each.voucher_number for each in rest.items] == ["PV-1"]
    for given in ({"search": "pv-2"}, {"search": "shop 2"}, {"search": "REQ-000002"}):
        found = trading.desk.read(trading["cfo"], voucher_views.list_imported, **given)
        assert [each.voucher_number for each in found.items] == ["PV-2"]
    status, fund = RequisitionStatus.PENDING_BRANCH_APPROVAL, "NBI"
    assert len(trading.desk.read(trading["cfo"], voucher_views.list_imported, status=status, fund=fund).items) == 3
    assert trading.desk.read(trading["cfo"], voucher_views.list_imported, fund="MSA").items == ()
    assert trading.desk.read(trading["fpa"], voucher_views.list_imported, status=RequisitionStatus.PAID).items == ()


def test_the_system_imports_nothing(trading: Trading, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        voucher_import.import_file(trading.desk, SYSTEM, file_of(tmp_path, *numbered(1)))
