"""A year of petty cash for the demo: acts of people in the order of their moments, each through its service.

A queue holds what happens next and when; whatever an act leads to (the next approver, a code, a payment, a
replenishment) is queued behind it. So the audit chains, trails and ledgers of the demo are as genuine as any.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    OPEN_REPLENISHMENTS,
    PaymentMethod,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    codes,
    escalation,
    execution,
    otp,
    payments,
    replenishments,
    requisitions,
    submission,
    workflow,
)
from pettycash_tui.services.demo_company import DemoFund, Founded
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Work

SEED = 20
REQUISITIONS = 132
"""Of the year; those that wait at the end come on top."""

FIRST_DAYS, LAST_DAYS = 3, 16
"""No requisition is written so shortly after the beginning or before the end: the year ends with everything paid."""

QUIET = timedelta(hours=72)
"""Before the last day, the time in which only what `demo_waiting` plans happens."""

OPENS, CLOSES = 8, 17
_TOP_TIER_AT = (2, 74)
_CODES = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Fate(Enum):
    """What becomes of a requisition, besides being approved and paid."""

    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    SLOW = "slow"
    DECLINED = "declined"
    FAILED = "failed"
    CANCELLED = "cancelled"


_FATES = {
    Fate.REJECTED: 9,
    Fate.WITHDRAWN: 5,
    Fate.CHANGED: 7,
    Fate.SLOW: 3,
    Fate.DECLINED: 2,
    Fate.FAILED: 3,
    Fate.CANCELLED: 1,
}
_URGENT = 9


@dataclass
class Ask:
    """One requisition on its way. `stop_after` decisions it is left alone; `pace` is the time between its acts."""

    given: RequisitionInput
    by: str
    fund: str
    fate: Fate = Fate.PAID
    pace: timedelta | None = None
    stop_after: int | None = None
    executor: str | None = None
    is_reviewed: bool = True
    stays_sent_back: bool = False
    decided: int = 0
    tries: int = 0
    id: UUID | None = None


class History:
    """The acts of the demo's people, queued by moment."""

    def __init__(
        self, work: Work, book: dict[str, Any], founded: Founded, key: bytes, *, begin: datetime, until: datetime
    ) -> None:
        # The year hangs on days only, so that every demo of one day has the same; its last hours lead up to `until`.
        self.people = founded.people
        self.funds = founded.funds
        self.until = until
        self.last_day = until.astimezone(founded.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = begin
        self.random = random.Random(SEED)
        self._work = work
        self._book = book
        self._words: dict[str, list[str]] = book["words"]
        self._payees = {payee["name"]: payee for payee in book["payee"]}
        self._zone: ZoneInfo = founded.zone
        self._key = key
        self._begin = begin
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._references = count(1)
        self._awaited: set[UUID] = set()

    # --- time -----------------------------------------------------------------------------------------------------

    def at(self, moment: datetime, act: Callable[[], None]) -> None:
        """Let something happen then."""
        heapq.heappush(self._queue, (moment, next(self._order), act))

    def run(self, progress: Callable[[float], None] | None = None) -> None:
        """Let everything happen, in the order of the moments."""
        whole = (self.until - self._begin).total_seconds()
        while self._queue:
            self.now, _, act = heapq.heappop(self._queue)
            act()
            if progress:
                progress(min(1.0, (self.now - self._begin).total_seconds() / whole))

    def by(self, username: str) -> Work:
        """The transaction for this person, at the moment of the act."""
        return self._work.as_actor(self.people[username], self.now)

    def _soon(self, ask: Ask, least: float, most: float, act: Callable[[Ask], None]) -> None:
        """Let an act of a requisition follow, so many hours of work later."""
        if ask.pace is not None:
            self.at(self.now + ask.pace, lambda: act(ask))
        else:
            self.at(self._office_time(self.random.uniform(least, most)), lambda: act(ask))

    def _office_time(self, hours: float) -> datetime:
        """That much later, moved into office hours, and never into the quiet days before the end."""
        moment = (self.now + timedelta(hours=hours)).astimezone(self._zone)
        if moment.hour >= CLOSES:
            moment = moment.replace(hour=OPENS, minute=self.random.randrange(60)) + timedelta(days=1)
        elif moment.hour < OPENS:
            moment = moment.replace(hour=OPENS, minute=self.random.randrange(60))
        while moment.weekday() > 4:
            moment += timedelta(days=1)
        quiet = max(self.last_day - QUIET, self.now)
        return min(moment, quiet).astimezone(UTC)

    # --- the year ---------------------------------------------------------------------------------------------------

    def plan_year(self) -> None:
        """Queue the year's requisitions, evenly spread; what each asks for is decided when its moment comes."""
        first = self._begin + timedelta(days=FIRST_DAYS)
        span = (self.last_day - timedelta(days=LAST_DAYS) - first) / REQUISITIONS
        fates = [fate for fate, times in _FATES.items() for _ in range(times)]
        fates += [Fate.PAID] * (REQUISITIONS - len(fates))
        self.random.shuffle(fates)
        plain = [index for index, fate in enumerate(fates) if fate in (Fate.PAID, Fate.CHANGED)]
        urgent = set(self.random.sample(plain, _URGENT))
        origins = self._spread_origins()
        for index, (fate, origin) in enumerate(zip(fates, origins, strict=True)):
            self.now = first + span * index + timedelta(hours=self.random.uniform(0, 8))
            is_urgent = index in urgent or fate is Fate.DECLINED
            top = index in _TOP_TIER_AT
            self.at(
                self._office_time(0),
                lambda origin=origin, fate=fate, urgent=is_urgent, top=top: self._ask(origin, fate, urgent, top),  # type: ignore[misc]
            )

    def _spread_origins(self) -> Iterator[dict[str, Any]]:
        origins: list[dict[str, Any]] = self._book["origin"]
        whole = sum(origin["weight"] for origin in origins)
        spread = [origin for origin in origins for _ in range(origin["weight"] * REQUISITIONS // whole)]
        spread += origins[:1] * (REQUISITIONS - len(spread))
        self.random.shuffle(spread)
        office = next(origin for origin in origins if origin["fund"] == "HQ")
        for index, origin in enumerate(spread):
            yield office if index in _TOP_TIER_AT else origin

    def _ask(self, origin: dict[str, Any], fate: Fate, is_urgent: bool, top: bool) -> None:
        fund = self.funds[origin["fund"]]
        if top:
            fate, is_urgent = Fate.PAID, False
        tier = 4 if top else self._affordable_tier(fund)
        spend = self.random.choice([entry for entry in self._book["spend"] if entry["tier"] == tier])
        payee = self._payees[self.random.choice(spend["payees"])]
        fields = {"origin": origin["fields"]["origin"], **origin["fields"]}
        by = self.random.choice(origin["by"])
        if fund.code == "HQ" and by == "clerk.nbi" and self.random.random() < 0.4:
            # Finance has no head of department, so that somebody else stands in, which the trail shows.
            fields["department"] = "FIN"
        given = RequisitionInput(
            amount=self._amount(spend["amount"], fund),
            purpose=spend["purpose"],
            category=spend["category"],
            payee=payee["name"],
            method=payee["method"],
            destination=payee.get("destination", ""),
            is_urgent=is_urgent,
            urgency_reason=self.random.choice(self._words["urgency"]) if is_urgent else None,
            **fields,
        )
        self.write(Ask(given, by, fund.code, fate))

    def _affordable_tier(self, fund: DemoFund) -> int:
        if fund.currency != "KES":
            return 1 if self.random.random() < 0.7 else 2
        tier = self.random.choices((1, 2, 3), (62, 27, 11))[0]
        # A fund is asked for what it has: otherwise most of the year would be waiting for money.
        available = self.available(fund)
        return min(tier, 3 if available > 7_500_000 else 2 if available > 3_500_000 else 1)

    def _amount(self, bounds: list[int], fund: DemoFund) -> str:
        least, most = bounds
        if fund.currency != "KES":
            return str(self.random.randrange(least * 30, most * 30, 1000))
        cents = self.random.choice(("00", "00", "00", "50"))
        return f"{self.random.randrange(least, most, 10)}.{cents}"

    # --- a requisition's way ----------------------------------------------------------------------------------------

    def write(self, ask: Ask) -> None:
        """Write a draft, and submit it a little later."""
        written = requisitions.create(self.by(ask.by), ask.given)
        ask.id = written.id
        if ask.fate is Fate.CHANGED or (ask.pace is None and self.random.random() < 0.12):
            content = f"Quotation\n{ask.given.payee}\n{ask.given.purpose}\n{ask.given.amount}\n"
            requisitions.attach(self.by(ask.by), written.id, "quotation.txt", content.encode())
        self.at(self.now + timedelta(minutes=4), lambda: self._submit(ask))

    def _submit(self, ask: Ask) -> None:
        submission.submit(self.by(ask.by), _id(ask))
        if ask.fate is Fate.SLOW:
            ask.fate = Fate.PAID
            # Beyond every tier's service level, the CFO's 72 hours included.
            self.at(min(self.now + timedelta(hours=75), self.last_day - QUIET), lambda: self._escalate(ask))
        elif ask.stop_after != 0:
            self._soon(ask, 0.5, 8, self._decide)

    def _escalate(self, ask: Ask) -> None:
        work = self._work.as_actor(SYSTEM, self.now)
        late = next((found for found in escalation.overdue(work) if found.requisition_id == ask.id), None)
        if late is not None:
            escalation.escalate(work, late)
        self._soon(ask, 0.5, 4, self._decide)

    def _decide(self, ask: Ask) -> None:
        approver = self._waiting_for(ask)
        if approver is None:
            return
        if ask.fate is Fate.WITHDRAWN:
            submission.withdraw(self.by(ask.by), _id(ask), self._word("withdraw"))
            return
        work = self.by(approver)
        # At the latest by whom it would be approved by, so that the demos of all days have equally many payments.
        if ask.fate is Fate.REJECTED and (self._is_last(ask) or self.random.random() < 0.6):
            workflow.reject(work, _id(ask), self._word("reject"))
            return
        if ask.fate is Fate.CHANGED:
            ask.fate = Fate.PAID
            workflow.request_changes(work, _id(ask), self._word("changes"))
            if not ask.stays_sent_back:
                self._soon(ask, 1, 6, self._change)
            return
        status = self._status(ask)
        if status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION:
            if ask.fate is Fate.DECLINED:
                workflow.decline_urgency(work, _id(ask), self._word("decline"))
                ask.fate = Fate.PAID
                self._soon(ask, 2, 8, self._decide)
                return
            acted = workflow.confirm_urgency(work, _id(ask))
        else:
            acted = workflow.approve(work, _id(ask), self._word("approve") if ask.pace is None else "")
        ask.decided += 1
        if acted.payment is not None:
            self._approved(ask)
        elif ask.decided != ask.stop_after:
            self._soon(ask, 0.5, 7, self._decide)

    def _change(self, ask: Ask) -> None:
        purpose = f"{ask.given.purpose}, quotation attached"
        requisitions.edit(self.by(ask.by), _id(ask), RequisitionInput(purpose=purpose))
        self._submit(ask)

    def _approved(self, ask: Ask) -> None:
        self._look_after(ask.fund)
        if ask.executor is not None:
            payment = self._payment(ask)
            if self._username(payment.executor_id) != ask.executor:
                payments.assign(self.by("cfo"), payment.id, ask.executor, "The first officer counts the drawer today")
        elif ask.fate is Fate.CANCELLED or ask.fate is Fate.REJECTED:
            self._soon(ask, 2, 6, self._cancel)
        else:
            self._soon(ask, 1, 7, self._send_code)

    def _cancel(self, ask: Ask) -> None:
        fund = self.funds[ask.fund]
        chief = next(p for p in self.people.values() if p.company_id == fund.company_id and p.role is Role.CFO)
        if chief.username == ask.by:
            submission.withdraw(self.by(ask.by), _id(ask), self._word("withdraw"))
        else:
            payments.cancel(self.by(chief.username), self._payment(ask).id, self._word("cancelled"))
        self._look_after(ask.fund)

    # --- paying -----------------------------------------------------------------------------------------------------

    def _send_code(self, ask: Ask) -> None:
        payment, fund = self._payment(ask), self.funds[ask.fund]
        if not payment.is_held and self.available(fund) < payment.amount:
            self._wait_for_money(ask, payment)
            return
        officer = self._username(payment.executor_id)
        if ask.fate is Fate.FAILED and payment.method is PaymentMethod.MPESA:
            ask.fate = Fate.PAID
            execution.record_failure(self.by(officer), payment.id, self._word("failed"))
            self._soon(ask, 1, 3, self._retry)
            return
        code = f"{self.random.randrange(10**codes.DIGITS):0{codes.DIGITS}d}"
        otp._make(self.by(officer), payment.id, code, self._key)
        self.at(self.now + timedelta(seconds=self.random.randrange(25, 200)), lambda: self._pay(ask))

    def _wait_for_money(self, ask: Ask, payment: Row[Any]) -> None:
        ask.tries += 1
        fund = self.funds[ask.fund]
        if ask.tries > 20:
            self._cancel(ask)
            return
        if self._open_replenishment(fund) is None:
            replenishments.request(self.by(self._username(payment.executor_id)), fund.id, reason="A payment waits")
        self._look_after(ask.fund)
        self._soon(ask, 6, 20, self._send_code)

    def _retry(self, ask: Ask) -> None:
        payment = self._payment(ask)
        payments.retry(self.by(self._username(payment.executor_id)), payment.id)
        self._send_code(ask)

    def _pay(self, ask: Ask) -> None:
        payment = self._payment(ask)
        work = self.by(self._username(payment.executor_id))
        tried = otp._count_try(work, payment.id, None)
        proof = codes.Proof(tried.counted.challenge_id, tried.counted.channel, None, tried.counted.expires_at)
        execution._execute(work, payment.id, proof, self._reference(payment.method), str(new_id()))
        self._look_after(ask.fund)
        if self._status(ask) is RequisitionStatus.PAID and ask.is_reviewed:
            self._soon(ask, 6, 40, self._review)

    def _review(self, ask: Ask) -> None:
        reviewer = self._waiting_for(ask)
        if reviewer is not None:
            workflow.approve(self.by(reviewer), _id(ask), "")

    def _reference(self, method: PaymentMethod) -> str:
        if method is PaymentMethod.CASH:
            return ""
        if method is PaymentMethod.MPESA:
            return "T" + "".join(self.random.choices(_CODES, k=9))
        return f"MWB{self.now:%y%m%d}{next(self._references):04d}"

    # --- filling the funds up again ---------------------------------------------------------------------------------

    def _look_after(self, code: str) -> None:
        """Let somebody approve the request that the fund has made, if it has."""
        fund = self.funds[code]
        row = self._open_replenishment(fund)
        if row is None or row.id in self._awaited:
            return
        self._awaited.add(row.id)
        fast = self.now > self.last_day - QUIET
        approving = self.now + timedelta(hours=1) if fast else self._office_time(self.random.uniform(1, 6))
        self.at(approving, lambda: self._approve_replenishment(fund, row, fast))

    def _approve_replenishment(self, fund: DemoFund, row: Row[Any], fast: bool) -> None:
        approver = self._officer(
            fund, (Role.GROUP_FINANCE_MANAGER, Role.CFO, Role.TREASURY), other_than=row.requested_by_id
        )
        replenishments.approve(self.by(approver), row.id)
        arriving = self.now + timedelta(hours=3) if fast else self._office_time(self.random.uniform(3, 26))
        self.at(arriving, lambda: self._complete_replenishment(fund, row))

    def _complete_replenishment(self, fund: DemoFund, row: Row[Any]) -> None:
        # What the bank is asked for brings the fund to where it opened, and never above.
        missing = min(fund.opening - self.balance(fund), row.requested_amount)
        officer = self._officer(fund, (Role.TREASURY,))
        if missing <= 0:
            chief = self._officer(fund, (Role.CFO,))
            replenishments.reject(self.by(chief), row.id, "The fund is full again")
            return
        amount = None if missing == row.requested_amount else Money(missing, fund.currency).plain()
        reference = f"MWB{self.now:%y%m%d}{next(self._references):04d}"
        replenishments.complete(self.by(officer), row.id, reference, amount)
        again = self._open_replenishment(fund)
        if again is not None:
            # Less came than would lift the fund above its reorder level, so that it has asked once more.
            chief = self._officer(fund, (Role.CFO,))
            replenishments.reject(self.by(chief), again.id, "The rest is asked for when it is needed")

    def fill_up(self, code: str) -> None:
        """Ask by hand for what the fund lacks to its opening balance."""
        fund = self.funds[code]
        missing = fund.opening - self.balance(fund)
        if missing <= 0 or self._open_replenishment(fund) is not None:
            self._look_after(code)
            return
        officer = self._officer(fund, (Role.GROUP_FINANCE_MANAGER, Role.CFO))
        replenishments.request(self.by(officer), fund.id, Money(missing, fund.currency).plain(), "Month's end")
        self._look_after(code)

    def _officer(self, fund: DemoFund, roles: tuple[Role, ...], *, other_than: UUID | None = None) -> str:
        people = [p for p in self.people.values() if p.company_id == fund.company_id and p.id != other_than]
        return next(p.username for role in roles for p in people if p.role is role)

    # --- what is so now ---------------------------------------------------------------------------------------------

    def balance(self, fund: DemoFund) -> int:
        """The fund's balance, in minor units."""
        f = t.treasury_fund.c
        return int(self._work.execute(select(f.current_balance).where(f.id == fund.id)).scalar_one())

    def available(self, fund: DemoFund) -> int:
        """What is not held of it."""
        f = t.treasury_fund.c
        return int(self._work.execute(select(f.current_balance - f.held_amount).where(f.id == fund.id)).scalar_one())

    def _open_replenishment(self, fund: DemoFund) -> Row[Any] | None:
        r = t.replenishment.c
        return self._work.execute(
            select(r.id, r.requested_by_id, r.requested_amount).where(
                r.fund_id == fund.id, r.status.in_(list(OPEN_REPLENISHMENTS))
            )
        ).first()

    def _waiting_for(self, ask: Ask) -> str | None:
        s, u = t.approval_step.c, t.user.c
        return self._work.execute(
            select(u.username)
            .join_from(t.approval_step, t.user, u.id == s.approver_id)
            .where(s.requisition_id == ask.id, s.status == StepStatus.CURRENT)
        ).scalar()

    def _is_last(self, ask: Ask) -> bool:
        s = t.approval_step.c
        waiting = select(s.id).where(
            s.requisition_id == ask.id, s.status == StepStatus.WAITING, s.kind != StepKind.REVIEW
        )
        return self._work.execute(waiting).first() is None

    def _status(self, ask: Ask) -> RequisitionStatus:
        r = t.requisition.c
        found: RequisitionStatus = self._work.execute(select(r.status).where(r.id == ask.id)).scalar_one()
        return found

    def _payment(self, ask: Ask) -> Row[Any]:
        p = t.payment.c
        return self._work.execute(select(t.payment).where(p.requisition_id == ask.id)).one()

    def _username(self, person_id: UUID) -> str:
        return next(person.username for person in self.people.values() if person.id == person_id)

    def _word(self, kind: str) -> str:
        return self.random.choice(self._words[kind])


def _id(ask: Ask) -> UUID:
    if ask.id is None:
        raise AssertionError("written before it is acted on")
    return ask.id
