"""The rules of imported vouchers."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only

IMPORTS: tuple[Rule, ...] = (
    *append_only("imported_voucher"),
    Rule(
        "imported_voucher_of_company",
        "imported_voucher",
        "INSERT",
        "a voucher is imported into the company of its requisition, before it is submitted",
        "NOT EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id AND r.company_id = NEW.company_id"
        " AND r.status = 'draft')",
    ),
)
