"""What the demo's treasury does besides paying one by one: a bank file, variances, transfers, reconciling.

Something of each is done and, but for the file, something waits. Every fund is filled up again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat, PaymentMethod, PaymentStatus, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    bank_batches,
    bank_settling,
    bundles,
    codes,
    reconciliation,
    transfers,
    variances,
)
from pettycash_tui.services.bank_settling import Outcome
from pettycash_tui.services.demo_ask import Ask
from pettycash_tui.services.demo_paying import Paying

FILED = 3
"""Lines of the bank file; the last one is refused, and paid by hand."""

MEANT = 2 * FILED
"""Payments that are kept for it: of so many, one of the two officers pays enough."""

FILED_FUND = "NBI"
FILED_PAYEES = ("Nyota Stationers", "Tumaini Power Systems", "Pwani Cold Stores")

_BOOKS_DAYS = 5
"""So long before the end the books are looked through: everything is paid by then."""

_CHIEF, _FINANCE, _OFFICER, _SECOND_OFFICER = "cfo", "finance", "treasury1", "treasury2"
_RECONCILED = ("PAY-000003", "PAY-000004", "PAY-000005", "PAY-000006", "PAY-000007", "PAY-000008")
_MOVED_MOST = 10_000_00


class Treasury(Paying):
    """The payments with what treasury does to the books."""

    _to_file = 0
    _is_filed = False

    @cached_property
    def _aside(self) -> dict[str, list[Ask]]:
        """What waits for the bank file, by who pays it."""
        return {_OFFICER: [], _SECOND_OFFICER: []}

    def plan_books(self) -> None:
        """Queue what is done to the books before the last days."""

        def in_office(days: int, hours: float, act: Callable[[], None]) -> None:
            morning = self.last_day - timedelta(days=days) + timedelta(hours=hours)
            self.at(morning, lambda: self.at(self._office_time(0), act))

        in_office(_BOOKS_DAYS, 9, self._reconcile)
        in_office(_BOOKS_DAYS, 10, self._record_variances)
        self.at(self.until - timedelta(hours=21), self._leave_open)

    # --- a bank file ------------------------------------------------------------------------------------------------

    def put_aside(self, ask: Ask) -> None:
        """Keep an approved payment for the file, which is written once it is full; what comes later is paid by hand."""
        if self._is_filed:
            self._soon(ask, 1, 7, self._send_code)
            return
        officer = self._username(self._payment(ask).executor_id)
        self._aside[officer].append(ask)
        if len(self._aside[officer]) == FILED:
            self._is_filed = True
            self.at(self._office_time(2), lambda: self._write_file(officer))

    def _write_file(self, officer: str) -> None:
        lines = self._aside.pop(officer)
        for ask in (ask for asks in self._aside.values() for ask in asks):
            self._soon(ask, 1, 7, self._send_code)
        work = self.by(officer)
        chosen = [self._payment(ask).id for ask in lines]
        code = f"{self.random.randrange(10**codes.DIGITS):0{codes.DIGITS}d}"
        sent, _, _ = bundles._make(work, chosen, None, code, self._key, False)
        tried = bundles._count_try(work, sent.bundle_id)
        proof = codes.Proof(tried.challenge_id, tried.channel, None, tried.expires_at)
        made = bank_batches._write(work, chosen, BatchFormat.PAIN001, None, sent.bundle_id, proof)
        self.at(self._office_time(26), lambda: self._settle_file(made.number, lines))

    def _settle_file(self, number: str, lines: list[Ask]) -> None:
        work = self.by(_SECOND_OFFICER)
        b = t.bank_batch.c
        company_id = self.funds[FILED_FUND].company_id
        batch = work.execute(select(t.bank_batch).where(b.number == number, b.company_id == company_id)).one()
        *paid, refused = bank_settling.lines_of(work, batch.id)
        reference = f"MWB{self.now:%y%m%d}F"
        outcomes = [Outcome(line, True, f"{reference}-{line.position}", code="confirmed") for line in paid]
        why = "The name on the account is another one."
        bank_settling._settle_some(work, batch, [*outcomes, Outcome(refused, False, reason=why)])
        self._look_after(FILED_FUND)
        for ask in lines:
            payment = self._payment(ask)
            if payment.status is PaymentStatus.FAILED:
                self._soon(ask, 3, 8, self._retry)
            elif self._status(ask) is RequisitionStatus.PAID:
                self._soon(ask, 6, 40, self._review)

    # --- the books --------------------------------------------------------------------------------------------------

    def _reconcile(self) -> None:
        reconciliation.reconcile(self.by(_FINANCE), list(_RECONCILED))

    def _record_variances(self) -> None:
        dearer, wrong, _ = self._newest_paid()
        more = variances.record(
            self.by(_OFFICER),
            dearer.number,
            self._other(dearer, 1200),
            "A tax that the quotation left out",
        )
        guess = variances.record(self.by(_OFFICER), wrong.number, self._other(wrong, 400), "The payee remembers more")

        def decide() -> None:
            variances.approve(self.by(_CHIEF), more.number)
            variances.reject(self.by(_CHIEF), guess.number, "There is no receipt that says so")
            self._look_after(FILED_FUND)
            # The fund lacks at least what the variance took.
            self.at(self._office_time(1), self._move_money)

        self.at(self._office_time(3), decide)

    def _move_money(self) -> None:
        """Head office helps out the fund that lacks most to its opening balance, never above it."""
        office = self.funds["HQ"]
        others = [fund for fund in self.funds.values() if fund.company_id == office.company_id and fund is not office]
        lacks, neediest = max((fund.opening - self.balance(fund), fund.code) for fund in others)
        amount = min(lacks // 100_00 * 100_00, _MOVED_MOST)
        if amount <= 0:
            return
        text = Money(amount, office.currency).plain()
        asked = transfers.request(self.by(_OFFICER), "HQ", neediest, text, "Until its own money comes")

        def approve() -> None:
            transfers.approve(self.by(_CHIEF), asked.number)
            self._look_after("HQ")

        self.at(self._office_time(2), approve)

    def _leave_open(self) -> None:
        *_, cheaper = self._newest_paid()
        less = self._other(cheaper, -150)
        variances.record(self.by(_SECOND_OFFICER), cheaper.number, less, "The change came back a day later")
        transfers.request(self.by(_FINANCE), "HQ", "MSA", "15000", "Stock-taking at the coast next week")

    def _newest_paid(self) -> list[Row[Any]]:
        """The newest payments in cash of the fund, all paid."""
        p = t.payment.c
        return list(
            self._work.execute(
                select(p.number, p.amount, p.currency)
                .where(
                    p.fund_id == self.funds[FILED_FUND].id,
                    p.method == PaymentMethod.CASH,
                    p.status == PaymentStatus.SUCCESS,
                )
                .order_by(p.number.desc())
                .limit(3)
            )
        )

    def _other(self, payment: Row[Any], difference: int) -> str:
        """What a payment came to, so many shillings more or less."""
        return Money(payment.amount + difference * 100, payment.currency).plain()
