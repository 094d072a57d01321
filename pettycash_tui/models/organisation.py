"""Company, region, branch, department, cost centre, position, account and category.

The company is the tenant boundary. Source: domain, section 1.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ListedRow, partial_index
from pettycash_tui.models.columns import big, choice, not_negative, one_of, ref, text
from pettycash_tui.models.enums import AccountPurpose, AccountType


class Company(ListedRow, table=True):
    """A company: currency, time zone, locale, and its policies for codes, locks and service levels."""

    __tablename__ = "company"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("code"),
        not_negative("otp_threshold"),
        CheckConstraint(
            "sla_hours_tier1 > 0 AND sla_hours_tier2 > 0 AND sla_hours_tier3 > 0 AND sla_hours_tier4 > 0",
            name="sla_positive",
        ),
        CheckConstraint(
            "otp_expiry_seconds > 0 AND otp_max_attempts > 0 AND otp_resend_seconds >= 0 AND lock_after_failures > 0"
            " AND idle_lock_minutes > 0 AND session_hours > 0",
            name="policy_positive",
        ),
    )

    name: str = text(120)
    code: str = text(20)
    currency: str = text(3)
    timezone: str = text(64, default="UTC")
    locale: str = text(20, default="en")
    otp_threshold: int = big(0)
    sla_hours_tier1: int = big(24)
    sla_hours_tier2: int = big(24)
    sla_hours_tier3: int = big(48)
    sla_hours_tier4: int = big(72)
    otp_expiry_seconds: int = big(300)
    otp_max_attempts: int = big(5)
    otp_resend_seconds: int = big(60)
    lock_after_failures: int = big(10)
    idle_lock_minutes: int = big(15)
    session_hours: int = big(12)
    # Who approves, validates or pays does so only with an authenticator app enrolled.
    totp_required: bool = Field(default=False, nullable=False)


class Region(ListedRow, table=True):
    """A region of a company."""

    __tablename__ = "region"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    company_id: UUID = ref("company.id")
    name: str = text(120)
    code: str = text(20)


class Branch(ListedRow, table=True):
    """A branch; it lies in a region."""

    __tablename__ = "branch"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    company_id: UUID = ref("company.id")
    region_id: UUID | None = ref("region.id", nullable=True, index=True)
    name: str = text(120)
    code: str = text(20)
    address: str = text(400, default="")


class Department(ListedRow, table=True):
    """A department of a company."""

    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    company_id: UUID = ref("company.id")
    name: str = text(120)
    code: str = text(20)


class CostCenter(ListedRow, table=True):
    """A cost centre of a company."""

    __tablename__ = "cost_center"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    company_id: UUID = ref("company.id")
    name: str = text(120)
    code: str = text(20)


class Position(ListedRow, table=True):
    """A position in a company: a title and its level (1 is the highest)."""

    __tablename__ = "position"
    __table_args__ = (UniqueConstraint("company_id", "title"), CheckConstraint("level > 0", name="level_positive"))

    company_id: UUID = ref("company.id")
    title: str = text(120)
    level: int = big(1)


class Account(ListedRow, table=True):
    """An account of the chart of accounts."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        one_of("type", AccountType),
        CheckConstraint(
            f"purpose IS NULL OR purpose IN ({', '.join(repr(p.value) for p in AccountPurpose)})", name="purpose_known"
        ),
        partial_index(
            "ux_account_purpose",
            "company_id",
            "purpose",
            unique=True,
            where="purpose IS NOT NULL",
        ),
    )

    company_id: UUID = ref("company.id")
    code: str = text(20)
    name: str = text(120)
    type: AccountType = choice(AccountType)
    purpose: AccountPurpose | None = choice(AccountPurpose, nullable=True)


class Category(ListedRow, table=True):
    """What money is spent on; its account is the contra account of its payments.

    Its cost centre bears the payments of requisitions that name none.
    """

    __tablename__ = "category"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        partial_index(
            "ux_category_default",
            "company_id",
            unique=True,
            where="is_default = 1",
            where_postgresql="is_default",
        ),
    )

    company_id: UUID = ref("company.id")
    code: str = text(20)
    name: str = text(120)
    account_id: UUID = ref("account.id")
    cost_center_id: UUID | None = ref("cost_center.id", nullable=True)
    is_default: bool = Field(default=False, nullable=False)
