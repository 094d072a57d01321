"""Roles on a real Postgres for tests: made, used by address, and dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import URL

from pettycash_tui.services.desk import Desk


def address_of(desk: Desk, role: str) -> URL:
    """The address of the desk's database for a role."""
    return desk.url.set(username=role, password=role)


@contextmanager
def named_roles(desk: Desk, *purposes: str) -> Iterator[list[str]]:
    """Free names for roles, whose password (for a server that asks) is `with_passwords`'; dropped at the end."""
    names = [f"{purpose}_{uuid4().hex[:8]}" for purpose in purposes]
    try:
        yield names
    finally:
        with desk.engine.begin() as connection:
            me = connection.exec_driver_sql("SELECT quote_ident(current_user)").scalar()
            for name in names:
                known = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).first()
                if known is not None:
                    connection.exec_driver_sql(f"REASSIGN OWNED BY {name} TO {me}")
                    connection.exec_driver_sql(f"DROP OWNED BY {name}")
                    connection.exec_driver_sql(f"DROP ROLE {name}")


def with_passwords(desk: Desk, *names: str) -> None:
    """Give each role its name as password: a server of one's own may ask for one."""
    with desk.engine.begin() as connection:
        for name in names:
            connection.exec_driver_sql(f"ALTER ROLE {name} PASSWORD '{name}'")
