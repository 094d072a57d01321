"""How the funds of the demo's history are filled up again: asked for, approved, and the money has come."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_REPLENISHMENTS, Role
from pettycash_tui.models.money import Money
from pettycash_tui.services import replenishments
from pettycash_tui.services.demo_calendar import QUIET, Calendar
from pettycash_tui.services.demo_company import DemoFund


class Funds(Calendar):
    """The calendar with the funds' own requests and those of people."""

    @cached_property
    def _awaited(self) -> set[UUID]:
        """The requests that somebody sees to already."""
        return set()

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

    def _open_replenishment(self, fund: DemoFund) -> Row[Any] | None:
        r = t.replenishment.c
        return self._work.execute(
            select(r.id, r.requested_by_id, r.requested_amount).where(
                r.fund_id == fund.id, r.status.in_(list(OPEN_REPLENISHMENTS))
            )
        ).first()
