"""An account at a bank, as people write it: an IBAN, `BANKCODE/ACCOUNT`, or the account's number alone.

Source: ISO 13616 (IBAN, check digits by ISO 7064 mod 97-10), ISO 9362 (BIC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EXPECTED = "must be an IBAN, BANKCODE/ACCOUNT such as EQBLKENA/0123456789, or an account number"

_IBAN_LIKE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_BANK_CODE = re.compile(r"[A-Z0-9-]{1,20}", re.ASCII)
_GROUPED = re.compile(r"[0-9]+(?:[ -][0-9]+)*", re.ASCII)
_ACCOUNT = re.compile(r"(?=.*[0-9])[A-Za-z0-9-]{4,34}", re.ASCII)
# Norway has the shortest IBAN; these are the countries whose payments come up here, the others keep to 15-34.
_LENGTH_OF_IBAN = """
AE23 AT20 BE16 BI27 CH21 DE22 DJ27 DK18 EG29 ES24 FI18 FR27 GB22 IE22 IL23 IT27 LU20 LY25 MR27 MU30 NL18 NO15 PL28 PT25
SA24 SC31 SD18 SE24 SO23 TN24 TR26
"""
_LENGTHS = {word[:2]: int(word[2:]) for word in _LENGTH_OF_IBAN.split()}


class AccountRefused(ValueError):
    """Text that is no account; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account and, where it is known, its bank: a BIC or the bank's code in its country's clearing."""

    number: str
    is_iban: bool
    bank: str = ""

    @property
    def bic(self) -> str:
        """The bank's BIC; empty when the bank is named by another code, or not at all."""
        return self.bank if is_bic(self.bank) else ""

    def __str__(self) -> str:
        return f"{self.bank}/{self.number}" if self.bank else self.number


def is_bic(code: str) -> bool:
    """Whether a bank's code is written as a BIC."""
    return _BIC.fullmatch(code) is not None


def parse_bank_code(text: str) -> str:
    """A BIC, or a bank's code in its country's clearing. Raises AccountRefused."""
    code = "".join(text.split()).upper()
    if not _BANK_CODE.fullmatch(code):
        raise AccountRefused("must be a BIC such as EQBLKENA, or the bank's code of at most 20 letters and digits")
    return code


def parse_account(text: str) -> BankAccount:
    """The account that was written. Raises AccountRefused."""
    bank, slash, number = text.strip().rpartition("/")
    if slash and not bank.strip():
        raise AccountRefused(EXPECTED)
    code = parse_bank_code(bank) if slash else ""
    number = number.strip()
    together = "".join(number.split()).upper()
    if _IBAN_LIKE.fullmatch(together):
        return BankAccount(_checked_iban(together), True, code)
    if _GROUPED.fullmatch(number):
        number = number.replace(" ", "").replace("-", "")
    if not _ACCOUNT.fullmatch(number):
        raise AccountRefused(EXPECTED)
    return BankAccount(number, False, code)


def _checked_iban(text: str) -> str:
    length = _LENGTHS.get(text[:2])
    if not _IBAN.fullmatch(text) or (length is not None and len(text) != length):
        expected = f"of {length} characters for {text[:2]}" if length else "of 15 to 34 characters"
        raise AccountRefused(f"must be an IBAN {expected}, and has {len(text)}")
    digits = "".join(str(int(c, 36)) for c in text[4:] + text[:4])
    if int(digits) % 97 != 1:
        raise AccountRefused(f"is no IBAN: the check digits {text[2:4]} are wrong. Compare it with the payee's")
    return text
