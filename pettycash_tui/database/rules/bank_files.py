"""The rules of bank files and of the orders that are their lines; those of any order are in `orders`."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, known_people

_LINES = "FROM payment_order o JOIN payment q ON q.id = o.payment_id WHERE o.batch_id = NEW.batch_id"

BANK_FILES: tuple[Rule, ...] = (
    *append_only("bank_batch"),
    *known_people("bank_batch", "executor_id"),
    Rule(
        "bank_batch_debits_its_fund",
        "bank_batch",
        "INSERT",
        "a bank file debits the account of one fund, in its company and currency",
        "NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE f.id = NEW.fund_id AND f.company_id = NEW.company_id"
        " AND f.currency = NEW.currency AND f.bank_account <> '' AND f.bank_account = NEW.debit_account)",
    ),
    Rule(
        "payment_order_line_is_transfer",
        "payment_order",
        "INSERT",
        "a line of a bank file pays by bank transfer",
        "NEW.batch_id IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM payment p WHERE p.id = NEW.payment_id AND p.method = 'bank_transfer')",
    ),
    # In order and without a gap, so that the count and the sum need to be looked at once, with the last line.
    Rule(
        "payment_order_lines_add_up",
        "payment_order",
        "INSERT",
        "the lines of a bank file are numbered from 1 and are as many, and of as much, as it says",
        "NEW.batch_id IS NOT NULL AND (NEW.position < 1"
        " OR (NEW.position > 1 AND NOT EXISTS (SELECT 1 FROM payment_order o WHERE o.batch_id = NEW.batch_id"
        " AND o.position = NEW.position - 1))"
        " OR EXISTS (SELECT 1 FROM bank_batch b WHERE b.id = NEW.batch_id AND (NEW.position > b.line_count"
        f" OR (NEW.position = b.line_count AND b.control_sum <> (SELECT COALESCE(SUM(q.amount), 0) {_LINES})"
        " + (SELECT p.amount FROM payment p WHERE p.id = NEW.payment_id)))))",
    ),
    Rule(
        "payment_order_batch_is_whole",
        "payment_order",
        "UPDATE",
        "no line of a bank file is confirmed before all of them are there",
        "NEW.status = 'succeeded' AND OLD.status <> 'succeeded' AND NEW.batch_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM bank_batch b JOIN payment_order o ON o.batch_id = b.id"
        " AND o.position = b.line_count WHERE b.id = NEW.batch_id)",
    ),
)
