"""The rules of reconciliations, variances and transfers, and of the entries that the last two write."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, changed, kept, known_people, off_course
from pettycash_tui.models.enums import TRANSFER_FLOW, VARIANCE_FLOW

_REJECTION = ("rejected_by_id", "rejected_at", "rejection_reason")

BOOKS: tuple[Rule, ...] = (
    # --- reconciling --------------------------------------------------------------------------------------------------
    *append_only("ledger_reconciliation"),
    *known_people("ledger_reconciliation", "person_id"),
    Rule(
        "ledger_reconciliation_follows",
        "ledger_reconciliation",
        "INSERT",
        "a payment is reconciled, then undone, then reconciled, without a gap",
        "NEW.sequence <> COALESCE((SELECT MAX(r.sequence) FROM ledger_reconciliation r WHERE"
        " r.payment_id = NEW.payment_id), 0) + 1"
        " OR NEW.act <> CASE NEW.sequence % 2 WHEN 1 THEN 'reconciled' ELSE 'undone' END",
    ),
    Rule(
        "ledger_reconciliation_of_entry",
        "ledger_reconciliation",
        "INSERT",
        "what is reconciled is the ledger entry of a successful payment, what is undone that of a reconciled one",
        "NOT EXISTS (SELECT 1 FROM payment p JOIN ledger_entry l ON l.payment_id = p.id WHERE p.id = NEW.payment_id"
        " AND l.id = NEW.entry_id AND p.company_id = NEW.company_id"
        " AND p.status = CASE NEW.act WHEN 'reconciled' THEN 'success' ELSE 'reconciled' END)",
    ),
    Rule(
        "ledger_reconciliation_not_executor",
        "ledger_reconciliation",
        "INSERT",
        "who executed a payment neither reconciles it nor undoes that",
        "EXISTS (SELECT 1 FROM payment_execution e WHERE e.payment_id = NEW.payment_id"
        " AND e.executor_id = NEW.person_id)",
    ),
    Rule(
        "payment_reconciled_by_row",
        "payment",
        "UPDATE",
        "a payment becomes reconciled, or success again, only by a reconciliation that names who did it",
        "COALESCE((SELECT r.act FROM ledger_reconciliation r WHERE r.payment_id = NEW.id"
        " ORDER BY r.sequence DESC LIMIT 1), 'never')"
        " <> CASE NEW.status WHEN 'reconciled' THEN 'reconciled' ELSE 'undone' END",
        only_when="NEW.status <> OLD.status AND (NEW.status = 'reconciled' OR OLD.status = 'reconciled')",
    ),
    # --- variances ----------------------------------------------------------------------------------------------------
    *kept("variance"),
    *known_people("variance", "recorded_by_id", "approved_by_id", "rejected_by_id"),
    Rule(
        "variance_flow",
        "variance",
        "UPDATE",
        "a variance cannot go from this status to that",
        off_course(VARIANCE_FLOW),
    ),
    Rule(
        "variance_fixed",
        "variance",
        "UPDATE",
        "what was recorded, and by whom, cannot be edited",
        changed(
            "id",
            "company_id",
            "number",
            "fund_id",
            "payment_id",
            "original_amount",
            "adjusted_amount",
            "variance_amount",
            "currency",
            "reason",
            "recorded_by_id",
            "recorded_at",
        ),
    ),
    Rule(
        "variance_decided_once",
        "variance",
        "UPDATE",
        "who decided on a variance, when and why cannot be edited",
        f"OLD.status <> 'pending' AND ({changed('approved_by_id', 'approved_at', *_REJECTION)})",
    ),
    Rule(
        "variance_starts_pending",
        "variance",
        "INSERT",
        "a variance starts as pending",
        "NEW.status <> 'pending' OR NEW.approved_by_id IS NOT NULL OR NEW.rejected_by_id IS NOT NULL",
    ),
    Rule(
        "variance_of_payment",
        "variance",
        "INSERT",
        "a variance is of a payment that was paid, and starts from what the books say of it",
        "NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.payment_id AND p.company_id = NEW.company_id"
        " AND p.fund_id = NEW.fund_id AND p.currency = NEW.currency AND p.status IN ('success', 'reconciled')"
        " AND NEW.original_amount = p.amount + COALESCE((SELECT SUM(v.variance_amount) FROM variance v"
        " WHERE v.payment_id = p.id AND v.status = 'approved'), 0))",
    ),
    Rule(
        "variance_approved_by_entry",
        "variance",
        "UPDATE",
        "a variance is approved together with its adjustment entry, and never rejected after it",
        "(NEW.status = 'approved' AND OLD.status <> 'approved' AND NOT EXISTS (SELECT 1 FROM ledger_entry l"
        " WHERE l.variance_id = NEW.id AND l.created_by_id = NEW.approved_by_id))"
        " OR (NEW.status = 'rejected' AND OLD.status <> 'rejected' AND EXISTS (SELECT 1 FROM ledger_entry l"
        " WHERE l.variance_id = NEW.id))",
    ),
    Rule(
        "ledger_entry_of_variance",
        "ledger_entry",
        "INSERT",
        "a variance's entry takes its amount out of the payment's fund, names the entry it corrects, and is not written"
        " by who recorded it",
        "NOT EXISTS (SELECT 1 FROM variance v JOIN ledger_entry paid"
        " ON paid.payment_id = v.payment_id WHERE v.id = NEW.variance_id AND v.status = 'pending'"
        " AND v.fund_id = NEW.fund_id AND NEW.entry_type = 'adjustment' AND NEW.amount = -v.variance_amount"
        " AND NEW.corrects_id = paid.id AND NEW.created_by_id <> v.recorded_by_id)",
        only_when="NEW.variance_id IS NOT NULL",
    ),
    Rule(
        "ledger_entry_corrects",
        "ledger_entry",
        "INSERT",
        "an entry corrects one of its own fund",
        "NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE l.id = NEW.corrects_id AND l.fund_id = NEW.fund_id)",
        only_when="NEW.corrects_id IS NOT NULL",
    ),
    # --- transfers ----------------------------------------------------------------------------------------------------
    *kept("fund_transfer"),
    *known_people("fund_transfer", "requested_by_id", "approved_by_id", "rejected_by_id"),
    Rule(
        "fund_transfer_flow",
        "fund_transfer",
        "UPDATE",
        "a transfer cannot go from this status to that",
        off_course(TRANSFER_FLOW),
    ),
    Rule(
        "fund_transfer_fixed",
        "fund_transfer",
        "UPDATE",
        "what is to be transferred, and who asked for it, cannot be edited",
        changed(
            "id",
            "company_id",
            "number",
            "from_fund_id",
            "to_fund_id",
            "amount",
            "currency",
            "reason",
            "requested_by_id",
            "requested_at",
        ),
    ),
    Rule(
        "fund_transfer_decided_once",
        "fund_transfer",
        "UPDATE",
        "who decided on a transfer, when and why cannot be edited",
        f"OLD.status <> 'pending' AND ({changed('approved_by_id', 'completed_at', *_REJECTION)})",
    ),
    Rule(
        "fund_transfer_starts_pending",
        "fund_transfer",
        "INSERT",
        "a transfer starts as pending",
        "NEW.status <> 'pending' OR NEW.approved_by_id IS NOT NULL OR NEW.rejected_by_id IS NOT NULL",
    ),
    Rule(
        "fund_transfer_one_company",
        "fund_transfer",
        "INSERT",
        "the two funds of a transfer belong to its company and have its currency",
        "NOT EXISTS (SELECT 1 FROM treasury_fund a JOIN treasury_fund b ON b.company_id = a.company_id"
        " AND b.currency = a.currency WHERE a.id = NEW.from_fund_id AND b.id = NEW.to_fund_id"
        " AND a.company_id = NEW.company_id AND a.currency = NEW.currency)",
    ),
    Rule(
        "fund_transfer_completed_by_entries",
        "fund_transfer",
        "UPDATE",
        "a transfer is completed together with its two entries, and never rejected after one",
        "(NEW.status = 'completed' AND OLD.status <> 'completed' AND (SELECT COUNT(*) FROM ledger_entry l"
        " WHERE l.transfer_id = NEW.id AND l.created_by_id = NEW.approved_by_id) <> 2)"
        " OR (NEW.status = 'rejected' AND OLD.status <> 'rejected' AND EXISTS (SELECT 1 FROM ledger_entry l"
        " WHERE l.transfer_id = NEW.id))",
    ),
    Rule(
        "ledger_entry_of_transfer",
        "ledger_entry",
        "INSERT",
        "a transfer's entries are a debit of the one fund, then a credit of the other in the same journal and against"
        " the same account, and not written by who asked for it",
        "NOT EXISTS (SELECT 1 FROM fund_transfer m WHERE m.id = NEW.transfer_id"
        " AND m.status = 'pending' AND m.amount = NEW.amount AND NEW.created_by_id <> m.requested_by_id"
        " AND ((NEW.entry_type = 'debit' AND NEW.fund_id = m.from_fund_id) OR (NEW.entry_type = 'credit'"
        " AND NEW.fund_id = m.to_fund_id AND EXISTS (SELECT 1 FROM ledger_entry d WHERE d.transfer_id = m.id"
        " AND d.fund_id = m.from_fund_id AND d.journal = NEW.journal"
        " AND d.contra_account_id = NEW.contra_account_id))))",
        only_when="NEW.transfer_id IS NOT NULL",
    ),
)
