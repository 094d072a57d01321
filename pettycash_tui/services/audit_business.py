"""Whether the rows of the books are what the events tell of them.

What an event says last about a row is compared: each ledger entry is the sealed one, a status can follow from the last
event, a content, an officer, a role or a threshold is the one that was set, each act has its line in the trail. A page
of events at a time, by the rows' keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_approvals, audit_events, audit_files, audit_seals
from pettycash_tui.services.audit import canonical_value, fund_stream
from pettycash_tui.services.audit_chain import Problem, ProblemKind, Stored, data_of, id_in, is_whole, parsed
from pettycash_tui.services.audit_page import Texts, dashed
from pettycash_tui.services.audit_statuses import ACTOR, AT, STATUSES, Telling
from pettycash_tui.services.audit_told import ACTIONS, Told
from pettycash_tui.services.audit_unread import told
from pettycash_tui.services.ledger import SEALED
from pettycash_tui.services.work import Reading

_L, _A, _F, _P = t.ledger_entry.c, t.audit_event.c, t.treasury_fund.c, t.payment.c
_ENTRY_ACTIONS = frozenset(
    {"ledger.posted", "payment.executed", "transfer.completed", "transfer.received", "variance.approved"}
)
_SAID_NAMES = ("entry_id", *SEALED)
_TELLING = frozenset({*ACTIONS, *_ENTRY_ACTIONS, *STATUSES})
_SAID = select(_A.subject_id, _A.stream, _A.sequence, _A.action, _A.body).where(
    _A.subject_id.in_(bindparam("ids", expanding=True)), _A.action.in_(bindparam("actions", expanding=True))
)
_MOVING, _SUBMITTED = "requisition.edited", "requisition.submitted"
_AT_ONCE = 500


class Business:
    """The rows that one stream tells of, read from its event number `first`."""

    def __init__(self, reading: Reading, stream: str, *, first: int) -> None:
        self.problems: list[Problem] = []
        self._reading = reading
        self._stream = stream
        self._fund = _fund_of(stream)
        self._entry = 0 if first == 1 or self._fund is None else self._last_entry_before(first)
        self._at = 0
        self._told = Told()
        self._texts = Texts()

    def feed(self, rows: Sequence[Stored]) -> None:
        """Compare what these events, which are right themselves, tell."""
        if not rows:
            return
        if self.problems:
            # What a later event tells could not be named first any more.
            for row in rows:
                if row[4] in ACTIONS:
                    self._told.take(row)
            return
        self._at, entry = rows[-1][0], self._entry
        unread: list[Problem] = []
        with told(self._reading, self._stream, unread.append, at=rows[0][0]):
            self._compare(rows)
        if not unread:
            return
        # Each alone, so that the event is named; a page that only together cannot be read is named by its first.
        self._entry = entry
        self.problems.clear()
        for row in rows:
            with told(self._reading, self._stream, self.problems.append, at=row[0]):
                self._compare([row])
            if self.problems:
                return
        self.problems += unread

    def _compare(self, rows: Sequence[Stored]) -> None:
        sealed = []
        telling_of: dict[Telling, dict[UUID, Stored]] = {}
        for row in rows:
            action = row[4]
            if action not in _TELLING:
                continue
            if action in ACTIONS:
                self._told.take(row)
            if action in _ENTRY_ACTIONS:
                sealed.append(row)
            for telling in STATUSES.get(action, ()):
                subject = id_in(row[10])
                if subject is not None:
                    telling_of.setdefault(telling, {})[subject] = row
        if sealed and self._fund is not None:
            self._compare_entries(self._fund, sealed)
        for telling, latest in telling_of.items():
            items = list(latest.items())
            for place in range(0, len(items), _AT_ONCE):
                self._compare_rows(telling, dict(items[place : place + _AT_ONCE]))

        acts = [row for row in rows if row[4] in audit_approvals.ACTIONS]
        if acts:
            for at, message in audit_approvals.differences(self._reading, acts, self._siblings):
                self._wrong(at, message)
        files = [row for row in rows if row[4] == audit_files.ATTACHED]
        for at, message in audit_files.differences(self._reading, files):
            self._wrong(at, message)

    def finish(self) -> None:
        """The stream is read to its end: nothing was posted that it does not tell of, and the fund stands there."""
        for asked in (self._compare_told, self._compare_end):
            unread: list[Problem] = []
            with told(self._reading, self._stream, unread.append, at=self._at):
                asked()
            self.problems = self.problems or unread

    @cached_property
    def _siblings(self) -> frozenset[str]:
        """The streams of the funds of this stream's company, in which an edited requisition may be told of."""
        company = select(_F.company_id).where(_F.id == self._fund).scalar_subquery()
        found = self._reading.execute(select(_F.id).where(_F.company_id == company)).scalars()
        return frozenset(map(fund_stream, found))

    def _compare_told(self) -> None:
        for at, message in self._told.differences(self._reading):
            self._wrong(at, message)

    def _compare_end(self) -> None:
        fund = self._fund
        if fund is None:
            return
        statement = select(func.min(_L.sequence)).where(_L.fund_id == fund, _L.sequence > self._entry)
        first = self._reading.execute(statement).scalar()
        if first is not None:
            self._wrong(self._at, f"ledger entry {first} has no event")
        self._compare_fund(fund)

    def _compare_entries(self, fund: UUID, events: Sequence[Stored]) -> None:
        entries = audit_seals.following(self._reading, fund, self._entry, len(events))
        if audit_seals.are_right(entries, events, self._texts):
            self._entry = entries[-1][audit_seals.SEQUENCE]
            return
        seals = [(event, seal) for event in events if (seal := _seal_in(event)) is not None]
        if not seals:
            return
        until = seals[-1][1]["sequence"]
        rows = audit_seals.between(self._reading, fund, self._entry, until)
        for event, seal in seals:
            at = event[0]
            row = rows.pop(seal["sequence"], None)
            if row is None:
                self._wrong(at, f"ledger entry {seal['sequence']} is missing")
                continue
            said = (*[seal.get(name, "") for name in _SAID_NAMES], *audit_seals.written_by(event))
            if said != row:
                names = zip(audit_seals.COLUMNS, said, row, strict=True)
                wrong = next(name for name, one, other in names if one != other)
                self._wrong(at, f"ledger entry {seal['sequence']} has another {wrong} than was sealed")
        for sequence in sorted(rows)[:1]:
            self._wrong(seals[-1][0][0], f"ledger entry {sequence} has no event")
        self._entry = until

    def _last_entry_before(self, first: int) -> int:
        """The last ledger entry that was sealed before this event: by the chain, since clocks are set back.

        An event that is not itself is none to rely on: the one before it is asked, and what follows has no event then.
        """
        for event in audit_events.earlier(self._reading, self._stream, first, sorted(_ENTRY_ACTIONS)):
            seal = _seal_in(event)
            if seal is not None and is_whole(self._stream, event):
                return int(seal["sequence"])
        return 0

    def _compare_rows(self, telling: Telling, latest: Mapping[UUID, Stored]) -> None:
        key = telling.table.c[telling.key]
        wanted = [key.label("subject"), *[c for c in telling.table.c if c.name in telling.columns]]
        may_move = telling.table is t.requisition
        if may_move:
            wanted.append(telling.table.c.fund_id.label("own_fund"))
        rows = self._reading.execute(select(*wanted).where(key.in_(list(latest))))
        found = {row.subject: row for row in rows}
        doubtful = {}
        for subject, event in latest.items():
            wrong = self._against(telling, event, found.get(subject))
            if wrong is not None:
                doubtful[subject] = (event, wrong)
        if not doubtful:
            return
        # A later event says it anew; that one is compared when it is read. An edited requisition may change its stream:
        # what counts then is where it is now, since no time says which of two streams tells of it last.
        later = set()
        for row in self._reading.execute(_SAID, {"ids": list(doubtful), "actions": list(telling.actions)}):
            subject = row.subject_id
            if row.stream == self._stream:
                is_later = row.sequence > doubtful[subject][0][0]
            elif not may_move or row.stream not in self._siblings:
                is_later = False
            elif row.action == _SUBMITTED and doubtful[subject][0][4] == _SUBMITTED:
                is_later = _revision(row.body) > _revision(doubtful[subject][0][1])
            else:
                here = found.get(subject)
                is_later = row.action == _MOVING and here is not None and row.stream == fund_stream(here.own_fund)
            if is_later:
                later.add(subject)
        for subject, (event, wrong) in doubtful.items():
            if subject not in later:
                self._wrong(event[0], f"{event[9]} {wrong}")

    def _against(self, telling: Telling, event: Stored, row: Row[Any] | None) -> str | None:
        if row is None:
            # Of a row that is not the subject's own, `audit_books` asks whether it is there.
            return "is missing" if telling.key == "id" else None
        if telling.says:
            return _unlike(telling.says[event[4]], event, row)
        data = data_of(event) if telling.needs_data else {}
        allowed = telling.statuses(event[4], data)
        status = canonical_value(row._mapping[telling.column])
        return None if status in allowed else f"is {status}, which does not follow from the event {event[4]}"

    def _compare_fund(self, fund: UUID) -> None:
        end = (
            select(_L.balance_after, _L.sequence)
            .where(_L.fund_id == fund)
            .order_by(_L.sequence.desc())
            .limit(1)
            .subquery()
        )
        held = select(func.coalesce(func.sum(_P.amount), 0)).where(
            _P.fund_id == fund, _P.status.in_(["pending", "executing", "failed", "unknown"]), _P.is_held
        )
        row = self._reading.execute(
            select(
                _F.code,
                _F.current_balance,
                _F.ledger_sequence,
                _F.held_amount,
                select(end.c.balance_after).scalar_subquery().label("balance"),
                select(end.c.sequence).scalar_subquery().label("entries"),
                held.scalar_subquery().label("held"),
            ).where(_F.id == fund)
        ).first()
        if row is None:
            self._wrong(self._at, "the fund of this stream is missing")
        elif (row.current_balance, row.ledger_sequence) != (row.balance or 0, row.entries or 0):
            self._wrong(self._at, f"fund {row.code} does not stand where its ledger ends")
        elif row.held_amount != row.held:
            self._wrong(self._at, f"fund {row.code} holds another amount than its payments")

    def _wrong(self, sequence: int, message: str) -> None:
        # The first of a stream, in whatever order they are asked: what follows from it would hide the others.
        if not self.problems or sequence < self.problems[0].sequence:
            self.problems = [Problem(self._stream, sequence, ProblemKind.BUSINESS_ROW, message)]


def _seal_in(event: Stored) -> dict[str, Any] | None:
    """The ledger entry that an event has sealed; None where it has sealed none."""
    data = data_of(event)
    seal = data.get("entry", data)
    is_one = isinstance(seal, dict) and isinstance(seal.get("sequence"), int) and "entry_id" in seal
    return seal if is_one else None


def _revision(body: str) -> int:
    data = parsed(body).get("data")
    found = data.get("revision") if isinstance(data, dict) else None
    return found if isinstance(found, int) else 0


def _unlike(says: Mapping[str, str], event: Stored, row: Row[Any]) -> str | None:
    """Which column says something else than the event; None where all that it tells is so."""
    data: dict[str, Any] | None = None
    for column, name in says.items():
        here = canonical_value(row._mapping[column])
        if name == AT:
            said = event[6]
        elif name == ACTOR:
            said = dashed(event[5])
        elif _is_in(event[1], name, here):
            continue
        else:
            data = data_of(event) if data is None else data
            said = data.get(name, here)
        if said != here:
            return f"has another {column} than the event {event[4]} says"
    return None


def _is_in(body: str, name: str, value: Any) -> bool:
    """Whether an event's text plainly says so, which spares parsing it. A quoted text inside is written otherwise."""
    if isinstance(value, str):
        return f'"{name}":{encode_basestring(value)}' in body
    return isinstance(value, int) and (f'"{name}":{value},' in body or f'"{name}":{value}}}' in body)


def _fund_of(stream: str) -> UUID | None:
    kind, _, rest = stream.partition(":")
    return id_in(rest) if kind == "fund" else None
