"""The audit chain, number counters, job leases and the installation. Source: domain, section 4."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from pettycash_tui.models.base import Row
from pettycash_tui.models.columns import Id, UtcDateTime, big, moment, not_negative, plain_uuid, ref, text


class StreamHead(SQLModel, table=True):
    """The end of an audit stream: its length and last hash. Locked last in every transaction that writes events."""

    __tablename__ = "stream_head"
    __table_args__ = (not_negative("length"),)

    stream: str = Field(primary_key=True, max_length=60)
    length: int = big(0)
    head_hash: str = text(64)


class AuditEvent(Row, table=True):
    """One change, chained to the one before in its stream. The bytes of `body` are what is hashed. Append-only."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("stream", "sequence"),
        UniqueConstraint("event_hash"),
        Index("ix_audit_event_company", "company_id", "created_at", "id"),
        Index("ix_audit_event_subject", "subject_id", "created_at"),
        Index("ix_audit_event_actor", "actor_id", "created_at"),
    )

    stream: str = text(60)
    sequence: int = big()
    company_id: UUID | None = ref("company.id", nullable=True)
    actor_id: UUID | None = ref("user.id", nullable=True)
    action: str = text(60)
    subject_type: str = text(40)
    subject_id: UUID | None = plain_uuid()
    subject: str = text(120)
    body: str = text()
    previous_hash: str = text(64)
    event_hash: str = text(64)
    source: str = text(120, default="")


class NumberCounter(SQLModel, table=True):
    """The last human number given, per company and kind (`REQ`, `PAY`, `RPL`)."""

    __tablename__ = "number_counter"
    __table_args__ = (not_negative("last_value"),)

    company_id: UUID = Field(primary_key=True, foreign_key="company.id", sa_type=Id)
    kind: str = Field(primary_key=True, max_length=10)
    last_value: int = big(0)


class JobLease(SQLModel, table=True):
    """Which host runs a job, and until when it may: one instance at a time across hosts."""

    __tablename__ = "job_lease"

    name: str = Field(primary_key=True, max_length=60)
    holder: str = text(120)
    expires_at: datetime = moment()
    last_run_at: datetime | None = moment(nullable=True)
    last_result: str = text(400, default="")


class Installation(SQLModel, table=True):
    """The one row that says what this database is: `demo` lets `--as` act for anybody."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("kind IN ('demo', 'production')", name="kind_known"),
    )

    id: int = Field(default=1, primary_key=True)
    kind: str = text(20)
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=UtcDateTime, nullable=False)
