"""What must hold in the books after anything at all, whatever was killed, refused or done at once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    DECISIONS,
    OPEN_ORDERS,
    OPEN_REPLENISHMENTS,
    STEP_DECISIONS,
    EntrySource,
    EntryType,
    NoticeKind,
    NoticeStatus,
    OrderStatus,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
    ScheduleStatus,
    StepKind,
    TransferStatus,
    VarianceStatus,
)
from pettycash_tui.services import audit, imprest, visibility
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, actor_of
from pettycash_tui.services.work import Reading

EXECUTED = (PaymentStatus.SUCCESS, PaymentStatus.RECONCILED)
PAID = (RequisitionStatus.PAID, RequisitionStatus.REVIEWED)
WAITING = (PaymentStatus.PENDING, PaymentStatus.FAILED)
_NUMBERED = re.compile(r"\b(?:REQ|PAY)-\d{6}\b")
IN_FLIGHT = (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN)


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
        self.orders = rows(t.payment_order)
        self.codes = rows(t.otp_challenge)
        self.requisitions = rows(t.requisition)
        self.steps = rows(t.approval_step)
        self.trail = rows(t.approval_trail)
        self.replenishments = rows(t.replenishment)
        self.reconciliations = sorted(rows(t.ledger_reconciliation), key=lambda row: (row.payment_id, row.sequence))
        self.variances = rows(t.variance)
        self.transfers = rows(t.fund_transfer)
        self.batches = rows(t.bank_batch)
        self.listed = rows(t.payment_bundle_line)
        self.schedules = rows(t.payment_schedule)
        self.lines = [order for order in rows(t.payment_order) if order.batch_id is not None]
        self.claimed = rows(t.replenishment_voucher)
        self.periods = rows(t.accounting_period)
        self.vouchers = rows(t.imported_voucher)
        self.events = sorted(rows(t.audit_event), key=lambda event: (event.stream, event.sequence))
        self.heads = rows(t.stream_head)
        self.people = rows(t.user)
        self.sessions = rows(t.sign_in_session)
        self.recovery_codes = rows(t.recovery_code)
        self.notices = rows(t.notice)
        self.cursors = rows(t.notice_cursor)

    def fund(self, code: str) -> Row[Any]:
        """A fund by code."""
        return next(fund for fund in self.funds if fund.code == code)

    def payment(self, number: str) -> Row[Any]:
        """A payment by number."""
        return next(payment for payment in self.payments if payment.number == number)

    def requisition(self, number: str) -> Row[Any]:
        """A requisition by number."""
        return next(requisition for requisition in self.requisitions if requisition.number == number)

    def person(self, person_id: UUID) -> Row[Any]:
        """A person by id."""
        return next(person for person in self.people if person.id == person_id)

    def orders_of(self, number: str) -> list[Row[Any]]:
        """The orders of a payment to gateways, by attempt."""
        found = [order for order in self.orders if order.payment_id == self.payment(number).id]
        return sorted(found, key=lambda order: order.attempt)

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
    _check_orders(books)
    _check_schedules(books)
    _check_approvals(books)
    _check_replenishments(books)
    _check_reconciliations(books)
    _check_variances(books)
    _check_transfers(books)
    _check_bank_files(books)
    _check_claims(books)
    _check_imprest(desk, books)
    _check_notices(books)
    _check_vouchers(books)
    _check_sign_ins(books)
    _check_chain(books)
    return books


def _check_sign_ins(books: Books) -> None:
    """Each session was let in by an event, and each recovery code that is used opened one; nobody has more than ten."""
    begun = Counter(event.actor_id for event in books.actions("signin.succeeded"))
    assert Counter(row.user_id for row in books.sessions if not row.client.startswith("as:")) == begun
    used = Counter(code.user_id for code in books.recovery_codes if code.used_at is not None)
    assert used == Counter(event.subject_id for event in books.actions("recovery.used"))
    left = Counter(code.user_id for code in books.recovery_codes if code.used_at is None and code.voided_at is None)
    enrolled = {person.id for person in books.people if person.totp_confirmed_at is not None}
    assert set(left) <= enrolled and all(count <= 10 for count in left.values())


def _check_vouchers(books: Books) -> None:
    """Each imported voucher is one requisition of its company, submitted, with both its events; nothing is half in."""
    requisitions = {row.id: row for row in books.requisitions}
    numbers = [(row.company_id, row.voucher_number) for row in books.vouchers]
    assert len(set(numbers)) == len(numbers) == len({row.requisition_id for row in books.vouchers})
    created = {event.subject_id: event.body for event in books.actions("requisition.created")}
    submitted = {event.subject_id for event in books.actions("requisition.submitted")}
    lines = {line.requisition_id for line in books.trail if line.action == "submitted"}
    stepped = {step.requisition_id for step in books.steps}
    for row in books.vouchers:
        requisition = requisitions[row.requisition_id]
        assert requisition.company_id == row.company_id
        assert requisition.submitted_at is not None and requisition.status is not RequisitionStatus.DRAFT
        assert f'"voucher_number":"{row.voucher_number}"' in created[row.requisition_id]
        assert row.requisition_id in submitted & lines & stepped


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
        # The code of a day that was taken away again was spent on nothing.
        lost = {s.bundle_id for s in books.schedules if s.payment_id == p.id and s.status != ScheduleStatus.TAKEN_UP}
        lists = {line.bundle_id for line in books.listed if line.payment_id == p.id} - lost
        spent = [
            code
            for code in books.codes
            if (code.payment_id == p.id or code.bundle_id in lists) and code.consumed_at is not None
        ]
        facts = {
            "execution": len(executions[p.id]),
            "ledger entry": len(entries[p.id]),
            "requisition paid": int(requisition.status in PAID),
            "trail": paid_lines.count(requisition.id),
            "audit event": told.count(p.id),
            "voucher": int(p.voucher_number is not None),
        }
        orders = [order for order in books.orders if order.payment_id == p.id]
        if p.otp_required and not orders:
            # A list's code is spent on what was paid of the list; what was not may have been on several.
            own = len([code for code in spent if code.payment_id is not None])
            facts["code spent"] = own or int(is_executed and bool(spent))
        elif p.otp_required and not any(order.otp_verified_at is None for order in orders):
            # Each order spent one, as does paying by hand after one that failed.
            references = {order.gateway_reference for order in orders}
            by_hand = is_executed and executions[p.id][0].gateway_reference not in references
            assert len(spent) == len(orders) + by_hand, f"{p.number}: {len(spent)} codes for {len(orders)} orders"
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


def _check_orders(books: Books) -> None:
    """An order is on its way exactly while its payment is, which holds its money; and a success is an execution."""
    executions = {execution.payment_id: execution for execution in books.executions}
    for p in books.payments:
        orders = sorted((o for o in books.orders if o.payment_id == p.id), key=lambda order: order.attempt)
        assert [order.attempt for order in orders] == list(range(1, len(orders) + 1))
        on_the_way = [order for order in orders if order.status in OPEN_ORDERS]
        assert len(on_the_way) == int(p.status in IN_FLIGHT), f"{p.number} is {p.status} with {len(on_the_way)} orders"
        if on_the_way:
            assert p.is_held, f"{p.number} is sent and holds nothing"
            assert on_the_way == orders[-1:]
            assert on_the_way[0].executor_id == p.executor_id
            assert p.id not in executions
        succeeded = [order for order in orders if order.status is OrderStatus.SUCCEEDED]
        assert len(succeeded) <= 1
        for order in succeeded:
            assert executions[p.id].gateway_reference == order.gateway_reference
            assert executions[p.id].executor_id == order.executor_id
        contradicted = [o for o in orders if o.status is OrderStatus.FAILED and o.gateway_reference is not None]
        told = [event.subject_id for event in books.actions("payment.contradicted")]
        assert not contradicted or p.id in told
    sent = [event.subject_id for event in books.actions("payment.sent")]
    for payment_id in {order.payment_id for order in books.orders}:
        assert sent.count(payment_id) == len([o for o in books.orders if o.payment_id == payment_id])


def _check_schedules(books: Books) -> None:
    """A payment has its day exactly while a confirmation of it stands; one that was taken up made one attempt."""
    for p in books.payments:
        of_payment = [row for row in books.schedules if row.payment_id == p.id]
        standing = [row for row in of_payment if row.status is ScheduleStatus.STANDING]
        assert len(standing) == int(p.scheduled_for is not None), f"{p.number}: {len(standing)} days stand"
        for row in standing:
            assert p.status in WAITING, f"{p.number} is {p.status} and scheduled"
            assert (row.scheduled_for, row.bundle_id) == (p.scheduled_for, p.schedule_bundle_id)
            assert row.executor_id == p.executor_id
            if p.otp_required:
                spent = [c for c in books.codes if c.bundle_id == row.bundle_id and c.consumed_at is not None]
                assert [code.executor_id for code in spent] == [p.executor_id], p.number
        orders = [order for order in books.orders if order.payment_id == p.id]
        references = {order.gateway_reference for order in orders}
        made = [e for e in books.executions if e.payment_id == p.id and e.gateway_reference not in references]
        by_job = [row for row in (*orders, *made) if row.client == "execute-due"]
        for status, action, count in (
            (ScheduleStatus.TAKEN_UP, "payment.due", len(by_job)),
            (ScheduleStatus.VOID, "payment.unscheduled", None),
        ):
            ended = len([row for row in of_payment if row.status is status])
            told = len([event for event in books.actions(action) if event.subject_id == p.id])
            assert ended == told == (ended if count is None else count), f"{p.number}: {ended} {status}, {told} told"
        confirmed = [event for event in books.actions("payment.scheduled") if event.subject_id == p.id]
        assert len(confirmed) == len(of_payment)


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


def _check_reconciliations(books: Books) -> None:
    acts = defaultdict(list)
    for row in books.reconciliations:
        acts[row.payment_id].append(row)
    executed_by = {execution.payment_id: execution.executor_id for execution in books.executions}
    entry_of = {entry.payment_id: entry.id for entry in books.entries if entry.payment_id is not None}
    told = [
        event.subject_id for event in books.events if event.action in ("payment.reconciled", "payment.unreconciled")
    ]
    for payment in books.payments:
        of_payment = acts[payment.id]
        assert [row.sequence for row in of_payment] == list(range(1, len(of_payment) + 1))
        assert [row.act for row in of_payment] == (["reconciled", "undone"] * len(of_payment))[: len(of_payment)]
        is_reconciled = bool(of_payment) and of_payment[-1].act == "reconciled"
        assert (payment.status is PaymentStatus.RECONCILED) == is_reconciled, f"{payment.number} is {payment.status}"
        assert all(row.person_id != executed_by[payment.id] for row in of_payment)
        assert all(row.entry_id == entry_of[payment.id] for row in of_payment)
        assert told.count(payment.id) == len(of_payment)


def _check_variances(books: Books) -> None:
    payments = {payment.id: payment for payment in books.payments}
    entries, paid = defaultdict(list), {}
    for entry in books.entries:
        if entry.payment_id is not None:
            paid[entry.payment_id] = entry
        if entry.variance_id is not None:
            entries[entry.variance_id].append(entry)
    approved = [event.subject_id for event in books.actions("variance.approved")]
    amounts = {payment.id: payment.amount for payment in books.payments}
    for row in sorted(books.variances, key=lambda row: (row.created_at, row.number)):
        is_approved = row.status is VarianceStatus.APPROVED
        facts = {"entry": len(entries[row.id]), "audit event": approved.count(row.id)}
        assert set(facts.values()) == {int(is_approved)}, f"{row.number} is {row.status}, but {facts}"
        assert row.original_amount == amounts[row.payment_id], f"{row.number} does not start from what is booked"
        assert row.variance_amount == row.adjusted_amount - row.original_amount != 0
        assert payments[row.payment_id].status in EXECUTED
        assert row.approved_by_id != row.recorded_by_id
        if is_approved:
            amounts[row.payment_id] = row.adjusted_amount
            (entry,) = entries[row.id]
            assert (entry.entry_type, entry.amount) == (EntryType.ADJUSTMENT, -row.variance_amount)
            assert entry.corrects_id == paid[row.payment_id].id
            assert entry.contra_account_id == paid[row.payment_id].contra_account_id
            assert entry.fund_id == row.fund_id == payments[row.payment_id].fund_id
            assert entry.created_by_id == row.approved_by_id
        if row.status is VarianceStatus.REJECTED:
            assert row.rejection_reason
    pending = [row.payment_id for row in books.variances if row.status is VarianceStatus.PENDING]
    assert len(pending) == len(set(pending))
    # What the books say of every payment is what was found out last.
    for payment_id, amount in amounts.items():
        if payment_id in paid:
            adjusted = sum(e.amount for e in books.entries if e.corrects_id == paid[payment_id].id)
            assert paid[payment_id].amount - adjusted == amount


def _check_transfers(books: Books) -> None:
    entries = defaultdict(list)
    for entry in books.entries:
        if entry.transfer_id is not None:
            entries[entry.transfer_id].append(entry)
    for row in books.transfers:
        pair = sorted(entries[row.id], key=lambda entry: entry.entry_type, reverse=True)
        if row.status is not TransferStatus.COMPLETED:
            assert pair == [], f"{row.number} is {row.status} and has {len(pair)} entries"
            continue
        paid_out, paid_in = pair
        assert (paid_out.entry_type, paid_out.fund_id) == (EntryType.DEBIT, row.from_fund_id)
        assert (paid_in.entry_type, paid_in.fund_id) == (EntryType.CREDIT, row.to_fund_id)
        assert paid_out.amount == paid_in.amount == row.amount
        assert paid_out.journal == paid_in.journal
        assert paid_out.contra_account_id == paid_in.contra_account_id
        assert paid_out.contra_account_id not in (paid_out.account_id, paid_in.account_id)
        assert row.requested_by_id != row.approved_by_id == paid_out.created_by_id == paid_in.created_by_id
    told = [event.subject_id for event in books.actions("transfer.completed")]
    assert sorted(map(str, told)) == sorted(str(r.id) for r in books.transfers if r.status is TransferStatus.COMPLETED)


def _check_bank_files(books: Books) -> None:
    payments = {p.id: p for p in books.payments}
    executions = {e.payment_id: e for e in books.executions}
    written = [event.subject_id for event in books.actions("batch.written")]
    for batch in books.batches:
        assert written.count(batch.id) == 1
        assert sha256(batch.content).hexdigest() == batch.sha256
        lines = sorted((line for line in books.lines if line.batch_id == batch.id), key=lambda line: line.position)
        assert [line.position for line in lines] == list(range(1, batch.line_count + 1)), batch.number
        paid = [payments[line.payment_id] for line in lines]
        assert sum(p.amount for p in paid) == batch.control_sum
        assert {(p.fund_id, p.currency) for p in paid} == {(batch.fund_id, batch.currency)}
        for line, payment in zip(lines, paid, strict=True):
            assert line.conversation_id.encode() in batch.content
            if line.status in OPEN_ORDERS:
                assert payment.status in IN_FLIGHT, f"{payment.number} is {payment.status} with its line open"
            elif line.status is OrderStatus.SUCCEEDED:
                assert executions[payment.id].gateway_reference == line.gateway_reference


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


def _check_notices(books: Books) -> None:
    """An event is told once to each person, and never outside of its company."""
    events = {(event.stream, event.sequence): event for event in books.events}
    people = {person.id: person for person in books.people}
    told = set()
    for notice in books.notices:
        assert people[notice.person_id].company_id in (None, notice.company_id), f"{notice.title} went astray"
        assert (notice.sent_at is not None) == (notice.status is NoticeStatus.SENT)
        if notice.kind is NoticeKind.DIGEST:
            continue
        event = events[notice.event_stream, notice.event_sequence]
        assert event.company_id == notice.company_id
        assert event.actor_id != notice.person_id or notice.kind is NoticeKind.FUND_LOW
        once = (notice.person_id, notice.event_stream, notice.event_sequence, notice.kind, notice.subject_number)
        assert once not in told, f"{notice.title} is told twice"
        told.add(once)
    lengths = {head.stream: head.length for head in books.heads}
    assert all(cursor.sequence <= lengths[cursor.stream] for cursor in books.cursors)


def check_readers(desk: Desk, books: Books, notices: list[Row[Any]]) -> None:
    """Assert that notices, just written, name no request and no payment that their reader may not see."""
    r, p = t.requisition.c, t.payment.c
    for notice in notices:
        named = set(_NUMBERED.findall(f"{notice.title} {notice.body}"))

        def seen(reading: Reading, named: set[str] = named) -> set[str]:
            requests = select(r.number).where(r.number.in_(named), visibility.requisitions(reading))
            paid = select(p.number).where(p.number.in_(named), visibility.payments(reading))
            return {*reading.execute(requests).scalars(), *reading.execute(paid).scalars()}

        person = books.person(notice.person_id)
        assert desk.read(actor_of(person), seen) == named, f"{person.username} is told: {notice.body}"


def _check_chain(books: Books) -> None:
    ends: dict[str, tuple[int, str]] = {}
    for event in books.events:
        length, previous = ends.get(event.stream, (0, audit.GENESIS))
        assert (event.sequence, event.previous_hash) == (length + 1, previous), f"{event.stream} {event.sequence}"
        assert event.event_hash == audit.event_hash(previous, event.body)
        ends[event.stream] = (event.sequence, event.event_hash)
    assert {head.stream: (head.length, head.head_hash) for head in books.heads} == ends
