"""Where the result goes, and in which form: document, table, sentence, handles; colour only on a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest
from cli_rows import COLUMNS, Row, kes

from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.cli.output import Section, Table, emit, emit_bytes, emit_detail, emit_page, note

PLAIN = GlobalOptions()
JSON = GlobalOptions(json=True)
QUIET = GlobalOptions(quiet=True)


def test_a_list_is_a_document_a_table_or_handles(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row("REQ-000001", kes(100))]

    emit_page(JSON, rows, "cursor", columns=COLUMNS)
    document = json.loads(capsys.readouterr().out)
    assert document["next"] == "cursor"
    assert document["items"][0]["amount"] == "1.00"

    emit_page(PLAIN, rows, columns=COLUMNS)
    assert "REQ-000001" in capsys.readouterr().out
    emit_page(QUIET, rows, "cursor", columns=COLUMNS)
    assert capsys.readouterr() == ("REQ-000001\n", "")
    emit_page(QUIET, rows, columns=COLUMNS, key=lambda row: row.purpose)
    assert capsys.readouterr().out == "Stationery\n"


def test_an_empty_list_says_so_and_is_empty_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    emit_page(PLAIN, [], columns=COLUMNS)
    assert capsys.readouterr().out == "Nothing found.\n"
    emit_page(JSON, [], columns=COLUMNS)
    assert json.loads(capsys.readouterr().out) == {"items": [], "next": None}
    emit_page(QUIET, [], columns=COLUMNS)
    assert capsys.readouterr().out == ""


def test_a_cut_list_says_beside_the_rows_that_there_is_more(capsys: pytest.CaptureFixture[str]) -> None:
    emit_page(PLAIN, [Row("R-1", kes(1))], "abc", columns=COLUMNS)
    captured = capsys.readouterr()

    assert len(captured.out.splitlines()) == 2
    assert captured.err == "There are more: --after abc\n"


def test_an_action_is_a_document_or_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    emit(JSON, {"number": "R-1", "amount": kes(1)}, sentence="Made R-1.")
    assert json.loads(capsys.readouterr().out) == {"number": "R-1", "amount": "0.01", "currency": "KES"}
    emit(PLAIN, {}, sentence=["Made \x1b]0;R-1.", "Now submit it."])
    assert capsys.readouterr().out == "Made \ufffd]0;R-1.\nNow submit it.\n"
    emit(QUIET, {}, sentence="Made R-1.", table=Table(COLUMNS, []))
    assert capsys.readouterr().out == ""


def test_a_detail_view_has_a_title_labels_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row("REQ-000001", kes(125_050))
    sections = [Section("Steps", COLUMNS, [row]), Section("Empty", COLUMNS, [])]
    emit_detail(PLAIN, row, title="Requisition REQ-000001", pairs=[("Amount", row.amount)], sections=sections)

    assert capsys.readouterr().out.splitlines() == [
        "Requisition REQ-000001",
        "Amount  KES 1,250.50",
        "",
        "Steps",
        "Number      Purpose           Amount  Status",
        "REQ-000001  Stationery  KES 1,250.50  approved",
    ]


def test_colour_is_for_a_terminal_that_wants_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(given: GlobalOptions) -> str:
        emit_page(given, [Row("R-1", kes(1))], columns=COLUMNS)
        return capsys.readouterr().out

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" not in page(PLAIN)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[" in page(PLAIN)
    assert "\x1b" not in page(GlobalOptions(color=False))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in page(PLAIN)


def test_a_table_uses_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    row = Row("R-1", kes(1), "word " * 60)
    emit_page(GlobalOptions(color=False), [row], columns=COLUMNS)
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    emit_page(GlobalOptions(color=False), [row], columns=COLUMNS)
    wide = capsys.readouterr().out

    assert 70 < max(map(len, piped.splitlines())) <= 80
    assert 110 < max(map(len, wide.splitlines())) <= 120


def test_where_utf_8_does_not_arrive_json_is_ascii_and_text_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    emit(JSON, {"purpose": "茶"})
    emit(PLAIN, {}, sentence="Made 茶.")
    sys.stdout.flush()

    assert raw.getvalue() == b'{"purpose": "\\u8336"}\nMade ?.\n'


def test_a_file_on_stdout_is_unchanged(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    emit_bytes(b"a,b\r\n\xff,\x1b\r\n")

    assert capfdbinary.readouterr().out == b"a,b\r\n\xff,\x1b\r\n"


def test_a_note_stands_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    note(PLAIN, "The outbox is in \x1b/tmp.")
    note(JSON, "Not this.")
    note(QUIET, "Nor this.")

    assert capsys.readouterr() == ("", "The outbox is in \ufffd/tmp.\n")
