"""What must hold in the books after anything at all, whatever was killed, refused or done at once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    DECISIONS,
    OPEN_REPLENISHMENTS,
    STEP_DECISIONS,
    EntrySource,
    EntryType,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
    StepKind,
)
from pettycash_tui.services import audit, imprest
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading

EXECUTED = (PaymentStatus.SUCCESS, PaymentStatus.RECONCILED)
PAID = (RequisitionStatus.PAID, RequisitionStatus.REVIEWED)
WAITING = (PaymentStatus.PENDING, PaymentStatus.FAILED)


class Books:
    """Every row that has to do with money, read at one moment."""

    def __init__(self, reading: Reading) -> None:
        def rows(table: Table) -> list[Row[Any]]:
            order = [table.c[name] for name in ("created_at", "id") if name in table.c]
            return list(reading.execute(select(table).order_by(*order)).all())

        self.funds = rows(t.treasury_fund)
        self.entries = rows(t.ledger_entry)
        self.payments = rows(t.payment)
        self.executions = rows(t.payment_execution)
        self.codes = rows(t.otp_challenge)
        self.requisitions = rows(t.requisition)
        self.steps = rows(t.approval_step)
        self.trail = rows(t.approval_trail)
        self.replenishments = rows(t.replenishment)
        self.claimed = rows(t.replenishment_voucher)
        self.periods = rows(t.accounting_period)
        self.events = sorted(rows(t.audit_event), key=lambda event: (event.stream, event.sequence))
        self.heads = rows(t.stream_head)

    def fund(self, code: str) -> Row[Any]:
        """A fund by code."""
        return next(fund for fund in self.funds if fund.code == code)

    def payment(self, number: str) -> Row[Any]:
        """A payment by number."""
        return next(payment for payment in self.payments if payment.number == number)

    def requisition(self, number: str) -> Row[Any]:
        """A requisition by number."""
        return next(requisition for requisition in self.requisitions if requisition.number == number)

    def actions(self, action: str) -> list[Row[Any]]:
        """The audit events of one kind."""
        return [event for event in self.events if event.action == action]

    def entries_of(self, fund_id: UUID) -> list[Row[Any]]:
        """The cash book of a fund in order."""
        return sorted((e for e in self.entries if e.fund_id == fund_id), key=lambda entry: entry.sequence)

    def waiting_with_money(self) -> list[str]:
        """Payments that wait although their fund could hold them."""
        available = {fund.id: fund.current_balance - fund.held_amount for fund in self.funds}
        return [
            p.number
            for p in self.payments
            if p.status in WAITING
            and not p.is_held
            and p.retry_count < p.max_retries
            and p.amount <= available[p.fund_id]
        ]


def read(desk: Desk) -> Books:
    """The books as they are now."""
    return desk.read(SYSTEM, Books)


def check(desk: Desk) -> Books:
    """Assert everything that always holds. Returns the books for what a test wants to know besides."""
    books = read(desk)
    _check_funds(books)
    _check_payments(books)
    _check_approvals(books)
    _check_replenishments(books)
    _check_claims(books)
    _check_imprest(desk, books)
    _check_chain(books)
    return books


def _check_funds(books: Books) -> None:
    for fund in books.funds:
        balance = 0
        entries = books.entries_of(fund.id)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1)), f"{fund.code}: a gap"
        for entry in entries:
            balance += -entry.amount if entry.entry_type is EntryType.DEBIT else entry.amount
            assert entry.balance_after == balance, f"{fund.code}: entry {entry.sequence} does not follow"
            assert balance >= 0
        assert fund.current_balance == balance
        assert fund.ledger_sequence == len(entries)
        held = sum(p.amount for p in books.payments if p.fund_id == fund.id and p.is_held)
        assert fund.held_amount == held, f"{fund.code} holds {fund.held_amount}, its payments {held}"
        assert 0 <= held <= balance
        vouchers = defaultdict(list)
        for payment in books.payments:
            if payment.fund_id == fund.id and payment.voucher_number is not None:
                prefix, _, count = payment.voucher_number.rpartition("-")
                vouchers[prefix].append(int(count))
        for prefix, counts in vouchers.items():
            assert prefix.startswith(f"PCV-{fund.code}-")
            assert sorted(counts) == list(range(1, len(counts) + 1)), f"{prefix}: {counts}"


def _check_payments(books: Books) -> None:
    executions, entries = defaultdict(list), defaultdict(list)
    for execution in books.executions:
        executions[execution.payment_id].append(execution)
    for entry in books.entries:
        if entry.payment_id is not None:
            entries[entry.payment_id].append(entry)
    requisitions = {r.id: r for r in books.requisitions}
    told = [event.subject_id for event in books.actions("payment.executed")]
    paid_lines = [line.requisition_id for line in books.trail if line.action == "paid"]
    for p in books.payments:
        requisition, is_executed = requisitions[p.requisition_id], p.status in EXECUTED
        spent = [code for code in books.codes if code.payment_id == p.id and code.consumed_at is not None]
        facts = {
            "execution": len(executions[p.id]),
            "ledger entry": len(entries[p.id]),
            "requisition paid": int(requisition.status in PAID),
            "trail": paid_lines.count(requisition.id),
            "audit event": told.count(p.id),
            "voucher": int(p.voucher_number is not None),
        }
        if p.otp_required:
            facts["code spent"] = len(spent)
        assert set(facts.values()) == {int(is_executed)}, f"{p.number} is {p.status}, but {facts}"
        assert p.executor_id != requisition.requested_by_id
        if p.executor_id is not None and is_executed:
            approvers = {
                step.acted_by_id
                for step in books.steps
                if step.requisition_id == p.requisition_id
                and step.revision == p.revision
                and step.kind is StepKind.APPROVE
            }
            assert p.executor_id not in approvers
        if is_executed:
            (execution,), (entry,) = executions[p.id], entries[p.id]
            assert execution.executor_id == p.executor_id
            assert (entry.amount, entry.fund_id, entry.entry_type) == (p.amount, p.fund_id, EntryType.DEBIT)
        elif p.status is PaymentStatus.CANCELLED:
            assert requisition.status in (RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN)
        else:
            assert requisition.status is RequisitionStatus.APPROVED
    having = {p.requisition_id for p in books.payments}
    for requisition in books.requisitions:
        if requisition.status in (*PAID, RequisitionStatus.APPROVED):
            assert requisition.id in having, f"{requisition.number} is {requisition.status} without a payment"


def _check_approvals(books: Books) -> None:
    requesters = {r.id: r.requested_by_id for r in books.requisitions}
    decided = [(a.requisition_id, a.revision, a.user_id) for a in books.trail if a.action in STEP_DECISIONS]
    assert len(decided) == len(set(decided)), "somebody decided twice in one revision"
    for line in books.trail:
        if line.action in DECISIONS and not line.comment.startswith("Payment cancelled"):
            assert line.user_id != requesters[line.requisition_id]
    acted = [(s.requisition_id, s.revision, s.acted_by_id) for s in books.steps if s.acted_by_id is not None]
    assert sorted(map(str, acted)) == sorted(map(str, decided)), "steps and trail tell of different acts"
    current = [s.requisition_id for s in books.steps if s.status == "current"]
    assert len(current) == len(set(current))


def _check_replenishments(books: Books) -> None:
    asked = [event.subject_id for event in books.actions("replenishment.requested")]
    credits = [entry.replenishment_id for entry in books.entries if entry.replenishment_id is not None]
    for row in books.replenishments:
        assert asked.count(row.id) == 1, f"{row.number} has {asked.count(row.id)} events of its request"
        assert credits.count(row.id) == int(row.status is ReplenishmentStatus.COMPLETED)
    open_ones = [row.fund_id for row in books.replenishments if row.status in OPEN_REPLENISHMENTS]
    assert len(open_ones) == len(set(open_ones))


def _check_claims(books: Books) -> None:
    entries = {entry.id: entry for entry in books.entries}
    requests = {row.id: row for row in books.replenishments}
    for line in books.claimed:
        entry, request = entries[line.entry_id], requests[line.replenishment_id]
        lost = entry.amount if entry.entry_type is EntryType.DEBIT else -entry.amount
        assert (line.fund_id, line.sequence, line.amount) == (entry.fund_id, entry.sequence, lost)
        assert request.fund_id == line.fund_id
        assert line.is_released is (request.status is ReplenishmentStatus.REJECTED), request.number
    living = [(line.fund_id, line.sequence) for line in books.claimed if not line.is_released]
    assert len(living) == len(set(living)), "an entry is in two living claims"
    for fund in books.funds:
        reached = max((sequence for fund_id, sequence in living if fund_id == fund.id), default=0)
        for entry in books.entries_of(fund.id)[:reached]:
            if entry.source_type in (EntrySource.PAYMENT, EntrySource.VARIANCE):
                assert (fund.id, entry.sequence) in living, f"{fund.code}: no claim lists entry {entry.sequence}"


def _check_imprest(desk: Desk, books: Books) -> None:
    found = desk.read(SYSTEM, lambda reading: [imprest.identity(reading, fund.id) for fund in books.funds])
    for fund, identity in zip(books.funds, found, strict=True):
        paid_for = {
            row.id
            for row in books.replenishments
            if row.status in (ReplenishmentStatus.APPROVED, ReplenishmentStatus.COMPLETED)
        }
        given_back = {line.entry_id for line in books.claimed if line.replenishment_id in paid_for}
        open_entries = [entry for entry in books.entries_of(fund.id) if entry.id not in given_back]
        vouchers = sum(entry.amount for entry in open_entries if entry.source_type is EntrySource.PAYMENT)
        over_short = -sum(entry.amount for entry in open_entries if entry.source_type is EntrySource.VARIANCE)
        coming = sum(
            row.requested_amount
            for row in books.replenishments
            if row.fund_id == fund.id and row.status is ReplenishmentStatus.APPROVED
        )
        assert identity.cash.minor == fund.current_balance
        assert (identity.vouchers.minor, identity.over_short.minor) == (vouchers, over_short), fund.code
        assert identity.in_transit.minor == coming
        assert identity.difference.minor == sum(cause.amount.minor for cause in identity.causes)


def _check_chain(books: Books) -> None:
    ends: dict[str, tuple[int, str]] = {}
    for event in books.events:
        length, previous = ends.get(event.stream, (0, audit.GENESIS))
        assert (event.sequence, event.previous_hash) == (length + 1, previous), f"{event.stream} {event.sequence}"
        assert event.event_hash == audit.event_hash(previous, event.body)
        ends[event.stream] = (event.sequence, event.event_hash)
    assert {head.stream: (head.length, head.head_hash) for head in books.heads} == ends
