"""Each export of a fund's book, and its statement of a month, of 1,000,000 entries beside 10,000: time per row, memory.

Every file is written by a process of its own, as a command does it, and in turns. Its memory is the peak of the process
above that of the same process with the desk open and nothing written. Prints every ratio with both sides, and ends with
1 when a bound is missed. `--rows 100000` measures a smaller book.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import URL, make_url

from benchmarks.ground import Ground, find, grounds, open_desk
from benchmarks.ledger import filled
from benchmarks.measuring import Ratio, in_turns
from pettycash_tui.services.identity import SYSTEM

SMALL, LARGE = 10_000, 1_000_000
PER_ROW, MOST_MB = 1.2, 150
PAPERS = ("text", "pdf")
KINDS = ("csv", "xlsx", "beancount", "hledger", "ofx", *PAPERS)
IDLE = "idle"
MONTH = "2026-03"
"""The month in which the clock of the desk stands still: all entries are of it."""


def write(address: str, folder: Path, kind: str) -> None:
    """Write one file, and print how long that took in seconds and the peak of this process in kB."""
    from pettycash_tui.printing.statement_file import PaperFormat, write_statement
    from pettycash_tui.services import export_files
    from pettycash_tui.services.book_export import BookFormat, export_book

    desk = open_desk(make_url(address), folder)
    cfo = desk.read(SYSTEM, find, "cfo")
    begun = time.perf_counter()
    if kind != IDLE:
        with export_files.at_path(folder / f"exported.{kind}", replace=True) as draft:
            if kind in PAPERS:
                write_statement(desk, cfo, "B00", MONTH, draft, PaperFormat(kind))
            else:
                export_book(desk, cfo, "B00", draft, BookFormat(kind))
    print(time.perf_counter() - begun, peak())


def peak() -> int:
    """The most memory this process had, in kB."""
    # Not of `getrusage`: a process begins there with what the one that started it had.
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def measured(ground: Ground, url: URL, kind: str) -> tuple[float, float]:
    """Seconds and MB of a process that writes one file."""
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "benchmarks.exports", "--write", kind, address, str(ground.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak) / 1024


def measure(ground: Ground, rows: int, rounds: int, kinds: tuple[str, ...] = KINDS) -> list[Ratio]:
    """The ratios on one database."""
    large, small = filled(ground, rows), filled(ground, SMALL)
    idle = measured(ground, large, IDLE)[1]
    made = []
    for kind in kinds:
        peaks: list[float] = []

        def per_row(url: URL, count: int, kind: str = kind, peaks: list[float] = peaks) -> float:
            seconds, peak = measured(ground, url, kind)
            peaks.append(peak)
            return seconds / count * 1e6

        ours, theirs = in_turns(lambda: per_row(large, rows), lambda: per_row(small, SMALL), rounds)
        what = f"{ground.name}: {kind}"
        made.append(Ratio(f"{what}, a row of {rows:,} : of {SMALL:,}", ours, theirs, "µs", PER_ROW, at_most=True))
        made.append(Ratio(f"{what}, peak above idle : {MOST_MB} MB", max(peaks) - idle, MOST_MB, "MB", 1, at_most=True))
        print(*made[-2:], sep="\n", flush=True)
    for url in (large, small):
        ground.drop(url)
    return made


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--rows", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this one; may be given again")
    parser.add_argument("--write", nargs=3, metavar=("KIND", "ADDRESS", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        kind, address, folder = given.write
        write(address, Path(folder), kind)
        return 0
    with grounds(given.database) as found:
        kinds = tuple(given.kind or KINDS)
        made = [ratio for one in found for ratio in measure(one, given.rows, given.rounds, kinds)]
    return 0 if all(ratio.holds for ratio in made) else 1


if __name__ == "__main__":
    sys.exit(main())
