"""Notices: what people are told, how they want to be told it, and how far the events have been read.

Books that exist begin to be read at their present: nobody is told of what happened before.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; a cursor for each stream there is, at its end."""
    frozen.run(op.get_bind(), Path(__file__))
