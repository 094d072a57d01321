"""Every trigger of the database, attacked with SQL around the services, on both databases.

A trigger is attacked alone: all triggers of its table are out of force but that one, and the control is that without
it the same statement goes through. So each test fails when its own rule is taken away, whatever else would refuse.
At the end stands the count: a rule without an attack fails.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from raw import WENT_THROUGH
from rule_attacks import (
    ATTACKS,
    FLOWS,
    HEAD,
    LAST_ENTRY,
    LAST_EVENT,
    NEW_FUND,
    NEW_REQUEST,
    NEXT_ENTRY,
    PAY2,
    REQ3,
    RULE_OF,
    copy,
)
from sqlalchemy import Table
from world import World

from pettycash_tui.database import triggers
from pettycash_tui.database.triggers import RULES, Rule
from pettycash_tui.models.tables import metadata
from pettycash_tui.services.rules import sentence_for

GENERIC = tuple(f"_no_{what}" for what in ("update", "delete", "replace", "swap"))


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.only_on("sqlite")) if RULE_OF[n].sqlite_only else n for n in ATTACKS],
)
def test_the_rule_refuses_and_nothing_else_would_have(world: World, name: str) -> None:
    rule = RULE_OF[name]
    values = {**world.values, "later": world.trading.clock.now + timedelta(hours=1)}
    for attack in ATTACKS[name]:
        with world.raw.undone():
            for table in (rule.table, *attack.disarmed):
                world.raw.disarm(table)
            for statement in attack.first:
                world.raw.run(world.sql(statement), **values)
            sql = world.sql(attack.sql)
            assert world.raw.tried(sql, **values) == WENT_THROUGH, f"without the rule: {attack.sql}"
            world.raw.arm(rule.table, name)
            assert world.raw.tried(sql, **values) == name, attack.sql


@pytest.mark.parametrize("name", FLOWS)
def test_no_status_follows_another_that_may_not(world: World, name: str) -> None:
    flow, where, besides = FLOWS[name]
    table = RULE_OF[name].table
    for before, allowed in flow.items():
        with world.raw.undone():
            world.raw.disarm(table)
            world.raw.run(f"UPDATE {table} SET status = '{before}'{besides} WHERE {where}")
            world.raw.arm(table, name)
            for after in flow:
                expected = WENT_THROUGH if after == before or after in allowed else name
                assert world.raw.tried(f"UPDATE {table} SET status = '{after}' WHERE {where}") == expected


@pytest.mark.parametrize("name", [rule.name for rule in RULES if rule.name.endswith(("_no_update", "_no_delete"))])
def test_what_is_written_stays(world: World, name: str) -> None:
    rule = RULE_OF[name]
    quoted = f'"{rule.table}"'
    column = next(iter(metadata.tables[rule.table].columns)).name
    statement = f"DELETE FROM {quoted}" if rule.event == "DELETE" else f"UPDATE {quoted} SET {column} = {column}"
    with world.raw.undone():
        assert world.raw.one(f"SELECT COUNT(*) FROM {quoted}") > 0
        world.raw.disarm(rule.table)
        world.raw.arm(rule.table, name)
        assert world.raw.tried(statement) == name


@pytest.mark.only_on("postgres")
def test_what_is_written_is_not_truncated(world: World) -> None:
    for table in triggers.KEPT:
        with world.raw.undone():
            assert world.raw.tried(f'TRUNCATE "{table}" CASCADE') == "kept_no_truncate"


# --- all rules together ----------------------------------------------------------------------------------------------


def test_writing_an_entry_moves_its_fund_and_nothing_else_does(world: World) -> None:
    values, state = world.values, "SELECT current_balance, ledger_sequence FROM treasury_fund WHERE id = "
    with world.raw.undone():
        before = world.raw.run(world.sql(f"{state}<fund NBI>"), **values).fetchone()
        world.raw.run(world.sql(copy("ledger_entry", LAST_ENTRY, **NEXT_ENTRY)), **values)
        assert tuple(world.raw.run(world.sql(f"{state}<fund NBI>"), **values).fetchone()) == (
            before[0] + 100,
            before[1] + 1,
        )


_HASH = f"'{'f' * 64}'"
WHOLE_ATTACKS = {
    "a second payment of a requisition": copy("payment", PAY2, number="'PAY-9'"),
    "a second execution of a payment": copy("payment_execution", "payment_id = <PAY-000001>", gateway_reference="'R'"),
    "a second entry of a payment": copy("ledger_entry", "payment_id = <PAY-000001>", sequence="100"),
    "a fund with money in it": copy(
        "treasury_fund", "code = 'HQ' AND company_id = :company", **{**NEW_FUND, "current_balance": "100"}
    ),
    "a second active fund of head office": copy(
        "treasury_fund", "code = 'HQ' AND company_id = :company", **{**NEW_FUND, "is_active": "true"}
    ),
    "a second active fund of a branch": copy(
        "treasury_fund",
        "code = 'NBI' AND company_id = :company",
        **{**NEW_FUND, "is_active": "true", "region_id": "NULL"},
    ),
    "a second open replenishment": copy(
        "replenishment", "number = 'RPL-000002'", **{**NEW_REQUEST, "fund_id": "<fund HQ>"}
    ),
    "a replenishment approved by who asked": (
        "UPDATE replenishment SET status = 'approved', approved_by_id = requested_by_id WHERE number = 'RPL-000004'"
    ),
    "a payment reconciled without anybody's name": "UPDATE payment SET status = 'reconciled' WHERE id = <PAY-000001>",
    "a payment reconciled by who executed it": copy(
        "ledger_reconciliation",
        "payment_id = <PAY-000001> AND sequence = 1",
        sequence="3",
        person_id="(SELECT executor_id FROM payment_execution WHERE payment_id = <PAY-000001>)",
    ),
    "a variance approved without its entry": (
        "UPDATE variance SET status = 'approved', approved_by_id = <cfo>, approved_at = :now"
        " WHERE number = 'VAR-000001'"
    ),
    "a variance approved by who recorded it": (
        "UPDATE variance SET status = 'approved', approved_by_id = recorded_by_id, approved_at = :now"
        " WHERE number = 'VAR-000001'"
    ),
    "a second open variance of a payment": copy(
        "variance", "number = 'VAR-000001'", number="'VAR-9'", recorded_by_id="<treasury>"
    ),
    "a transfer to the same fund": copy(
        "fund_transfer", "number = 'TRF-000001'", number="'TRF-9'", to_fund_id="from_fund_id"
    ),
    "a transfer to another company's fund": copy(
        "fund_transfer",
        "number = 'TRF-000001'",
        number="'TRF-9'",
        to_fund_id="(SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'NBI')",
    ),
    "a transfer completed without its entries": (
        "UPDATE fund_transfer SET status = 'completed', approved_by_id = <cfo>, completed_at = :now"
        " WHERE number = 'TRF-000001'"
    ),
    "a transfer that only arrives": copy(
        "ledger_entry",
        LAST_ENTRY,
        **{
            **NEXT_ENTRY,
            "entry_type": "'credit'",
            "source_type": "'transfer'",
            "amount": "10000",
            "balance_after": "balance_after + 10000",
            "variance_id": "NULL",
            "corrects_id": "NULL",
            "transfer_id": "<TRF-000001>",
        },
    ),
    "a reference used twice": (
        "UPDATE replenishment SET status = 'completed', completed_amount = 1, reference = 'BANK-1'"
        " WHERE number = 'RPL-000002'"
    ),
    "an entry backdated into the middle": copy("ledger_entry", LAST_ENTRY, **{**NEXT_ENTRY, "sequence": "2"}),
    "an entry that overdraws": copy(
        "ledger_entry",
        LAST_ENTRY,
        **{**NEXT_ENTRY, "amount": "-100000000", "balance_after": "balance_after - 100000000"},
    ),
    "a second file under the same name": copy("bank_batch", "number = 'BAT-000001'", number="'BAT-9'"),
    "a line that is in another file too": copy(
        "payment_order",
        "batch_id = <BAT-000001> AND position = 1",
        conversation_id="'C-9'",
        attempt="9",
        position="2",
    ),
    "a line added to a file that was written": copy(
        "payment_order",
        "batch_id = <BAT-000001> AND position = 1",
        conversation_id="'C-9'",
        attempt="9",
        position="3",
        status="'failed'",
    ),
    "a file that says another sum afterwards": "UPDATE bank_batch SET control_sum = 1 WHERE number = 'BAT-000001'",
    "a draft that is already approved": copy("requisition", "number = 'REQ-000004'", number="'R'", status="'approved'"),
    "a requester changed after the fact": f"UPDATE requisition SET requested_by_id = <ceo> WHERE {REQ3}",
    "an amount raised after approval": f"UPDATE requisition SET amount = 99999900 WHERE {REQ3}",
    "a voucher imported twice": copy("imported_voucher", "voucher_number = 'PV-1'", requisition_id="<REQ-000004>"),
    "a voucher of a requisition that was imported": copy(
        "imported_voucher", "voucher_number = 'PV-1'", voucher_number="'PV-9'"
    ),
    "a code spent again": "UPDATE otp_challenge SET consumed_at = NULL WHERE payment_id = <PAY-000001>",
    "a fork of the audit chain": copy("audit_event", LAST_EVENT, event_hash=_HASH),
    "a fork further back": copy(
        "audit_event", LAST_EVENT.replace("SELECT length", "SELECT length - 1"), event_hash=_HASH
    ),
    "a gap in the audit chain": copy(
        "audit_event", LAST_EVENT, sequence="sequence + 2", previous_hash="event_hash", event_hash=_HASH
    ),
    "an event that follows from another one": copy(
        "audit_event", LAST_EVENT, sequence="sequence + 1", event_hash=_HASH
    ),
    "an event that begins a stream in its middle": copy(
        "audit_event", LAST_EVENT, stream="'another'", event_hash=_HASH
    ),
    "an event that says something else": f"UPDATE audit_event SET body = body || ' ' WHERE {LAST_EVENT}",
    "an event of another subject": f"UPDATE audit_event SET subject = 'x' WHERE {LAST_EVENT}",
    "an event that is gone": f"DELETE FROM audit_event WHERE {LAST_EVENT}",
    "a stream without a head": f"DELETE FROM stream_head WHERE {HEAD}",
    "a head that was set back": f"UPDATE stream_head SET length = length - 1 WHERE {HEAD}",
    "a head that runs ahead": f"UPDATE stream_head SET length = length + 1, head_hash = {_HASH} WHERE {HEAD}",
    "a head with another hash": f"UPDATE stream_head SET head_hash = {_HASH} WHERE {HEAD}",
    "a line of the trail forged for the requester": copy(
        "approval_trail", "requisition_id = <REQ-000003> AND action = 'submitted'", action="'approved'"
    ),
}


@pytest.mark.parametrize("what", WHOLE_ATTACKS)
def test_with_every_rule_in_force_there_is_no(world: World, what: str) -> None:
    with world.raw.undone():
        rule = world.raw.tried(world.sql(WHOLE_ATTACKS[what]), **world.values)
    assert rule != WENT_THROUGH
    assert sentence_for(rule) is not None, rule


# --- nothing is left out ---------------------------------------------------------------------------------------------


def test_every_rule_is_attacked() -> None:
    generic = {rule.name for rule in RULES if rule.name.endswith(GENERIC)}
    assert {rule.name for rule in RULES} - generic - set(FLOWS) == set(ATTACKS)


def test_every_table_of_money_is_kept() -> None:
    def of_money(table: Table) -> bool:
        return any("amount" in column.name or "balance" in column.name for column in table.columns)

    guarded = {table.name for table in metadata.sorted_tables if of_money(table)}
    assert guarded <= set(triggers.KEPT)


def test_every_rule_has_a_sentence() -> None:
    for rule in RULES:
        assert sentence_for(rule.name) is not None, rule.name


def test_rules_have_names_of_their_own() -> None:
    assert len(RULE_OF) == len(RULES)
    assert all(isinstance(rule, Rule) and rule.name.startswith(rule.table) for rule in RULES)
