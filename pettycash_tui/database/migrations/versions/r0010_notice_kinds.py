"""Two more kinds of notices: a gateway that contradicts itself, and what the bank did with a file."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the tables of notices take them."""
    frozen.run(op.get_bind(), Path(__file__))
