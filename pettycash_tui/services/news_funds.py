"""What happens to funds as news: replenishments, variances and transfers that wait, a fund that is low."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, ReplenishmentStatus, Role
from pettycash_tui.models.money import Money
from pettycash_tui.services.news_parts import FUND, News, by_whom, holders, name_of, occasion_of, people_of, sees_fund
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

_L, _F, _E = t.replenishment.c, t.treasury_fund.c, t.ledger_entry.c


def replenishment(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A replenishment that waits for somebody, or whose money has arrived."""
    row = reading.execute(
        select(t.replenishment, _F.code, _F.name, _F.custodian_id)
        .join_from(t.replenishment, t.treasury_fund, _F.id == _L.fund_id)
        .where(_L.id == event.subject_id)
    ).first()
    if row is None:
        return
    who = name_of(reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one())
    given = {
        "number": row.number,
        "amount": str(Money(row.completed_amount or row.requested_amount, row.currency)),
        "payee": f"{row.code} {row.name}",
        "fund": f"{row.code} {row.name}",
        "purpose": row.reason or "back to its target",
        "who": "the program, because the fund is low" if row.auto_triggered else who,
        "urgent": "",
        "place": "ledger",
        "reason": "",
        "command": f"pettycash fund show {row.code}",
    }
    sees = sees_fund(row.fund_id)

    def told(person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
        texts = {**given, **values}
        return News(person, kind, occasion, row.company_id, "replenishment", row.number, texts, sees)

    if row.status is ReplenishmentStatus.COMPLETED and event.action in ("replenishment.completed", "ledger.posted"):
        concerned = {row.requested_by_id, *people_of(reading, row.company_id, Role.TREASURY)}
        for person in sorted(concerned | ({row.custodian_id} if row.custodian_id else set())):
            yield told(person, NoticeKind.REPLENISHED, f"rpl:{row.id}")
        return
    is_new = row.status is ReplenishmentStatus.PENDING
    if not is_new and row.status is not ReplenishmentStatus.APPROVED:
        return
    right = Right.APPROVE_REPLENISHMENT if is_new else Right.COMPLETE_REPLENISHMENT
    what, verb = ("your approval", "approve") if is_new else ("its money to be recorded", "complete")
    for person in holders(reading, row.company_id, right):
        if not (is_new and person.id == row.requested_by_id):
            command = f"pettycash replenishment {verb} {row.number}"
            occasion = f"rpl:{row.id}:{row.status.value}"
            yield told(person.id, NoticeKind.WAITS_FOR_YOU, occasion, what=what, command=command)


_LAST_ENOUGH = (
    select(_E.sequence)
    .where(_E.fund_id == bindparam("fund"), _E.balance_after >= bindparam("level"))
    .order_by(_E.sequence.desc())
    .limit(1)
)


def low_fund(reading: Reading, fund_id: UUID) -> Iterable[News]:
    """Who is told that a fund stands below its reorder level now; once for each time that it falls below."""
    fund = reading.execute(select(t.treasury_fund).where(_F.id == fund_id)).first()
    if fund is None or not fund.is_active or fund.current_balance >= fund.reorder_level:
        return
    enough = reading.execute(_LAST_ENOUGH, {"fund": fund.id, "level": fund.reorder_level}).scalar()
    request = reading.execute(
        select(_L.number).where(_L.fund_id == fund.id, _L.status.in_(["pending", "approved"]))
    ).scalar()
    label = f"{fund.code} {fund.name}"
    given = {
        "number": fund.code,
        "fund": label,
        "amount": str(Money(fund.current_balance - fund.held_amount, fund.currency)),
        "level": str(Money(fund.reorder_level, fund.currency)),
        "request": f"{request} asks for more" if request else "nobody has asked for more yet",
        "place": "ledger",
        "command": f"pettycash fund show {fund.code}" if request else f"pettycash fund replenish {fund.code}",
    }
    concerned = {row.id for row in holders(reading, fund.company_id, Right.REQUEST_REPLENISHMENT)}
    for person in sorted(concerned | ({fund.custodian_id} if fund.custodian_id else set())):
        occasion = f"low:{fund.id}:{enough or 0}"
        yield News(person, NoticeKind.FUND_LOW, occasion, fund.company_id, "fund", fund.code, given, sees_fund(fund.id))


_FOR_RIGHT = {
    "variance.recorded": (Right.APPROVE_VARIANCE, "variance"),
    "transfer.requested": (Right.APPROVE_TRANSFER, "transfer"),
}


def for_right(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """What waits for whoever has a right: a variance, a transfer."""
    right, noun = _FOR_RIGHT[event.action]
    fund_id = UUID(event.stream.removeprefix(FUND))
    fund = reading.execute(select(_F.code, _F.name, _F.currency).where(_F.id == fund_id)).first()
    if fund is None:
        return
    minor = data.get("amount")
    amount = str(Money(minor, fund.currency)) if isinstance(minor, int) and not isinstance(minor, bool) else noun
    values = {
        "number": event.subject,
        "amount": amount,
        "payee": f"{fund.code} {fund.name}",
        "purpose": str(data.get("reason") or noun),
        "who": by_whom(event),
        "urgent": "",
        "place": "ledger",
        "reason": "",
        "what": "your approval",
        "command": f"pettycash {noun} approve {event.subject}",
    }
    for person in holders(reading, event.company_id, right):
        yield News(
            person.id,
            NoticeKind.WAITS_FOR_YOU,
            occasion_of(event),
            event.company_id,
            noun,
            event.subject,
            values,
            sees_fund(fund_id),
        )


TOLD = {
    "replenishment.requested": replenishment,
    "replenishment.approved": replenishment,
    "replenishment.completed": replenishment,
    **dict.fromkeys(_FOR_RIGHT, for_right),
}
"""Who tells of which event."""
