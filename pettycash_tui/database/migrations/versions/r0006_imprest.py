"""Claims of replenishments, months that are closed, and the cost centre of a category."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; what was asked for before gets its claim."""
    frozen.run(op.get_bind(), Path(__file__))
