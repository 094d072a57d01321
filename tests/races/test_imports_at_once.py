"""Files of vouchers under races and kill -9: each voucher is one requisition, whoever imports it, and how often."""

from __future__ import annotations

from pathlib import Path

import books
from building import actor
from crew import Crew
from killing import Killing
from sqlalchemy import select
from trading import Trading
from vouchers import file_of, numbered

from pettycash_tui.models import tables as t
from pettycash_tui.services import requisitions, submission, voucher_import
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.requisitions import RequisitionInput


def import_vouchers(desk: Desk, who: str, path: str, chunk: int = 3) -> tuple[int, int]:
    done = voucher_import.import_file(desk, actor(desk, who), Path(path), chunk=chunk)
    return done.imported, done.there_before


def request(desk: Desk, who: str) -> tuple[int, int]:
    given = RequisitionInput(amount="10", payee="Shop", purpose="Pens")
    written = desk.run(actor(desk, who), requisitions.create, given)
    desk.run(actor(desk, who), submission.submit, written.id)
    return 1, 0


def numbers_in(desk: Desk) -> list[str]:
    with desk.engine.connect() as connection:
        return sorted(connection.execute(select(t.imported_voucher.c.voucher_number)).scalars())


def test_a_file_imported_by_three_at_once_while_others_ask_comes_in_once(
    crew: Crew, trading: Trading, tmp_path: Path
) -> None:
    path = str(file_of(tmp_path, *numbered(10)))
    overlapping = str(file_of(tmp_path, *numbered(8, first=6), name="more.csv"))
    outcomes = crew.race(
        trading.desk,
        [
            (import_vouchers, "staff", path),
            (import_vouchers, "cfo", path, 4),
            (import_vouchers, "treasury", overlapping, 2),
            (request, "staff"),
        ],
    )
    assert all(each.won for each in outcomes), outcomes
    assert sum(each.value[0] for each in outcomes) == 13 + 1
    assert [sum(each.value) for each in outcomes[:3]] == [10, 10, 8]
    assert numbers_in(trading.desk) == sorted(f"PV-{at}" for at in range(1, 14))
    assert len(books.check(trading.desk).requisitions) == 14


def test_an_import_killed_anywhere_is_taken_up_by_the_next(trading: Trading, tmp_path: Path) -> None:
    desk, rounds = trading.desk, 0

    def prepare() -> str:
        nonlocal rounds
        rounds += 1
        return str(file_of(tmp_path, *numbered(2, first=rounds * 10), name=f"{rounds}.csv"))

    def do(here: Desk, path: str) -> None:
        import_vouchers(here, "staff", path, chunk=1)

    killing = Killing(desk, prepare, do, first=16)
    partly = 0
    for path, found in killing.points():
        there = len(found.vouchers) - 2 * (rounds - 1)
        assert there in (0, 1, 2)
        partly += there == 1
        killing.done.append(there == 2)
        assert import_vouchers(desk, "cfo", path) == (2 - there, there)
    assert partly
    assert len(books.check(desk).vouchers) == 2 * rounds
