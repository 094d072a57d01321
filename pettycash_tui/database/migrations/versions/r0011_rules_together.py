"""The rules of a table and an event stand in one trigger on Postgres; installing them is what ends every migration."""

from __future__ import annotations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing but what is installed anew at the end."""
