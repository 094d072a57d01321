"""Vouchers written elsewhere that became requisitions, each number once in a company."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    frozen.run(op.get_bind(), Path(__file__))
