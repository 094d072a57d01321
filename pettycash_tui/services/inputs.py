"""What people type becomes typed values here, or InvalidInput that names the field and what was expected.

Every service cleans its text with these functions, so that one rule holds whichever door it came through: a screen, a
command or a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum
from typing import TypeVar
from zoneinfo import ZoneInfo

from pettycash_tui.models.money import Money, known_currencies, parse_amount
from pettycash_tui.models.text import is_visible, unsafe_characters
from pettycash_tui.services.errors import InvalidInput

T = TypeVar("T")
Choice = TypeVar("Choice", bound=Enum)

CODE_LENGTH = 20
USERNAME_LENGTH = 60
EMAIL_LENGTH = 254
PHONE_LENGTH = 30

_CODE = re.compile(r"[A-Z0-9_-]+", re.ASCII)
_USERNAME = re.compile(r"[a-z0-9._-]+", re.ASCII)
# RFC 5321 addresses without quoted parts and literals; a dot neither begins, ends nor doubles.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*",
    re.ASCII,
)
_PHONE_SPACING = str.maketrans("", "", " -().\u00a0")
_PHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)


class Problems:
    """Collects what several fields refuse, so that a person reads all of it at once."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def attempt(self, act: Callable[[], T]) -> T | None:
        """The value of `act`, or None after noting which fields it refused."""
        try:
            return act()
        except InvalidInput as error:
            self.fields.update(error.fields or {"input": error.message})
            return None

    def add(self, field: str, expected: str) -> None:
        """Note a refused field."""
        self.fields[field] = expected

    def raise_if_any(self) -> None:
        """Raise InvalidInput with every refused field."""
        if self.fields:
            raise InvalidInput.of(**self.fields)


def clean_text(
    field: str, value: str | None, *, max_length: int, required: bool = True, multiline: bool = False
) -> str:
    """`value` without surrounding space. Refuses what is missing, too long, or not safe to show in a terminal."""
    text = (value or "").strip()
    if not text:
        if required:
            raise InvalidInput.of(**{field: "is missing"})
        return ""
    if multiline:
        text = text.replace("\r\n", "\n")
    unsafe = unsafe_characters(text, multiline=multiline)
    if unsafe:
        named = ", ".join(unsafe[:5]) + (" …" if len(unsafe) > 5 else "")
        raise InvalidInput.of(**{field: f"holds characters that may not be stored: {named}"})
    if not any(map(is_visible, text)):
        raise InvalidInput.of(**{field: "holds nothing that can be seen; write it in letters or digits"})
    if len(text) > max_length:
        raise InvalidInput.of(**{field: f"may have at most {max_length} characters; this has {len(text)}"})
    return text


def clean_code(field: str, value: str | None) -> str:
    """A short code such as `NBI`: A–Z, 0–9, - and _, upper-cased, at most 20 characters."""
    code = clean_text(field, value, max_length=CODE_LENGTH).upper()
    if not _CODE.fullmatch(code):
        raise InvalidInput.of(**{field: f"may hold only A–Z, 0–9, - and _, such as NBI or HQ-1, not {code!r}"})
    return code


def clean_word(field: str, value: str | None) -> str:
    """A code that is a word in lower case, such as the category `general`: a–z, 0–9, - and _, at most 20 characters."""
    return clean_code(field, value).lower()


def clean_username(field: str, value: str | None) -> str:
    """A username such as `clerk.nbi`: a–z, 0–9, dot, _ and -, lower-cased, at most 60 characters."""
    username = clean_text(field, value, max_length=USERNAME_LENGTH).lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInput.of(**{field: "may hold only a–z, 0–9, dot, _ and -, such as clerk.nbi"})
    return username


def clean_email(field: str, value: str | None, *, required: bool = True) -> str:
    """A mail address, as typed but for surrounding space and the domain's case."""
    address = clean_text(field, value, max_length=EMAIL_LENGTH, required=required)
    if not address:
        return ""
    if not _EMAIL.fullmatch(address) or len(address.partition("@")[0]) > 64:
        raise InvalidInput.of(**{field: "must be a mail address such as jane@example.com"})
    local, _, domain = address.partition("@")
    return f"{local}@{domain.lower()}"


def clean_phone(field: str, value: str | None, *, required: bool = False) -> str:
    """A phone number as digits with an optional +, such as `+254712345678`; spacing is dropped."""
    number = clean_text(field, value, max_length=PHONE_LENGTH, required=required).translate(_PHONE_SPACING)
    if number and not _PHONE.fullmatch(number):
        raise InvalidInput.of(**{field: "must be a phone number of 6 to 15 digits, such as +254712345678"})
    return number


def parse_money(field: str, text: str | None, currency: str, *, allow_zero: bool = False) -> Money:
    """The amount that was typed, in minor units of `currency`. Nothing is rounded."""
    if text is None or not text.strip():
        raise InvalidInput.of(**{field: "is missing; give one such as 1250.50"})
    try:
        return parse_amount(text, currency, allow_zero=allow_zero)
    except ValueError as error:
        raise InvalidInput.of(**{field: str(error)}) from None


def clean_choice(field: str, value: str | None, kind: type[Choice]) -> Choice:
    """The member of `kind` that was typed; - and _ and capitals make no difference."""
    typed = clean_text(field, value, max_length=60)
    wanted = _folded(typed)
    for member in kind:
        if _folded(str(member.value)) == wanted:
            return member
    allowed = ", ".join(str(member.value) for member in kind)
    raise InvalidInput.of(**{field: f"must be one of {allowed}, not {typed!r}"})


def _folded(text: str) -> str:
    return text.casefold().replace("-", "_").replace(" ", "_")


def parse_day(field: str, text: str | date | None, today: date | None = None) -> date:
    """A calendar day written as `2026-11-21`; given the company's `today`, also in words (`day_in_words`)."""
    if isinstance(text, date):
        return text
    typed = (text or "").strip()
    in_words = day_in_words(typed) if today is not None else None
    if in_words is not None and today is not None:
        return in_words(today)
    try:
        # fromisoformat alone also reads 20261121 and 2026-W47-6, which a slip of the hand can produce.
        if len(typed) == 10 and typed.isascii() and typed[4] == typed[7] == "-":
            return date.fromisoformat(typed)
    except ValueError:
        pass
    raise InvalidInput.of(**{field: "must be a day such as 2026-11-21" + (IN_WORDS if today is not None else "")})


IN_WORDS = ", or today, yesterday, fri (the last one), -3d (days ago)"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS_AGO = re.compile(r"-([0-9]{1,4})d", re.ASCII)


def day_in_words(text: str) -> Callable[[date], date] | None:
    """How `today`, `yesterday`, `fri`, `friday` or `-3d` is counted from a company's today; None for no such word.

    A weekday is the last one, which is today when today is that day.
    """
    typed = text.strip().lower()
    if typed in ("today", "yesterday"):
        return lambda today: today - timedelta(days=typed == "yesterday")
    ago = _DAYS_AGO.fullmatch(typed)
    if ago is not None:
        return lambda today: today - timedelta(days=int(ago[1]))
    found = [number for number, name in enumerate(_WEEKDAYS) if typed in (name, name[:3])]
    return (lambda today: today - timedelta(days=(today.weekday() - found[0]) % 7)) if found else None


def clean_flag(field: str, value: str | bool | None) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    typed = (value or "").strip().lower()
    if typed in ("yes", "true", "1", "on"):
        return True
    if typed in ("no", "false", "0", "off"):
        return False
    raise InvalidInput.of(**{field: "must be yes or no"})


def clean_number(field: str, value: int | str | None, *, least: int, most: int) -> int:
    """A whole number between `least` and `most`, both allowed."""
    expected = f"must be a whole number from {least} to {most}"
    if isinstance(value, str):
        digits = value.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise InvalidInput.of(**{field: expected})
        value = int(digits)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput.of(**{field: expected})
    return value


def clean_currency(field: str, value: str | None) -> str:
    """An ISO 4217 currency code, such as KES."""
    code = clean_text(field, value, max_length=10).upper()
    if code not in known_currencies():
        raise InvalidInput.of(**{field: f"must be an ISO 4217 currency code such as KES or EUR, not {code!r}"})
    return code


def clean_timezone(field: str, value: str | None) -> str:
    """A time zone of the IANA database, such as Africa/Nairobi."""
    name = clean_text(field, value, max_length=64)
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):
        # ZoneInfoNotFoundError is a KeyError; a path that leaves the database is a ValueError.
        expected = f"must be a time zone such as Africa/Nairobi or Europe/Berlin, not {name!r}"
        raise InvalidInput.of(**{field: expected}) from None


def clean_locale(field: str, value: str | None) -> str:
    """A locale that CLDR knows, such as en_KE."""
    from babel import Locale, UnknownLocaleError

    name = clean_text(field, value, max_length=20).replace("-", "_")
    try:
        return str(Locale.parse(name))
    except (UnknownLocaleError, ValueError):
        raise InvalidInput.of(**{field: f"must be a locale such as en, en_KE or sw_KE, not {name!r}"}) from None
