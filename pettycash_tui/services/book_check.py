"""Whether the books are whole: the file, the rules, balances, holds, payments, the chains, the files in them.

Reads everything once, in constant memory, and changes nothing. What it finds is named one by one; whether a chain was
rewritten as a whole is a question for `audit verify` and a checkpoint.
"""

from __future__ import annotations

import glob
import shlex
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from pettycash_tui.database import engine as engines
from pettycash_tui.database import isolation
from pettycash_tui.models import tables as t
from pettycash_tui.services import audit, fund_check, rule_check
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading

Tell = Callable[[str], object]

_AT_ONCE = 2_000
_LEFT = (".*.part", ".*.part-*", "*/.*.part")


def silent(_text: str) -> None:
    """Nobody looks on."""


def check(desk: Desk, tell: Tell = silent) -> list[Finding]:
    """Every check of an open desk, and what was left behind in its folders; empty when all is well.

    Raises DatabaseUnavailable when the database cannot be read or its schema is not this program's.
    """
    try:
        desk.require_current()
        found = check_books(desk, tell)
    except DatabaseUnavailable as error:
        if error.code != "database_damaged":
            raise
        found = [_wrong("file", error.message, rule_check.RESTORING)]
    return found + list(_leftovers(desk))


def check_books(desk: Desk, tell: Tell = silent) -> list[Finding]:
    """What is wrong in the books alone, in one read transaction."""

    def of_one_moment(reading: Reading) -> list[Finding]:
        # Or a chain would be longer than the head that was read before it.
        isolation.of_one_moment(reading.connection)
        return list(check_rows(reading, tell))

    return desk.read(SYSTEM, of_one_moment)


def check_rows(reading: Reading, tell: Tell = silent) -> Iterator[Finding]:
    """What the database alone shows, at the moment of this transaction."""
    tell("Checking the database's own structure…")
    missing = list(rule_check.tables(reading))
    if missing:
        # Nothing else can be asked of it.
        yield from missing
        return
    yield from rule_check.structure(reading)
    tell("Checking funds and cash books…")
    yield from fund_check.funds(reading)
    yield from fund_check.entries(reading)
    yield from fund_check.payments(reading)
    yield from _chains(reading, tell)
    tell("Checking attachments…")
    yield from _attachments(reading)


def _wrong(code: str, message: str, command: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, command)


def _chains(reading: Reading, tell: Tell) -> Iterator[Finding]:
    h, e = t.stream_head.c, t.audit_event.c
    heads = {row.stream: row for row in reading.execute(select(h.stream, h.length, h.head_hash)).all()}
    total = sum(row.length for row in heads.values())
    rows = reading.execute(
        select(e.stream, e.sequence, e.previous_hash, e.event_hash, e.body)
        .order_by(e.stream, e.sequence)
        .execution_options(stream_results=True, yield_per=_AT_ONCE)
    )
    reached: dict[str, tuple[int, str]] = {}
    broken: set[str] = set()
    command = "pettycash audit verify --full"
    for number, row in enumerate(rows, 1):
        if number % _AT_ONCE == 0:
            tell(f"Checking the chains: {number:,} of {total:,} events…")
        if row.stream in broken:
            continue
        length, previous = reached.get(row.stream, (0, audit.GENESIS))
        wrong = ""
        if row.sequence != length + 1:
            wrong = f"is followed by event {row.sequence}" if length else f"begins with event {row.sequence}"
            wrong = f"The stream {row.stream} has a gap: event {length} {wrong}."
        elif row.previous_hash != previous or audit.event_hash(previous, row.body) != row.event_hash:
            wrong = f"In the stream {row.stream}, event {row.sequence} is not what was chained there."
        if wrong:
            broken.add(row.stream)
            yield _wrong("chain", wrong, command)
        reached[row.stream] = (row.sequence, row.event_hash)
    for stream, head in sorted(heads.items()):
        if stream not in broken and reached.get(stream, (0, audit.GENESIS)) != (head.length, head.head_hash):
            last = reached.get(stream, (0, ""))[0]
            message = f"The stream {stream} has {head.length} events by its head, and ends with event {last}."
            yield _wrong("chain", message, command)
    for stream in sorted(reached.keys() - heads.keys()):
        yield _wrong("chain", f"The stream {stream} has events and no head.", command)


def _attachments(reading: Reading) -> Iterator[Finding]:
    a, r = t.attachment.c, t.requisition.c
    source = t.attachment.outerjoin(t.requisition, r.id == a.requisition_id)
    rows = reading.execute(
        select(a.id, a.file_name, a.sha256, a.size, a.content, r.number)
        .select_from(source)
        .order_by(a.id)
        .execution_options(stream_results=True, yield_per=1)
    )
    for row in rows:
        if row.number is None:
            message = f"The attachment {row.file_name} ({row.id}) belongs to no requisition."
            yield _wrong("orphan_file", message, rule_check.RESTORING)
        elif len(row.content) != row.size or sha256(row.content).hexdigest() != row.sha256:
            message = f"The attachment {row.file_name} of {row.number} is not the file that was attached."
            yield _wrong("attachment", message, f"pettycash req show {row.number}")


def _leftovers(desk: Desk) -> Iterator[Finding]:
    """Files that a killed export, backup or restore left behind: nobody's, and safe to remove."""
    places = [(folder, form) for folder in (desk.home, desk.home / "exports") for form in _LEFT]
    if engines.is_embedded(desk.url):
        file = Path(str(desk.url.database)).absolute()
        places += [(file.parent, f".{glob.escape(file.stem)}.*.part{end}") for end in ("", "-*")]
    found = {path for folder, form in places for path in folder.glob(form)}
    for path in sorted(found):
        message = f"{path} was left behind by a program that was stopped while it wrote."
        yield Finding("orphan_file", Severity.WARNING, message, f"rm {shlex.quote(str(path))}")
