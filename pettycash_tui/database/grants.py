"""The roles on Postgres: who owns the tables, who runs the program, who only reads to verify.

The owner migrates. The application's role owns nothing, so it may not alter a table, drop a trigger or become the
owner; it may neither DELETE nor TRUNCATE; append-only tables and the columns that never change take no UPDATE from it.
The verifier reads what the checks read: no password, no secret, no code. Source: architecture, the database.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table

from pettycash_tui.database import isolation
from pettycash_tui.database.triggers import APPEND_ONLY, trigger_functions
from pettycash_tui.models.tables import metadata

_NEVER_CHANGES = frozenset({"id", "created_at", "company_id", "number", "requested_by_id"})

SECRET_COLUMNS = {
    "user": frozenset({"password_hash", "totp_secret"}),
    "sign_in_session": frozenset({"token_hash"}),
    "otp_challenge": frozenset({"code_hmac"}),
    "recovery_code": frozenset({"code_hmac"}),
    "form_draft": frozenset({"body"}),
}
"""What no verifier reads: nothing that is checked depends on it."""

VERIFIER_POLICY = "verifier_reads"

_MIGHT = (
    "CASE WHEN rolsuper THEN 'a superuser' WHEN rolcreaterole THEN 'a role with CREATEROLE' WHEN rolbypassrls"
    " THEN 'a role with BYPASSRLS' WHEN rolreplication THEN 'a role with REPLICATION' ELSE '' END"
)
"""What of a role puts it above the rules. Before Postgres 16 whoever may make roles makes itself the owner."""
_MIGHTY = f"SELECT {_MIGHT} FROM pg_roles WHERE rolname = %(role)s"
_MEMBERSHIPS = (
    "SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member"
    " WHERE r.rolname = %(role)s ORDER BY 1"
)


_OWNERS = (
    "SELECT c.relowner AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
    " UNION SELECT datdba FROM pg_database WHERE datname = current_database()"
    " UNION SELECT nspowner FROM pg_namespace WHERE nspname = current_schema()"
)
"""Who may undo the rules: the owners of the tables, of the schema, and of the database, who may drop what is in it."""


class TooMighty(ValueError):
    """A role that may do more than its part allows; the message says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The role of a connection: what of it puts it above the rules ("a superuser", "a role with CREATEROLE"; empty
    where nothing does), and whether it owns the tables, the schema or the database, or may become who does.
    """

    role: str
    might: str
    is_owner: bool

    @property
    def is_bound(self) -> bool:
        """Whether the rules of the database bind it."""
        return not (self.might or self.is_owner)


def standing(connection: Connection) -> Standing:
    """What the role of this connection is. One query."""
    row = connection.exec_driver_sql(
        f"SELECT current_user, (SELECT {_MIGHT} FROM pg_roles WHERE rolname = current_user), EXISTS ("
        f"SELECT 1 FROM ({_OWNERS}) o WHERE pg_has_role(current_user, o.owner, 'MEMBER'))"
    ).one()
    return Standing(str(row[0]), str(row[1]), bool(row[2]))


def reads_only(connection: Connection) -> bool:
    """Whether the role of this connection may read the chain and write nothing: the verifier's part."""
    return bool(
        connection.exec_driver_sql(
            "SELECT has_table_privilege(to_regclass('audit_event'), 'SELECT') AND NOT EXISTS (SELECT 1 FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'"
            " AND (has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE')))"
        ).scalar()
    )


def _columns(table: Table) -> list[str]:
    """The columns of a table that the application may change."""
    if table.name in APPEND_ONLY:
        return []
    return [column.name for column in table.columns if column.name not in _NEVER_CHANGES]


def missing(connection: Connection) -> list[str]:
    """What the program does and the role of this connection may not do, such as `UPDATE on payment`."""
    found = connection.exec_driver_sql(
        "SELECT p.privilege || ' on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN unnest(ARRAY['SELECT', 'INSERT']) AS p(privilege)"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> 'alembic_version'"
        " AND NOT has_table_privilege(c.oid, p.privilege) ORDER BY 1"
    )
    changing = [(table.name, column) for table in metadata.sorted_tables for column in _columns(table)]
    unchangeable = connection.exec_driver_sql(
        "SELECT DISTINCT 'UPDATE on ' || c.relname FROM unnest(%s::text[], %s::text[]) AS w(relname, attname)"
        " JOIN pg_class c USING (relname) JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.attname"
        " WHERE n.nspname = current_schema() AND NOT has_column_privilege(c.oid, a.attnum, 'UPDATE') ORDER BY 1",
        ([table for table, _ in changing], [column for _, column in changing]),
    )
    return [str(line) for rows in (found, unchangeable) for line in rows.scalars()]


def excess(connection: Connection) -> list[str]:
    """What the role of this connection may do and the program never does, such as `DELETE on payment`."""
    found = connection.exec_driver_sql(
        "SELECT p.privilege || ' on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS p(privilege)"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND has_table_privilege(c.oid, p.privilege)"
        " ORDER BY 1"
    )
    rewritten = connection.exec_driver_sql(
        "SELECT 'UPDATE on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relname = ANY (%s) AND has_any_column_privilege(c.oid, 'UPDATE')"
        " ORDER BY 1",
        (list(APPEND_ONLY),),
    )
    changed = connection.exec_driver_sql(
        "SELECT 'UPDATE of ' || string_agg(a.attname, ', ' ORDER BY a.attname) || ' on ' || c.relname FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> ALL (%s) AND a.attname = ANY (%s)"
        " AND has_column_privilege(c.oid, a.attnum, 'UPDATE') GROUP BY c.relname ORDER BY c.relname",
        (list(APPEND_ONLY), sorted(_NEVER_CHANGES)),
    )
    around = connection.exec_driver_sql(
        "SELECT 'TEMPORARY on the database' WHERE has_database_privilege(current_database(), 'TEMPORARY')"
        " UNION ALL SELECT 'CREATE on the schema' WHERE has_schema_privilege(current_schema(), 'CREATE')"
    )
    others = connection.exec_driver_sql(
        "SELECT 'become ' || rolname FROM pg_roles WHERE rolname <> current_user"
        " AND pg_has_role(current_user, oid, 'MEMBER') ORDER BY 1"
    )
    return [str(line) for rows in (found, rewritten, changed, around, others) for line in rows.scalars()]


def grant(connection: Connection, role: str) -> None:
    """Give `role`, made when it is missing, exactly the application's rights on this database.

    Raises TooMighty for a superuser, the owner, or who may become another role.
    """
    name = _prepared(connection, role)
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")
    quote = connection.dialect.identifier_preparer.quote
    for table in metadata.sorted_tables:
        quoted = quote(table.name)
        connection.exec_driver_sql(f"GRANT SELECT, INSERT ON {quoted} TO {name}")
        changing = [quote(column) for column in _columns(table)]
        if changing:
            connection.exec_driver_sql(f"GRANT UPDATE ({', '.join(changing)}) ON {quoted} TO {name}")


def grant_reading(connection: Connection, role: str) -> None:
    """Give `role`, made when it is missing, what the checks read, of all companies. Raises TooMighty."""
    name = _prepared(connection, role)
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")
    quote = connection.dialect.identifier_preparer.quote
    readers = ", ".join(quote(reader) for reader in sorted({role, *_verifiers(connection)}))
    for table in metadata.sorted_tables:
        quoted = quote(table.name)
        hidden = SECRET_COLUMNS.get(table.name, frozenset())
        shown = ", ".join(quote(column.name) for column in table.columns if column.name not in hidden)
        connection.exec_driver_sql(f"GRANT SELECT {f'({shown})' if hidden else ''} ON {quoted} TO {name}")
        if isolation.condition(table) is not None:
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS {VERIFIER_POLICY} ON {quoted}")
            connection.exec_driver_sql(
                f"CREATE POLICY {VERIFIER_POLICY} ON {quoted} FOR SELECT TO {readers} USING (true)"
            )


def hand_over(connection: Connection, owner: str) -> None:
    """Make `owner`, made when it is missing, the owner of this database and all that is in its schema.

    It may log in and migrate, and is no superuser. Needs a superuser, or who owns all of it and is a member of `owner`.
    """
    quote = connection.dialect.identifier_preparer.quote
    name = _made(connection, owner)
    if connection.exec_driver_sql(_MIGHTY, {"role": owner}).scalar():
        raise TooMighty(f"{owner} is a superuser or may make roles. Name a role for the owner that is neither.")
    database = quote(str(connection.exec_driver_sql("SELECT current_database()").scalar()))
    schema = quote(str(connection.exec_driver_sql("SELECT current_schema()").scalar()))
    connection.exec_driver_sql(f"ALTER DATABASE {database} OWNER TO {name}")
    connection.exec_driver_sql(f"GRANT ALL ON SCHEMA {schema} TO {name}")
    tables = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
    )
    for table in tables.scalars().all():
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} OWNER TO {name}")
    for function in trigger_functions(connection):
        connection.exec_driver_sql(f"ALTER FUNCTION {quote(function)}() OWNER TO {name}")


def _prepared(connection: Connection, role: str) -> str:
    """The role, with no right on this database but to connect and to look into its schema; its name, quoted."""
    quote = connection.dialect.identifier_preparer.quote
    name = _made(connection, role)
    _require_humble(connection, role)
    schema = quote(str(connection.exec_driver_sql("SELECT current_schema()").scalar()))
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}")
    # Postgres 14 lets everybody create in the schema public.
    connection.exec_driver_sql(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {name}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    # A temporary table goes before a table of its name in whatever somebody runs who does not say where to look.
    database = quote(str(connection.exec_driver_sql("SELECT current_database()").scalar()))
    connection.exec_driver_sql(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {name}")
    return name


def _made(connection: Connection, role: str) -> str:
    name = connection.dialect.identifier_preparer.quote(role)
    known = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).first()
    if known is None:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
    return name


def _require_humble(connection: Connection, role: str) -> None:
    if connection.exec_driver_sql(_MIGHTY, {"role": role}).scalar():
        raise TooMighty(f"{role} is a superuser, or may make roles or pass by the rules. Name another role.")
    owned = connection.exec_driver_sql(
        f"SELECT 1 FROM ({_OWNERS}) o JOIN pg_roles r ON r.oid = o.owner WHERE r.rolname = %(role)s", {"role": role}
    ).first()
    if owned is not None:
        raise TooMighty(
            f"{role} owns tables here, their schema or the database, so no rule would bind it. Name another role."
        )
    others = connection.exec_driver_sql(_MEMBERSHIPS, {"role": role}).scalars().all()
    if others:
        raise TooMighty(f"{role} may become {', '.join(others)}. Take that away (REVOKE {others[0]} FROM {role}).")


# Whoever may write into one table is no application yet, and is not given the rest of its rights.
_GRANTED = (
    "SELECT r.rolname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
    " WHERE c.oid IN (to_regclass('form_draft'), to_regclass('audit_event'), to_regclass('payment_execution'))"
    " AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner GROUP BY r.rolname"
    " HAVING count(DISTINCT c.oid) = 3 ORDER BY 1"
)


def applications(connection: Connection) -> list[str]:
    """The roles that have the application's rights."""
    return list(connection.exec_driver_sql(_GRANTED).scalars().all())


def _verifiers(connection: Connection) -> list[str]:
    found = connection.exec_driver_sql(
        "SELECT DISTINCT r.rolname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n"
        " ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = ANY (p.polroles)"
        " WHERE n.nspname = current_schema() AND p.polname = %s ORDER BY 1",
        (VERIFIER_POLICY,),
    )
    return list(found.scalars().all())


def renew(connection: Connection) -> None:
    """Give every role that has the application's or the verifier's rights those of the schema as it is now."""
    if connection.dialect.name == "postgresql":
        for role in applications(connection):
            grant(connection, role)
        for role in _verifiers(connection):
            grant_reading(connection, role)
