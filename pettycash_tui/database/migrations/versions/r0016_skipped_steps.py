"""A step is skipped by an act only, and the rules look in their own schema: both are installed after each migration."""

from __future__ import annotations

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing but what is installed anew at the end."""
