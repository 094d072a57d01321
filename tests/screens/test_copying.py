"""y, Y and E on lists: what the windows show, what goes to the clipboard, and the export from asking to the file."""

from __future__ import annotations

import base64
import csv
import threading
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import story
from desk_app import demo_company, desk_app, notices, press, running, screen_text, settled, until
from rich.cells import cell_len
from textual.pilot import Pilot

from pettycash_tui.screens import clipboard, export_prompt
from pettycash_tui.screens.copying import aligned, labelled
from pettycash_tui.screens.export_command import command_for
from pettycash_tui.screens.export_prompt import ExportPrompt, size_of
from pettycash_tui.screens.requisitions import RequisitionsScreen
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import export_lists
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.export import Format
from pettycash_tui.services.export_progress import Progress
from pettycash_tui.services.ledger_views import EntryFilter
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.requisition_views import RequisitionFilter
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Row

WIDE = "株式会社 Söhne"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary terminal, without tmux or screen."""
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def busy_desk(sqlite_desk: Desk) -> Desk:
    """Three requisitions, one of them with wide characters and one like a formula."""
    people = demo_company(sqlite_desk)
    for payee in ("Total Energies", WIDE, "=1+1"):
        story.request(sqlite_desk, people["staff"], payee=payee)
    return sqlite_desk


def window_of(pilot: Pilot[None]) -> TextWindow:
    assert isinstance(pilot.app.screen, TextWindow)
    return pilot.app.screen


def prompt_of(pilot: Pilot[None]) -> ExportPrompt:
    assert isinstance(pilot.app.screen, ExportPrompt)
    return pilot.app.screen


def written(pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the terminal is sent from now on."""
    sent: list[str] = []
    assert pilot.app._driver is not None
    monkeypatch.setattr(pilot.app._driver, "write", sent.append)
    return sent


def files(desk: Desk) -> list[str]:
    folder = desk.home / "exports" / "staff"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- the row ----------------------------------------------------------------------------------------------------------


async def test_y_shows_the_row_as_text_and_sends_it_to_the_terminals_clipboard(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        sent = written(pilot, monkeypatch)
        await press(pilot, "y")

        text = window_of(pilot).text
        assert "REQ-000003" in text and "=1+1" in text
        assert "\x1b" not in text
        copied = next(one for one in sent if one.startswith("\x1b]52;c;"))
        assert base64.b64decode(copied[len("\x1b]52;c;") : -1]).decode() == text
        assert copied.endswith("\a")
        assert "Sent to your terminal's clipboard (OSC 52). If it does not arrive, mark" in screen_text(pilot)

        sent.clear()
        await press(pilot, "y")
        assert any(one.startswith("\x1b]52;c;") for one in sent)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RequisitionsScreen)


async def test_what_is_marked_with_the_mouse_is_the_text_alone(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "down", "y")
        lines = screen_text(pilot).splitlines()
        first = window_of(pilot).text.splitlines()[0]
        assert any(line == first for line in lines)


async def test_a_row_before_its_detail_is_there_is_its_cells_with_their_titles() -> None:
    columns = (Column("number", "Number"), Column("payee", "Payee"), Column("empty", "Voucher"), Column("名", "名前"))
    row = Row("key", (Cell("REQ-1"), Cell(WIDE + "\x1b[2J"), Cell(""), Cell("x")))
    assert labelled(columns, row) == f"Number  REQ-1\nPayee   {WIDE}�[2J\n名前    x"


async def test_an_empty_list_has_nothing_to_copy(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "y", "Y")
        assert notices(pilot) == ["There is no row to copy.", "There are no rows to copy."]


# --- the page ---------------------------------------------------------------------------------------------------------


async def test_the_page_is_a_table_that_lines_up_uncut(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "Y")

        lines = window_of(pilot).text.splitlines()
        assert len(lines) == 4
        assert "Nairobi" not in lines[0] and lines[0].startswith("Number")
        assert any(WIDE in line for line in lines)
        ends = {cell_len(line[: line.index("4,500.00") + 8]) for line in lines[1:]}
        assert len(ends) == 1
        assert "3 rows in view" in screen_text(pilot)


def test_columns_that_say_nothing_are_left_out_and_numbers_stand_on_the_right() -> None:
    columns = (Column("a", "Payee"), Column("b", "Voucher"), Column("c", "Amount", align="right"))
    rows = [Row(1, (Cell(WIDE), Cell(""), Cell("4.00"))), Row(2, (Cell("x"), Cell(""), Cell("1,234.00")))]
    lines = aligned(columns, rows).splitlines()
    assert lines[0].split() == ["Payee", "Amount"]
    assert len({cell_len(line) for line in lines}) == 1


# --- the window -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_long_text_scrolls_by_line_and_page_and_fits(sqlite_desk: Desk, size: tuple[int, int]) -> None:
    async with running(sqlite_desk, "staff", go="requisitions", size=size) as pilot:
        text = "\n".join(f"line {number}." for number in range(200))
        pilot.app.push_screen(TextWindow("Many", text))
        await settled(pilot)
        drawn = screen_text(pilot)
        assert "line 0." in drawn and "line 199." not in drawn and "y copies · esc closes" in drawn
        assert "↓ pgdn show more" in drawn

        await press(pilot, "j", "down")
        assert "line 1." not in screen_text(pilot) and "line 2." in screen_text(pilot)
        await press(pilot, "k", "up", "pagedown")
        assert "line 0." not in screen_text(pilot)
        await press(pilot, "pageup")
        assert "line 0." in screen_text(pilot)
        await press(pilot, "G")
        assert "line 199." in screen_text(pilot)
        await press(pilot, "g", "y")
        assert "line 0." in screen_text(pilot)
        assert "Sent to your terminal's clipboard" in screen_text(pilot)
        assert "line 0." in screen_text(pilot) and "esc closes" in screen_text(pilot)


async def test_long_lines_of_a_page_go_on_to_the_right(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        pilot.app.push_screen(TextWindow("Wide", "start" + " " * 100 + "end", to_copy=True, wrap=False))
        await settled(pilot)
        drawn = screen_text(pilot)
        assert "start" in drawn and "end" not in drawn and "← → show long lines · y copies again" in drawn
        await press(pilot, *["l"] * 10)
        assert "end" in screen_text(pilot)
        await press(pilot, *["left"] * 10)
        assert "start" in screen_text(pilot)


async def test_it_reads_the_same_without_colour(busy_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "y")
        coloured = screen_text(pilot)
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "y")
        assert screen_text(pilot) == coloured
        await press(pilot, "escape", "E")
        assert "▸ Rows    (•) all 3 that the list shows" in screen_text(pilot)
        assert "(•) CSV   ( ) XLSX" in screen_text(pilot)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"TMUX": "/tmp/tmux"}, "set -s set-clipboard on"),
        ({"TERM": "tmux-256color"}, "set -s set-clipboard on"),
        ({"STY": "1.pts"}, "GNU screen does not"),
        ({"TERM": "linux"}, "no clipboard"),
        ({}, "If it does not arrive"),
    ],
)
async def test_what_is_said_of_the_clipboard_is_honest(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        pilot.app.push_screen(TextWindow("Text", "x", to_copy=True))
        await settled(pilot)
        assert words in window_of(pilot).told


async def test_more_than_a_terminal_takes_is_not_sent_and_told(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        sent = written(pilot, monkeypatch)
        pilot.app.push_screen(TextWindow("Text", "株" * (clipboard.LARGEST // 3 + 1), to_copy=True))
        await settled(pilot)
        assert not any("]52;" in one for one in sent)
        assert window_of(pilot).told.startswith("Not copied: 70 kB are more than terminals take (70 kB). E ")


# --- the export -------------------------------------------------------------------------------------------------------


async def test_e_asks_then_writes_all_that_the_list_shows(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E")
        asked = screen_text(pilot)
        assert "Export: Requisitions" in asked and "all 3 that the list shows" in asked
        assert "requisitions-2026-03-02-1200.csv" in asked
        assert files(busy_desk) == []

        await press(pilot, "enter")
        done = screen_text(pilot)
        assert files(busy_desk) == ["requisitions-2026-03-02-1200.csv"]
        path = busy_desk.home / "exports" / "staff" / files(busy_desk)[0]
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        assert [row[6] for row in rows[1:]] == ["'=1+1", WIDE, "Total Energies"]
        assert "✔ 3 rows, " in done and f":{path} ." in prompt_of(pilot).text
        assert str(path) in prompt_of(pilot).text

        await press(pilot, "y")
        assert pilot.app.clipboard == str(path)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RequisitionsScreen)


async def test_the_filter_and_the_format_are_kept(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "slash", *"total", "enter")
        await until(pilot, lambda: "Total" in screen_text(pilot) and "=1+1" not in screen_text(pilot))
        await press(pilot, "E", "down", "right", "enter")

    [name] = files(busy_desk)
    sheet = openpyxl.load_workbook(busy_desk.home / "exports" / "staff" / name).active
    assert [cell.value for cell in sheet["G"]] == ["Payee", "Total Energies"]


async def test_only_the_marked_rows_unless_all_are_chosen(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "space", "space", "E")
        assert "( ) all 3 that the list shows   (•) only the 2 marked" in screen_text(pilot)
        await press(pilot, "enter")
        assert "✔ 2 rows, " in screen_text(pilot)
        await press(pilot, "escape", "E", "left")
        assert "(•) all 3 that the list shows   ( ) only the 2 marked" in screen_text(pilot)
        await press(pilot, "enter")
        assert "✔ 3 rows, " in screen_text(pilot)


@pytest.mark.parametrize(
    ("who", "place", "begins", "rows"),
    [
        ("branch_manager", "approvals", "approvals-", 3),
        ("cfo", "payments", "payments-", 0),
        ("cfo", "ledger", "ledger-HQ-", 1),
        ("branch_manager", "desk", "waiting-", 3),
    ],
)
async def test_every_list_has_its_export_and_its_copy(
    busy_desk: Desk, who: str, place: str, begins: str, rows: int
) -> None:
    async with running(busy_desk, who, go=place) as pilot:
        await press(pilot, "E", "enter")
        assert f"✔ {rows} row" in screen_text(pilot)
        await press(pilot, "escape", "y")
        assert isinstance(pilot.app.screen, TextWindow) == bool(rows)
    [path] = (busy_desk.home / "exports" / who).iterdir()
    assert path.name.startswith(begins)


async def test_each_pane_of_the_desk_is_exported_and_copied_whole(busy_desk: Desk) -> None:
    people = demo_company(busy_desk)
    for amount in range(20):
        story.request(busy_desk, people["staff"], str(100 + amount), payee=f"Wanjiku's {'very ' * 20}long name")
    exported = {}
    async with running(busy_desk, "branch_manager", go="desk") as pilot:
        for pane in ("waiting", "funds", "happened"):
            await press(pilot, "E", "enter")
            assert "✔ " in screen_text(pilot)
            await press(pilot, "escape", "Y")
            page = window_of(pilot).text
            assert "…" not in page and pilot.app.clipboard == page
            await press(pilot, "escape", "tab")
            [path] = (busy_desk.home / "exports" / "branch_manager").glob(f"{pane}-*.csv")
            exported[pane] = list(csv.reader(path.read_text("utf-8-sig").splitlines())), page.splitlines()
    rows, page = exported["waiting"]
    assert len(rows) == 1 + 23, "also those that the desk only counts"
    assert rows[0][:4] == ["Task", "Number", "Amount", "Currency"] and rows[-1][:4] == [
        "approve", "REQ-000023", "119.00", "KES",
    ]  # fmt: skip
    assert len(page) == 1 + 8 + 1 and page[0].startswith("Task") and page[-1] == "and 15 more in Approvals (3)"
    rows, page = exported["funds"]
    assert [row[0] for row in rows] == ["Fund", "NBI"] and rows[1][2:6] == ["KES", "100000.00", "0.00", "100000.00"]
    assert len(page) == 2 and "100,000.00" in page[1]
    rows, page = exported["happened"]
    assert len(rows) == len(page) == 1 + 20 and "Staff Person submitted REQ-000023" in page[1]


async def test_leaving_the_question_writes_nothing(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E", "escape")
        assert isinstance(pilot.app.screen, RequisitionsScreen)
    assert files(busy_desk) == []


class Held:
    """An export that waits, after its first row, until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.may_go_on = threading.Event()
        self.runs = 0
        advance = Progress.advance

        def wait(progress: Progress, rows: int) -> None:
            self.runs += 1
            progress.rows, progress.total = 12_000, 80_000
            self.reached.set()
            assert self.may_go_on.wait(20)
            progress.rows = 0
            advance(progress, rows)

        monkeypatch.setattr(Progress, "advance", wait)


async def begun(pilot: Pilot[None], held: Held) -> None:
    for _ in range(500):
        if held.reached.is_set():
            return
        await pilot.pause(0.01)
    raise AssertionError("no export began")


async def shown(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for something while an export is under way."""
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(screen_text(pilot))


async def test_the_progress_is_shown_and_esc_stops_it_and_leaves_nothing(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E")
        await pilot.press("enter")
        await begun(pilot, held)
        await shown(pilot, lambda: "12,000 of 80,000 rows" in screen_text(pilot))
        assert "esc stops it" in screen_text(pilot)

        await pilot.press("escape")
        assert "Stopping…" in screen_text(pilot)
        held.may_go_on.set()
        await settled(pilot)
        assert isinstance(pilot.app.screen, RequisitionsScreen)
        assert notices(pilot) == ["The export was stopped; nothing is left of it."]
    assert files(busy_desk) == []


async def test_it_goes_on_while_one_works_and_e_shows_it_again(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E")
        await pilot.press("enter", "enter")
        await begun(pilot, held)
        assert isinstance(pilot.app.screen, RequisitionsScreen)
        await pilot.press("down")
        assert pilot.app.screen.table.cursor_index == 1

        await pilot.press("E")
        await shown(pilot, lambda: "12,000 of 80,000 rows" in screen_text(pilot))
        await pilot.press("enter")
        held.may_go_on.set()
        await settled(pilot)
        assert notices(pilot)[0].startswith("Exported 3 rows, ")
    assert held.runs == 1
    assert len(files(busy_desk)) == 1


async def test_pressing_twice_writes_one_file(busy_desk: Desk) -> None:
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E")
        await pilot.press("enter", "enter", "enter")
        await settled(pilot)
    assert len(files(busy_desk)) == 1


@pytest.mark.parametrize("leave", ["sign_out", "quit"])
async def test_signing_out_or_leaving_stops_it_and_leaves_nothing(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch, leave: str
) -> None:
    held = Held(monkeypatch)
    app = desk_app(busy_desk, "staff")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app.action_go("requisitions")
        await press(pilot, "E")
        await pilot.press("enter", "enter")
        await begun(pilot, held)
        job = export_prompt._jobs[app]
        await app.run_action(leave)
        if leave == "sign_out":
            await shown(pilot, lambda: job.progress.is_stopped)
    assert job.progress.is_stopped
    held.may_go_on.set()
    until_over(job)
    assert files(busy_desk) == []


def until_over(job: Any) -> None:
    over = threading.Event()
    for _ in range(500):
        if job.is_over:
            return
        over.wait(0.01)
    raise AssertionError("the export goes on")


async def test_a_refusal_is_shown_where_one_waits_and_enter_tries_again(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = busy_desk.home / "exports"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E", "enter")
        assert "✖ " in screen_text(pilot) and "chmod 700" in prompt_of(pilot).text
        folder.chmod(0o700)
        await press(pilot, "enter")
        assert "✔ 3 rows" in screen_text(pilot)


async def test_a_list_that_cannot_be_counted_is_exported_all_the_same(
    busy_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise Refused("Not now.")

    request = export_lists.requisitions(RequisitionFilter())
    monkeypatch.setattr(type(request), "expected", refuse)
    async with running(busy_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "E")
        assert "(•) all that the list shows" in screen_text(pilot)
        assert notices(pilot) == []


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_narrows_as_the_list_does() -> None:
    cases: Sequence[tuple[Any, str | None]] = (
        (export_lists.requisitions(RequisitionFilter()), "pettycash req list --export csv > requisitions.csv"),
        (
            export_lists.requisitions(RequisitionFilter(mine=True, search="it's")),
            """'pettycash req list --search '"'"'it'"'"'"'"'"'"'"'"'s'"'"' --mine --export csv' > requisitions.csv""",
        ),
        (
            export_lists.ledger("NBI", EntryFilter(search="van")),
            "'pettycash fund ledger NBI --search van --export csv' > ledger-NBI.csv",
        ),
        (
            export_lists.payments(PaymentFilter(waiting=False)),
            "'pettycash pay list --held --export csv' > payments.csv",
        ),
        (export_lists.payments(PaymentFilter(done=True)), None),
        (export_lists.queue(), "'pettycash req queue --sort age --export csv' > approvals.csv"),
    )
    for request, command in cases:
        assert command_for(request, Format.CSV) == command


@pytest.mark.parametrize(
    ("size", "text"), [(812, "812 bytes"), (48_999, "48 kB"), (1_449_000, "1.4 MB"), (25_000_000, "25.0 MB")]
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert size_of(size) == text
