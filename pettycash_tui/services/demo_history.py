"""A year of petty cash for the demo: what people ask for, and its way through approval; each act through its service.

Whatever an act leads to (the next approver, a code, a payment, a replenishment) is queued behind it. So the audit
chains, trails and ledgers of the demo are as genuine as any.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, StepKind, StepStatus
from pettycash_tui.services import escalation, payments, requisitions, submission, workflow
from pettycash_tui.services.demo_ask import Ask, Fate
from pettycash_tui.services.demo_calendar import QUIET
from pettycash_tui.services.demo_company import DemoFund
from pettycash_tui.services.demo_treasury import FILED_FUND, FILED_PAYEES, MEANT, Treasury
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisitions import RequisitionInput

REQUISITIONS = 132
"""Of the year; those that wait at the end come on top."""

FIRST_DAYS, LAST_DAYS = 3, 16
"""No requisition is written so shortly after the beginning or before the end: the year ends with everything paid."""

_TOP_TIER_AT = (2, 74)
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


class History(Treasury):
    """The year of the demo's people."""

    @cached_property
    def _payees(self) -> dict[str, dict[str, str]]:
        return {payee["name"]: payee for payee in self._book["payee"]}

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
        origins = list(self._spread_origins())
        # The last ones are all Nairobi's, and go to the bank together, in a file.
        nairobi = next(origin for origin in origins if origin["fund"] == FILED_FUND)
        listed = [index for index in plain if index not in urgent and self._is_beside(origins[index], nairobi)][-MEANT:]
        origins = [nairobi if index in listed else origin for index, origin in enumerate(origins)]
        for index, (fate, origin) in enumerate(zip(fates, origins, strict=True)):
            self.now = first + span * index + timedelta(hours=self.random.uniform(0, 8))
            is_urgent = index in urgent or fate is Fate.DECLINED
            top = index in _TOP_TIER_AT
            self.at(
                self._office_time(0),
                lambda origin=origin, fate=fate, urgent=is_urgent, top=top, listed=index in listed: self._ask(  # type: ignore[misc]
                    origin, fate, urgent, top, listed
                ),
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

    def _is_beside(self, origin: dict[str, Any], other: dict[str, Any]) -> bool:
        """Whether both are of one company."""
        return self.funds[origin["fund"]].company_id == self.funds[other["fund"]].company_id

    def _ask(self, origin: dict[str, Any], fate: Fate, is_urgent: bool, top: bool, is_listed: bool) -> None:
        fund = self.funds[origin["fund"]]
        if top:
            fate, is_urgent = Fate.PAID, False
        tier = 4 if top else self._affordable_tier(fund)
        if is_listed:
            # Small, because the money is held until the file is written.
            tier = 1
        spend = self.random.choice([entry for entry in self._book["spend"] if entry["tier"] == tier])
        payee = self._payees[self.random.choice(spend["payees"])]
        if is_listed:
            payee = self._payees[FILED_PAYEES[self._to_file % len(FILED_PAYEES)]]
            self._to_file += 1
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
        self.write(Ask(given, by, fund.code, fate, in_file=is_listed))

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
        submission.submit(self.by(ask.by), ask.written_as)
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
            submission.withdraw(self.by(ask.by), ask.written_as, self._word("withdraw"))
            return
        work = self.by(approver)
        # At the latest by whom it would be approved by, so that the demos of all days have equally many payments.
        if ask.fate is Fate.REJECTED and (self._is_last(ask) or self.random.random() < 0.6):
            workflow.reject(work, ask.written_as, self._word("reject"))
            return
        if ask.fate is Fate.CHANGED:
            ask.fate = Fate.PAID
            workflow.request_changes(work, ask.written_as, self._word("changes"))
            if not ask.stays_sent_back:
                self._soon(ask, 1, 6, self._change)
            return
        status = self._status(ask)
        if status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION:
            if ask.fate is Fate.DECLINED:
                workflow.decline_urgency(work, ask.written_as, self._word("decline"))
                ask.fate = Fate.PAID
                self._soon(ask, 2, 8, self._decide)
                return
            acted = workflow.confirm_urgency(work, ask.written_as)
        else:
            acted = workflow.approve(work, ask.written_as, self._word("approve") if ask.pace is None else "")
        ask.decided += 1
        if acted.payment is not None:
            self._approved(ask)
        elif ask.decided != ask.stop_after:
            self._soon(ask, 0.5, 7, self._decide)

    def _change(self, ask: Ask) -> None:
        purpose = f"{ask.given.purpose}, quotation attached"
        requisitions.edit(self.by(ask.by), ask.written_as, RequisitionInput(purpose=purpose))
        self._submit(ask)

    def _approved(self, ask: Ask) -> None:
        self._look_after(ask.fund)
        if ask.executor is not None:
            payment = self._payment(ask)
            if self._username(payment.executor_id) != ask.executor:
                payments.assign(self.by("cfo"), payment.id, ask.executor, "The first officer counts the drawer today")
        elif ask.in_file:
            self.put_aside(ask)
        elif ask.fate is Fate.CANCELLED or ask.fate is Fate.REJECTED:
            self._soon(ask, 2, 6, self._cancel)
        else:
            self._soon(ask, 1, 7, self._send_code)

    def _is_last(self, ask: Ask) -> bool:
        s = t.approval_step.c
        waiting = select(s.id).where(
            s.requisition_id == ask.id, s.status == StepStatus.WAITING, s.kind != StepKind.REVIEW
        )
        return self._work.execute(waiting).first() is None
