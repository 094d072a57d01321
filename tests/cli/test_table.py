"""Tables and detail views: aligned by cells, clipped to a width, nothing that steers a terminal."""

from __future__ import annotations

import pytest
from cli_rows import COLUMNS, HOSTILE, Fund, Row, kes
from wcwidth import width as cells_of

from pettycash_tui.cli.table import ColumnSpec, Table, clipped, pair_lines, table_lines, wrapped


def test_a_table_is_aligned_with_money_on_the_right() -> None:
    rows = [Row("REQ-000001", kes(125_050)), Row("REQ-000002", kes(5))]

    assert table_lines(Table(COLUMNS, rows), 80) == [
        "Number      Purpose           Amount  Status",
        "REQ-000001  Stationery  KES 1,250.50  approved",
        "REQ-000002  Stationery      KES 0.05  approved",
    ]


@pytest.mark.parametrize("width", [80, 60, 50])
@pytest.mark.parametrize("purpose", ["word " * 40, "茶" * 90, "é" * 90, "👩‍👩‍👧" * 60, HOSTILE * 20])
def test_a_table_fits_the_width_and_never_clips_numbers(purpose: str, width: int) -> None:
    lines = table_lines(Table(COLUMNS, [Row("REQ-000001", kes(10**14), purpose), Row("REQ-2", kes(1))]), width)

    assert len(lines) == 3
    assert max(cells_of(line) for line in lines) <= width
    assert "REQ-000001" in lines[1]
    assert "KES 1,000,000,000,000.00" in lines[1]
    assert "…" in lines[1]


def test_wide_characters_take_two_cells() -> None:
    lines = table_lines(Table(COLUMNS, [Row("R-1", kes(1), "茶茶"), Row("R-2", kes(1), "tea")]), 80)

    assert cells_of(lines[1].partition("KES")[0]) == cells_of(lines[2].partition("KES")[0])


def test_a_clipped_text_never_splits_a_wide_character() -> None:
    assert clipped("茶茶茶", 6) == "茶茶茶"
    assert clipped("茶茶茶", 5) == "茶茶…"
    assert clipped("茶茶茶", 4) == "茶…"
    assert clipped("stationery", 5) == "stat…"


def test_columns_that_cannot_fit_become_lines_of_their_own() -> None:
    columns = [ColumnSpec(f"Amount {at}", "amount") for at in range(6)]
    lines = table_lines(Table(columns, [Row("R-1", kes(10**14)), Row("R-2", kes(1))]), 80)

    assert lines[0] == "Amount 0  KES 1,000,000,000,000.00"
    assert lines[6] == ""
    assert len(lines) == 13


def test_the_widths_of_a_column_can_be_set() -> None:
    columns = [ColumnSpec("Purpose", "purpose", max_width=8), ColumnSpec("Number", "number", align="right")]

    assert table_lines(Table(columns, [Row("R-1", kes(1))]), 80) == ["Purpose   Number", "Station…     R-1"]


def test_a_path_through_nothing_is_an_empty_cell() -> None:
    fund = Fund("NBI", kes(1), kes(1))

    assert table_lines(Table([ColumnSpec("Code", "code"), ColumnSpec("By", "custodian.name")], [fund]), 80)[1] == "NBI"


def test_nothing_that_was_typed_breaks_a_line_or_steers_the_terminal() -> None:
    shown = table_lines(Table(COLUMNS, [Row("R-1", kes(1), HOSTILE)]), 200)

    assert len(shown) == 2
    assert "a\ufffd[31mb\ufffd\ufffdc\ufffdd\ufffde\ufffd f\ufffd\ufffd" in shown[1]


def test_pairs_are_aligned_and_long_values_wrapped() -> None:
    lines = pair_lines([("Purpose", "word " * 30), ("By", None), ("茶", "x\ny")], 40)

    assert max(map(cells_of, lines)) <= 40
    assert lines[0].startswith("Purpose  word")
    assert lines[1].startswith("         word")
    assert lines[-3:] == ["By       –", "茶       x", "         y"]
    assert wrapped("", 20) == [""]
