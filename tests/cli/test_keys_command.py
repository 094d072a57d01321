"""`pettycash keys`, `pettycash find`."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_answer import Answer, Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.actions import ACTIONS
from pettycash_tui.services.desk import Desk


@pytest.fixture
def keys(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("pettycash_tui.desk_file._user_folder", lambda: tmp_path / "own")

    def keys(*arguments: str) -> Answer:
        return run("--home", str(tmp_path), "keys", *arguments)

    return keys


def test_every_key_is_listed_as_it_is_in_force(keys: Run, tmp_path: Path) -> None:
    items = keys("--json").document["items"]
    assert [item["id"] for item in items] == [entry.id for entry in ACTIONS]
    assert not any(item["remapped"] for item in items)
    (tmp_path / "desk.toml").write_text('[keys]\n"requisition.new" = "N"\n')
    (row,) = [item for item in keys("--json", "list").document["items"] if item["remapped"]]
    assert (row["id"], row["keys"], row["where"]) == ("requisition.new", "N", "Everywhere")


def test_keys_are_searched_and_remapped_ones_marked(keys: Run, tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('[keys]\n"requisition.new" = "N"\n')
    answer = keys("new", "requisition")
    assert "N *" in answer.out and "requisition.new" in answer.out and "payments." not in answer.out
    assert "as remapped in" in answer.err
    assert max(map(len, answer.out.splitlines())) <= 80
    assert keys("no such words").out == "No key matches.\n"
    assert keys("--quiet", "duplicate").out == "requisitions.duplicate\n"


def test_problems_of_the_file_are_named_with_exit_code_2(keys: Run, tmp_path: Path) -> None:
    assert keys("check").code == 0
    path = tmp_path / "desk.toml"
    path.write_text('[keys]\n"requisition.new" = "ctrl+q"\n')
    answer = keys("check")
    assert answer.code == 2
    assert "line 2: requisition.new: ctrl+q is another key" in answer.out
    document = keys("check", "--json").document
    assert (document["ok"], document["path"], document["problems"][0]["line"]) == (False, str(path), 2)
    assert "1 problem(s)" in keys().err
    path.write_text('theme = "light"')
    assert keys("--json", "check").document["theme"] == "light"


def test_the_path_of_the_file_is_told(keys: Run, tmp_path: Path) -> None:
    assert keys("path").out == f"{tmp_path / 'desk.toml'}\n"
    assert keys("path", "--json").document == {"path": str(tmp_path / "desk.toml"), "exists": False}


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


def test_objects_are_found_by_number_payee_and_amount(company: Company) -> None:
    number, payment, _ = company.approved("4500")
    for words in ([number], [number.lower()], [number.removeprefix("REQ-")], ["total", "fuel"], ["4,500"], ["4.5k"]):
        items = company.done("cfo", "find", *words)["items"]
        assert number in [item["number"] for item in items], words
    (first, *_) = company.done("cfo", "find", payment)["items"]
    assert first["kind"] == "payment" and first["number"] == payment and first["requisition"] == number
    assert (first["amount"], first["currency"]) == ("4500.00", "KES")
    assert company.done("cfo", "find", "nothing like it")["items"] == []
    assert number in company.plain("cfo", "find", "total").out
