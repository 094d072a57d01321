"""Writing lines into a fund's cash book past the services, on both databases: any type, day and amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from pettycash_tui.database import engine as engines
from pettycash_tui.database import triggers
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services.desk import Desk


class Line(NamedTuple):
    """One line. `minor` has a sign: what is paid out is below zero. `off` is by how much its balance is wrong."""

    minor: int
    day: date
    text: str = "Fuel for the van"
    kind: str = ""
    off: int = 0


def write(desk: Desk, fund: str, lines: Sequence[Line]) -> None:
    """Put the lines at the end of the fund's ledger; the fund gets the balance of the last."""

    def fill(connection: Connection) -> None:
        f, e = t.treasury_fund.c, t.ledger_entry.c
        fund_id = connection.execute(select(f.id).where(f.code == fund)).scalar_one()
        statement = select(t.ledger_entry).where(e.fund_id == fund_id).order_by(e.sequence.desc()).limit(1)
        row: dict[str, Any] = dict(connection.execute(statement).one()._mapping)
        for line in lines:
            kind = line.kind or ("credit" if line.minor > 0 else "debit")
            sequence, balance = row["sequence"] + 1, row["balance_after"] + line.minor + line.off
            row |= {
                "id": new_id(),
                "sequence": sequence,
                "journal": f"JNL-{fund}-{sequence:06d}",
                "entry_type": kind,
                "amount": line.minor if kind == "adjustment" else abs(line.minor),
                "balance_after": balance,
                "description": line.text,
                "value_date": line.day,
                "source_type": "opening",
                "payment_id": None,
                "replenishment_id": None,
            }
            connection.execute(insert(t.ledger_entry).values(row))
        end = {"ledger_sequence": row["sequence"], "current_balance": row["balance_after"]}
        connection.execute(update(t.treasury_fund).where(f.id == fund_id).values(end))

    without_triggers(desk, fill)


def set_balance(desk: Desk, fund: str, minor: int) -> None:
    """Give a fund another balance than its ledger says."""
    f = t.treasury_fund.c
    statement = update(t.treasury_fund).where(f.code == fund).values(current_balance=minor)
    without_triggers(desk, lambda connection: connection.execute(statement))


def without_triggers(desk: Desk, act: Any) -> None:
    """Change the database as somebody could who can write its file."""
    engine = engines.open_engine(desk.url)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in names.scalars().all():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        act(connection)
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
    engine.dispose()
