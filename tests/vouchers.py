"""Files of vouchers for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEADING = "voucher_number,amount,payee,purpose"


def file_of(folder: Path, *lines: str, heading: str = HEADING, name: str = "vouchers.csv") -> Path:
    """A file with these lines below its heading."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in (heading, *lines)), encoding="utf-8")
    return path


def numbered(count: int, first: int = 1) -> Sequence[str]:
    """Lines PV-1, PV-2, … of 100, 200, … for different payees."""
    return [f"PV-{at},{at * 100},Shop {at},Paper" for at in range(first, first + count)]
