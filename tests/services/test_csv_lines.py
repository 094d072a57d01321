"""Reading CSV files as people bring them: broken, doubled, wrongly encoded, and 100,000 lines long."""

from __future__ import annotations

import os
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from pettycash_tui.services import csv_lines, voucher_lines
from pettycash_tui.services.csv_lines import CsvLine
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.voucher_lines import read_line

COLUMNS = ("a", "b")


def read(folder: Path, content: bytes, **options: bool) -> list[CsvLine]:
    path = folder / "x.csv"
    path.write_bytes(content)
    with path.open("rb") as file:
        return list(csv_lines.read(file, "x.csv", required=COLUMNS, columns=(*COLUMNS, "c"), **options))


def told(lines: list[CsvLine]) -> list[tuple[int, str]]:
    return [(line.number, line.problem or "|".join(line.cells.values())) for line in lines]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n", [(2, "1|2")]),
        (b"\xef\xbb\xbfA;B\r\n 1 ;2,5\r\n", [(2, "1|2,5")]),
        (b"a\tb\n1\t2", [(2, "1|2")]),
        (b'"a","b"\n\n,\n"1,0","say ""hi"""\n', [(4, '1,0|say "hi"')]),
        (b'a,b\n"1\n2",3\n4,5\n', [(2, "1\n2|3"), (4, "4|5")]),
        (b'a,b\n5" pipe,2\n', [(2, '5" pipe|2')]),
        ("a,b\nZoë,２\n".encode(), [(2, "Zoë|２")]),
        (b"b,c,a\n1,2,3\n", [(2, "1|2|3")]),
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes, expected: list[tuple[int, str]]) -> None:
    assert told(read(tmp_path, content)) == expected


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = [
        b'1,"open\n',
        b"1,M\xfcller\n",
        b"1,\x00\n",
        b"1,2,3\n",
        b'1,"a"b\n',
        b"1,2\r3\n",
        b"1," + b"x" * csv_lines.LONGEST_LINE + b"\n",
    ]
    found = read(tmp_path, b"a,b\n" + b"".join(each + b"ok,ok\n" for each in bad))
    assert [line.number for line in found if not line.problem] == [3, 5, 7, 9, 11, 13, 15]
    problems = {line.number: line.problem for line in found if line.problem}
    assert list(problems) == [2, 4, 6, 8, 10, 12, 14]
    assert "opens a quote" in problems[2] or "quote" in problems[2]
    assert problems[4] == "must be UTF-8 text; byte 4 of it is not (0xFC): save the file as UTF-8"
    assert problems[6] == "must be UTF-8 text; byte 3 of it is NUL"
    assert problems[8] == "has 3 columns; expected 2"
    assert "written twice" in problems[10]
    assert "carriage return" in problems[12]
    assert "at most 32,768 bytes" in problems[14]


def test_a_quote_that_is_never_closed_hides_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, b'a,b\n1,"open\n' + b"1,2\n" * 200 + b"1\n")
    assert found[0].problem.endswith("opens a quote that is not closed within 50 lines")
    assert len(found) == 202 and found[-1].number == 203 and found[-1].problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must name the columns a, b, c; it is empty"),
        (b"a,c\n1,2\n", "must name the columns a, b, c; b is missing"),
        (b"x\n", "a, b are missing"),
        (b"a,b,a\n", "'a' is there twice"),
        (b"a,b,d\n", "may name only the columns a, b, c, not 'd'"),
        ("a,b\n1,2\n".encode("utf-16"), "must be UTF-8 text; the file is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-be"), "byte 1 of it is NUL"),
        (b"\xffa,b\n", r"byte 1 of it is not \(0xFF\)"),
        (b'"a,b\n', "is not CSV"),
    ],
)
def test_a_heading_that_is_none_says_what_was_expected(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=rf"x\.csv, line 1:? .*{words}"):
        read(tmp_path, content, strict=True)


def test_no_bytes_whatever_are_more_than_bad_lines(tmp_path: Path) -> None:
    drawn = random.Random(1)
    pieces = [b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"1", b"\xe2\x82", b";", b"=x", b" "]
    for _ in range(300):
        content = b"".join(drawn.choice(pieces) for _ in range(60))
        found = read(tmp_path, b"a,b\n" + content)
        assert all(line.problem or set(line.cells) == {"a", "b"} for line in found)


# --- large files ------------------------------------------------------------------------------------------------------

LINES = 100_000


def _good(at: int) -> str:
    return f"PV-{at:06d},{at % 9_000 + 1}.50,Shop {at % 500},Paper and toner\n"


def _line(at: int) -> str:
    broken = (f'PV-{at},"1,Shop,Paper\n', f"PV-{at},1,Sh\x00op,\n", f"PV-{at // 2},1,=Shop,Ink\n")
    return broken[at % 3] if at % 100 < 3 else _good(at)


def large(folder: Path, lines: int) -> Path:
    path = folder / f"{lines}.csv"
    path.write_text("voucher_number,amount,payee,purpose\n" + "".join(map(_line, range(lines))), encoding="utf-8")
    return path


def test_a_hundred_thousand_lines_are_checked_and_each_bad_one_is_told(tmp_path: Path) -> None:
    seen: list[int] = []
    started = time.process_time()
    with voucher_lines.opened(large(tmp_path, LINES), lambda lines: not seen.append(lines)) as file:
        assert (file.count, seen) == (LINES, list(range(1_000, LINES + 1, 1_000)))
        good = bad = 0
        for each in file.lines():
            try:
                good += not read_line(each, file).problems
            except PettyCashError:
                bad += 1
    # Two seconds and a half where nothing else runs.
    assert time.process_time() - started < 10
    assert (good, bad) == (LINES * 97 // 100, LINES * 2 // 100)


def test_a_large_file_takes_some_bytes_of_memory_for_each_line(tmp_path: Path) -> None:
    peaks = []
    for lines in (1_000, 11_000):
        path = large(tmp_path, lines)
        tracemalloc.start()
        with voucher_lines.opened(path, lambda lines: True) as file:
            for each in file.lines():
                assert each.number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 10_000 * 100


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.csv"
    path.write_text("voucher_number,amount,payee,purpose\n" + "".join(map(_good, range(9))), encoding="utf-8")
    for limit, words in (("LARGEST_FILE", "at most 0 MiB"), ("MOST_LINES", "at most 8 lines")):
        with monkeypatch.context() as patch:
            patch.setattr(voucher_lines, limit, 8)
            with pytest.raises(InvalidInput, match=words), voucher_lines.opened(path, lambda lines: True):
                raise AssertionError("opened")
    for strange in (tmp_path / "missing.csv", tmp_path, Path(os.devnull), Path("a\0b")):
        with pytest.raises(InvalidInput, match="cannot be read"), voucher_lines.opened(strange, lambda lines: True):
            raise AssertionError("opened")
