"""After money has left: reconciliations, variances, transfers between funds, and the entries that they write."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the ledger's entries get columns, the chart of accounts a purpose."""
    frozen.run(op.get_bind(), Path(__file__))
