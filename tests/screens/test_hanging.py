"""Lines that are too long for their pane: they go on below their own text, and stay one text to copy."""

from __future__ import annotations

import pytest

from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.cells import cell_len
from pettycash_tui.widgets.hanging import HangingText


def shown(sheet: Sheet, width: int) -> list[str]:
    return [line.rstrip() for line in sheet.content.broken(width).plain.split("\n")]


def test_what_a_label_says_goes_on_beside_the_label() -> None:
    sheet = Sheet()
    sheet.field("Purpose", "Repainting the shop front\nand the sign")
    assert shown(sheet, 30) == ["Purpose     Repainting the", "            shop front", "            and the sign"]
    assert sheet.content.plain == "Purpose     Repainting the shop front\n            and the sign"


def test_a_sentence_goes_on_behind_its_mark() -> None:
    sheet = Sheet()
    sheet.line("! more than the most of tier 1", "warn")
    sheet.line("   “fine, but ask first”", "muted")
    assert shown(sheet, 20) == ["! more than the most", "  of tier 1", "   “fine, but ask", "   first”"]


def test_parts_of_a_line_stay_whole_where_they_can() -> None:
    sheet = Sheet()
    sheet.mark(StatusMark("✔", "asked", "good"), "Staff Person · 2026-03-11 10:20")
    sheet.below("due 2026-03-12 10:20 · 1 h overdue")
    assert shown(sheet, 30) == [
        "✔ asked  Staff Person",
        "         2026-03-11 10:20",
        "         due 2026-03-12 10:20",
        "         1 h overdue",
    ]
    assert shown(sheet, 60)[0] == "✔ asked  Staff Person · 2026-03-11 10:20"


@pytest.mark.parametrize("width", [2, 7, 13, 40, 200])
def test_nothing_is_lost_at_any_width(width: int) -> None:
    sheet = Sheet()
    sheet.field("Payee", "株式会社 Söhne und Töchter " * 4)
    sheet.line()
    sheet.line("✖ " + "x" * 90)
    lines = sheet.content.broken(width).plain.split("\n")
    assert all(cell_len(line) <= width for line in lines)
    letters = "".join("".join(lines).split())
    assert letters == "".join(sheet.content.plain.split())


def test_nothing_at_all_is_one_empty_line() -> None:
    assert HangingText().plain == ""
    assert HangingText().broken(10).plain == ""
