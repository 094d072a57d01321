"""Row-level isolation of companies on Postgres: a statement that forgets its condition still sees one company only.

Each transaction says whose rows it may see, in the setting `pettycash.company`: a company's id, or `*` for who belongs
to none (the program itself, officers of the whole group). Without the setting there are no rows at all. Whoever owns
the tables, and a superuser, is not bound by it.

It guards against a mistake in a statement, not against somebody who speaks SQL as the application's role: they could
set another company. The setting travels with the BEGIN and ends with the transaction, so it costs no round trip, and no
connection that is used again, nor a pooler between, can pass it on.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from pettycash_tui.models.tables import metadata

SETTING = "pettycash.company"
EVERYBODY = "*"
POLICY = "company_isolation"

# Plain comparisons: as subqueries, which are asked once for a statement, they would make a plan of eight tables dearer
# than asking for each of its rows.
_SAID = f"current_setting('{SETTING}', true)"
_ANY = f"{_SAID} = '{EVERYBODY}'"

_OPEN_TO_ALL = frozenset({"user", "audit_event", "notice"})
"""Tables in which a row of no company belongs to the whole group and is seen from each company."""

_PARENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "approval_step": (("requisition_id", "requisition"),),
    "approval_trail": (("requisition_id", "requisition"),),
    "attachment": (("requisition_id", "requisition"),),
    "otp_challenge": (("payment_id", "payment"), ("bundle_id", "payment_bundle")),
    "payment_bundle_line": (("bundle_id", "payment_bundle"),),
    "replenishment_voucher": (("fund_id", "treasury_fund"),),
    "form_draft": (("user_id", "user"),),
    "ssh_key": (("user_id", "user"),),
    "sign_in_session": (("user_id", "user"),),
    "recovery_code": (("user_id", "user"),),
    "delegation": (("approver_id", "user"),),
    "notice_choice": (("user_id", "user"),),
    "alert_acknowledgement": (("user_id", "user"),),
}
"""Tables without a company of their own: seen by who sees the row that they belong to."""

OF_NO_COMPANY = frozenset({"installation", "job_lease", "notice_cursor", "sign_in_source", "stream_head"})
"""Tables of the whole installation. The head of a stream holds a length and a hash, and nothing of anybody's books."""


def condition(table: Table) -> str | None:
    """The condition under which a row is seen and may be written; None for a table that is of no company."""
    if "company_id" in table.columns:
        seen = f"{_ANY} OR company_id::text = {_SAID}"
        if table.name in _OPEN_TO_ALL:
            seen += f" OR (company_id IS NULL AND {_SAID} <> '')"
        return seen
    if table.name == "company":
        return f"{_ANY} OR id::text = {_SAID}"
    if table.name in OF_NO_COMPANY:
        return None
    parents = _PARENTS[table.name]
    found = " OR ".join(
        f'EXISTS (SELECT 1 FROM "{parent}" p WHERE p.id = "{table.name}".{column})' for column, parent in parents
    )
    return f"{_ANY} OR {found}"


def install(connection: Connection) -> None:
    """Put the current policies in force, and take those of an earlier version away. Nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    old = connection.exec_driver_sql(
        "SELECT p.polname, c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND p.polname = %s",
        (POLICY,),
    )
    for name, table in old.all():
        connection.exec_driver_sql(f'DROP POLICY {name} ON "{table}"')
    for table in metadata.sorted_tables:
        seen = condition(table)
        if seen is not None:
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ENABLE ROW LEVEL SECURITY')
            connection.exec_driver_sql(f'CREATE POLICY {POLICY} ON "{table.name}" USING ({seen})')


def begin(connection: Connection, company_id: UUID | None, *, read_only: bool = False, snapshot: bool = False) -> None:
    """Begin the transaction of a connection that has none, for one company, or for all of them.

    One round trip, which the driver's own BEGIN would have been. With `snapshot` all its statements see one moment.
    Nothing on SQLite.
    """
    if connection.dialect.name != "postgresql":
        return
    from psycopg.pq import ExecStatus, TransactionStatus

    driver: Any = connection.connection.dbapi_connection
    if driver.info.transaction_status == TransactionStatus.IDLE:
        level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
        mode = " READ ONLY" if read_only else ""
        statement = f"BEGIN ISOLATION LEVEL {level}{mode}; SET LOCAL {SETTING} = '{_value(company_id)}'"
        if driver.pgconn.exec_(statement.encode()).status == ExecStatus.COMMAND_OK:
            return
    # A connection that was lost is told of, and thrown away, by what goes through SQLAlchemy.
    say(connection, company_id)


def of_one_moment(connection: Connection) -> None:
    """Let every statement of a transaction that `begin` has begun see the same moment, as on SQLite it does.

    Nothing where something was asked in it before.
    """
    if connection.dialect.name == "postgresql" and not connection.in_transaction():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def say(connection: Connection, company_id: UUID | None) -> None:
    """The same in a transaction that has begun."""
    connection.exec_driver_sql(f"SELECT set_config('{SETTING}', '{_value(company_id)}', true)")


def _value(company_id: UUID | None) -> str:
    return EVERYBODY if company_id is None else str(company_id)
