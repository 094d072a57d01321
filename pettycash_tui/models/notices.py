"""What people are told, how they want to be told it, and how far the audit events have been read for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from pettycash_tui.models.base import ChangingRow, partial_index
from pettycash_tui.models.columns import big, choice, moment, not_negative, one_of, ref, text
from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeStatus, NoticeTiming


class Notice(ChangingRow, table=True):
    """Something that one person is told. Kept; what was said, to whom and about what is fixed.

    `occasion` is what makes it the only one of its kind: the step, the payment's executor, the event, the day of a
    digest. A notice that is being sent is another courier's again when `next_attempt_at` has passed.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("person_id", "kind", "occasion"),
        one_of("kind", NoticeKind),
        one_of("channel", NoticeChannel),
        one_of("status", NoticeStatus),
        not_negative("attempts"),
        CheckConstraint("status <> 'sent' OR sent_at IS NOT NULL", name="sent_has_its_moment"),
        CheckConstraint(
            "status NOT IN ('queued', 'sending', 'failed') OR next_attempt_at IS NOT NULL", name="due_while_open"
        ),
        Index("ix_notice_person", "person_id", "created_at", "id"),
        Index("ix_notice_list", "created_at", "id"),
        partial_index("ix_notice_due", "next_attempt_at", "id", where="status IN ('queued', 'sending', 'failed')"),
        partial_index("ix_notice_gathered", "person_id", where="status = 'gathered'"),
        partial_index("ix_notice_undelivered", "status", where="status IN ('failed', 'given_up', 'skipped')"),
    )

    company_id: UUID | None = ref("company.id", nullable=True)
    person_id: UUID = ref("user.id")
    kind: NoticeKind = choice(NoticeKind)
    subject_type: str = text(40, default="")
    subject_number: str = text(40, default="")
    event_stream: str = text(60, default="")
    event_sequence: int = big(0)
    occasion: str = text(160)
    channel: NoticeChannel = choice(NoticeChannel)
    title: str = text(200)
    body: str = text()
    status: NoticeStatus = choice(NoticeStatus, default=NoticeStatus.QUEUED)
    attempts: int = big(0)
    next_attempt_at: datetime | None = moment(nullable=True)
    last_error: str = text(500, default="")
    sent_at: datetime | None = moment(nullable=True)


class NoticeCursor(SQLModel, table=True):
    """How far the events of an audit stream have become notices. Moves forward only."""

    __tablename__ = "notice_cursor"
    __table_args__ = (not_negative("sequence"),)

    stream: str = Field(primary_key=True, max_length=60)
    sequence: int = big(0)


class NoticeChoice(ChangingRow, table=True):
    """How a person wants to be told about a kind of thing; without a row, the default of their role."""

    __tablename__ = "notice_choice"
    __table_args__ = (
        UniqueConstraint("user_id", "kind"),
        one_of("kind", NoticeKind),
        one_of("timing", NoticeTiming),
        one_of("channel", NoticeChannel),
    )

    user_id: UUID = ref("user.id")
    kind: NoticeKind = choice(NoticeKind)
    timing: NoticeTiming = choice(NoticeTiming)
    channel: NoticeChannel = choice(NoticeChannel)
