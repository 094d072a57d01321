"""`pettycash fund verify` on the command line: a whole fund, and each thing that can be wrong with one."""

from __future__ import annotations

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from sqlalchemy import Connection

from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


NBI = "fund_id = (SELECT id FROM treasury_fund WHERE code = 'NBI')"
FORGERIES = {
    "balance": ("treasury_fund", "SET current_balance = current_balance + 100 WHERE code = 'NBI'"),
    "hold": ("treasury_fund", "SET held_amount = held_amount + 1 WHERE code = 'NBI'"),
    "ledger_entry": ("ledger_entry", f"SET balance_after = balance_after + 1 WHERE sequence = 1 AND {NBI}"),
    "ledger_gap": ("treasury_fund", "SET ledger_sequence = ledger_sequence + 1 WHERE code = 'NBI'"),
    "ledger_sum": ("ledger_entry", f"SET amount = amount + 1 WHERE sequence = 1 AND {NBI}"),
    "payment_unpaid": ("payment", "SET status = 'failed' WHERE status = 'success'"),
}


def without_rules(connection: Connection, table: str) -> None:
    """Switch the rules of a table off, as somebody with full SQL access would."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    names = connection.exec_driver_sql(
        f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
    )
    for name in names.scalars().all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def test_a_fund_is_verified_and_each_forgery_ends_with_3(company: Company) -> None:
    company.paid("4500")
    company.approved("2000")
    found = company.done("cfo", "fund", "verify", "NBI")
    assert (found["ok"], found["fund"], found["entries"], found["findings"]) == (True, "NBI", 2, [])
    assert (found["opening_balance"], found["moved"], found["balance"]) == ("100000.00", "-4500.00", "95500.00")
    assert (found["open_payments"], found["payments_held"], found["held"]) == (1, "2000.00", "2000.00")
    assert found["imprest"]["cash"] == "95500.00"
    assert "is what its cash book and its payments make it" in company.plain("cfo", "fund", "verify", "NBI").out
    assert company.refused(5, "staff", "fund", "verify", "NBI")
    assert company.refused(4, "cfo", "fund", "verify", "NOWHERE")["code"] == "not_found"
    for code, (table, change) in FORGERIES.items():
        with company.desk.engine.begin() as connection:
            without_rules(connection, table)
            assert connection.exec_driver_sql(f"UPDATE {table} {change}").rowcount
        wrong = company("cfo", "fund", "verify", "NBI")
        assert wrong.code == 3 and wrong.document["ok"] is False
        findings = {finding["code"]: finding["command"] for finding in wrong.document["findings"]}
        assert findings[code], (code, findings)
    # Another fund is another matter.
    assert company.done("cfo", "fund", "verify", "MSA")["ok"] is True
    told = company.plain("cfo", "fund", "verify", "NBI")
    assert told.code == 3 and "pettycash db restore FILE --replace" in told.out
