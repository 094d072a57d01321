"""The rules of claims and of closed months."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people

_SIGNED = "CASE l.entry_type WHEN 'debit' THEN l.amount ELSE -l.amount END"
_BY_CFO = (
    "NOT EXISTS (SELECT 1 FROM \"user\" u WHERE u.id = {who} AND u.role = 'cfo' AND u.is_active"
    " AND (u.company_id = NEW.company_id OR u.company_id IS NULL))"
)

IMPREST: tuple[Rule, ...] = (
    # --- claims -------------------------------------------------------------------------------------------------
    *kept("replenishment_voucher"),
    Rule(
        "replenishment_voucher_of_entry",
        "replenishment_voucher",
        "INSERT",
        "a claim lists what its fund paid out or lost, while it is asked for",
        "NEW.is_released OR NOT EXISTS (SELECT 1 FROM ledger_entry l JOIN replenishment r ON r.fund_id = l.fund_id"
        " WHERE l.id = NEW.entry_id AND r.id = NEW.replenishment_id AND l.fund_id = NEW.fund_id"
        " AND l.sequence = NEW.sequence AND l.source_type IN ('payment', 'variance')"
        f" AND {_SIGNED} = NEW.amount AND r.status = 'pending')",
    ),
    Rule(
        "replenishment_voucher_fixed",
        "replenishment_voucher",
        "UPDATE",
        "a line of a claim stays as it is, and is released only by the claim's rejection",
        f"({changed('id', 'created_at', 'replenishment_id', 'fund_id', 'entry_id', 'sequence', 'amount')})"
        " OR (OLD.is_released AND NOT NEW.is_released) OR (NEW.is_released AND NOT OLD.is_released AND NOT EXISTS"
        " (SELECT 1 FROM replenishment r WHERE r.id = NEW.replenishment_id AND r.status = 'rejected'))",
    ),
    # --- periods ------------------------------------------------------------------------------------------------
    *kept("accounting_period"),
    *known_people("accounting_period", "closed_by_id", "reopened_by_id"),
    Rule(
        "accounting_period_starts_closed",
        "accounting_period",
        "INSERT",
        "a month is written down when its CFO closes it",
        f"NOT NEW.is_closed OR NEW.reopened_by_id IS NOT NULL OR {_BY_CFO.format(who='NEW.closed_by_id')}",
    ),
    Rule(
        "accounting_period_fixed",
        "accounting_period",
        "UPDATE",
        "a month's company and days cannot change",
        changed("id", "created_at", "company_id", "starts_on", "ends_on"),
    ),
    Rule(
        "accounting_period_by_cfo",
        "accounting_period",
        "UPDATE",
        "only an active CFO of the company closes and reopens a month",
        f"(({changed('closed_by_id', 'closed_at', 'is_closed')}) AND NEW.is_closed AND"
        f" {_BY_CFO.format(who='NEW.closed_by_id')}) OR"
        f" (({changed('reopened_by_id', 'reopened_at', 'is_closed')}) AND NOT NEW.is_closed AND"
        f" {_BY_CFO.format(who='NEW.reopened_by_id')})",
    ),
    Rule(
        "ledger_entry_period_open",
        "ledger_entry",
        "INSERT",
        "the month of this entry is closed: its CFO reopens it, or the entry is dated in an open month",
        "EXISTS (SELECT 1 FROM accounting_period p WHERE p.company_id = NEW.company_id AND p.is_closed"
        " AND NEW.value_date BETWEEN p.starts_on AND p.ends_on)",
        # Closing takes the same lock exclusively, so that an entry in flight is either seen by it or refused here.
        first_on_postgres="PERFORM pg_advisory_xact_lock_shared("
        "hashtextextended('period:' || NEW.company_id::text, 0))",
    ),
)
