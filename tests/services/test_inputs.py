"""Typed input and cursors: what is accepted, and that a refusal names the field and what was expected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies

from pettycash_tui.models.enums import Role
from pettycash_tui.models.money import Money
from pettycash_tui.services import inputs, paging
from pettycash_tui.services.errors import InvalidInput


def refusal(act: object, *arguments: object, **keywords: object) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **keywords)  # type: ignore[operator]
    return caught.value.fields


def test_text_loses_its_margins_and_keeps_its_letters() -> None:
    assert inputs.clean_text("name", "  Café Zoë  ", max_length=20) == "Café Zoë"
    assert inputs.clean_text("name", None, max_length=20, required=False) == ""


@pytest.mark.parametrize(
    ("typed", "named"), [("a\x1b[31m", "U+001B"), ("a\u202eb", "U+202E"), ("a\nb", "U+000A"), ("a\x9bb", "U+009B")]
)
def test_text_that_could_steer_a_terminal_is_refused_and_the_characters_are_named(typed: str, named: str) -> None:
    assert named in refusal(inputs.clean_text, "purpose", typed, max_length=100)["purpose"]


def test_text_of_several_lines_keeps_them_where_that_is_allowed() -> None:
    assert inputs.clean_text("purpose", "one\r\ntwo", max_length=100, multiline=True) == "one\ntwo"


def test_too_long_a_text_is_told_the_limit_and_its_length() -> None:
    said = refusal(inputs.clean_text, "name", "x" * 21, max_length=20)["name"]
    assert "20" in said and "21" in said


def test_codes_are_upper_case_and_usernames_lower_case() -> None:
    assert inputs.clean_code("code", " nbi-1 ") == "NBI-1"
    assert inputs.clean_username("username", " Clerk.NBI ") == "clerk.nbi"
    assert inputs.clean_word("code", "General") == "general"


@pytest.mark.parametrize("typed", ["", "N B", "NBÏ", "N" * 21, "N/1", "ＮＢＩ"])
def test_a_code_with_anything_else_is_refused(typed: str) -> None:
    assert "code" in refusal(inputs.clean_code, "code", typed)


@pytest.mark.parametrize(
    "typed", ["jane", "jane@", "@x.org", "a@b@c.org", "a b@c.org", "a..b@c.org", "a@c.org\nBcc: x"]
)
def test_what_is_no_mail_address_is_refused(typed: str) -> None:
    assert "email" in refusal(inputs.clean_email, "email", typed)


def test_mail_addresses_and_phone_numbers_are_normalised() -> None:
    assert inputs.clean_email("email", "Jane.Doe+x@Example.COM") == "Jane.Doe+x@example.com"
    assert inputs.clean_phone("phone_number", "+254 (712) 345-678") == "+254712345678"
    assert "phone_number" in refusal(inputs.clean_phone, "phone_number", "call me")


def test_money_is_read_in_the_currency_and_a_refusal_names_the_field() -> None:
    assert inputs.parse_money("amount", "1,250.5", "KES") == Money(125_050, "KES")
    assert inputs.parse_money("min_amount", "0", "KES", allow_zero=True).minor == 0
    for typed in ("", "0", "-5", "1.234", "12e3", "１２", "nan"):
        assert "amount" in refusal(inputs.parse_money, "amount", typed, "KES")


def test_a_choice_forgives_capitals_and_dashes_and_lists_what_is_allowed() -> None:
    assert inputs.clean_choice("role", "Branch-Manager", Role) is Role.BRANCH_MANAGER
    assert inputs.clean_choice("role", "FP&A", Role) is Role.FPA
    said = refusal(inputs.clean_choice, "role", "boss", Role)["role"]
    assert all(role.value in said for role in Role)


def test_a_day_is_written_in_one_way_only() -> None:
    assert inputs.parse_day("starts_on", "2026-11-21") == date(2026, 11, 21)
    for typed in ("20261121", "2026-W47-6", "21.11.2026", "2026-02-30", "", None):
        assert "starts_on" in refusal(inputs.parse_day, "starts_on", typed)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("today", "2026-03-04"),
        (" Yesterday ", "2026-03-03"),
        ("wed", "2026-03-04"),
        ("Friday", "2026-02-27"),
        ("thu", "2026-02-26"),
        ("-3d", "2026-03-01"),
        ("-0d", "2026-03-04"),
        ("2026-03-14", "2026-03-14"),
    ],
)
def test_a_day_in_words_is_counted_from_the_companys_today(typed: str, day: str) -> None:
    wednesday = date(2026, 3, 4)
    assert inputs.parse_day("from", typed, wednesday) == date.fromisoformat(day)


@pytest.mark.parametrize("typed", ["tomorrow", "fr", "3 days", "-3", "--3d", "-99999d", "14.3.", "２０２６-03-14"])
def test_what_is_no_day_says_what_is(typed: str) -> None:
    said = refusal(inputs.parse_day, "from", typed, date(2026, 3, 4))["from"]
    assert said == "must be a day such as 2026-11-21, or today, yesterday, fri (the last one), -3d (days ago)"
    assert "today" not in refusal(inputs.parse_day, "from", "today")["from"]


def test_currencies_time_zones_and_locales_must_exist() -> None:
    assert inputs.clean_currency("currency", "kes") == "KES"
    assert inputs.clean_timezone("timezone", "Africa/Nairobi") == "Africa/Nairobi"
    assert inputs.clean_locale("locale", "en-KE") == "en_KE"
    assert "currency" in refusal(inputs.clean_currency, "currency", "KSH")
    for typed in ("Africa/Nowhere", "../../etc/passwd", "Africa"):
        assert "timezone" in refusal(inputs.clean_timezone, "timezone", typed)
    assert "locale" in refusal(inputs.clean_locale, "locale", "xx_YY")


def test_several_refused_fields_are_told_at_once() -> None:
    problems = inputs.Problems()
    problems.attempt(lambda: inputs.clean_code("code", "!"))
    problems.attempt(lambda: inputs.clean_email("email", "!"))
    with pytest.raises(InvalidInput) as caught:
        problems.raise_if_any()
    assert set(caught.value.fields) == {"code", "email"}


def test_a_cursor_comes_back_as_it_went() -> None:
    moment, found = datetime(2026, 3, 2, 9, tzinfo=UTC), UUID(int=7)
    assert paging.decode(paging.encode(moment, found), datetime, UUID) == (moment, found)
    assert paging.decode(paging.encode(42), int) == (42,)
    assert paging.decode(None, int) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!",
        "é",
        "bnVsbA",
        paging.encode("a"),
        paging.encode(1, 2),
        paging.encode("2026-03-02T09:00:00"),
        paging.encode(2**63),
        "W" * 600,
    ],
)
def test_a_malformed_cursor_is_bad_input_and_never_a_fault(cursor: str) -> None:
    assert "after" in refusal(paging.decode, cursor, datetime, UUID)
    assert "after" in refusal(paging.decode, cursor, int) or cursor == paging.encode("a")


@given(strategies.text(max_size=80))
def test_no_text_whatever_makes_a_cursor_a_fault(text: str) -> None:
    try:
        paging.decode(text, str, UUID)
    except InvalidInput as error:
        assert "after" in error.fields


@pytest.mark.parametrize("limit", [0, -1, 501, True])
def test_a_page_holds_between_1_and_500(limit: int) -> None:
    assert "limit" in refusal(paging.clean_limit, limit)
    assert paging.clean_limit(None) == 50
