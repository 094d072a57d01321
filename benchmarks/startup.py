"""`pettycash --help` beside `python -c "import typer"`: what a person waits for over SSH before anything happens."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measuring import Ratio, in_turns, seconds

HELP = [sys.executable, "-m", "pettycash_tui", "--help"]
TYPER = [sys.executable, "-c", "import typer"]


def measure(rounds: int = 21) -> list[Ratio]:
    """The ratio of the two, in milliseconds."""

    def run(command: list[str]) -> float:
        return seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) * 1000

    run(HELP), run(TYPER)
    ours, theirs = in_turns(lambda: run(HELP), lambda: run(TYPER), rounds)
    return [Ratio("--help : import typer", ours, theirs, "ms", 1.5, at_most=True)]


if __name__ == "__main__":
    print(*measure(), sep="\n")
