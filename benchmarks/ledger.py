"""A fund's ledger of 1,000,000 rows beside one of 1,000: opening it, a page of 50 rows at any depth, and its screen.

The page is also measured beside the same keyset query through the bare driver, fetched and thrown away. Prints every
ratio with both sides, and ends with 1 when a bound is missed. `--part screen` measures the screen alone.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import URL, text

from benchmarks import ledger_screen
from benchmarks.ground import Ground, find, grounds, open_desk, trading_company, without_triggers
from benchmarks.measuring import Ratio, in_turns, seconds
from pettycash_tui.database import engine as engines
from pettycash_tui.services import ledger_views
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.ledger_views import EntryFilter, LedgerFund

SMALL, MIDDLE, LARGE = 1_000, 10_000, 1_000_000
PAGE = 50
EVERYTHING = EntryFilter()


def filled(ground: Ground, rows: int) -> URL:
    """A database whose fund B00 has `rows` entries of 1.00 each, paid in."""
    url = ground.new()
    desk = open_desk(url, ground.folder)
    trading_company(desk, 1)
    desk.close()

    def fill(connection: Any) -> None:
        sqlite = connection.dialect.name == "sqlite"
        numbers = (
            f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT"
            if sqlite
            else "SELECT"
        )
        identity = "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()"
        label = "printf('JNL-B00-%06d', i)" if sqlite else "'JNL-B00-' || lpad(i::text, 6, '0')"
        source = "n" if sqlite else f"generate_series(2, {rows}) AS s(i)"
        connection.execute(
            text(
                "INSERT INTO ledger_entry (id, created_at, company_id, journal, fund_id, sequence, entry_type, amount,"
                " currency, balance_after, account_id, contra_account_id, source_type, description, value_date)"
                f" {numbers} {identity}, e.created_at, e.company_id, {label}, e.fund_id, i, 'credit', 100, e.currency,"
                " e.balance_after + (i - 1) * 100, e.account_id, e.contra_account_id, 'opening', 'Entry ' || i,"
                f" e.value_date FROM ledger_entry e, {source} WHERE e.sequence = 1"
            )
        )
        connection.execute(
            text(
                f"UPDATE treasury_fund SET ledger_sequence = {rows}, current_balance ="
                f" (SELECT balance_after FROM ledger_entry WHERE sequence = {rows})"
            )
        )

    without_triggers(url, fill)
    return url


def opened(desk: Desk, reader: Actor) -> Callable[[], float]:
    """Opening a ledger as the screen does: the fund, how many rows there are, and the last page."""

    def once() -> float:
        def act() -> None:
            book = desk.read(reader, ledger_views.open_ledger, "B00")
            count = desk.read(reader, ledger_views.count_entries, book, EVERYTHING)
            desk.read(
                reader, ledger_views.entries_from, book, EVERYTHING, sequence=count, limit=PAGE + 1, backwards=True
            )

        return seconds(act) * 1000

    return once


def paged(desk: Desk, reader: Actor, book: LedgerFund, depth: int) -> Callable[[], float]:
    """A page of 50 rows from a depth on."""

    def once() -> float:
        return (
            seconds(lambda: desk.read(reader, ledger_views.entries_from, book, EVERYTHING, sequence=depth, limit=PAGE))
            * 1000
        )

    return once


def bare(url: URL, book: LedgerFund, depth: int) -> Callable[[], float]:
    """The same keyset query through the driver: the statement that SQLAlchemy sends, its rows fetched."""
    statement = ledger_views.ROWS.where(ledger_views._L.fund_id == book.id, ledger_views._L.sequence >= depth)
    engine = engines.open_engine(url)
    compiled = statement.order_by(ledger_views._L.sequence).limit(PAGE).compile(engine)
    sql = str(compiled)
    values: Any = dict(compiled.params)
    engine.dispose()
    if engines.is_embedded(url):
        values = [value.hex if hasattr(value, "hex") else value for value in (values[n] for n in compiled.positiontup)]
        sqlite = sqlite3.connect(str(url.database))
        return lambda: seconds(lambda: sqlite.execute(sql, values).fetchall()) * 1000
    postgres = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)
    return lambda: seconds(lambda: postgres.execute(sql, values).fetchall()) * 1000


def measure(ground: Ground, part: str = "both", rounds: int = 41) -> list[Ratio]:
    """The ratios on one database."""
    urls = {rows: filled(ground, rows) for rows in (SMALL, MIDDLE, LARGE)}
    made = queries(ground, urls, rounds) if part != "screen" else []
    if part != "queries":
        made += ledger_screen.measure(ground.name, ground.folder, urls[LARGE], urls[SMALL])
    for url in urls.values():
        ground.drop(url)
    return made


def queries(ground: Ground, urls: dict[int, URL], rounds: int) -> list[Ratio]:
    """What is read, without a screen."""
    desks = {rows: open_desk(url, ground.folder) for rows, url in urls.items()}
    reader = desks[SMALL].read(SYSTEM, find, "cfo")
    readers = {rows: desk.read(SYSTEM, find, "cfo") for rows, desk in desks.items()}
    books = {rows: desks[rows].read(readers[rows], ledger_views.open_ledger, "B00") for rows in desks}
    assert reader.username == "cfo"
    made: list[Ratio] = []

    def compare(what: str, ours: Callable[[], float], theirs: Callable[[], float], bound: float) -> None:
        for _ in range(8):
            ours(), theirs()
        one, other = in_turns(ours, theirs, rounds)
        made.append(Ratio(f"{ground.name}: {what}", one, other, "ms", bound, at_most=True))

    compare(
        "open 1,000,000 rows : 1,000 rows",
        opened(desks[LARGE], readers[LARGE]),
        opened(desks[SMALL], readers[SMALL]),
        1.5,
    )
    for depth in (1, LARGE // 2, LARGE - PAGE):
        compare(
            f"page at {depth:,} : bare driver",
            paged(desks[LARGE], readers[LARGE], books[LARGE], depth),
            bare(urls[LARGE], books[LARGE], depth),
            6,
        )
    compare(
        "page, middle of 1,000,000 : middle of 10,000",
        paged(desks[LARGE], readers[LARGE], books[LARGE], LARGE // 2),
        paged(desks[MIDDLE], readers[MIDDLE], books[MIDDLE], MIDDLE // 2),
        1.3,
    )
    for desk in desks.values():
        desk.close()
    return made


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--part", choices=["both", "queries", "screen"], default="both")
    given = parser.parse_args()
    hold = True
    with grounds(given.database) as found:
        for one in found:
            made = measure(one, given.part)
            print(*made, sep="\n", flush=True)
            hold = hold and all(ratio.holds for ratio in made)
    return 0 if hold else 1


if __name__ == "__main__":
    sys.exit(main())
