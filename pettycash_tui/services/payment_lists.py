"""What naming several payments together means, whatever is to be done with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import locate
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.work import Reading

MOST = 500
"""Payments that are confirmed together: what a person can still look through."""

_E, _P = t.payment_execution.c, t.payment.c


def named(reading: Reading, refs: Sequence[str | UUID]) -> list[UUID]:
    """The payments' ids. Raises InvalidInput, NotFound."""
    if not 0 < len(refs) <= MOST:
        raise InvalidInput.of(payments=f"must be 1 to {MOST}")
    ids = locate.payment_ids(reading, refs)
    if len(set(ids)) != len(ids):
        raise InvalidInput.of(payments="must each be named once")
    return ids


def require_alike(rows: Sequence[Row[Any]]) -> None:
    """Raise InvalidInput unless they are of one company and one currency."""
    if len({(row.company_id, row.currency) for row in rows}) > 1:
        raise InvalidInput.of(payments="must be of one company and one currency")


def references(reading: Reading, typed: Mapping[str, str]) -> dict[UUID, str]:
    """The references as typed, by the payment's id. Raises InvalidInput, NotFound."""
    cleaned = [clean_text("reference", reference, max_length=REFERENCE_LENGTH) for reference in typed.values()]
    return dict(zip(locate.payment_ids(reading, list(typed)), cleaned, strict=True)) if typed else {}


def paid_under(reading: Reading, company_id: UUID, typed: Collection[str]) -> dict[str, str]:
    """On which payment each of these references is that the company has used already."""
    if not typed:
        return {}
    found = reading.execute(
        select(_E.gateway_reference, _P.number)
        .join_from(t.payment_execution, t.payment, _P.id == _E.payment_id)
        .where(_E.company_id == company_id, _E.gateway_reference.in_(typed))
    )
    return {row.gateway_reference: row.number for row in found}


def against_used(row: Row[Any], typed: str, used: dict[str, str]) -> list[Reason]:
    """Whether a reference is on another payment already; noted in `used` where it is not."""
    taken = used.setdefault(typed, row.number) if typed else row.number
    if taken == row.number:
        return []
    return [Reason("reference_used", f"{row.number}: the reference {typed!r} is on {taken} already.")]


def by_number(row: Row[Any]) -> str:
    """The order in which payments are listed."""
    return str(row.number)
