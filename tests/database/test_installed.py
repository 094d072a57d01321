"""What guards the books and was weakened by somebody with full SQL access is found by name, and put right again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import URL, Connection, Engine

from pettycash_tui.database import engine as engines
from pettycash_tui.database import installed, schema, triggers
from pettycash_tui.database.installed import Difference, Kind, State


@contextmanager
def opened(url: URL) -> Iterator[Engine]:
    engine = engines.open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def found(engine: Engine) -> set[tuple[Kind, str, State]]:
    """What is not as a fresh schema has it."""
    with engine.connect() as connection:
        return {(kind, name, state) for kind, name, _, state in installed.differences(connection)}


def test_what_is_written_down_is_a_fresh_schema(database_url: URL) -> None:
    with opened(database_url) as engine, engine.connect() as connection:
        # After a migration: PYTHONPATH=. python docs/shapes.py
        assert installed.shapes(connection) == installed.fresh_shapes(connection.dialect.name)
        assert list(installed.differences(connection)) == []


@dataclass(frozen=True)
class Attack:
    """What somebody did, what of it is to be found, and whether `db upgrade --rules` puts it right."""

    statements: tuple[str, ...]
    expected: tuple[Kind, str, State]
    is_mended: bool = True


POSTGRES = {
    "a function made a no-op": Attack(
        (
            "CREATE OR REPLACE FUNCTION ledger_entry_update_rules() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; END $$",
        ),
        (Kind.TRIGGER, "ledger_entry_update_rules", State.CHANGED),
    ),
    "a function of another schema": Attack(
        (
            "CREATE SCHEMA other",
            "CREATE FUNCTION other.payment_update_rules() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; END $$",
            "DROP TRIGGER payment_update_rules ON payment",
            "CREATE TRIGGER payment_update_rules BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION"
            " other.payment_update_rules()",
        ),
        (Kind.TRIGGER, "payment_update_rules", State.CHANGED),
    ),
    "a trigger with a condition": Attack(
        (
            "DROP TRIGGER payment_update_rules ON payment",
            "CREATE TRIGGER payment_update_rules BEFORE UPDATE ON payment FOR EACH ROW WHEN (NEW.amount < 0)"
            " EXECUTE FUNCTION payment_update_rules()",
        ),
        (Kind.TRIGGER, "payment_update_rules", State.CHANGED),
    ),
    "a trigger switched off": Attack(
        ("ALTER TABLE payment DISABLE TRIGGER payment_update_rules",), (Kind.SWITCH, "payment", State.OFF)
    ),
    "foreign keys switched off": Attack(
        ("ALTER TABLE payment DISABLE TRIGGER ALL",), (Kind.SWITCH, "payment", State.OFF)
    ),
    "a rule that swallows": Attack(
        ("CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING",),
        (Kind.SWITCH, "quiet", State.FOREIGN),
    ),
    "a table that inherits": Attack(
        ("CREATE TABLE more_payments () INHERITS (payment)",), (Kind.TABLE, "more_payments", State.FOREIGN), False
    ),
    "a policy that shows all": Attack(
        ("ALTER POLICY company_isolation ON payment USING (true)",),
        (Kind.ISOLATION, "company_isolation", State.CHANGED),
    ),
    "one more policy": Attack(
        ("CREATE POLICY all_of_it ON payment USING (true)",), (Kind.ISOLATION, "all_of_it", State.FOREIGN)
    ),
    "isolation switched off": Attack(
        ("ALTER TABLE payment DISABLE ROW LEVEL SECURITY",), (Kind.ISOLATION, "payment", State.MISSING)
    ),
    "a check dropped": Attack(
        ("ALTER TABLE treasury_fund DROP CONSTRAINT ck_treasury_fund_held_amount_not_negative",),
        (Kind.CONSTRAINT, "ck_treasury_fund_held_amount_not_negative", State.MISSING),
    ),
    "a check weakened": Attack(
        (
            "ALTER TABLE treasury_fund DROP CONSTRAINT ck_treasury_fund_held_amount_not_negative",
            "ALTER TABLE treasury_fund ADD CONSTRAINT ck_treasury_fund_held_amount_not_negative"
            " CHECK (held_amount >= -9)",
        ),
        (Kind.CONSTRAINT, "ck_treasury_fund_held_amount_not_negative", State.CHANGED),
    ),
    "a foreign key dropped": Attack(
        ("ALTER TABLE payment DROP CONSTRAINT fk_payment_fund_id",),
        (Kind.CONSTRAINT, "fk_payment_fund_id", State.MISSING),
    ),
    "an index that lets twice": Attack(
        (
            "DROP INDEX ux_treasury_fund_scope",
            "CREATE INDEX ux_treasury_fund_scope ON treasury_fund (company_id)",
        ),
        (Kind.INDEX, "ux_treasury_fund_scope", State.CHANGED),
    ),
    "a column that may be empty": Attack(
        ("ALTER TABLE payment ALTER COLUMN amount DROP NOT NULL",), (Kind.TABLE, "payment", State.CHANGED), False
    ),
}

SQLITE = {
    "a trigger that does nothing": Attack(
        (
            "DROP TRIGGER ledger_entry_no_update",
            "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN SELECT 1; END",
        ),
        (Kind.TRIGGER, "ledger_entry_no_update", State.CHANGED),
    ),
    "an index dropped": Attack(
        ("DROP INDEX ux_treasury_fund_scope",), (Kind.INDEX, "ux_treasury_fund_scope", State.MISSING)
    ),
    "an index that lets twice": Attack(
        (
            "DROP INDEX ux_treasury_fund_scope",
            "CREATE INDEX ux_treasury_fund_scope ON treasury_fund (company_id)",
        ),
        (Kind.INDEX, "ux_treasury_fund_scope", State.CHANGED),
    ),
    "a check weakened in place": Attack(
        (
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'held_amount >= 0', 'held_amount >= -9')"
            " WHERE name = 'treasury_fund'",
            "PRAGMA writable_schema = RESET",
        ),
        (Kind.TABLE, "treasury_fund", State.CHANGED),
        False,
    ),
}


def attack_and_mend(url: URL, attack: Attack) -> None:
    with opened(url) as engine:
        with engine.begin() as connection:
            for statement in attack.statements:
                connection.exec_driver_sql(statement)
        assert attack.expected in found(engine)
        schema.install_rules(engine)
        assert found(engine) == (set() if attack.is_mended else {attack.expected})


@pytest.mark.parametrize("name", POSTGRES)
def test_a_weakened_rule_of_postgres_is_named_and_put_right(name: str, postgres_url: URL) -> None:
    attack_and_mend(postgres_url, POSTGRES[name])


@pytest.mark.parametrize("name", SQLITE)
def test_a_weakened_rule_of_sqlite_is_named_and_put_right(name: str, sqlite_url: URL) -> None:
    attack_and_mend(sqlite_url, SQLITE[name])


def test_every_index_and_every_function_at_once(database_url: URL) -> None:
    with opened(database_url) as engine:
        with engine.begin() as connection:
            expected = set(_without_all(connection))
        assert expected and expected <= found(engine)
        schema.install_rules(engine)
        assert found(engine) == set()


def _without_all(connection: Connection) -> Iterator[tuple[Kind, str, State]]:
    names = [
        (table, name.removeprefix("index "))
        for table, shapes in installed.shapes(connection).items()
        for name in shapes
        if name.startswith("index ")
    ]
    for _, name in names:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
        yield Kind.INDEX, name, State.MISSING
    if connection.dialect.name == "postgresql":
        for table in triggers.APPEND_ONLY:
            name = triggers.rules_name(table, "DELETE")
            connection.exec_driver_sql(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$"
            )
            yield Kind.TRIGGER, name, State.CHANGED


def test_a_row_in_the_way_keeps_a_constraint_from_coming_back(postgres_url: URL) -> None:
    name = "ck_installation_kind_known"
    with opened(postgres_url) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE installation DROP CONSTRAINT {name}")
            connection.exec_driver_sql("ALTER TABLE installation DISABLE TRIGGER USER")
            connection.exec_driver_sql("INSERT INTO installation (id, created_at, kind) VALUES (1, now(), 'odd')")
        schema.install_rules(engine)
        assert found(engine) == {(Kind.CONSTRAINT, name, State.MISSING)}


def test_a_schema_that_was_dumped_and_restored_is_the_same(postgres_url: URL) -> None:
    """Postgres words a condition otherwise once it has read its own words: nobody weakened anything."""
    with opened(postgres_url) as engine, engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = current_schema()::regnamespace AND contype = 'c'"
        ).all()
        for table, name, definition in rows:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}".replace("%", "%%"))
        indexes = connection.exec_driver_sql(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " AND strpos(indexdef, ' WHERE ') > 0"
        ).all()
        for name, definition in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
            connection.exec_driver_sql(definition)
        policies = connection.exec_driver_sql(
            "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid) FROM pg_policy"
        ).all()
        for table, name, condition in policies:
            connection.exec_driver_sql(f"ALTER POLICY {name} ON {table} USING ({condition})")
        assert rows and indexes and policies
        assert list(installed.differences(connection)) == []


def test_a_difference_says_to_which_table_it_belongs(database_url: URL) -> None:
    with opened(database_url) as engine, engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ux_treasury_fund_scope")
        (difference,) = installed.differences(connection)
        assert difference == Difference(Kind.INDEX, "ux_treasury_fund_scope", "treasury_fund", State.MISSING)
