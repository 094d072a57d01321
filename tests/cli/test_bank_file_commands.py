"""`pay bank-file` and `batch`: a bank file by commands, from its code to the bank's word on each line."""

from __future__ import annotations

import json
from pathlib import Path

import banking
import pytest
import story
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services import bank_batches, export_files
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused


@pytest.fixture
def company(run: Run, sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    address = sqlite_desk.url.render_as_string(hide_password=False)
    made = trading(run, address, sqlite_desk, clock, monkeypatch)
    made.done("cfo", "fund", "edit", "NBI", "--bank-account", banking.DEBIT_ACCOUNT, "--bank-code", "eqblkena")
    return made


def transfers(company: Company, *amounts: str) -> list[str]:
    return banking.transfers(company.desk, story.actors(company.desk), *amounts)


def written(company: Company, numbers: list[str], path: Path, *more: str) -> dict[str, object]:
    start = ("pay", "bank-file", *numbers, "--format", "pain001")
    sent = company.done("treasury", *start, "--send-code")
    words = ("--output", str(path), "--otp", sent["demo_code"], *more)
    document: dict[str, object] = company.done("treasury", *start, *words)
    return document


def test_a_file_is_written_shown_confirmed_and_refused(company: Company, tmp_path: Path) -> None:
    numbers = transfers(company, "1000", "2000.50", "3000")
    fund = company.done("cfo", "fund", "show", "NBI")
    assert (fund["bank_account"], fund["bank_code"]) == (banking.DEBIT_ACCOUNT, "EQBLKENA")
    path = tmp_path / "bank.xml"
    made = written(company, numbers, path, "--date", "2026-03-04")
    banking.structure().validate(path.read_text())
    assert {name: made[name] for name in ("number", "batch", "format", "line_count", "control_sum", "currency")} == {
        "number": "BAT-000001",
        "batch": "BAT-000001",
        "format": "pain001",
        "line_count": 3,
        "control_sum": "6000.50",
        "currency": "KES",
    }
    assert (made["file"], made["execution_date"]) == (str(path), "2026-03-04")
    assert [line["payment"] for line in made["lines"]] == numbers  # type: ignore[attr-defined]

    one = company.done("treasury2", "batch", "confirm", "bat-1", numbers[0], "--reference", "FT1")
    assert (one["confirmed"], one["open"], one["total"], one["currency"]) == (1, 2, "1000.00", "KES")
    assert one["lines"][0]["voucher_number"] == "PCV-NBI-2026-00001"
    no = company.done("treasury2", "batch", "refuse", "BAT-000001", numbers[1], "--reason", "Account closed")
    assert (no["refused"], no["open"]) == (1, 1)
    rest = company.plain("treasury2", "batch", "confirm", "BAT-000001", "--all", "--reference", "FT2")
    assert "1 lines confirmed, KES 3,000.00 paid out of fund NBI." in rest.out
    assert "Every line is settled." in rest.out
    error = company.refused(3, "treasury", "batch", "confirm", "BAT-000001", "--all", "--reference", "FT3")
    assert error["code"] == "batch_settled"
    assert "by Treasury2 Person" in error["message"]

    assert [row["open"] for row in company.done("cfo", "batch", "list", "--status", "settled")["items"]] == [0]
    shown = company.plain("cfo", "batch", "show", "BAT-000001")
    assert "Account closed" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    explained = company.done("treasury", "batch", "explain", "BAT-000001")
    assert explained["against"]["file"] == []
    assert explained["against"]["confirm"][0]["code"] == "batch_settled"


def test_a_file_is_there_once_and_can_be_written_again(company: Company, tmp_path: Path) -> None:
    numbers = transfers(company, "1000")
    path, taken = tmp_path / "bank.csv", tmp_path / "taken.csv"
    taken.write_text("mine")
    start = ("pay", "bank-file", *numbers, "--format", "csv")
    code = company.done("treasury", *start, "--send-code")["demo_code"]
    error = company.refused(3, "treasury", *start, "--output", str(taken), "--otp", code)
    assert error["code"] == "file_exists"
    assert company.refused(2, "treasury", *start, "--otp", code)["fields"].keys() == {"output"}
    assert company.refused(3, "treasury", *start, "--output", str(path))["code"] == "code_not_verified"
    assert not path.exists()
    assert company.done("treasury", "batch", "list")["items"] == []

    company.done("treasury", *start, "--output", str(path), "--otp", code)
    again = company.done("treasury", "batch", "file", "BAT-000001", "--output", str(taken), "--replace")
    assert taken.read_bytes() == path.read_bytes() == banking.content(company.desk, "BAT-000001")
    assert again["size"] == path.stat().st_size
    assert company.refused(5, "cfo", "batch", "file", "BAT-000001", "--output", str(tmp_path / "x"))
    assert company.refused(4, "treasury", "batch", "file", "BAT-000009", "--output", str(tmp_path / "x"))
    assert sorted(each.name for each in tmp_path.glob("*.csv")) == ["bank.csv", "taken.csv"]


def test_a_batch_whose_file_could_not_be_written_says_how_to_write_it(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = transfers(company, "1000")
    path = tmp_path / "bank.xml"

    def full(*_: object) -> None:
        raise Refused("The disk is full.", code="disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(bank_batches, "put", full)
        start = ("pay", "bank-file", *numbers, "--format", "pain001")
        code = company.done("treasury", *start, "--send-code")["demo_code"]
        error = company.refused(3, "treasury", *start, "--output", str(path), "--otp", code)
    assert error["code"] == "file_not_written"
    assert "`pettycash batch file BAT-000001 --output FILE`" in error["message"]
    assert not path.exists()
    company.done("treasury", "batch", "file", "BAT-000001", "--output", str(path))
    assert path.read_bytes() == banking.content(company.desk, "BAT-000001")


def test_lines_that_cannot_be_are_named_and_left_out_only_if_asked(company: Company, tmp_path: Path) -> None:
    good = transfers(company, "1000")
    bad = banking.transfers(company.desk, story.actors(company.desk), "2000", destinations=["DE89370400440532013001"])
    start = ("pay", "bank-file", *good, *bad, "--format", "pain001")
    error = company.refused(3, "treasury", *start, "--send-code")
    assert [reason["code"] for reason in error["reasons"]] == ["bad_account"]
    code = company.done("treasury", *start, "--only-good", "--send-code")["demo_code"]
    made = company.done("treasury", *start, "--only-good", "--output", str(tmp_path / "b.xml"), "--otp", code)
    assert made["line_count"] == 1
    assert [line["payment"] for line in made["refused_payments"]] == bad


def test_the_banks_status_file_is_rehearsed_and_applied(company: Company, tmp_path: Path) -> None:
    numbers = transfers(company, "1000", "2000")
    written(company, numbers, tmp_path / "bank.xml")
    names = [line["end_to_end_id"] for line in company.done("cfo", "batch", "show", "BAT-000001")["lines"]]
    text = f"end_to_end_id,status,reference,reason\n{names[0]},confirmed,FT1,\n{names[1]},rejected,,AC04\n"
    path = banking.status_file(tmp_path, text)
    confirm = ("batch", "confirm", "BAT-000001", "--file", str(path))
    rehearsed = company.done("treasury2", *confirm, "--dry-run")
    assert (rehearsed["confirmed"], rehearsed["refused"], rehearsed["dry_run"]) == (1, 1, True)
    assert company.done("cfo", "batch", "show", "BAT-000001")["open"] == 2
    done = company.done("treasury2", *confirm)
    assert (done["confirmed"], done["refused"], done["open"], done["file"]) == (1, 1, 0, "status.csv")
    assert company.refused(3, "treasury2", *confirm)["code"].startswith("already_")
    path.write_text(text.replace(names[1], "PAY-000099-1-ACME"))
    error = company.refused(2, "treasury2", *confirm)
    assert json.dumps(error["fields"]).count("line 3: end_to_end_id") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("batch", "confirm", "BAT-000001", "--reference", "FT1"),
        ("batch", "confirm", "BAT-000001", "PAY-000001", "--all", "--reference", "FT1"),
        ("batch", "confirm", "BAT-000001", "--all", "--dry-run", "--reference", "FT1"),
        ("batch", "confirm", "BAT-000001", "--all"),
        ("batch", "list", "--status", "done"),
        ("pay", "bank-file", "PAY-000001", "--format", "pdf", "--output", "x"),
        ("fund", "edit", "NBI", "--bank-account", "none"),
    ],
)
def test_what_does_not_go_together_is_bad_input(company: Company, words: tuple[str, ...]) -> None:
    numbers = transfers(company, "1000")
    with company.desk.engine.connect():
        assert numbers == ["PAY-000001"]
    if words[:2] == ("batch", "confirm"):
        written(company, numbers, company.desk.home / "bank.xml")
    assert company.refused(2, "cfo" if words[0] == "fund" else "treasury2", *words)["fields"]


def test_from_a_screen_a_file_goes_to_the_persons_exports(company: Company) -> None:
    numbers = transfers(company, "1000")
    written(company, numbers, company.desk.home / "bank.xml")
    officer = story.actors(company.desk)["treasury"]
    with export_files.in_exports(company.desk.home, "treasury", "BAT-000001.xml") as draft:
        put = bank_batches.put(company.desk, officer, "BAT-000001", draft)
    assert put.path is not None
    assert put.path.stat().st_mode & 0o077 == 0
