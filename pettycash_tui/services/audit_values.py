"""What an event tells of a column: the one spelling, for who writes an event and for who compares a row with it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from pettycash_tui.services.audit import canonical_value

DIGESTS = {"password_sha256": "password_hash", "totp_sha256": "totp_secret"}
"""What an event holds the SHA-256 of, and in which column that is.

A salted hash and an encrypted secret: nobody finds out by the digest what they are made of.
"""

PERSON = (
    "username",
    "first_name",
    "last_name",
    "email",
    "phone_number",
    "role",
    "company_id",
    "region_id",
    "branch_id",
    "department_id",
    "cost_center_id",
    "is_centralized_approver",
    "is_superuser",
    "is_active",
    "otp_channel",
    "password_sha256",
)
"""What the event of a new person tells."""
FUND = (
    "name",
    "code",
    "company_id",
    "region_id",
    "branch_id",
    "custodian_id",
    "currency",
    "account_id",
    "reorder_level",
    "target_balance",
    "bank_account",
    "bank_code",
)
"""What the event of a new fund tells."""


def column_of(name: str) -> str:
    """The column that an event tells of under this name."""
    return DIGESTS.get(name, name)


def told(name: str, value: Any) -> Any:
    """What an event says under this name of a column that holds `value`."""
    if name not in DIGESTS:
        return canonical_value(value)
    if value is None:
        return ""
    return sha256(value if isinstance(value, bytes) else str(value).encode()).hexdigest()


def all_told(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """What an event says of these columns of a row."""
    return {name: told(name, getattr(row, column_of(name))) for name in names}
