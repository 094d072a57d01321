"""`--export` on the lists: all rows to stdout or a file, what is refused, and what is told meanwhile."""

from __future__ import annotations

import csv
import json
import stat
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import openpyxl
import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.cli import progress_line
from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(run: Run, sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    address = sqlite_desk.url.render_as_string(hide_password=False)
    return trading(run, address, sqlite_desk, clock, monkeypatch)


class Stdout(TextIOWrapper):
    """What a program writes on, as text and as bytes."""

    def __init__(self) -> None:
        self.bytes = BytesIO()
        super().__init__(self.bytes, encoding="utf-8")


@pytest.mark.parametrize(
    ("who", "command", "heading"),
    [
        ("staff", ["req", "list"], ["Number", "Status"]),
        ("branch_manager", ["req", "queue"], ["Number", "Status"]),
        ("branch_manager", ["req", "queue", "--sort", "amount"], ["Number", "Status"]),
        ("cfo", ["pay", "list"], ["Number", "Requisition"]),
        ("cfo", ["fund", "ledger", "NBI"], ["Fund", "No"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_list_writes_all_its_rows_to_stdout(
    company: Company, who: str, command: list[str], heading: list[str]
) -> None:
    for _ in range(2):
        company.paid()
        company.requested()

    answer = company.plain(who, *command, "--limit", "1", "--export", "csv")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.count("\r\n") == answer.out.count("\n") > 0
    rows = list(csv.reader(answer.out.splitlines()))
    assert rows[0][:2] == heading
    assert len(rows) - 1 == {"list": 4 if "req" in command else 2, "queue": 2, "ledger": 3}[command[1]]


def test_a_file_is_written_for_its_owner_and_told(company: Company, tmp_path: Path) -> None:
    company.requested("4500", "--payee", "=1+1")
    target = tmp_path / "out.csv"

    answer = company.plain("staff", "req", "list", "--export", "csv", "--output", str(target))

    assert answer.code == 0, answer
    assert answer.out == f"1 row written to {target} ({target.stat().st_size} bytes).\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_bytes().startswith(b"\xef\xbb\xbfNumber,Status,")
    assert "'=1+1" in target.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_with_json_the_document_says_where_it_is(company: Company, tmp_path: Path) -> None:
    company.requested()
    target = tmp_path / "out.xlsx"

    document = company.done("staff", "req", "list", "--search", "total", "--export", "XLSX", "--output", str(target))

    assert (document["path"], document["rows"], document["format"]) == (str(target), 1, "xlsx")
    assert openpyxl.load_workbook(target).active["A2"].value == "REQ-000001"
    [event] = company.done("cfo", "audit", "log", "--action", "list.exported")["items"]
    assert (event["actor"]["username"], event["subject"]) == ("staff", "requisitions")


def test_the_audit_log_of_one_subject_is_exported_with_its_hashes(company: Company, tmp_path: Path) -> None:
    company.requested()
    target = tmp_path / "audit.csv"

    document = company.done(
        "cfo", "audit", "log", "--subject", "REQ-000001", "--export", "csv", "--output", str(target)
    )

    assert document["rows"] == 2
    heading, newest, _ = target.read_text(encoding="utf-8-sig").splitlines()
    assert heading.endswith("Text,Hash before,Hash")
    assert "requisition.submitted" in newest and "REQ-000001" in newest
    assert company.refused(5, "staff", "audit", "log", "--export", "csv", "--output", str(tmp_path / "x.csv"))


def test_a_file_that_is_there_is_not_replaced_unless_asked(company: Company, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("mine")
    words = ["req", "list", "--export", "csv", "--output", str(target)]

    assert company.refused(3, "staff", *words)["code"] == "file_exists"
    assert target.read_text() == "mine"
    assert company.done("staff", *words, "--replace")["rows"] == 0
    assert target.read_text().startswith("\ufeffNumber")


def test_a_link_is_replaced_and_not_followed(company: Company, tmp_path: Path) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "out.csv"
    elsewhere.write_text("mine")
    target.symlink_to(elsewhere)
    words = ["req", "list", "--export", "csv", "--output", str(target)]

    assert company.refused(3, "staff", *words)["code"] == "file_exists"
    company.done("staff", *words, "--replace")
    assert elsewhere.read_text() == "mine" and not target.is_symlink()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--output", "x.csv"], "output"),
        (["--replace"], "replace"),
        (["--export", "csv", "--replace"], "replace"),
        (["--export", "pdf"], "export"),
        (["--export", "csv", "--after", "x"], "after"),
        (["--export", "csv"], "output"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_go_together_are_refused(company: Company, words: list[str], field: str) -> None:
    assert company.refused(2, "staff", "req", "list", *words)["fields"].keys() == {field}


@pytest.mark.parametrize("place", ["/dev/null", ""])
def test_what_is_not_a_file_is_not_replaced(company: Company, tmp_path: Path, place: str) -> None:
    words = ["--export", "csv", "--output", place or str(tmp_path), "--replace"]
    assert company.refused(3, "staff", "req", "list", *words)["code"] == "not_a_file"


def test_a_folder_that_is_not_there_is_named(company: Company, tmp_path: Path) -> None:
    words = ["--export", "csv", "--output", str(tmp_path / "no" / "out.csv")]
    refused = company.refused(3, "staff", "req", "list", *words)
    assert refused["code"] == "no_folder" and str(tmp_path / "no") in refused["message"]


def test_a_workbook_goes_through_a_pipe_but_not_on_a_terminal(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = Stdout()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stdout)
        assert company.plain("staff", "req", "list", "--export", "xlsx").code == 0
        stdout.flush()
        content = stdout.bytes.getvalue()
        patched.setattr(stdout, "isatty", lambda: True)
        answer = company.plain("staff", "req", "list", "--export", "xlsx")

    assert openpyxl.load_workbook(BytesIO(content)).active["A1"].value == "Number"
    assert answer.code == 2
    assert "must name a file" in answer.err
    assert stdout.bytes.getvalue() == content


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_progress_is_told_on_a_terminal_when_it_takes_long(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.requested()
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    words = ["req", "list", "--export", "csv", "--replace", "--output", str(tmp_path / "out.csv")]

    assert company.plain("staff", *words).code == 0
    assert terminal.getvalue() == ""

    monkeypatch.setattr(progress_line, "TELL_AFTER", 0.0)
    assert company.plain("staff", *words).code == 0
    assert terminal.getvalue().startswith("\r")
    assert terminal.getvalue().endswith(" \r")

    told = terminal.getvalue()
    assert company.plain("staff", "--quiet", *words).code == 0
    assert terminal.getvalue() == told


def test_nobody_exports_another_ledger(company: Company) -> None:
    answer = company.plain("staff", "fund", "ledger", "NBI", "--export", "csv")
    assert (answer.code, answer.out) == (5, "")


def test_an_interrupted_export_leaves_nothing(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pettycash_tui.services.export_progress.Progress.advance", interrupt)
    folder = tmp_path / "folder"
    folder.mkdir()
    answer = company("staff", "req", "list", "--export", "csv", "--output", str(folder / "out.csv"))

    assert (answer.code, json.loads(answer.err)["error"]["code"]) == (130, "interrupted")
    assert list(folder.iterdir()) == []
