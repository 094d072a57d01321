"""What a stream of the audit log is called by people: the fund or the company whose events it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import GROUP_STREAM
from pettycash_tui.services.audit_chain import Problem
from pettycash_tui.services.audit_unread import told
from pettycash_tui.services.work import Reading

_FUND = (
    select(t.treasury_fund.c.code, t.company.c.code.label("company"))
    .join(t.company, t.company.c.id == t.treasury_fund.c.company_id)
    .where(t.treasury_fund.c.id == bindparam("id"))
)
_COMPANY = select(t.company.c.code).where(t.company.c.id == bindparam("id"))


def stream_name(reading: Reading, stream: str) -> str:
    """`fund BKK of ACME`, `company ACME`; empty where the row that is named by the stream is not there."""
    if stream == GROUP_STREAM:
        return "the group of companies"
    kind, _, rest = stream.partition(":")
    if kind == "proof":
        inner = stream_name(reading, rest)
        return f"{inner}, proof" if inner else ""
    try:
        key = UUID(rest)
    except ValueError:
        return ""
    if kind == "fund":
        row = reading.execute(_FUND, {"id": key}).one_or_none()
        return f"fund {row.code} of {row.company}" if row is not None else ""
    code = reading.execute(_COMPANY, {"id": key}).scalar_one_or_none() if kind == "company" else None
    return f"company {code}" if code is not None else ""


def named(reading: Reading, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems with the names of their streams."""
    return tuple(replace(each, stream_name=_readable_name(reading, each.stream)) for each in problems)


def _readable_name(reading: Reading, stream: str) -> str:
    found = [""]
    with told(reading, stream, lambda _: None):
        found.append(stream_name(reading, stream))
    return found[-1]
