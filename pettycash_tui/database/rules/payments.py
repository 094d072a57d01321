"""The rules of funds, payments, their executions and their codes."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, changed, kept, known_people, off_course
from pettycash_tui.models.enums import PAYMENT_FLOW

PAYMENTS: tuple[Rule, ...] = (
    # --- funds --------------------------------------------------------------------------------------------------
    *kept("treasury_fund"),
    Rule(
        "treasury_fund_starts_at_zero",
        "treasury_fund",
        "INSERT",
        "a fund starts at 0; its opening balance is entry 1",
        "NEW.current_balance <> 0 OR NEW.held_amount <> 0 OR NEW.ledger_sequence <> 0 OR NEW.voucher_sequence <> 0",
    ),
    Rule(
        "treasury_fund_fixed",
        "treasury_fund",
        "UPDATE",
        "a fund's company, currency and account cannot change",
        changed("id", "company_id", "currency", "account_id"),
    ),
    Rule(
        "treasury_fund_moves_by_entries",
        "treasury_fund",
        "UPDATE",
        "a balance moves only by writing the next ledger entry",
        "NEW.ledger_sequence <> OLD.ledger_sequence + 1"
        " OR NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE l.fund_id = NEW.id AND l.sequence = NEW.ledger_sequence"
        " AND l.balance_after = NEW.current_balance)",
        only_when=changed("current_balance", "ledger_sequence"),
    ),
    Rule(
        "treasury_fund_vouchers_count",
        "treasury_fund",
        "UPDATE",
        "voucher numbers have no gaps",
        "NOT ((NEW.voucher_year = OLD.voucher_year AND NEW.voucher_sequence IN (OLD.voucher_sequence,"
        " OLD.voucher_sequence + 1)) OR (NEW.voucher_year > OLD.voucher_year AND NEW.voucher_sequence = 1))",
    ),
    # --- payments -----------------------------------------------------------------------------------------------
    *kept("payment"),
    *known_people("payment", "executor_id"),
    Rule(
        "payment_from_approved_revision",
        "payment",
        "INSERT",
        "a payment repeats the approved requisition: amount, fund, method, destination, payee and requester",
        "NOT EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id AND r.company_id = NEW.company_id"
        " AND r.requested_by_id = NEW.requested_by_id AND r.fund_id = NEW.fund_id AND r.amount = NEW.amount"
        " AND r.currency = NEW.currency AND r.method = NEW.method AND r.destination = NEW.destination"
        " AND r.payee = NEW.payee AND r.revision = NEW.revision AND r.status = 'approved')",
    ),
    Rule(
        "payment_fixed",
        "payment",
        "UPDATE",
        "what is paid, to whom, how and from where cannot be edited",
        changed(
            "id",
            "company_id",
            "number",
            "requisition_id",
            "revision",
            "requested_by_id",
            "fund_id",
            "amount",
            "currency",
            "method",
            "destination",
            "payee",
            "otp_required",
        ),
    ),
    Rule("payment_flow", "payment", "UPDATE", "a payment cannot go from this status to that", off_course(PAYMENT_FLOW)),
    Rule(
        "payment_starts_pending",
        "payment",
        "INSERT",
        "a payment starts as pending",
        "NEW.status <> 'pending' OR NEW.retry_count <> 0 OR NEW.voucher_number IS NOT NULL",
    ),
    Rule(
        "payment_success_by_execution",
        "payment",
        "UPDATE",
        "only an execution with its ledger entry makes a payment a success",
        "NEW.voucher_number IS NULL OR NOT EXISTS (SELECT 1 FROM payment_execution e WHERE e.payment_id = NEW.id)"
        " OR NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE l.payment_id = NEW.id)",
        only_when="NEW.status = 'success' AND OLD.status NOT IN ('success', 'reconciled')",
    ),
    Rule(
        "payment_voucher_fixed",
        "payment",
        "UPDATE",
        "a voucher number, once given, stays",
        "OLD.voucher_number IS NOT NULL AND (NEW.voucher_number IS NULL OR NEW.voucher_number <> OLD.voucher_number)",
    ),
    *[
        Rule(
            f"payment_executor_not_approver_{event.lower()}",
            "payment",
            event,
            "who approved a requisition does not pay it",
            "EXISTS (SELECT 1 FROM approval_step s WHERE s.requisition_id = NEW.requisition_id"
            " AND s.revision = NEW.revision AND s.kind = 'approve' AND s.acted_by_id = NEW.executor_id)",
            only_when=only_when,
        )
        for event, only_when in (("INSERT", "NEW.executor_id IS NOT NULL"), ("UPDATE", changed("executor_id")))
    ],
    *append_only("payment_execution"),
    *known_people("payment_execution", "executor_id"),
    Rule(
        "payment_execution_by_executor",
        "payment_execution",
        "INSERT",
        "a payment is executed once, by its assigned executor, who is not the requester",
        "NOT EXISTS (SELECT 1 FROM payment p JOIN requisition r ON r.id = p.requisition_id WHERE p.id = NEW.payment_id"
        " AND p.executor_id = NEW.executor_id AND p.method = NEW.method AND p.company_id = NEW.company_id"
        " AND p.status IN ('pending', 'failed', 'executing', 'unknown')"
        " AND r.status = 'approved' AND r.requested_by_id <> NEW.executor_id)",
    ),
    *kept("otp_challenge"),
    Rule(
        "otp_challenge_fixed",
        "otp_challenge",
        "UPDATE",
        "a code is spent once and counts up only",
        f"({changed('id', 'payment_id', 'bundle_id', 'executor_id', 'payment_hash', 'channel', 'code_hmac')})"
        f" OR ({changed('expires_at', 'max_attempts', 'created_at')})"
        " OR NEW.attempts < OLD.attempts OR (OLD.consumed_at IS NOT NULL AND (NEW.consumed_at IS NULL OR"
        " NEW.consumed_at <> OLD.consumed_at)) OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)",
    ),
)
