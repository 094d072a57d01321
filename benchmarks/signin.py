"""A sign-in beside the hash of its password alone: what the counting, the session and the trail cost besides.

On a machine with other work each is measured in turns with the other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import count
from pathlib import Path

from benchmarks.ground import Ground, grounds, open_desk, trading_company
from benchmarks.measuring import Ratio, in_turns, seconds
from pettycash_tui.services import passwords, signin
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.identity import SYSTEM

PASSWORD = "correct horse battery"
WRONG = "incorrect horse battery"
ROUNDS = 21
"""Below the failures of a place that are free, so that none has to wait."""


def measure(ground: Ground) -> list[Ratio]:
    """A right sign-in, and one of nobody, to the hash of the same password; in milliseconds."""
    desk = open_desk(ground.new(), Path(tempfile.mkdtemp(dir=ground.folder)))
    trading_company(desk, branches=1)
    desk.run(SYSTEM, signin.set_password, "clerk", PASSWORD, must_change=False)
    hashed = passwords.hash_password(PASSWORD, "clerk")

    def enter() -> None:
        signin.sign_in(desk, "clerk", PASSWORD, client="cli", source="local")

    names = (f"nobody{number}" for number in count())

    def fail() -> None:
        # Another name each time: one that is tried again and again has to wait, and is not compared.
        try:
            signin.sign_in(desk, next(names), WRONG, client="cli", source="local")
        except NotAllowed as refusal:
            if refusal.code == "signin_refused":
                return
        raise AssertionError("nobody came in, or had to wait")

    def compare() -> None:
        passwords.verify(hashed, PASSWORD)

    enter(), fail(), compare()
    made = []
    for what, act in (("sign-in : its password hash", enter), ("refusing nobody : a password hash", fail)):
        ours, theirs = in_turns(lambda act=act: seconds(act) * 1000, lambda: seconds(compare) * 1000, ROUNDS)
        made.append(Ratio(f"{ground.name}: {what}", ours, theirs, "ms", 2.0, at_most=True))
    desk.close()
    return made


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    given = parser.parse_args()
    hold = True
    with grounds(given.database) as found:
        for one in found:
            made = measure(one)
            print(*made, sep="\n", flush=True)
            hold = hold and all(ratio.holds for ratio in made)
    return 0 if hold else 1


if __name__ == "__main__":
    sys.exit(main())
