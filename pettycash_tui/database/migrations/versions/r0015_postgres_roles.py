"""Companies are isolated by row on Postgres; the policies are installed after each migration, as the triggers are."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing but what is installed anew at the end."""
