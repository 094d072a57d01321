"""How a company's locale writes numbers: from a table that ships, since loading a locale costs 5 MB of every session.

The table is made from CLDR by `docs/number_styles.py`; a test compares it with babel for every locale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pettycash_tui.services.shipped import shipped_text


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """The signs of a locale, and how many digits stand together: the last group, and those before it.

    The minus sign is ASCII everywhere, so that an amount that is copied can be typed.
    """

    group: str
    decimal: str
    last_group: int
    other_groups: int

    def written(self, minor: int, decimals: int) -> str:
        """A whole number of minor units with all its decimals: `125050` with 2 is `1,250.50`."""
        digits = str(abs(minor)).rjust(decimals + 1, "0")
        whole, fraction = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
        sign = "-" if minor < 0 else ""
        return sign + self._grouped(whole) + (self.decimal + fraction if decimals else "")

    def _grouped(self, whole: str) -> str:
        if not self.last_group or len(whole) <= self.last_group:
            return whole
        groups, rest = [whole[-self.last_group :]], whole[: -self.last_group]
        while rest:
            groups.append(rest[-self.other_groups :])
            rest = rest[: -self.other_groups]
        return self.group.join(reversed(groups))


@lru_cache(maxsize=64)
def style_of(locale: str) -> NumberStyle:
    """The style of a locale such as `en_KE`; of its language where the place is not known, of English else."""
    lines = [line.split("\t") for line in shipped_text("number_styles.tsv").splitlines()]
    for name in (locale, locale.partition("_")[0], "en"):
        for pattern, group, decimal, locales in lines:
            if name in locales.split(" "):
                return _style(pattern, group, decimal)
    raise LookupError(locale)


def _style(pattern: str, group: str, decimal: str) -> NumberStyle:
    sizes = [len(part) for part in pattern.split(",")[1:]]
    last = sizes[-1] if sizes else 0
    return NumberStyle(group, decimal, last, sizes[0] if sizes else last)
