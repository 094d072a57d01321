"""100 payments of one fund confirmed together, beside a bare script that writes the same rows, and beside one by one.

Confirming is asking for the code and paying with it: once for the list, or once for each payment. A further figure
leaves the codes out on both sides: there they are sent beforehand. Each side of the program has paid a few before the
clock runs, as a desk has that is in use. The script speaks psycopg or sqlite3, knows every value, checks nothing, and
writes all rows in one transaction with the same constraints and triggers in force. Each side runs in turns on a fresh
copy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import URL, select

from benchmarks.ground import NOW, Ground, grounds, open_desk, trading_company
from benchmarks.measuring import Ratio, in_turns
from benchmarks.money_path import Ready, approved, connect, prepared, rows_of, warm
from benchmarks.same_rows import Bare, PaymentRows
from pettycash_tui.models import tables as t
from pettycash_tui.services import bulk, execution, otp, payments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import Reading

T = TypeVar("T")

COUNT = 100
WARM = 3
OFFICER = "officer1"
OF_SCRIPT, OF_ONE_BY_ONE = 0.2, 8


@dataclass(frozen=True)
class List:
    """Payments of one officer, with the code that was sent for all of them."""

    numbers: list[str]
    code: str
    code_id: UUID
    rows: list[PaymentRows]


def waiting(desk: Desk, people: dict[str, Actor], count: int) -> list[str]:
    """Payments of one fund that wait for one officer."""
    numbers = []
    for _ in range(count):
        number, executor = approved(desk, people, "B00")
        if executor != OFFICER:
            desk.run(people["cfo"], payments.assign, number, OFFICER, "one officer pays them all")
        numbers.append(number)
    return numbers


def listed(desk: Desk, people: dict[str, Actor], count: int) -> List:
    """Payments of one fund that wait for the code of their list."""
    numbers = waiting(desk, people, count)
    sent = bulk.send_code(desk, people[OFFICER], numbers).sent
    assert sent is not None and sent.demo_code is not None
    rows = [desk.read(SYSTEM, rows_of, number) for number in numbers]
    return List(numbers, sent.demo_code, desk.read(SYSTEM, _code_of, sent.bundle_id), rows)


def _code_of(reading: Reading, bundle_id: UUID) -> UUID:
    o = t.otp_challenge.c
    return UUID(str(reading.execute(select(o.id).where(o.bundle_id == bundle_id)).scalar_one()))


def measure(ground: Ground, count: int, rounds: int) -> list[Ratio]:
    """The ratios on one database."""
    template = ground.new()
    desk = open_desk(template, ground.folder)
    people = trading_company(desk, 1)
    few, many = listed(desk, people, WARM), listed(desk, people, count)
    alone = prepared(desk, people, ["B00"] * (WARM + count))
    unsent = waiting(desk, people, WARM + count)
    desk.close()

    def together() -> float:
        def pay(desk: Desk, which: List) -> None:
            done = bulk.pay_together(desk, people[OFFICER], which.numbers, code=which.code)
            assert len(done.paid) == len(which.numbers)

        return count * _product(ground, template, pay, few, many)

    def one_by_one() -> float:
        def pay(desk: Desk, ready: list[Ready]) -> None:
            for each in ready:
                execution.execute(desk, people[each.executor], each.number, code=each.code)

        return count * _product(ground, template, pay, alone[:WARM], alone[WARM:])

    def confirmed_together() -> float:
        def confirm(desk: Desk, numbers: list[str]) -> None:
            sent = bulk.send_code(desk, people[OFFICER], numbers).sent
            assert sent is not None and sent.demo_code is not None
            done = bulk.pay_together(desk, people[OFFICER], numbers, code=sent.demo_code)
            assert len(done.paid) == len(numbers)

        return count * _product(ground, template, confirm, unsent[:WARM], unsent[WARM:])

    def confirmed_one_by_one() -> float:
        def confirm(desk: Desk, numbers: list[str]) -> None:
            for number in numbers:
                code = otp.send(desk, people[OFFICER], number).demo_code
                execution.execute(desk, people[OFFICER], number, code=code)

        return count * _product(ground, template, confirm, unsent[:WARM], unsent[WARM:])

    def script() -> float:
        copy = ground.copy(template)
        bare = Bare(connect(copy), NOW)
        began = time.perf_counter()
        bare.pay_all(many.rows, many.code_id)
        taken = time.perf_counter() - began
        bare.close()
        ground.drop(copy)
        return count / taken

    of_script = in_turns(together, script, rounds)
    of_single = in_turns(confirmed_together, confirmed_one_by_one, rounds)
    without_codes = in_turns(together, one_by_one, rounds)
    ground.drop(template)
    what = f"{ground.name}: {count} payments together"
    return [
        Ratio(f"{what} : script, one transaction", *of_script, "/s", OF_SCRIPT, at_most=False),
        Ratio(f"{what} : one by one", *of_single, "/s", OF_ONE_BY_ONE, at_most=False),
        Ratio(f"{what} : one by one, no codes", *without_codes, "/s", 0, at_most=False),
    ]


def _product(ground: Ground, template: URL, act: Callable[[Desk, T], None], few: T, many: T) -> float:
    """How often a second the service does `many`, as a screen or command calls it, after a `few`."""
    url = ground.copy(template)
    desk = open_desk(url, ground.folder)
    warm(desk)
    act(desk, few)
    began = time.perf_counter()
    act(desk, many)
    taken = time.perf_counter() - began
    desk.close()
    ground.drop(url)
    return 1 / taken


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with grounds(given.database) as found:
        made = [ratio for one in found for ratio in measure(one, given.count, given.rounds)]
    print(*made, sep="\n", flush=True)
    return 0 if all(ratio.holds for ratio in made) else 1


if __name__ == "__main__":
    sys.exit(main())
