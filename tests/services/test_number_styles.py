"""Amounts as each locale writes them: the table that ships says what babel says."""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import pytest
from babel import Locale, localedata
from babel.numbers import get_currency_precision, list_currencies, parse_pattern

from pettycash_tui.models.money import currency_decimals, known_currencies
from pettycash_tui.services.number_styles import style_of

AMOUNTS = (0, 5, 99, 100, 99_999, 123_456, 100_000_000, 1_234_567_890_12, -125_050)


@pytest.mark.parametrize("decimals", [0, 2, 3])
def test_every_locale_is_written_as_babel_writes_it(decimals: int) -> None:
    for name in localedata.locale_identifiers():
        locale, style = Locale.parse(name), style_of(name)
        grouping = locale.decimal_formats[None].pattern.partition(";")[0].partition(".")[0]
        pattern = parse_pattern(f"{grouping}.{'0' * decimals}" if decimals else grouping)
        for minor in AMOUNTS:
            expected = pattern.apply(Decimal(minor).scaleb(-decimals), locale)
            for sign in ("\u200e", "\u200f", "\u2212"):
                expected = expected.replace(sign, "-" if sign == "\u2212" else "")
            assert style.written(minor, decimals) == expected, name


def test_the_table_that_ships_is_the_one_that_is_made() -> None:
    made = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "number_styles.py"))
    assert made["TABLE"].read_text(encoding="utf-8") == made["table"]()


@pytest.mark.parametrize(
    ("locale", "shown"), [("en_KE", "1,250.50"), ("de", "1.250,50"), ("hi", "1,250.50"), ("xx", "1,250.50")]
)
def test_a_locale_is_known_by_its_language_at_least(locale: str, shown: str) -> None:
    assert style_of(locale).written(125_050, 2) == shown


def test_every_currency_has_the_decimals_that_babel_knows() -> None:
    assert known_currencies() == frozenset(list_currencies())
    for currency in list_currencies():
        assert currency_decimals(currency) == get_currency_precision(currency), currency
