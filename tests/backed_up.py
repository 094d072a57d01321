"""Books that are worth a backup, and how two states of them are compared."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import story
from sqlalchemy import func, select
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading


@pytest.fixture
def paid(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """Books with a payment that was paid, and one that waits."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    story.pay(trading.desk, story.approved(trading.desk, trading["staff"]))
    story.approved(trading.desk, trading["staff"])
    return trading


def contents(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, but for what a restore ends and notes."""

    def read(reading: Reading) -> dict[str, list[tuple[object, ...]]]:
        left_out = {"sign_in_session", "otp_challenge", "audit_event", "stream_head"}
        found = {
            table.name: sorted((tuple(row) for row in reading.execute(select(table)).all()), key=repr)
            for table in t.metadata.sorted_tables
            if table.name not in left_out
        }
        events = t.audit_event.c
        of_companies = select(t.audit_event).where(events.stream != "group").order_by(events.stream, events.sequence)
        return found | {"events": [tuple(row) for row in reading.execute(of_companies).all()]}

    return desk.read(SYSTEM, read)


def open_sessions(desk: Desk) -> int:
    """How many people are signed in."""
    count = select(func.count()).where(t.sign_in_session.c.ended_at.is_(None))
    return int(desk.read(SYSTEM, lambda reading: reading.execute(count).scalar_one()))


def in_file(path: Path, question: str) -> int:
    """The one number that a SQLite file answers."""
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute(question).fetchone()[0])
