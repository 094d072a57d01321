"""The rules of the cash books and of replenishments."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, changed, kept, known_people, off_course
from pettycash_tui.models.enums import REPLENISHMENT_FLOW

LEDGER: tuple[Rule, ...] = (
    # --- ledger -------------------------------------------------------------------------------------------------
    *append_only("ledger_entry"),
    Rule(
        "ledger_entry_follows",
        "ledger_entry",
        "INSERT",
        "an entry takes the fund's next sequence and its balance follows from the entry before",
        "NEW.sequence <> COALESCE((SELECT MAX(l.sequence) FROM ledger_entry l WHERE l.fund_id = NEW.fund_id), 0) + 1"
        " OR NEW.balance_after <> COALESCE((SELECT l.balance_after FROM ledger_entry l WHERE l.fund_id = NEW.fund_id"
        " AND l.sequence = NEW.sequence - 1), 0) + CASE NEW.entry_type WHEN 'debit' THEN -NEW.amount ELSE NEW.amount"
        " END",
    ),
    Rule(
        "ledger_entry_matches_fund",
        "ledger_entry",
        "INSERT",
        "an entry agrees with its fund: balance, sequence, currency, account and company",
        "NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE f.id = NEW.fund_id AND f.current_balance = NEW.balance_after"
        " - CASE NEW.entry_type WHEN 'debit' THEN -NEW.amount ELSE NEW.amount END"
        " AND f.ledger_sequence = NEW.sequence - 1 AND f.currency = NEW.currency AND f.account_id = NEW.account_id"
        " AND f.company_id = NEW.company_id)",
    ),
    Rule(
        "ledger_entry_of_payment",
        "ledger_entry",
        "INSERT",
        "a payment's entry repeats its amount and fund, and its execution is there",
        "NOT EXISTS (SELECT 1 FROM payment p JOIN payment_execution e ON"
        " e.payment_id = p.id WHERE p.id = NEW.payment_id AND p.amount = NEW.amount AND p.fund_id = NEW.fund_id"
        " AND NEW.entry_type = 'debit')",
        only_when="NEW.payment_id IS NOT NULL",
    ),
    Rule(
        "ledger_entry_of_replenishment",
        "ledger_entry",
        "INSERT",
        "a replenishment's entry repeats its completed amount and fund",
        "NOT EXISTS (SELECT 1 FROM replenishment r WHERE"
        " r.id = NEW.replenishment_id AND r.status = 'completed' AND r.completed_amount = NEW.amount"
        " AND r.fund_id = NEW.fund_id AND NEW.entry_type = 'credit')",
        only_when="NEW.replenishment_id IS NOT NULL",
    ),
    Rule(
        "ledger_entry_opens_book",
        "ledger_entry",
        "INSERT",
        "an opening balance is entry 1, a credit",
        "NEW.source_type = 'opening' AND NOT (NEW.sequence = 1 AND NEW.entry_type = 'credit')",
    ),
    # --- replenishments -----------------------------------------------------------------------------------------
    *kept("replenishment"),
    *known_people("replenishment", "requested_by_id", "approved_by_id", "completed_by_id"),
    Rule(
        "replenishment_flow",
        "replenishment",
        "UPDATE",
        "a replenishment cannot go from this status to that",
        off_course(REPLENISHMENT_FLOW),
    ),
    Rule(
        "replenishment_fixed",
        "replenishment",
        "UPDATE",
        "what was requested, and by whom, cannot be edited",
        changed("id", "company_id", "number", "fund_id", "currency", "requested_amount", "requested_by_id"),
    ),
    Rule(
        "replenishment_starts_pending",
        "replenishment",
        "INSERT",
        "a replenishment starts as pending",
        "NEW.status <> 'pending' OR NEW.approved_by_id IS NOT NULL OR NEW.completed_amount IS NOT NULL",
    ),
)
