"""The keys that people sign in with by SSH."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    frozen.run(op.get_bind(), Path(__file__))
