"""A row copied from a spreadsheet, read as the fields of a requisition.

The columns are amount, payee, purpose and then category, method, destination; or a first line names them.
"""

from __future__ import annotations

from collections.abc import Collection

from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.models.money import parse_amount

COLUMNS = ("amount", "payee", "purpose", "category", "method", "destination")
LEAST = 3

_NAMES = {**{name: name for name in COLUMNS}, "paid by": "method", "paid to": "destination"}


def read_row(text: str, currency: str, categories: Collection[str]) -> dict[str, str] | None:
    """The fields of a pasted row; None for what is not surely one row of a requisition.

    `categories` are the codes that there are. Whatever does not fit its column makes it no row: a text with a tab in
    it belongs into the one field.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2 or any("\t" not in line for line in lines):
        return None
    names: list[str] | None = list(COLUMNS)
    if len(lines) == 2:
        names = _header(lines[0])
    cells = [cell.strip() for cell in lines[-1].rstrip("\t").split("\t")]
    if names is None or not LEAST <= len(cells) <= len(names):
        return None
    row = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    return _fitting(row, currency, {code.casefold(): code for code in categories})


def _header(line: str) -> list[str] | None:
    names = [_NAMES.get(cell.strip().casefold(), "") for cell in line.rstrip("\t").split("\t")]
    return names if all(names) and len(set(names)) == len(names) and "amount" in names else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


_METHODS = {_letters(word): method for method in PaymentMethod for word in (method.value, method.label)}


def _fitting(row: dict[str, str], currency: str, categories: dict[str, str]) -> dict[str, str] | None:
    try:
        parse_amount(row.get("amount", ""), currency)
        if "method" in row:
            row["method"] = _METHODS[_letters(row["method"])].value
        if "category" in row:
            row["category"] = categories[row["category"].casefold()]
    except (ValueError, KeyError):
        return None
    return row
