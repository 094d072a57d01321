"""The JSON of every kind of value, and that its text is safe to look at."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from cli_rows import HOSTILE, ID, Fund, PersonRef, Ref, Status, kes

from pettycash_tui.cli.document import json_text, to_json
from pettycash_tui.models.money import Money


def test_money_is_a_string_with_the_currency_added_once() -> None:
    assert to_json(Fund("NBI", kes(10_000_000), kes(5))) == {
        "code": "NBI",
        "current_balance": "100000.00",
        "currency": "KES",
        "held_amount": "0.05",
        "custodian": None,
    }


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1250, "JPY"), "1250"),
        (Money(1250, "TND"), "1.250"),
        (kes(-1), "-0.01"),
        (kes(10**14), "1000000000000.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert to_json({"amount": money}) == {"amount": text, "currency": money.currency}


def test_a_currency_that_is_there_already_stays_where_it_is() -> None:
    assert list(to_json({"currency": "KES", "amount": kes(1)}).items()) == [("currency", "KES"), ("amount", "0.01")]
    assert to_json({"amount": kes(1), "currency": None}) == {"amount": "0.01", "currency": "KES"}


def test_money_of_another_currency_says_so() -> None:
    assert to_json({"amount": kes(100), "fee": Money(5, "USD")}) == {
        "amount": "1.00",
        "currency": "KES",
        "fee": "0.05",
        "fee_currency": "USD",
    }


def test_money_on_its_own_is_an_object() -> None:
    assert to_json([kes(100)]) == [{"amount": "1.00", "currency": "KES"}]


def test_times_have_an_offset() -> None:
    nairobi = timezone(timedelta(hours=3))
    assert to_json(datetime(2026, 11, 21, 9, 30, tzinfo=nairobi)) == "2026-11-21T09:30:00+03:00"
    assert to_json(datetime(2026, 11, 21, 9, 30, tzinfo=UTC)) == "2026-11-21T09:30:00+00:00"
    with pytest.raises(TypeError, match="offset"):
        to_json(datetime(2026, 11, 21))


def test_every_kind_of_value_has_its_form() -> None:
    values = {"d": date(2026, 11, 21), "s": Status.APPROVED, "u": ID, "n": Decimal("1E+2"), "t": (1, None, True),
              "p": Path("/x"), Status.APPROVED: {"b", "a"}}  # fmt: skip

    assert to_json(values) == {
        "d": "2026-11-21",
        "s": "approved",
        "u": str(ID),
        "n": "100",
        "t": [1, None, True],
        "p": "/x",
        "approved": ["a", "b"],
    }


def test_what_has_no_form_is_refused() -> None:
    for value in (1.5, object(), b"x", Fund):
        with pytest.raises(TypeError):
            to_json({"value": value})


def test_the_uuids_of_the_models_are_text() -> None:
    import uuid_utils

    made = uuid_utils.uuid7()
    assert to_json(made) == str(made)


def test_a_reference_leaves_out_the_handle_it_has_not_but_keeps_other_nulls() -> None:
    assert to_json(PersonRef(ID, None, "Nairobi Clerk")) == {"id": str(ID), "name": "Nairobi Clerk"}
    assert to_json(Ref(ID, "NBI", None)) == {"id": str(ID), "code": "NBI", "name": None}


def test_json_text_keeps_words_and_escapes_what_steers_a_terminal() -> None:
    text = json_text({"purpose": HOSTILE + "čaj 茶 👩‍👩‍👧"})

    assert text.isprintable() or "\u200d" in text
    assert "čaj 茶 👩‍👩‍👧" in text
    for escaped in ("\\u001b", "\\u009b", "\\u202e", "\\u2066", "\\u007f", "\\ud800", "\\udb40\\udc41"):
        assert escaped in text
    assert json.loads(text)["purpose"] == HOSTILE + "čaj 茶 👩‍👩‍👧"
    text.encode("utf-8")
