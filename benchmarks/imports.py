"""A file of 100,000 vouchers imported whole: the time of a line beside one of a file of 5,000, and the peak of memory.

Each file is imported by a process of its own, as the command does it. Prints the lines a second as well, and ends with
1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import URL, make_url

from benchmarks.exports import peak
from benchmarks.ground import Ground, find, grounds, open_desk, trading_company
from benchmarks.measuring import Ratio
from pettycash_tui.services.identity import SYSTEM

SMALL, LARGE = 5_000, 100_000
PER_LINE, MOST_MB = 1.3, 150


def import_one(address: str, folder: Path, lines: int) -> None:
    """Import a file, and print how long that took in seconds, the lines imported and the peak of the process in kB."""
    from pettycash_tui.services import voucher_import

    desk = open_desk(make_url(address), folder)
    clerk = desk.read(SYSTEM, find, "clerk")
    path = folder / f"{lines}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("voucher_number,amount,payee,purpose,origin,branch\n")
        file.writelines(f"PV-{at},{at % 90 + 10},Shop {at},Paper {at},branch,B00\n" for at in range(lines))
    begun, count = time.perf_counter(), 0
    if lines:
        count = voucher_import.import_file(desk, clerk, path).imported
    print(time.perf_counter() - begun, count, peak())


def measured(ground: Ground, url: URL, lines: int) -> tuple[float, float]:
    """Seconds and MB of a process that imports one file."""
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "benchmarks.imports", "--import", address, str(ground.folder), str(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, count, kilobytes = done.stdout.split()
    assert int(count) == lines
    return float(seconds), int(kilobytes) / 1024


def measure(ground: Ground, lines: int) -> list[Ratio]:
    """The ratios on one database."""
    template = ground.new()
    desk = open_desk(template, ground.folder)
    trading_company(desk, 1)
    desk.close()
    small_url, large_url, idle_url = (ground.copy(template) for _ in range(3))
    idle = measured(ground, idle_url, 0)[1]
    small, _ = measured(ground, small_url, SMALL)
    large, most = measured(ground, large_url, lines)
    for url in (template, small_url, large_url, idle_url):
        ground.drop(url)
    what = f"{ground.name}: import"
    print(
        f"{ground.name}: {lines / large:,.0f} lines a second of {lines:,}, {SMALL / small:,.0f} of {SMALL:,}",
        flush=True,
    )
    return [
        Ratio(
            f"{what}, a line of {lines:,} : of {SMALL:,}",
            large / lines * 1e6,
            small / SMALL * 1e6,
            "µs",
            PER_LINE,
            True,
        ),
        Ratio(f"{what}, peak above idle : {MOST_MB} MB", most - idle, MOST_MB, "MB", 1, at_most=True),
    ]


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--lines", type=int, default=LARGE)
    parser.add_argument("--import", dest="one", nargs=3, metavar=("ADDRESS", "FOLDER", "LINES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        address, folder, lines = given.one
        import_one(address, Path(folder), int(lines))
        return 0
    with grounds(given.database) as found:
        made = []
        for ground in found:
            made += measure(ground, given.lines)
            print(*made[-2:], sep="\n", flush=True)
    return 0 if all(ratio.holds for ratio in made) else 1


if __name__ == "__main__":
    sys.exit(main())
