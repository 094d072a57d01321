"""What the application's role may do on Postgres: read, insert, and change only what changes.

It owns nothing, so it may not alter a table, drop a trigger or become the owner; it may neither DELETE nor TRUNCATE;
append-only tables and the columns that never change take no UPDATE from it. Source: architecture, the database.
"""

from __future__ import annotations

from sqlalchemy import Connection

from pettycash_tui.database.triggers import APPEND_ONLY
from pettycash_tui.models.tables import metadata

_NEVER_CHANGES = frozenset({"id", "created_at", "company_id", "number", "requested_by_id"})


def grant(connection: Connection, role: str) -> None:
    """Give `role`, made when it is missing, exactly the application's rights on this database."""
    quote = connection.dialect.identifier_preparer.quote
    name = quote(role)
    known = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).first()
    if known is None:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
    schema = quote(str(connection.exec_driver_sql("SELECT current_schema()").scalar()))
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}")
    connection.exec_driver_sql(f"REVOKE CREATE ON SCHEMA {schema} FROM {name}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")
    for table in metadata.sorted_tables:
        quoted = quote(table.name)
        connection.exec_driver_sql(f"GRANT SELECT, INSERT ON {quoted} TO {name}")
        changing = [quote(column.name) for column in table.columns if column.name not in _NEVER_CHANGES]
        if table.name not in APPEND_ONLY and changing:
            connection.exec_driver_sql(f"GRANT UPDATE ({', '.join(changing)}) ON {quoted} TO {name}")


_GRANTED = (
    "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema()"
    " AND table_name = 'form_draft' AND privilege_type = 'INSERT' AND grantee NOT IN (current_user, 'PUBLIC')"
)


def renew(connection: Connection) -> None:
    """Give every role that has the application's rights those of the schema as it is now."""
    if connection.dialect.name == "postgresql":
        for role in connection.exec_driver_sql(_GRANTED).scalars().all():
            grant(connection, role)
