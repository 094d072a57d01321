"""People, their sign-in sessions, delegations and drafts. Source: domain, section 1; architecture, trust boundary."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow, ListedRow, Row
from pettycash_tui.models.columns import big, choice, moment, one_of, ref, text
from pettycash_tui.models.enums import OtpChannel, Role


class User(ListedRow, table=True):
    """A person. Without a company: a group-wide officer. `number` orders people by when they joined."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("username"),
        UniqueConstraint("number"),
        one_of("role", Role),
        one_of("otp_channel", OtpChannel),
        Index("ix_user_candidates", "role", "company_id", "is_active"),
    )

    number: int = big()
    username: str = text(60)
    first_name: str = text(80, default="")
    last_name: str = text(80, default="")
    email: str = text(254, default="")
    phone_number: str = text(30, default="")
    role: Role = choice(Role)
    company_id: UUID | None = ref("company.id", nullable=True, index=True)
    region_id: UUID | None = ref("region.id", nullable=True)
    branch_id: UUID | None = ref("branch.id", nullable=True)
    department_id: UUID | None = ref("department.id", nullable=True)
    cost_center_id: UUID | None = ref("cost_center.id", nullable=True)
    position_id: UUID | None = ref("position.id", nullable=True)
    position_title: str = text(120, default="")
    is_centralized_approver: bool = Field(default=False, nullable=False)
    is_superuser: bool = Field(default=False, nullable=False)
    password_hash: str | None = text(255, nullable=True)
    must_change_password: bool = Field(default=False, nullable=False)
    failed_logins: int = big(0)
    locked_at: datetime | None = moment(nullable=True)
    otp_channel: OtpChannel = choice(OtpChannel, default=OtpChannel.TOTP)
    otp_failures: int = big(0)
    otp_locked_at: datetime | None = moment(nullable=True)
    # AES-GCM under a key derived from the server key, which is not in the database.
    totp_secret: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    totp_confirmed_at: datetime | None = moment(nullable=True)
    totp_last_step: int = big(0)

    @property
    def display_name(self) -> str:
        """First and last name, else the username."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Delegation(ListedRow, table=True):
    """While it runs (both days included), only the delegate acts for the approver."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("approver_id <> delegate_id", name="not_to_oneself"),
        CheckConstraint("starts_on <= ends_on", name="days_in_order"),
        Index("ix_delegation_approver", "approver_id", "starts_on", "ends_on"),
        Index("ix_delegation_delegate", "delegate_id"),
    )

    approver_id: UUID = ref("user.id")
    delegate_id: UUID = ref("user.id")
    starts_on: date
    ends_on: date
    reason: str = text(400, default="")


class SignInSession(Row, table=True):
    """A person's sign-in. The token itself is never stored, only its SHA-256."""

    __tablename__ = "sign_in_session"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_sign_in_session_user", "user_id", "ended_at"))

    user_id: UUID = ref("user.id")
    token_hash: str = text(64)
    client: str = text(120, default="")
    source: str = text(120, default="")
    expires_at: datetime = moment(nullable=True)
    last_seen_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)


class FormDraft(ChangingRow, table=True):
    """What a person had typed into a form and not yet submitted, as JSON."""

    __tablename__ = "form_draft"
    __table_args__ = (UniqueConstraint("user_id", "form"),)

    user_id: UUID = ref("user.id")
    form: str = text(60)
    body: str = text()
