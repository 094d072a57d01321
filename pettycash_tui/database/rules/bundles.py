"""The rules of lists of payments that one code confirms."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, known_people

BUNDLES: tuple[Rule, ...] = (
    *append_only("payment_bundle"),
    *append_only("payment_bundle_line"),
    *known_people("payment_bundle", "executor_id"),
    Rule(
        "payment_bundle_line_repeats_payment",
        "payment_bundle_line",
        "INSERT",
        "a line of a list repeats its payment, which is its executor's, and stands within the list's count",
        "NOT EXISTS (SELECT 1 FROM payment_bundle b JOIN payment p ON p.company_id = b.company_id"
        " AND p.currency = b.currency AND p.executor_id = b.executor_id WHERE b.id = NEW.bundle_id"
        " AND p.id = NEW.payment_id AND p.amount = NEW.amount AND NEW.position <= b.payment_count)",
    ),
)
