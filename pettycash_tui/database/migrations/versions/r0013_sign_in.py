"""Signing in: places that are refused for a while, recovery codes, and companies that demand an authenticator app.

Companies that exist go on as before: nobody who pays today is shut out by an upgrade.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from pettycash_tui.database.migrations import frozen

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and say of every company that it demands none."""
    frozen.run(op.get_bind(), Path(__file__))
