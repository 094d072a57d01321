"""What `--json` prints: results of services as one JSON document that is also safe to look at in a terminal.

Keys are the field names in snake_case, money is a string with the currency's decimals beside a `currency` key, times
are ISO 8601 with offset, enums have the spelling of the domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

# Related people and places are objects of these classes; a place has no username and a person no code, so such a key
# is left out when it is empty instead of appearing as null.
_REFERENCES = frozenset({"Ref", "PersonRef"})
_HANDLES = frozenset({"code", "username", "number"})


def to_json(value: Any) -> Any:
    """`value` in the types that JSON has.

    Takes frozen dataclasses, mappings, sequences, sets, Money, Decimal, dates, enums, UUIDs and paths, nested as they
    come. Raises TypeError for anything else, and for a time without offset, since a reader could not place it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return _object({str(key.value if isinstance(key, Enum) else key): item for key, item in value.items()})
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(to_json(item) for item in value)
    return _leaf_or_dataclass(value)


def _leaf_or_dataclass(value: Any) -> Any:
    from datetime import date, datetime, time
    from decimal import Decimal
    from pathlib import PurePath
    from uuid import UUID

    from pettycash_tui.models.money import Money

    if isinstance(value, Money):
        return {"amount": value.plain(), "currency": value.currency}
    if is_dataclass(value) and not isinstance(value, type):
        drop = _HANDLES if type(value).__name__ in _REFERENCES else frozenset()
        content = {field.name: getattr(value, field.name) for field in fields(value)}
        return _object({name: item for name, item in content.items() if item is not None or name not in drop})
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise TypeError("A time without offset cannot be printed as JSON")
        return value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    # The UUIDs of uuid_utils are a class of their own, unrelated to the one of the standard library.
    if isinstance(value, UUID | PurePath) or type(value).__name__ == "UUID":
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _object(content: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose money became strings; the currency follows the first of them unless it is there already.

    Money of another currency than that carries it in a key of its own, `<name>_currency`.
    """
    from pettycash_tui.models.money import Money

    result: dict[str, Any] = {}
    currency = content.get("currency")
    currency = currency.value if isinstance(currency, Enum) else currency
    for name, item in content.items():
        if not isinstance(item, Money):
            result[name] = to_json(item)
            continue
        result[name] = item.plain()
        if currency is None:
            currency = result["currency"] = item.currency
        elif item.currency != currency:
            result[f"{name}_currency"] = item.currency
    if "currency" in content and currency is not None:
        result["currency"] = currency
    return result


def json_text(document: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """The document as JSON text, every character of which a terminal may be shown.

    json.dumps escapes C0 controls; DEL, C1, bidi controls and lone surrogates are escaped here, so that nothing that
    somebody typed can steer the terminal and a reader still gets the very characters that are stored.
    """
    import json

    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent, allow_nan=False)
    if text.isascii() and "\x7f" not in text:
        return text
    from pettycash_tui.models.text import printable

    unsafe = {
        ord(character): "".join(f"\\u{unit:04x}" for unit in _utf16(ord(character)))
        for character in set(text)
        if character >= "\x7f" and printable(character) != character
    }
    return text.translate(unsafe) if unsafe else text


def _utf16(point: int) -> tuple[int, ...]:
    if point < 0x10000:
        return (point,)
    return 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF)
