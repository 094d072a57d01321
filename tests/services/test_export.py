"""Exports of lists: what stands in the files, formulas, memory, stopping, the folder, and the audit event."""

from __future__ import annotations

import csv
import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import building
import openpyxl
import pytest
import story
from openpyxl.utils.escape import unescape
from sqlalchemy import event, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import export_files, export_lists, export_xlsx, ledger_views, requisition_views, workflow
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Refused
from pettycash_tui.services.export import Exported, Format, export, file_name
from pettycash_tui.services.export_csv import begins_a_formula, guarded
from pettycash_tui.services.export_progress import ExportStopped, Progress
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, Pages, ValueKind, Values
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.ledger_views import EntryFilter
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.requisition_views import RequisitionFilter
from pettycash_tui.services.work import Reading

NOON = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
COLUMNS = (
    ExportColumn("payee", "Payee"),
    ExportColumn("number", "No", ValueKind.INTEGER),
    ExportColumn("amount", "Amount", ValueKind.MONEY),
    ExportColumn("day", "Day", ValueKind.DATE),
    ExportColumn("made", "Made", ValueKind.MOMENT),
)
Row = tuple[Any, ...]


def made_up(rows: int, payee: str = "Total Energies", *, pages: int = 500) -> ExportRequest:
    """A list that no database holds."""

    def read(_: Reading) -> Pages:
        for start in range(0, rows, pages):
            yield [_row(payee, number) for number in range(start, min(start + pages, rows))]

    return ExportRequest("things", "Things", COLUMNS, read, lambda *_: iter(()), lambda _: rows)


def _row(payee: str, number: int) -> Values:
    return (payee, number, Money(-125050 - number, "KES"), date(2026, 3, 2), NOON)


def exported(desk: Desk, actor: Actor, request: ExportRequest, format: Format, **more: Any) -> Exported:
    """Export to the person's folder."""
    name = file_name(request, format, "2026-11-21 14:30")
    with export_files.in_exports(desk.home, actor.username, name) as draft:
        return export(desk, actor, request, draft, format, **more)


def csv_rows(done: Exported) -> list[list[str]]:
    assert done.path is not None
    text = done.path.read_bytes().decode("utf-8-sig")
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.reader(text.splitlines()))


def workbook(done: Exported) -> Any:
    return openpyxl.load_workbook(str(done.path))


def sheet_rows(done: Exported) -> list[Row]:
    return [tuple(row) for row in workbook(done).worksheets[0].iter_rows(values_only=True)]


def files_in(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home / "exports")) for path in (home / "exports").rglob("*") if path.is_file())


def events(desk: Desk) -> list[dict[str, Any]]:
    a = t.audit_event.c

    def found(reading: Reading) -> list[dict[str, Any]]:
        rows = reading.execute(select(a.body).where(a.action == "list.exported").order_by(a.created_at))
        return [json.loads(row.body) for row in rows]

    return desk.read(SYSTEM, found)


@pytest.fixture
def people(sqlite_desk: Desk) -> dict[str, Actor]:
    return building.company(sqlite_desk)


@pytest.fixture
def cfo(people: dict[str, Actor]) -> Actor:
    return people["cfo"]


# --- what stands in the files -----------------------------------------------------------------------------------------


def test_a_csv_has_headings_plain_numbers_and_times_with_their_offset(sqlite_desk: Desk, cfo: Actor) -> None:
    done = exported(sqlite_desk, cfo, made_up(2), Format.CSV)

    assert done.path is not None and done.path.read_bytes().startswith(b"\xef\xbb\xbfPayee,No,Amount,Day,Made\r\n")
    assert csv_rows(done)[1:] == [
        ["Total Energies", "0", "-1250.50", "2026-03-02", "2026-11-21T12:30:00+03:00"],
        ["Total Energies", "1", "-1250.51", "2026-03-02", "2026-11-21T12:30:00+03:00"],
    ]
    assert (done.rows, done.missing, done.sheets, done.size) == (2, 0, 1, done.path.stat().st_size)


def test_a_workbook_has_real_numbers_and_dates_a_fixed_heading_and_a_filter(sqlite_desk: Desk, cfo: Actor) -> None:
    done = exported(sqlite_desk, cfo, made_up(2), Format.XLSX)

    heading, first, _ = sheet_rows(done)
    assert heading == ("Payee", "No", "Amount", "Day", "Made (Africa/Nairobi)")
    assert first == ("Total Energies", 0, -1250.5, datetime(2026, 3, 2), datetime(2026, 11, 21, 12, 30))
    sheet = workbook(done).active
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Things", "A2", "A1:E3")
    assert [cell.number_format for cell in sheet[2]] == [
        "General", "0", "#,##0.00", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip
    assert sheet["A1"].font.bold


@pytest.mark.parametrize(("currency", "written", "shown"), [("JPY", "1250", "#,##0"), ("TND", "1.250", "#,##0.000")])
def test_money_has_the_decimals_of_its_currency(
    sqlite_desk: Desk, cfo: Actor, currency: str, written: str, shown: str
) -> None:
    columns = (ExportColumn("amount", "Amount", ValueKind.MONEY),)
    request = ExportRequest("x", "X", columns, lambda _: iter([[(Money(1250, currency),)]]), lambda *_: iter(()))

    assert csv_rows(exported(sqlite_desk, cfo, request, Format.CSV))[1] == [written]
    cell = workbook(exported(sqlite_desk, cfo, request, Format.XLSX)).active["A2"]
    assert (Decimal(str(cell.value)), cell.number_format, cell.data_type) == (Decimal(written), shown, "n")


def test_the_largest_amount_keeps_every_digit_in_a_workbook(sqlite_desk: Desk, cfo: Actor) -> None:
    columns = (ExportColumn("amount", "Amount", ValueKind.MONEY),)
    largest = Money(99_999_999_999_999, "KES")
    request = ExportRequest("x", "X", columns, lambda _: iter([[(largest,)]]), lambda *_: iter(()))
    done = exported(sqlite_desk, cfo, request, Format.XLSX)

    assert done.path is not None
    with ZipFile(done.path) as parts:
        assert b"<v>999999999999.99</v>" in parts.read("xl/worksheets/sheet1.xml")


def test_wide_characters_quotes_and_line_breaks_come_back_as_they_were(sqlite_desk: Desk, cfo: Actor) -> None:
    payee = 'Ñandú & Söhne 株式会社 👩‍🔧, "the best"\nsecond line'
    for format in Format:
        done = exported(sqlite_desk, cfo, made_up(1, payee), format)
        if format is Format.CSV:
            assert done.path is not None
            with done.path.open(encoding="utf-8-sig", newline="") as file:
                assert list(csv.reader(file))[1][0] == payee
        else:
            assert sheet_rows(done)[1][0] == payee


@pytest.mark.parametrize(
    "payee",
    [
        "=1+1",
        '=HYPERLINK("http://x","y")',
        "+254700000000",
        "-2+3",
        "@SUM(1)",
        "＝1+1",
        "＠x",
        "  =1+1",
        "\u200d=1",
        "\u2800=1",
        "\ufe0e=1",
        "\u2800\u200d\u0301=1",
        "−1",
    ],
)
def test_text_that_begins_like_a_formula_is_not_run(sqlite_desk: Desk, cfo: Actor, payee: str) -> None:
    done = exported(sqlite_desk, cfo, made_up(1, payee), Format.CSV)
    assert csv_rows(done)[1][:3] == ["'" + payee, "0", "-1250.50"]

    cell = workbook(exported(sqlite_desk, cfo, made_up(1, payee), Format.XLSX)).active["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (payee, "s", True)


@pytest.mark.parametrize("text", ["Total", "1-2", "a=b", "", "株式会社", "(=1)", "'=1", "REQ-000001"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert not begins_a_formula(text)
    assert guarded(text) == text


@pytest.mark.parametrize("first", ["\u3164", "\u034f", "\u115f", "\u200b", "\U000e0100"])
def test_what_is_drawn_as_nothing_before_a_formula_does_not_hide_it(first: str) -> None:
    assert begins_a_formula(f"{first}=1")
    assert guarded(f"{first}=1") == "'\ufffd=1"


def test_a_tab_or_a_line_break_before_a_formula_is_guarded_too() -> None:
    assert [guarded(text) for text in ("\t=1", "\n=1", "\tx")] == ["'\t'=1", "'\n'=1", "'\tx"]
    assert guarded("\r=1") == "'\ufffd=1"


def test_a_formula_behind_what_some_spreadsheets_separate_cells_by_is_guarded_too() -> None:
    assert guarded('Shop;=HYPERLINK("x");b') == 'Shop;\'=HYPERLINK("x");b'
    assert guarded("first\n @SUM(1)\nlast") == "first\n' @SUM(1)\nlast"
    assert guarded("a; b\tc\nd") == "a; b\tc\nd"


def test_what_could_steer_a_terminal_is_filtered(sqlite_desk: Desk, cfo: Actor) -> None:
    payee = "\x1b]0;owned\x07\u202eback"
    assert csv_rows(exported(sqlite_desk, cfo, made_up(1, payee), Format.CSV))[1][0] == "�]0;owned��back"
    assert sheet_rows(exported(sqlite_desk, cfo, made_up(1, payee), Format.XLSX))[1][0] == "�]0;owned��back"


@pytest.mark.parametrize("payee", ["<r><t>rich</t></r>", "<r>&</r>", "a_x0041_b", "</t></is></c>", "]]>"])
def test_text_that_looks_like_the_workbooks_own_is_text(sqlite_desk: Desk, cfo: Actor, payee: str) -> None:
    done = exported(sqlite_desk, cfo, made_up(1, payee), Format.XLSX)

    # As Excel reads it: _x005F_ stands for an underscore that would begin another such code.
    assert unescape(sheet_rows(done)[1][0]).rstrip() == payee


def test_more_rows_than_a_sheet_holds_go_on_the_next(
    sqlite_desk: Desk, cfo: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_xlsx, "ROWS_OF_A_SHEET", 4)
    done = exported(sqlite_desk, cfo, made_up(7), Format.XLSX)

    sheets = workbook(done).worksheets
    assert [(sheet.title, sheet.max_row) for sheet in sheets] == [("Things", 4), ("Things 2", 4), ("Things 3", 2)]
    assert [sheet["B2"].value for sheet in sheets] == [0, 3, 6]
    assert done.sheets == 3


@pytest.mark.parametrize("format", list(Format))
def test_an_empty_list_is_a_file_with_headings(sqlite_desk: Desk, cfo: Actor, format: Format) -> None:
    done = exported(sqlite_desk, cfo, made_up(0), format)

    assert done.rows == 0
    assert len(csv_rows(done) if format is Format.CSV else sheet_rows(done)) == 1


# --- the four lists ---------------------------------------------------------------------------------------------------


def test_every_list_is_exported_as_it_is_narrowed(desk: Desk) -> None:
    people = story.trading_company(desk, kind=DEMO)
    staff, cfo = people["staff"], people["cfo"]
    paid = story.approved(desk, staff, payee="=cmd|' /C calc'!A0")
    story.pay(desk, paid)
    waiting = story.request(desk, staff, "7000.25", payee="Naivas")

    all_of_them = csv_rows(exported(desk, cfo, export_lists.requisitions(RequisitionFilter()), Format.CSV))
    assert [row[0] for row in all_of_them[1:]] == ["REQ-000002", "REQ-000001"]
    found = dict(zip(*all_of_them[:2], strict=True))
    assert (found["Amount"], found["Currency"], found["Payee"], found["Fund"]) == ("7000.25", "KES", "Naivas", "NBI")
    assert all_of_them[2][6] == "'=cmd|' /C calc'!A0"
    narrowed = export_lists.requisitions(RequisitionFilter(search="naivas"), oldest_first=True)
    assert [row[0] for row in csv_rows(exported(desk, cfo, narrowed, Format.CSV))[1:]] == [waiting]

    queue = csv_rows(exported(desk, story.approver_of(desk, waiting), export_lists.queue(search=None), Format.CSV))
    assert [row[0] for row in queue[1:]] == [waiting]
    assert queue[0][-2:] == ["Waiting since", "Due"] and queue[1][-1] > queue[1][-2]

    payments = csv_rows(exported(desk, cfo, export_lists.payments(PaymentFilter(done=True)), Format.CSV))
    found = dict(zip(*payments, strict=True))
    assert (found["Number"], found["Amount"], found["Requisition"]) == (paid, "4500.00", "REQ-000001")

    book = csv_rows(exported(desk, cfo, export_lists.ledger("NBI", EntryFilter()), Format.CSV))
    assert [row[1] for row in book[1:]] == ["1", "2"]
    columns = [book[0].index(title) for title in ("Paid out", "Paid in", "Balance", "Currency")]
    assert [[row[place] for place in columns] for row in book[1:]] == [
        ["", "100000.00", "100000.00", "KES"],
        ["4500.00", "", "95500.00", "KES"],
    ]


def test_only_the_marked_rows_as_they_are_now(desk: Desk) -> None:
    people = story.trading_company(desk)
    numbers = [story.request(desk, people["staff"], payee=f"Payee {place}") for place in range(3)]
    manager = story.approver_of(desk, numbers[0])
    rows = desk.read(manager, requisition_views.list_requisitions, RequisitionFilter()).items
    desk.run(manager, workflow.reject, numbers[2], "No")
    ids = [row.id for row in rows if row.number != numbers[1]]

    listed = exported(desk, manager, export_lists.requisitions(RequisitionFilter()).of_marked(ids), Format.CSV)
    waiting = exported(desk, manager, export_lists.queue().of_marked(ids), Format.CSV)

    assert [row[:2] for row in csv_rows(listed)[1:]] == [
        [numbers[2], RequisitionStatus.REJECTED.label],
        [numbers[0], RequisitionStatus.PENDING_BRANCH_APPROVAL.label],
    ]
    assert [row[0] for row in csv_rows(waiting)[1:]] == [numbers[0]]
    assert (listed.rows, listed.missing, waiting.rows, waiting.missing) == (2, 0, 1, 1)


def test_nobody_exports_what_they_may_not_see(desk: Desk) -> None:
    people = story.trading_company(desk)
    story.request(desk, people["staff"])
    stranger = building.person(desk, "other", people["staff"].role, company_id=people["staff"].company_id)  # type: ignore[arg-type]

    assert exported(desk, stranger, export_lists.requisitions(RequisitionFilter()), Format.CSV).rows == 0
    row = desk.read(people["cfo"], requisition_views.list_requisitions, RequisitionFilter()).items[0]
    picked = export_lists.requisitions(RequisitionFilter()).of_marked([row.id])
    assert exported(desk, stranger, picked, Format.CSV).missing == 1
    with pytest.raises(NotAllowed):
        exported(desk, stranger, export_lists.ledger("NBI", EntryFilter()), Format.CSV)
    assert files_in(desk.home) == ["other/requisitions-2026-11-21-1430-2.csv", "other/requisitions-2026-11-21-1430.csv"]


def test_an_export_shows_one_moment_whatever_happens_meanwhile(desk: Desk) -> None:
    people = story.trading_company(desk)
    for _ in range(3):
        story.request(desk, people["staff"])
    request = export_lists.requisitions(RequisitionFilter())

    def one_by_one(reading: Reading) -> Pages:
        for place, rows in enumerate(request.pages(reading)):
            if place == 0:
                story.request(desk, people["staff"])
            yield rows
        for rows in request.pages(reading):
            yield rows

    twice = ExportRequest("twice", "Twice", request.columns, one_by_one, request.pick, request.count)
    done = exported(desk, people["cfo"], twice, Format.CSV)

    assert done.rows == 6


def test_a_long_list_is_read_in_pages_that_each_go_on_behind_the_last(sqlite_desk: Desk) -> None:
    people = story.trading_company(sqlite_desk)
    fund = building.id_of(sqlite_desk, "treasury_fund", "NBI")
    many_entries(sqlite_desk, fund, 1_700)
    seen: list[str] = []
    listen: Callable[..., None] = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(sqlite_desk._reader, "before_cursor_execute", listen)

    done = exported(sqlite_desk, people["cfo"], export_lists.ledger("NBI", EntryFilter()), Format.CSV)

    assert [int(row[1]) for row in csv_rows(done)[1:]] == list(range(1, 1_701))
    pages = [statement for statement in seen if "FROM ledger_entry" in statement and "count(" not in statement]
    assert len(pages) == 4
    assert not any("OFFSET ?" in statement and "LIMIT ? OFFSET ?" not in statement for statement in pages)
    assert len(seen) < 12


def many_entries(desk: Desk, fund: UUID, rows: int) -> None:
    """Copies of a fund's first entry, with the triggers out of the way."""
    with desk.engine.begin() as connection:
        triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        for name, _ in triggers:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(ledger_entry)")]
        values = {"id": "printf('%032x', n)", "sequence": "n", "journal": "printf('JNL-NBI-%06d', n)"}
        chosen = ", ".join(values.get(column, f"first.{column}") for column in columns)
        connection.exec_driver_sql(
            f"WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})"
            f" INSERT INTO ledger_entry ({', '.join(columns)}) SELECT {chosen} FROM c,"
            " (SELECT * FROM ledger_entry WHERE fund_id = ? AND sequence = 1) AS first",
            (fund.hex,),
        )
        connection.execute(update(t.treasury_fund).where(t.treasury_fund.c.id == fund).values(ledger_sequence=rows))
        for _, statement in triggers:
            connection.exec_driver_sql(statement)


# --- memory, stopping, trouble ----------------------------------------------------------------------------------------


class Weighed(Progress):
    """Looks at the memory of the process after every page, packing included."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def check(self) -> None:
        self.most = max(self.most, resident())


def resident() -> int:
    """The bytes of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("format", list(Format))
def test_a_hundred_thousand_rows_need_no_more_memory_than_five_thousand(
    sqlite_desk: Desk, cfo: Actor, format: Format
) -> None:
    exported(sqlite_desk, cfo, made_up(5_000), format)
    before, weighed = resident(), Weighed()

    assert exported(sqlite_desk, cfo, made_up(100_000), format, progress=weighed).rows == 100_000

    # The rows themselves would be more than 40 MB.
    assert weighed.most - before < 6_000_000


class StopsAt(Progress):
    """Somebody presses stop after so many rows."""

    def __init__(self, rows: int, *, packing: bool = False) -> None:
        super().__init__()
        self._at = rows
        self._packing = packing

    def check(self) -> None:
        if self.rows >= self._at and self.is_packing == self._packing:
            self.stop()
        super().check()


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("progress", [StopsAt(0), StopsAt(1000), StopsAt(3000, packing=True)], ids=str)
def test_one_that_is_stopped_leaves_nothing(
    sqlite_desk: Desk, cfo: Actor, format: Format, progress: StopsAt, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExportStopped):
        exported(sqlite_desk, cfo, made_up(3000), format, progress=progress)

    assert list((sqlite_desk.home / "exports" / "cfo").iterdir()) == []
    assert events(sqlite_desk) == []
    assert capfd.readouterr().err == ""


def test_the_progress_says_how_far_it_is(sqlite_desk: Desk, cfo: Actor) -> None:
    seen = []

    class Looked(Progress):
        def check(self) -> None:
            seen.append(str(self))

    exported(sqlite_desk, cfo, made_up(1200), Format.CSV, progress=Looked())

    assert seen[1:4] == ["500 of 1,200 rows", "1,000 of 1,200 rows", "1,200 of 1,200 rows"]


class Full:
    """A disk that is full from some byte on."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("format", list(Format))
def test_a_full_disk_is_told_and_leaves_nothing(
    sqlite_desk: Desk, cfo: Actor, format: Format, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(Refused, match="full") as refused,
        export_files.in_exports(sqlite_desk.home, "cfo", f"x.{format}") as draft,
    ):
        draft.file = Full(draft.file, 2_000)  # type: ignore[assignment]
        export(sqlite_desk, cfo, made_up(3000), draft, format)

    assert refused.value.code == "disk_full"
    assert list((sqlite_desk.home / "exports" / "cfo").iterdir()) == []
    assert events(sqlite_desk) == []
    assert capfd.readouterr().err == ""


def test_a_list_that_cannot_be_read_leaves_nothing(sqlite_desk: Desk, cfo: Actor) -> None:
    def broken(_: Reading) -> Iterator[Sequence[Values]]:
        yield [_row("x", 1)]
        raise InvalidInput.of(search="is odd")

    request = ExportRequest("things", "Things", COLUMNS, broken, lambda *_: iter(()))
    for format in Format:
        with pytest.raises(InvalidInput):
            exported(sqlite_desk, cfo, request, format)
    assert files_in(sqlite_desk.home) == []


# --- the folder -------------------------------------------------------------------------------------------------------


def test_the_folder_and_the_file_are_for_their_owner_alone(sqlite_desk: Desk, cfo: Actor) -> None:
    before = os.umask(0)
    try:
        done = exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    finally:
        os.umask(before)

    assert done.path == sqlite_desk.home / "exports" / "cfo" / "things-2026-11-21-1430.csv"
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    for folder in (done.path.parent, done.path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_export_in_the_same_minute_does_not_replace_the_first(sqlite_desk: Desk, cfo: Actor) -> None:
    exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    exported(sqlite_desk, cfo, made_up(2), Format.CSV)

    assert files_in(sqlite_desk.home) == ["cfo/things-2026-11-21-1430-2.csv", "cfo/things-2026-11-21-1430.csv"]


@pytest.mark.parametrize("link", ["exports", "exports/cfo"])
def test_a_link_in_the_way_is_refused(sqlite_desk: Desk, cfo: Actor, tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    place = sqlite_desk.home / link
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.symlink_to(elsewhere)

    with pytest.raises(Refused, match="is a link") as refused:
        exported(sqlite_desk, cfo, made_up(1), Format.CSV)

    assert refused.value.code == "unsafe_folder"
    assert list(elsewhere.iterdir()) == []


def test_a_link_with_the_name_of_the_file_is_not_followed(sqlite_desk: Desk, cfo: Actor, tmp_path: Path) -> None:
    exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    folder = sqlite_desk.home / "exports" / "cfo"
    target = tmp_path / "target"
    (folder / "things-2026-11-21-1430-2.csv").symlink_to(target)

    done = exported(sqlite_desk, cfo, made_up(1), Format.CSV)

    assert done.path == folder / "things-2026-11-21-1430-3.csv"
    assert not target.exists()


def test_a_folder_that_others_can_touch_is_refused(sqlite_desk: Desk, cfo: Actor) -> None:
    folder = sqlite_desk.home / "exports"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)

    with pytest.raises(Refused, match="chmod 700"):
        exported(sqlite_desk, cfo, made_up(1), Format.CSV)


def test_what_a_killed_export_left_is_taken_away_a_day_later(sqlite_desk: Desk, cfo: Actor) -> None:
    exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    folder = sqlite_desk.home / "exports" / "cfo"
    for name in (".x.csv.1234.part", ".y.csv.1234.part"):
        (folder / name).write_text("half")
    (folder / ".parts-abc").mkdir()
    (folder / ".parts-abc" / "sheet").write_text("half")
    for name in (".x.csv.1234.part", ".parts-abc"):
        os.utime(folder / name, (0, 0))

    exported(sqlite_desk, cfo, made_up(1), Format.CSV)

    assert sorted(path.name for path in folder.iterdir()) == [
        ".y.csv.1234.part",
        "things-2026-11-21-1430-2.csv",
        "things-2026-11-21-1430.csv",
    ]


@pytest.mark.parametrize("username", ["..", ".", "", "a/b"])
def test_no_name_leaves_the_folder(sqlite_desk: Desk, username: str) -> None:
    with pytest.raises(Refused), export_files.in_exports(sqlite_desk.home, username, "x.csv"):
        raise AssertionError("unreachable")
    assert not (sqlite_desk.home / "exports").exists()


def test_the_name_of_a_file_holds_no_path() -> None:
    request = ExportRequest("ledger-../x y", "X", (), lambda _: iter(()), lambda *_: iter(()))
    assert file_name(request, Format.XLSX, "2026-11-21 14:30") == "ledger----x-y-2026-11-21-1430.xlsx"


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.EROFS, "folder_read_only", "cannot be written to"),
        (errno.EDQUOT, "disk_full", "make room"),
        (errno.EIO, "not_written", "Nothing was left"),
    ],
)
def test_what_a_disk_refuses_is_told_with_what_to_do(
    sqlite_desk: Desk, cfo: Actor, monkeypatch: pytest.MonkeyPatch, number: int, code: str, words: str
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(export_files.os, "link", refuse)
    with pytest.raises(Refused, match=words) as refused:
        exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    assert refused.value.code == code
    assert files_in(sqlite_desk.home) == []


def test_where_there_are_no_hard_links_the_file_is_renamed(
    sqlite_desk: Desk, cfo: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(export_files.os, "link", refuse)
    exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    assert files_in(sqlite_desk.home) == ["cfo/things-2026-11-21-1430-2.csv", "cfo/things-2026-11-21-1430.csv"]


# --- the trail --------------------------------------------------------------------------------------------------------


def test_every_export_is_on_the_audit_trail_with_the_hash_of_its_file(desk: Desk) -> None:
    people = story.trading_company(desk)
    done = exported(desk, people["cfo"], export_lists.requisitions(RequisitionFilter(search="x")), Format.XLSX)

    [event] = events(desk)
    assert (event["actor_name"], event["subject_type"], event["subject"]) == ("cfo", "list", "requisitions")
    assert event["data"] == {
        "filter": {"search": "x"},
        "format": "xlsx",
        "file": "requisitions-2026-11-21-1430.xlsx",
        "place": "exports",
        "rows": 0,
        "size": done.size,
        "sha256": done.sha256,
    }
    assert len(done.sha256) == 64


def test_without_its_event_no_file_gets_its_name(
    sqlite_desk: Desk, cfo: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Refused("The trail cannot be written.")

    monkeypatch.setattr(sqlite_desk, "run", refuse)
    with pytest.raises(Refused, match="trail"):
        exported(sqlite_desk, cfo, made_up(1), Format.CSV)
    assert files_in(sqlite_desk.home) == []


def test_a_ledger_is_counted_and_walked_newest_first_when_asked(sqlite_desk: Desk) -> None:
    people = story.trading_company(sqlite_desk)
    many_entries(sqlite_desk, building.id_of(sqlite_desk, "treasury_fund", "NBI"), 3)
    request = export_lists.ledger("NBI", EntryFilter(), newest_first=True)
    picked = sqlite_desk.read(people["cfo"], ledger_views.show_entry, "NBI:2").id

    assert [row[1] for row in csv_rows(exported(sqlite_desk, people["cfo"], request, Format.CSV))[1:]] == [
        "3",
        "2",
        "1",
    ]
    marked = exported(sqlite_desk, people["cfo"], request.of_marked([picked]), Format.CSV)
    assert [row[1] for row in csv_rows(marked)[1:]] == ["2"]
    assert sqlite_desk.read(people["cfo"], request.expected) == 3
