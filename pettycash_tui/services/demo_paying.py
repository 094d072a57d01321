"""How the demo's history pays: codes, failures, waiting for money, reviews, and what is cancelled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import PaymentMethod, RequisitionStatus, Role
from pettycash_tui.services import codes, execution, otp, payments, replenishments, submission, workflow
from pettycash_tui.services.demo_ask import Ask, Fate
from pettycash_tui.services.demo_funds import Funds

_CODES = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Paying(Funds):
    """The funds with what is paid out of them."""

    def _cancel(self, ask: Ask) -> None:
        fund = self.funds[ask.fund]
        chief = next(p for p in self.people.values() if p.company_id == fund.company_id and p.role is Role.CFO)
        if chief.username == ask.by:
            submission.withdraw(self.by(ask.by), ask.written_as, self._word("withdraw"))
        else:
            payments.cancel(self.by(chief.username), self._payment(ask).id, self._word("cancelled"))
        self._look_after(ask.fund)

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
            workflow.approve(self.by(reviewer), ask.written_as, "")

    def _reference(self, method: PaymentMethod) -> str:
        if method is PaymentMethod.CASH:
            return ""
        if method is PaymentMethod.MPESA:
            return "T" + "".join(self.random.choices(_CODES, k=9))
        return f"MWB{self.now:%y%m%d}{next(self._references):04d}"
