"""`pettycash pay import` and `pay imported`: what scripts read, what people read, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from io import StringIO
from pathlib import Path

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from vouchers import file_of, numbered

from pettycash_tui.cli import progress_line
from pettycash_tui.services import voucher_import, voucher_writing
from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(run: Run, sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    return trading(run, str(sqlite_desk.url), sqlite_desk, clock, monkeypatch)


def test_a_file_is_rehearsed_imported_and_listed(company: Company, tmp_path: Path) -> None:
    path = str(file_of(tmp_path, *numbered(3)))
    told = company.done("staff", "pay", "import", path, "--dry-run")
    assert (told["dry_run"], told["imported"], told["lines"], told["first"]) == (True, 3, 3, None)
    assert told["funds"] == [
        {"fund": "NBI", "count": 3, "total": "600.00", "available": "100000.00", "currency": "KES"}
    ]
    assert {(each["kind"], each["person"]["username"]) for each in told["deciding"]} >= {("approve", "branch_manager")}
    assert company.done("staff", "pay", "imported")["items"] == []

    done = company.done("staff", "pay", "import", path)
    assert (done["imported"], done["there_before"], done["bad"], done["stopped"]) == (3, 0, 0, False)
    assert (done["first"], done["last"], done["company"]) == ("REQ-000001", "REQ-000003", "ACME")
    assert done["vouchers"][0] == {
        "line": 2,
        "voucher_number": "PV-1",
        "requisition": "REQ-000001",
        "payee": "Shop 1",
        "amount": "100.00",
        "currency": "KES",
    }
    again = company.done("staff", "pay", "import", path)
    assert (again["imported"], again["there_before"]) == (0, 3)
    assert again["there"][2] == {
        "line": 4,
        "voucher_number": "PV-3",
        "requisition": "REQ-000003",
        "status": "pending_branch_approval",
    }
    listed = company.done("staff", "pay", "imported", "--search", "PV-2")["items"]
    assert [(each["voucher_number"], each["requisition"], each["line"]) for each in listed] == [
        ("PV-2", "REQ-000002", 3)
    ]
    assert company.done("staff", "req", "show", "REQ-000002")["imported_voucher"] == "PV-2"
    assert "voucher PV-2" in company.plain("staff", "req", "show", "REQ-000002").out
    assert company.plain("staff", "--quiet", "pay", "imported").out.split() == ["PV-3", "PV-2", "PV-1"]


def test_a_person_reads_in_sentences_what_came_of_it(company: Company, tmp_path: Path) -> None:
    company.requested("100", "--payee", "Shop 1")
    path = str(file_of(tmp_path, *numbered(2), "PV-9,99999,Shop,Shelves", "PV-10,0,Shop,Paper"))
    refused = company.plain("staff", "pay", "import", path)
    assert (refused.code, refused.out) == (2, "")
    assert "Nothing was imported. vouchers.csv, line 5: amount must be above zero" in " ".join(refused.err.split())
    error = company.refused(2, "staff", "pay", "import", path)
    assert list(error["fields"]) == ["line 5: amount"]

    told = company.plain("staff", "pay", "import", path, "--skip-bad")
    said = " ".join(told.out.split())
    assert told.code == 0
    for words in (
        "vouchers.csv: 3 vouchers of 4 submitted as REQ-000002 to REQ-000004.",
        "Fund NBI: 3 vouchers, KES 100,299.00; it has KES 100,000.00 available, so payments may wait for money.",
        "Line 2 (PV-1): REQ-000001 asks for the same amount and payee.",
        "1 line is left out: line 5: amount must be above zero, such as 1250.50.",
        "Branch manager branch_manager 3",
    ):
        assert words in said, said
    again = " ".join(company.plain("staff", "pay", "import", path, "--skip-bad").out.split())
    assert "nothing new was imported" in again
    assert "3 vouchers there already: PV-1 is REQ-000002 (with branch manager); PV-2 is" in again
    rehearsed = company.plain("staff", "--quiet", "pay", "import", path, "--skip-bad", "--dry-run")
    assert "0 vouchers of 4 would be submitted. Nothing was changed." in rehearsed.out
    assert company.plain("staff", "pay", "import", str(tmp_path / "missing.csv")).code == 2


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_ctrl_c_stops_between_two_transactions_and_says_what_is_in(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(file_of(tmp_path, *numbered(5)))
    defaults = voucher_import.import_file.__kwdefaults__
    monkeypatch.setitem(defaults, "chunk", 2)
    monkeypatch.setattr(progress_line, "TELL_AFTER", 0.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    written = voucher_writing.submit_all

    def press_then(*given: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return written(*given)  # type: ignore[arg-type]

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(voucher_writing, "submit_all", press_then)
        answer = company.plain("staff", "pay", "import", path)
    assert answer.code == 130
    said = " ".join(answer.out.split())
    assert "2 vouchers of 5 submitted as REQ-000001 to REQ-000002." in said
    assert "stopped before the last line. The same command takes up the rest." in said
    assert "of 5 lines" in terminal.getvalue() and terminal.getvalue().endswith(" \r")
    assert signal.getsignal(signal.SIGINT) is before
    assert company.plain("staff", "pay", "import", path).code == 0
    assert len(company.done("staff", "pay", "imported")["items"]) == 5


def test_ctrl_c_pressed_twice_ends_at_once(company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press_twice(*_: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("went on")

    monkeypatch.setattr(voucher_writing, "submit_all", press_twice)
    answer = company("staff", "pay", "import", str(file_of(tmp_path, *numbered(2))))
    assert (answer.code, answer.error["code"]) == (130, "interrupted")
    assert company.done("staff", "pay", "imported")["items"] == []
