"""Rows that no event made: a requisition, a payment, a person, a line of a trail or a key that was put in by hand.

Set queries by the index on the events' subjects, so that what is right never leaves the database.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import StepKind, StepStatus
from pettycash_tui.services import audit_events, visibility
from pettycash_tui.services.audit import GROUP_STREAM, company_stream, fund_stream
from pettycash_tui.services.audit_approvals import DECIDING
from pettycash_tui.services.audit_chain import Problem, ProblemKind, id_in
from pettycash_tui.services.audit_files import ATTACHED
from pettycash_tui.services.work import Reading

_A, _H = t.audit_event.c, t.stream_head.c
_F, _K, _U, _R, _P, _T = t.treasury_fund.c, t.ssh_key.c, t.user.c, t.requisition.c, t.payment.c, t.approval_trail.c
_S, _D = t.approval_step.c, t.attachment.c
_FUND = "fund:"
_CONFIRMED = "requisition.urgency_confirmed"
_ENDING = ("requisition.rejected", "requisition.changes_requested", "requisition.withdrawn")
_OWN = frozenset({"company.added", "fund.added"})
_MOST = 100
_FIRST = (
    select(_A.stream, _A.action, _A.created_at, _A.company_id)
    .select_from(t.stream_head)
    .join(t.audit_event, and_(_A.stream == _H.stream, _A.sequence == 1))
    # Other streams tell of no rows.
    .where(or_(_H.stream.startswith("fund:"), _H.stream.startswith("company:"), _H.stream == GROUP_STREAM))
    .order_by(_H.stream)
)


@dataclass(frozen=True, slots=True)
class _Made:
    """A table, the action that makes a row of it, what the row is called, and in whose stream it is told of.

    With `person` the row is called after the person of that column, in the stream of whose company it is told of.
    """

    table: Any
    action: str
    name: str
    fund: str | None = None
    person: str | None = None


_MADE = (
    _Made(t.payment, "payment.created", "number", "fund_id"),
    _Made(t.requisition, "requisition.created", "number", "fund_id"),
    _Made(t.replenishment, "replenishment.requested", "number", "fund_id"),
    _Made(t.fund_transfer, "transfer.requested", "number", "from_fund_id"),
    _Made(t.variance, "variance.recorded", "number", "fund_id"),
    _Made(t.treasury_fund, "fund.added", "code", "id"),
    _Made(t.user, "user.added", "username"),
    _Made(t.approval_threshold, "policy.added", "name"),
    _Made(t.delegation, "delegation.added", "username", person="approver_id"),
)


Question = Callable[[], Iterator[Problem]]


def problems(reading: Reading, since: datetime | None) -> Iterator[Problem]:
    """Rows that no event made, with `since` those of the window; keys and funds are always looked at."""
    for _, question in questions(reading, since):
        yield from question()


def questions(reading: Reading, since: datetime | None) -> Iterator[tuple[str, Question]]:
    """What is asked for `problems`, and of which rows."""
    first: list[Row[Any]] = []
    before: dict[str, datetime] = {}

    def beginnings() -> Iterator[Problem]:
        lawful = audit_events.lawful(reading)
        first.extend(row for row in reading.execute(_FIRST) if row.stream in lawful)
        before.update(_before(first))
        return iter(())

    yield "first events of the streams", beginnings
    for made in _MADE:
        yield f"table {made.table.name}", partial(_without_event, reading, made, since, before)
    yield "trails of requisitions", partial(_lines, reading, since, before)
    yield "steps of requisitions", partial(_steps, reading, since, before)
    yield "files of requisitions", partial(_files, reading, since, before)
    yield "keys for SSH", partial(_keys, reading)
    yield "funds", partial(_moved_funds, reading, first)


def _before(first: list[Row[Any]]) -> dict[str, datetime]:
    """The streams that began when there were rows already, and when; what is older than they are has no event.

    None where the first event of all is that of a new company, nor for a stream that begins with what it is of.
    """
    beginning = min((row.created_at for row in first), default=None)
    if any(row.created_at == beginning and row.action == "company.added" for row in first):
        return {}
    return {row.stream: row.created_at for row in first if row.action not in _OWN}


def _without_event(
    reading: Reading, made: _Made, since: datetime | None, before: dict[str, datetime]
) -> Iterator[Problem]:
    c = made.table.c
    of = _U if made.person is not None else c
    owner = c[made.fund] if made.fund is not None else of.company_id
    if made.table is t.requisition:
        # An edited requisition may have changed its fund: it was made in the stream of another one of its company.
        own = and_(_A.company_id == c.company_id, _A.stream.in_(_fund_streams(reading)))
    else:
        own = _A.stream == _stream_of(reading, owner, is_fund=made.fund is not None)
    told = exists().where(_A.subject_id == c.id, _A.action == made.action, own)
    statement = (
        select(of[made.name].label("name"), owner.label("owner"))
        .select_from(made.table)
        .where(~told, visibility.of_company(of.company_id, reading.actor))
    )
    if made.person is not None:
        statement = statement.join(t.user, _U.id == c[made.person])
    for stream, row in _found(reading, statement, owner, c.created_at, since, before, is_fund=made.fund is not None):
        name = row.name if made.person is None else f"a {made.table.name} of {row.name}"
        yield _problem(stream, f"{name} is there without the event {made.action}")


def _lines(reading: Reading, since: datetime | None, before: dict[str, datetime]) -> Iterator[Problem]:
    """Lines of a trail that nobody's act has left."""
    own, of_payment = aliased(t.audit_event).c, aliased(t.audit_event).c
    told = or_(
        exists().where(
            own.subject_id == _T.requisition_id,
            own.stream.in_(_fund_streams(reading)),
            own.created_at == _T.timestamp,
            own.actor_id.is_not_distinct_from(_T.user_id),
        ),
        exists()
        .where(
            _P.requisition_id == _T.requisition_id,
            of_payment.subject_id == _P.id,
            of_payment.stream == _stream_of(reading, _P.fund_id, is_fund=True),
            of_payment.created_at == _T.timestamp,
            of_payment.actor_id.is_not_distinct_from(_T.user_id),
        )
        .correlate(t.approval_trail),
    )
    statement = _of_requisitions(reading, t.approval_trail, _T.action).where(~told)
    for stream, row in _found(reading, statement, _R.fund_id, _T.timestamp, since, before, is_fund=True):
        yield _problem(stream, f"{row.name} has a line in its trail ({row.action.value}) that no event tells of")


def _files(reading: Reading, since: datetime | None, before: dict[str, datetime]) -> Iterator[Problem]:
    """Files that nobody attached."""
    told = exists().where(
        _A.subject_id == _D.requisition_id,
        _A.stream.in_(_fund_streams(reading)),
        _A.action == ATTACHED,
        _A.body.contains(_D.sha256),
    )
    statement = _of_requisitions(reading, t.attachment).where(~told)
    for stream, row in _found(reading, statement, _R.fund_id, _D.created_at, since, before, is_fund=True):
        yield _problem(stream, f"{row.name} has a file that no event tells of")


def _steps(reading: Reading, since: datetime | None, before: dict[str, datetime]) -> Iterator[Problem]:
    """Steps that are decided or skipped, and nobody's act has left them so at that moment."""
    own, of_payment = aliased(t.audit_event).c, aliased(t.audit_event).c
    decided = exists().where(
        own.subject_id == _S.requisition_id,
        own.stream.in_(_fund_streams(reading)),
        own.created_at == _S.acted_at,
        own.actor_id == _S.acted_by_id,
        own.action.in_(DECIDING),
    )
    # Of its own revision, where the event tells it: what somebody typed has no such text, since its quotes are escaped.
    named = literal('"revision":') + cast(_S.revision, String)
    of_revision = or_(own.body.contains(named + ","), own.body.contains(named + "}"), ~own.body.contains('"revision":'))
    skipped = exists().where(
        own.subject_id == _S.requisition_id,
        own.stream.in_(_fund_streams(reading)),
        own.created_at == _S.updated_at,
        of_revision,
        or_(own.action.in_(_ENDING), and_(own.action == _CONFIRMED, _S.kind == StepKind.APPROVE)),
    )
    with_payment = (
        exists()
        .where(
            _P.requisition_id == _S.requisition_id,
            of_payment.subject_id == _P.id,
            of_payment.stream == _stream_of(reading, _P.fund_id, is_fund=True),
            of_payment.created_at == _S.updated_at,
            of_payment.action == "payment.cancelled",
        )
        .correlate(t.approval_step)
    )
    for status, at, told in (
        (StepStatus.DONE, func.coalesce(_S.acted_at, _S.updated_at), decided),
        (StepStatus.SKIPPED, _S.updated_at, or_(skipped, with_payment)),
    ):
        statement = _of_requisitions(reading, t.approval_step, _S.position).where(_S.status == status, ~told)
        for stream, row in _found(reading, statement, _R.fund_id, at, since, before, is_fund=True):
            yield _problem(stream, f"{row.name} has step {row.position} {status.value}, which no event tells of")


def _of_requisitions(reading: Reading, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """The rows of a table that belong to requisitions which the actor may see."""
    return (
        select(_R.number.label("name"), _R.fund_id.label("owner"), *columns)
        .select_from(table)
        .join(t.requisition, _R.id == table.c.requisition_id)
        .where(visibility.of_company(_R.company_id, reading.actor))
    )


def _found(
    reading: Reading,
    statement: Select[Any],
    owner: ColumnElement[Any],
    at: ColumnElement[datetime],
    since: datetime | None,
    before: dict[str, datetime],
    *,
    is_fund: bool,
) -> Iterator[tuple[str, Row[Any]]]:
    """The rows of a statement that are not older than their streams, each with its stream; some of each at most."""
    if since is not None:
        statement = statement.where(at >= since)
    late = {_owner(stream): moment for stream, moment in before.items() if stream.startswith(_FUND) == is_fund}
    named = [found for found in late if found is not None]
    others = or_(owner.is_(None), owner.not_in(named)) if named else None
    if None in late:
        not_group = owner.is_not(None)
        others = not_group if others is None else and_(others, not_group)
    asked = [statement if others is None else statement.where(others)]
    for found, moment in late.items():
        asked.append(statement.where(owner.is_not_distinct_from(found), at >= moment))
    for each in asked:
        for row in reading.execute(each.limit(_MOST)):
            yield fund_stream(row.owner) if is_fund else company_stream(row.owner), row


def _stream_of(reading: Reading, owner: ColumnElement[Any], *, is_fund: bool) -> ColumnElement[str]:
    """The name of the stream of this fund or this company, as SQL."""
    spelt: ColumnElement[Any]
    if reading.is_postgres:
        spelt = cast(owner, String)
    else:
        digits = type_coerce(owner, String)
        parts = [func.substr(digits, start, size) for start, size in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
        spelt = parts[0] + "-" + parts[1] + "-" + parts[2] + "-" + parts[3] + "-" + parts[4]
    return literal(_FUND) + spelt if is_fund else func.coalesce(literal("company:") + spelt, GROUP_STREAM)


def _fund_streams(reading: Reading) -> Select[Any]:
    """The streams of the funds that are verified."""
    return select(_stream_of(reading, _F.id, is_fund=True)).where(visibility.of_company(_F.company_id, reading.actor))


def _owner(stream: str) -> UUID | None:
    return id_in(stream.partition(":")[2])


def _keys(reading: Reading) -> Iterator[Problem]:
    """Keys for SSH that nobody gave, or that let somebody in although they were taken away."""
    added, removed = aliased(t.audit_event).c, aliased(t.audit_event).c
    is_added = exists().where(
        added.subject_id == _K.user_id,
        added.created_at == _K.created_at,
        added.action == "ssh.key_added",
        added.body.contains(_K.fingerprint),
        added.stream == _stream_of(reading, _U.company_id, is_fund=False),
    )
    # Whenever that was: a key is one person's for ever, and clocks are set back.
    is_removed = exists().where(
        removed.subject_id == _K.user_id,
        removed.action == "ssh.key_removed",
        removed.body.contains(_K.fingerprint),
        removed.stream == _stream_of(reading, _U.company_id, is_fund=False),
    )
    statement = (
        select(
            _U.username,
            _U.company_id,
            _K.fingerprint,
            _K.body,
            _K.removed_at,
            is_added.label("is_added"),
            is_removed.label("is_removed"),
        )
        .join_from(t.ssh_key, t.user, _U.id == _K.user_id)
        .where(visibility.of_company(_U.company_id, reading.actor))
        .order_by(_K.id)
    )
    for row in reading.execute(statement):
        wrong = None
        if not row.is_added:
            wrong = "was given by no event"
        elif row.is_removed != (row.removed_at is not None):
            wrong = "was taken away, and is there" if row.is_removed else "is taken away by no event"
        elif _fingerprint(row.body) != row.fingerprint:
            wrong = "is another key than its fingerprint names"
        if wrong is not None:
            yield _problem(company_stream(row.company_id), f"the key {row.fingerprint} of {row.username} {wrong}")


def _fingerprint(body: str) -> str:
    """OpenSSH's name of a key; empty for what is none."""
    try:
        digest = sha256(base64.b64decode(body, validate=True)).digest()
    except ValueError:
        return ""
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _moved_funds(reading: Reading, first: list[Row[Any]]) -> Iterator[Problem]:
    """Funds that are another company's than when their streams began, or gone: told to both."""
    company = reading.actor.company_id
    now = {row.id: row.company_id for row in reading.execute(select(_F.id, _F.company_id))}
    for row in first:
        fund = _owner(row.stream) if row.stream.startswith(_FUND) else None
        if fund is None or row.company_id == now.get(fund):
            continue
        if company is None or company in (row.company_id, now.get(fund)):
            yield _problem(row.stream, "the fund of this stream is not its company's any more")


def _problem(stream: str, message: str) -> Problem:
    return Problem(stream, 0, ProblemKind.BUSINESS_ROW, message)
