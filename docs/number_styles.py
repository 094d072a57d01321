"""Writes data/number_styles.tsv, how each locale groups digits, as babel knows it: `python docs/number_styles.py`.

The program reads this table because loading a locale costs 5 MB and 40 ms of every session.
"""

from __future__ import annotations

from pathlib import Path

from babel import Locale, localedata

TABLE = Path(__file__).parent.parent / "data" / "number_styles.tsv"


def style_of(name: str) -> tuple[str, str, str]:
    """Grouping (`#,##0`), group and decimal sign of a locale, in Latin digits."""
    locale = Locale.parse(name)
    grouping = locale.decimal_formats[None].pattern.partition(";")[0].partition(".")[0]
    symbols = locale.number_symbols["latn"]
    return grouping, symbols["group"], symbols["decimal"]


def table() -> str:
    """The lines: the three signs, then the locales that use them."""
    known: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted(localedata.locale_identifiers()):
        known.setdefault(style_of(name), []).append(name)
    lines = ["\t".join((*style, " ".join(names))) for style, names in sorted(known.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
