"""Money: an integer count of minor units with a currency, shown and typed as a Decimal.

Never a float, never SQLite's REAL. The number of decimals of a currency comes from CLDR/ISO 4217 (`currencies`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pettycash_tui.models.currencies import KNOWN, decimals_of

# Sums of many amounts must stay inside a BIGINT: 10^14 minor units leave room for 90,000 of the largest amounts.
MAX_MINOR = 10**14

# ASCII digits only: Decimal("１２") is 12 in Python, and an approver would read something else than the clerk typed.
_AMOUNT = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?P<suffix>[kKmM]?)", re.ASCII
)
_SUFFIX = {"": 0, "k": 3, "m": 6}


def currency_decimals(currency: str) -> int:
    """How many decimals the currency has: 2 for KES, 0 for JPY, 3 for TND."""
    return decimals_of(currency)


def known_currencies() -> frozenset[str]:
    """The ISO 4217 codes that an amount may carry."""
    return KNOWN


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency. `minor` is a whole number of the currency's smallest unit."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"Money counts whole minor units, not {type(self.minor).__name__}")

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-currency_decimals(self.currency))

    def plain(self) -> str:
        """The amount with all its decimals and no grouping: `1250.50`. The form that `--json` prints."""
        return f"{self.decimal:f}"

    def grouped(self) -> str:
        """The amount for a message: `1,250.50`."""
        return f"{self.decimal:,f}"

    def __str__(self) -> str:
        return f"{self.currency} {self.grouped()}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be mixed")
        return other.minor


def parse_amount(text: str, currency: str, *, allow_zero: bool = False, allow_negative: bool = False) -> Money:
    """Read what a person typed: `1250.5`, `1,250.50`, `1.2k`, `2m`.

    Raises ValueError with a sentence that says what was expected; nothing is rounded.
    """
    decimals = currency_decimals(currency)
    example = "1250" if decimals == 0 else "1250." + "50000"[:decimals]
    typed = text.strip()
    sign = 1
    if typed.startswith("-") and len(typed) > 1:
        if not allow_negative:
            raise ValueError(f"must be above zero, such as {example}")
        typed, sign = typed[1:], -1
    match = _AMOUNT.fullmatch(typed) if len(typed) <= 40 else None
    if match is None:
        raise ValueError(f"must be an amount in ordinary digits, such as {example} or 1,250 or 1.2k")
    suffix = match["suffix"].lower()
    fraction = match["fraction"] or ""
    shift = _SUFFIX[suffix] + decimals
    if len(fraction.rstrip("0") if suffix else fraction) > shift:
        raise ValueError(f"may have at most {decimals} decimals in {currency}, such as {example}")
    digits = match["whole"].replace(",", "") + fraction[:shift].ljust(shift, "0")
    minor = int(digits)
    if minor == 0 and not allow_zero:
        raise ValueError(f"must be above zero, such as {example}")
    if minor > MAX_MINOR:
        raise ValueError(f"is too large: at most {Money(MAX_MINOR, currency)}")
    return Money(sign * minor, currency)
