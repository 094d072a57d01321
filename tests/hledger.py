"""hledger's own word on a journal, where it is there; and a strict reader of ours, which needs nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections import defaultdict
from datetime import date
from decimal import Decimal

_POSTING = re.compile(
    r"    (?P<account>\S+)    (?P<amount>-?[0-9.]+) (?P<currency>[A-Z]{3})(?: = (?P<balance>-?[0-9.]+) [A-Z]{3})?"
)


def check(journal: str) -> dict[str, Decimal]:
    """The balances of the accounts of a journal that hledger accepts, strictly.

    hledger is no Python package: where it is missing our reader alone decides, with a warning; on CI it must be there.
    """
    balances = read(journal)
    program = shutil.which("hledger")
    if program is None:
        assert not os.environ.get("CI"), "hledger is missing: install it (Debian: apt-get install hledger)"
        warnings.warn("hledger is not installed: the journal was read by our own reader only", stacklevel=2)
        return balances
    checks = ["check", "--strict", "ordereddates", "commodities", "accounts", "balancednoautoconversion"]
    environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [program, "-f-", *checks], input=journal.encode(), capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()
    return balances


def read(journal: str) -> dict[str, Decimal]:
    """Every transaction balances, accounts are declared, dates do not go back, assertions hold."""
    declared = set(re.findall(r"^account (\S+)  ;", journal, re.MULTILINE))
    assert re.search(r"^commodity 1000\.?[0-9]* [A-Z]{3}$", journal, re.MULTILINE)
    balances: dict[str, Decimal] = defaultdict(Decimal)
    open_sum, postings, last = Decimal(), 0, date.min
    for line in journal.splitlines():
        if posting := _POSTING.fullmatch(line):
            account, amount = posting["account"], Decimal(posting["amount"])
            assert account in declared, account
            balances[account] += amount
            open_sum += amount
            postings += 1
            if posting["balance"]:
                assert balances[account] == Decimal(posting["balance"]), line
        elif re.match(r"[0-9]{4}-", line):
            assert (open_sum, postings % 2) == (0, 0), f"not balanced before: {line}"
            day = date.fromisoformat(line[:10])
            assert day >= last
            last = day
        else:
            assert not line.startswith("    "), line
    assert open_sum == 0
    return dict(balances)
