"""Verifying the audit chain beside reading the same rows and hashing their stored bytes; paying with and without it.

The events are of 10 funds; one of eight is a ledger entry's, whose row is compared too. The bare side reads the columns
that are verified, in the same order, with psycopg or sqlite3, and hashes each body with hashlib.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, insert, select, text, update

from benchmarks.ground import NOW, Ground, grounds, open_desk, trading_company
from benchmarks.measuring import Ratio, in_turns, seconds
from benchmarks.money_path import FUNDS, PROCESSES, compare, connect, prepared, product_pays
from pettycash_tui.database import triggers
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import audit
from pettycash_tui.services.audit_verify import Verified, verify
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.ledger import Posted

STREAMS = 10
_PAGE = 2000
_COLUMNS = (
    "sequence, body, previous_hash, event_hash, action, actor_id, created_at, company_id, source, subject, subject_id,"
    " subject_type"
)


def fill(desk: Desk, rows: int) -> None:
    """Write so many events more, with the ledger entries that they seal."""
    with desk.engine.begin() as connection:
        _without_rules(connection)
        for fund in connection.execute(select(t.treasury_fund).order_by(t.treasury_fund.c.code)).all()[:STREAMS]:
            _fill_fund(connection, fund, rows // STREAMS)
    with desk.engine.begin() as connection:
        triggers.install(connection)
    if desk.engine.dialect.name != "sqlite":
        with desk.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _without_rules(connection: Connection) -> None:
    """The rules are as they were when they are installed again."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL session_replication_role = 'replica'"))
        return
    for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
        connection.execute(text(f'DROP TRIGGER "{name}"'))


def _fill_fund(connection: Connection, fund: Any, count: int) -> None:
    h, e, f = t.stream_head.c, t.ledger_entry.c, t.treasury_fund.c
    stream = audit.fund_stream(fund.id)
    head = connection.execute(select(h.length, h.head_hash).where(h.stream == stream)).one()
    opening = dict(connection.execute(select(t.ledger_entry).where(e.fund_id == fund.id)).one()._mapping)
    length, last, entry = head.length, head.head_hash, opening
    events, entries = [], []
    for n in range(count):
        at, length = NOW + timedelta(seconds=n), length + 1
        subject: tuple[str, UUID, str] = (f"PAY-{n:06}", new_id(), "payment")
        action, data = "otp.sent", {"challenge": new_id(), "channel": "email"}
        if n % 8 == 0:
            entry = {**entry, "id": new_id(), "sequence": entry["sequence"] + 1, "amount": 1}
            entry |= {"created_at": at, "created_by_id": None}
            entry["balance_after"] += 1
            entries.append(entry)
            action, subject = "ledger.posted", (fund.code, fund.id, "fund")
            data = Posted(entry, fund.code, 0, 0, 0).seal
        body = audit.canonical_text(
            {
                "action": action,
                "actor": None,
                "actor_name": "officer1",
                "at": at,
                "company": fund.company_id,
                "data": data,
                "sequence": length,
                "source": "local",
                "stream": stream,
                "subject": subject[0],
                "subject_id": subject[1],
                "subject_type": subject[2],
            }
        )
        digest = audit.event_hash(last, body)
        events.append(
            {
                "id": new_id(),
                "created_at": at,
                "stream": stream,
                "sequence": length,
                "company_id": fund.company_id,
                "actor_id": None,
                "action": action,
                "subject_type": subject[2],
                "subject_id": subject[1],
                "subject": subject[0],
                "body": body,
                "previous_hash": last,
                "event_hash": digest,
                "source": "local",
            }
        )
        last = digest
        if len(events) == _PAGE or n == count - 1:
            connection.execute(insert(t.audit_event), events)
            if entries:
                connection.execute(insert(t.ledger_entry), entries)
            events, entries = [], []
    connection.execute(update(t.stream_head).where(h.stream == stream).values(length=length, head_hash=last))
    values = {"current_balance": entry["balance_after"], "ledger_sequence": entry["sequence"]}
    connection.execute(update(t.treasury_fund).where(f.id == fund.id).values(values))


def read_and_hash(url: URL) -> int:
    """Their side: the same rows in the same order through the bare driver, each body hashed."""
    connection, count = connect(url), 0
    for rows in _rows(connection, url.get_backend_name() == "sqlite"):
        for row in rows:
            sha256(row[1].encode()).hexdigest()
            count += 1
    connection.close()
    return count


def _rows(connection: Any, is_sqlite: bool) -> Iterator[list[Any]]:
    statement = f"SELECT {_COLUMNS} FROM audit_event ORDER BY stream, sequence"
    cursor = connection.cursor() if is_sqlite else connection.cursor("events")
    cursor.execute(statement)
    while found := cursor.fetchmany(_PAGE):
        yield found


def verified(desk: Desk) -> Verified:
    """Our side."""
    found = desk.read(SYSTEM, verify)
    assert found.ok, found.problems[:3]
    return found


def peak_of(desk: Desk) -> float:
    """What Python holds at most while it verifies, in MB."""
    tracemalloc.start()
    verified(desk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def unchained_pays(address: str, home: str, share: Any, start: Any, spans: Any) -> None:
    """Payments that write no event at all."""
    audit.write = lambda *_: None  # type: ignore[assignment]
    product_pays(address, home, share, start, spans)


def measure(ground: Ground, rows: int, rounds: int, count: int) -> list[Ratio]:
    """The ratios on one database."""
    made, peaks = [], []
    for size in (max(rows // 10, 1000), rows):
        url = ground.new()
        desk = open_desk(url, ground.folder)
        trading_company(desk, STREAMS)
        fill(desk, size)
        if size == rows:
            ours, theirs = in_turns(
                lambda desk=desk: seconds(lambda: verified(desk)),  # type: ignore[misc]
                lambda url=url: seconds(lambda: read_and_hash(url)),  # type: ignore[misc]
                rounds,
            )
            what = f"{ground.name}: verifying {rows:,} events : reading and hashing"
            made.append(Ratio(what, ours, theirs, "s", 3.0, at_most=True))
        peaks.append(peak_of(desk))
        desk.close()
        ground.drop(url)
    made.append(Ratio(f"{ground.name}: peak, of ten times as many events", peaks[1], peaks[0], "MB", 1.2, at_most=True))
    if count:
        made.append(_paying(ground, count, rounds))
    return made


def _paying(ground: Ground, count: int, rounds: int) -> Ratio:
    template = ground.new()
    desk = open_desk(template, ground.folder)
    ready = prepared(desk, trading_company(desk, FUNDS), [f"B{i % FUNDS:02}" for i in range(count)])
    desk.close()
    shares = [ready[i::PROCESSES] for i in range(PROCESSES)]
    sides = (product_pays, unchained_pays)
    found = compare(ground, template, "paying, 50 funds, chain : none", sides, shares, 0.75, rounds)
    ground.drop(template)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=400, help="payments; 0 for none")
    given = parser.parse_args()
    with grounds(given.database) as all_grounds:
        for one_ground in all_grounds:
            print(*measure(one_ground, given.rows, given.rounds, given.count), sep="\n", flush=True)
