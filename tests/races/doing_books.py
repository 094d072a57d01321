"""What people do to the books after money has left, as rules of the state machine: reconcile, adjust, transfer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import building
from books import EXECUTED, Books
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import Row

from pettycash_tui.models.enums import PaymentStatus, TransferStatus, VarianceStatus
from pettycash_tui.services import reconciliation, transfers, variances

which = st.integers(0, 9)
anybody = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(sorted(building.PEOPLE)))
adjusted = st.sampled_from(["0", "0.01", "4499.99", "5000", "30000.50", "59000", "61000", "250000"])
moved = st.sampled_from(["0.01", "4500", "35000", "80000", "290000"])
funds = st.sampled_from(["NBI", "NBI", "MSA", "HQ"])


class DoingBooks:
    """The rules; the company that they are done in has the rest."""

    HAPPEN: ClassVar[frozenset[str]] = frozenset(
        {"record", "reconcile", "undo", "variance approved", "transfer completed"}
    )
    """What must have been done at least once."""

    books: Books
    done: ClassVar[Counter[str]]
    act: Callable[..., Any]
    one: Callable[[list[Row[Any]], int], Row[Any]]

    @precondition(lambda self: self.executed())
    @rule(index=which, who=anybody)
    def reconcile(self, index: int, who: str | None) -> None:
        payment = self.one(self.executed(), index)
        self.act(who or "group_finance_manager", reconciliation.reconcile, [payment.number])

    @precondition(lambda self: self.reconciled())
    @rule(index=which, who=anybody)
    def undo_reconciliation(self, index: int, who: str | None) -> None:
        payment = self.one(self.reconciled(), index)
        self.act(who or "cfo", reconciliation.undo, payment.number, "another line")

    @precondition(lambda self: self.executed())
    @rule(index=which, amount=adjusted, who=anybody, at_once=st.booleans())
    def record_variance(self, index: int, amount: str, who: str | None, at_once: bool) -> None:
        payment = self.one(self.executed(), index)
        recorded = self.act(who or "treasury", variances.record, payment.number, amount, "the receipt")
        if recorded is not None and at_once:
            self.done["variance approved"] += self.act("cfo", variances.approve, recorded.number) is not None

    @precondition(lambda self: self.pending_variances())
    @rule(index=which, who=anybody, how=which)
    def decide_variance(self, index: int, who: str | None, how: int) -> None:
        number = self.one(self.pending_variances(), index).number
        if how == 0:
            self.act(who or "cfo", variances.reject, number, "no receipt")
        else:
            approved = self.act(who or "cfo", variances.approve, number)
            self.done["variance approved"] += approved is not None

    @rule(giver=funds, getter=funds, amount=moved, who=anybody, at_once=st.booleans())
    def request_transfer(self, giver: str, getter: str, amount: str, who: str | None, at_once: bool) -> None:
        asked = self.act(who or "treasury", transfers.request, giver, getter, amount)
        if asked is not None and at_once:
            self.complete_transfer("cfo", asked.number)

    @precondition(lambda self: self.pending_transfers())
    @rule(index=which, who=anybody, how=which)
    def decide_transfer(self, index: int, who: str | None, how: int) -> None:
        number = self.one(self.pending_transfers(), index).number
        if how == 0:
            self.act(who or "cfo", transfers.reject, number, "no need")
        else:
            self.complete_transfer(who or "cfo", number)

    def complete_transfer(self, who: str, number: str) -> None:
        """Let somebody approve a transfer, and count it when they could."""
        completed = self.act(who, transfers.approve, number)
        self.done["transfer completed"] += completed is not None

    def executed(self) -> list[Row[Any]]:
        return [payment for payment in self.books.payments if payment.status in EXECUTED]

    def reconciled(self) -> list[Row[Any]]:
        return [payment for payment in self.books.payments if payment.status is PaymentStatus.RECONCILED]

    def pending_variances(self) -> list[Row[Any]]:
        return [row for row in self.books.variances if row.status is VarianceStatus.PENDING]

    def pending_transfers(self) -> list[Row[Any]]:
        return [row for row in self.books.transfers if row.status is TransferStatus.PENDING]
