"""Names for accounts that plain-text accounting takes: a root for the type, then code and name; unique and stable."""

from __future__ import annotations

import re
import unicodedata

from pettycash_tui.models.enums import AccountType
from pettycash_tui.services.book_lines import AccountName, Book

ROOTS = {
    AccountType.ASSET: "Assets",
    AccountType.LIABILITY: "Liabilities",
    AccountType.EQUITY: "Equity",
    AccountType.INCOME: "Income",
    AccountType.EXPENSE: "Expenses",
}
"""The five roots that Beancount knows; hledger recognises them too."""


def names_of(book: Book) -> dict[AccountName, str]:
    """Each account of the book with its name: `Expenses:5110-Fuel-and-vehicles`.

    Letters, digits and hyphens only, in ASCII. Where two codes would give the same name, the later one is numbered.
    """
    found: dict[AccountName, str] = {}
    taken: set[str] = set()
    for account in sorted({book.account, *book.contras}, key=lambda each: (each.code, each.name)):
        name = f"{ROOTS[account.type]}:{_component(f'{account.code}-{account.name}')}"
        count, stem = 1, name
        while name in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        found[account] = name
    return found


def _component(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-") or "Account"
    return joined if joined[0].isdigit() or joined[0].isupper() else joined[0].upper() + joined[1:]
