"""How money leaves: orders to gateways, bank files, lists that one code confirms, and days on which is paid."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; payments, codes and funds get columns."""
    frozen.run(op.get_bind(), Path(__file__))
