"""The rules that the database itself enforces where a CHECK cannot, by what they guard; `triggers` installs them.

Source: the rules marked (DB) in the domain.
"""

from __future__ import annotations

from pettycash_tui.database.rules.bank_files import BANK_FILES
from pettycash_tui.database.rules.books import BOOKS
from pettycash_tui.database.rules.bundles import BUNDLES
from pettycash_tui.database.rules.imports import IMPORTS
from pettycash_tui.database.rules.imprest import IMPREST
from pettycash_tui.database.rules.ledger import LEDGER
from pettycash_tui.database.rules.notices import NOTICES
from pettycash_tui.database.rules.orders import ORDERS
from pettycash_tui.database.rules.payments import PAYMENTS
from pettycash_tui.database.rules.requisitions import REQUISITIONS
from pettycash_tui.database.rules.rule import APPEND_ONLY, Rule, quoted_name
from pettycash_tui.database.rules.schedules import SCHEDULES
from pettycash_tui.database.rules.sign_in import SIGN_IN
from pettycash_tui.database.rules.ssh import SSH
from pettycash_tui.database.rules.trust import TRUST

__all__ = ["APPEND_ONLY", "KEPT", "RULES", "Rule", "quoted_name"]

RULES: tuple[Rule, ...] = (
    *REQUISITIONS,
    *IMPORTS,
    *PAYMENTS,
    *ORDERS,
    *BUNDLES,
    *SCHEDULES,
    *BANK_FILES,
    *LEDGER,
    *BOOKS,
    *IMPREST,
    *NOTICES,
    *SIGN_IN,
    *SSH,
    *TRUST,
)

KEPT = tuple(sorted({rule.table for rule in RULES if rule.event == "DELETE"}))
"""Tables whose rows stay: they also refuse TRUNCATE (Postgres; SQLite has none)."""
