"""Payments that are confirmed for a later day."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one table."""
    frozen.run(op.get_bind(), Path(__file__))
