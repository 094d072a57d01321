"""What guards signing in besides the password: how often a place has failed, and codes for who has lost their app.

Source: architecture, trust boundary.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from pettycash_tui.models.base import Row
from pettycash_tui.models.columns import big, moment, not_negative, ref, text


class SignInSource(SQLModel, table=True):
    """A place that people sign in from, the failures of its window, and until when it is refused."""

    __tablename__ = "sign_in_source"
    __table_args__ = (not_negative("failures"),)

    source: str = Field(primary_key=True, max_length=120)
    failures: int = big(0)
    since: datetime = moment()
    refused_until: datetime = moment()


class RecoveryCode(Row, table=True):
    """A code that stands in for the authenticator app once. Only its HMAC is stored, under a key outside the database.

    `voided_at`: others were made in its place, or an admin has reset the app.
    """

    __tablename__ = "recovery_code"
    __table_args__ = (
        UniqueConstraint("user_id", "code_hmac"),
        CheckConstraint("used_at IS NULL OR voided_at IS NULL", name="spent_one_way"),
        Index("ix_recovery_code_open", "user_id", "used_at", "voided_at"),
    )

    user_id: UUID = ref("user.id")
    code_hmac: str = text(64)
    used_at: datetime | None = moment(nullable=True)
    voided_at: datetime | None = moment(nullable=True)
