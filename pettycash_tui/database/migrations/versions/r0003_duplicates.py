"""What finds the same request again: an index on a company's amounts."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one index."""
    op.get_bind().exec_driver_sql(
        "CREATE INDEX ix_requisition_amount ON requisition (company_id, amount, created_at, id)"
    )
