"""What the desk shows: alerts that somebody has seen, and the indexes behind its figures."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_GRANTED = (
    "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema()"
    " AND table_name = 'form_draft' AND privilege_type = 'INSERT' AND grantee NOT IN (current_user, 'PUBLIC')"
)


def upgrade() -> None:
    """Create the table of acknowledgements and two indexes."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    script = Path(__file__).with_name(f"r0002_desk.{dialect}.sql").read_text(encoding="utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    if dialect == "postgresql":
        # Who was granted the tables of before goes on working without being granted anew.
        for role in connection.exec_driver_sql(_GRANTED).scalars().all():
            name = connection.dialect.identifier_preparer.quote(role)
            connection.exec_driver_sql(f"GRANT SELECT, INSERT ON alert_acknowledgement TO {name}")
            changing = "updated_at, user_id, alert, is_seen"
            connection.exec_driver_sql(f"GRANT UPDATE ({changing}) ON alert_acknowledgement TO {name}")
