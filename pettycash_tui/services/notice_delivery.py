"""Handing notices over: claim, send outside of any transaction, note what came of it; tried again after pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    NoticeChannel,
    NoticeKind,
    NoticeStatus,
    PaymentStatus,
    ReplenishmentStatus,
    StepStatus,
)
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import Channel, DeliveryFailed
from pettycash_tui.services import messages
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.notice_choices import address_of
from pettycash_tui.services.work import Reading, Work

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long after each failure it is tried again; after one more it is given up."""

TRIES = len(PAUSES) + 1

LEASE = timedelta(minutes=5)
"""How long a courier may take over one message before another may think that it died. Longer than every timeout."""

MOST = 200
"""Notices that one round hands over."""

PATIENCE = 3
"""Failures in a row after which a channel is left alone for this round: its server is away for everybody."""

STALE = timedelta(days=3)
"""What has waited so long for its first try is told to nobody."""

OPEN = (NoticeStatus.QUEUED, NoticeStatus.FAILED, NoticeStatus.SENDING)

_N, _U = t.notice.c, t.user.c


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one notice: to whom, about what, and why not."""

    id: UUID
    kind: NoticeKind
    channel: NoticeChannel
    to: str
    subject: str
    status: NoticeStatus
    error: str = ""

    @property
    def sentence(self) -> str:
        """It in words."""
        about = f"{self.kind.label.lower()} {self.subject}".strip()
        why = f": {self.error}" if self.error else ""
        return f"{about} to {self.to} by {self.channel.label}: {self.status.label.lower()}{why}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round handed over, and what it could not."""

    sent: tuple[Handed, ...] = ()
    left: tuple[Handed, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A notice that is ours until its lease ends; `message` is None when it was settled without sending."""

    handed: Handed
    attempts: int
    message: Message | None


def deliver_due(desk: Desk, *, most: int = MOST) -> Delivered:
    """Hand over what is due by the channels that are set up here. A channel that fails never raises."""
    channels = messages.notice_channels(desk)
    failures = dict.fromkeys(channels, 0)
    sent: list[Handed] = []
    left: list[Handed] = []
    for _ in range(most):
        usable = [channel for channel in channels if failures[channel] < PATIENCE]
        if not usable or not desk.read(SYSTEM, due, usable, 1):
            break
        claimed = desk.run_unaudited(SYSTEM, _claim, usable)
        if claimed is None:
            break
        if claimed.message is None:
            left.append(claimed.handed)
            continue
        error = _send(channels[claimed.handed.channel], claimed.message)
        done = desk.run_unaudited(SYSTEM, _note, claimed, error)
        failures[done.channel] = failures[done.channel] + 1 if error else 0
        (left if error else sent).append(done)
    return Delivered(tuple(sent), tuple(left))


def due(reading: Reading, channels: list[NoticeChannel], most: int = MOST) -> list[Handed]:
    """What is due now by these channels, the oldest first."""
    rows = reading.execute(
        select(t.notice, _U.username)
        .join_from(t.notice, t.user, _U.id == _N.person_id)
        .where(_N.status.in_(OPEN), _N.next_attempt_at <= reading.now, _N.channel.in_(channels))
        .order_by(_N.next_attempt_at, _N.id)
        .limit(most)
    )
    return [_handed(row, row.username, row.status, row.last_error) for row in rows]


def without_channel(reading: Reading, channels: list[NoticeChannel]) -> list[tuple[NoticeChannel, int]]:
    """How many notices are due by channels other than these."""
    statement = (
        select(_N.channel, func.count().label("due"))
        .where(_N.status.in_(OPEN), _N.next_attempt_at <= reading.now, _N.channel.not_in(channels))
        .group_by(_N.channel)
        .order_by(_N.channel)
    )
    return [(row.channel, row.due) for row in reading.execute(statement)]


def _send(channel: Channel, message: Message) -> str:
    """Send; the reason when it did not go."""
    try:
        channel.deliver(message)
    except DeliveryFailed as error:
        return str(error)
    except Exception as error:
        # A gateway's library may raise anything. Its words could hold what it was sent, or the gateway's password.
        return f"The message could not be handed over ({type(error).__name__})."
    return ""


def _claim(work: Work, channels: list[NoticeChannel]) -> _Claimed | None:
    row = work.execute(
        select(t.notice)
        .where(_N.status.in_(OPEN), _N.next_attempt_at <= work.now, _N.channel.in_(channels))
        .order_by(_N.next_attempt_at, _N.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    person = work.execute(select(t.user).where(_U.id == row.person_id)).one()
    name = f"{person.first_name} {person.last_name}".strip() or person.username
    address = address_of(person, row.channel)
    status, error = _unneeded(work, row, person)
    if status is None and not address:
        missing = "phone number" if row.channel is NoticeChannel.SMS else "email address"
        status, error = NoticeStatus.SKIPPED, f"{person.username} has no {missing} on file."
    if status is not None:
        _put(work, row, status=status, next_attempt_at=None, last_error=error)
        return _Claimed(_handed(row, person.username, status, error), row.attempts, None)
    _put(work, row, status=NoticeStatus.SENDING, attempts=row.attempts + 1, next_attempt_at=work.now + LEASE)
    message = Message(name, address, row.title, row.body, row.kind.value)
    return _Claimed(_handed(row, person.username, NoticeStatus.SENDING, ""), row.attempts + 1, message)


def _put(work: Work, row: Any, **values: Any) -> None:
    """Change a notice that is still as it was read."""
    same = (_N.id == row.id, _N.status == row.status, _N.attempts == row.attempts)
    work.execute(update(t.notice).where(*same).values(updated_at=work.now, **values))


def _unneeded(reading: Reading, row: Any, person: Any) -> tuple[NoticeStatus | None, str]:
    """Why a notice is not sent any more."""
    if not person.is_active:
        return NoticeStatus.OUTDATED, f"{person.username} is not active any more."
    if row.company_id is not None and person.company_id not in (None, row.company_id):
        return NoticeStatus.OUTDATED, f"{person.username} is of another company now."
    if row.status is NoticeStatus.QUEUED and row.attempts == 0 and row.created_at < reading.now - STALE:
        return NoticeStatus.OUTDATED, "It had waited for too long to be news."
    if row.kind is NoticeKind.WAITS_FOR_YOU and not _still_waits(reading, row.occasion):
        return NoticeStatus.OUTDATED, "It does not wait any more."
    return None, ""


_WAITING_PAYMENTS = (PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.UNKNOWN)


def _still_waits(reading: Reading, occasion: str) -> bool:
    kind, _, rest = occasion.partition(":")
    parts = rest.split(":")
    if kind == "step":
        s = t.approval_step.c
        row = reading.execute(select(s.status).where(s.id == UUID(parts[0]))).first()
        return row is not None and row.status is StepStatus.CURRENT
    if kind == "pay":
        p = t.payment.c
        row = reading.execute(select(p.status, p.executor_id).where(p.id == UUID(parts[0]))).first()
        return row is not None and row.status in _WAITING_PAYMENTS and row.executor_id == UUID(parts[1])
    if kind == "due":
        day = reading.execute(select(t.payment.c.scheduled_for).where(t.payment.c.id == UUID(parts[0]))).scalar()
        return day is not None
    if kind == "rpl":
        r = t.replenishment.c
        row = reading.execute(select(r.status).where(r.id == UUID(parts[0]))).first()
        return row is not None and row.status is ReplenishmentStatus(parts[1])
    return True


def _note(work: Work, claimed: _Claimed, error: str) -> Handed:
    """What came of a try; nothing when the lease had ended and another courier has it."""
    given_up = claimed.attempts % TRIES == 0
    status = NoticeStatus.SENT if not error else NoticeStatus.GIVEN_UP if given_up else NoticeStatus.FAILED
    again = work.now + PAUSES[claimed.attempts % TRIES - 1] if status is NoticeStatus.FAILED else None
    work.execute(
        update(t.notice)
        .where(_N.id == claimed.handed.id, _N.status == NoticeStatus.SENDING, _N.attempts == claimed.attempts)
        .values(
            status=status,
            next_attempt_at=again,
            last_error=error[:500],
            sent_at=None if error else work.now,
            updated_at=work.now,
        )
    )
    handed = claimed.handed
    return Handed(handed.id, handed.kind, handed.channel, handed.to, handed.subject, status, error)


def _handed(row: Any, username: str, status: NoticeStatus, error: str) -> Handed:
    return Handed(row.id, row.kind, row.channel, username, row.subject_number, status, error)
