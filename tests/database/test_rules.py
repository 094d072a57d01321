"""Every rule of the database itself, attacked with SQL around the services, on both databases.

A trigger is attacked alone: all triggers of its table are out of force but that one, and the control is that without
it the same statement goes through. So each test fails when its own rule is taken away, whatever else would refuse.
Constraints are attacked with no trigger in force. At the end stands the count: a rule without an attack fails.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import story
from raw import WENT_THROUGH, Raw
from settable_clock import SettableClock
from sqlalchemy import BigInteger, CheckConstraint, Column, Table, UniqueConstraint
from trading import Trading, copied

from pettycash_tui.database import triggers
from pettycash_tui.database.triggers import RULES, Rule
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import DECISIONS, PAYMENT_FLOW, REPLENISHMENT_FLOW, REQUISITION_FLOW
from pettycash_tui.models.tables import metadata
from pettycash_tui.services import otp, replenishments, requisitions, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.rules import sentence_for

# --- the books that are attacked -------------------------------------------------------------------------------------


@dataclass
class World:
    """Books with rows in every state, and a connection around the services."""

    trading: Trading
    raw: Raw

    def sql(self, text: str) -> str:
        """`<cfo>`, `<REQ-000002>`, `<fund NBI>` as subqueries for their ids."""
        text = re.sub(
            r"<fund (\w+)>", r"(SELECT id FROM treasury_fund WHERE code = '\1' AND company_id = :company)", text
        )
        text = re.sub(r"<(REQ-\d+)>", r"(SELECT id FROM requisition WHERE number = '\1')", text)
        text = re.sub(r"<(PAY-\d+)>", r"(SELECT id FROM payment WHERE number = '\1')", text)
        text = re.sub(r"<(RPL-\d+)>", r"(SELECT id FROM replenishment WHERE number = '\1')", text)
        return re.sub(r"<(\w+)>", r"""(SELECT id FROM "user" WHERE username = '\1')""", text)

    @property
    def values(self) -> dict[str, Any]:
        """What every statement may name."""
        company = self.trading.company_id
        (other,) = [row.id for row in self.trading.rows(t.company) if row.id != company]
        return {"company": company, "other": other, "new": new_id(), "now": self.trading.clock.now}


def _history(trading: Trading) -> None:
    desk = trading.desk
    paid = trading.approved(amount="60000")  # REQ-1, PAY-1: leaves NBI under its reorder level, RPL-1
    story.pay(desk, paid)
    trading.approve("REQ-000001", "fpa")
    pending = trading.approved()  # REQ-2, PAY-2: held, with a code
    otp.send(desk, story.executor_of(desk, pending), pending)
    trading.request(amount="12000")  # REQ-3: one of two approved
    trading.approve("REQ-000003", "branch_manager")
    desk.run(trading["staff"], requisitions.attach, "REQ-000003", "offer.pdf", b"%PDF")
    given = requisitions.RequisitionInput(amount="700", purpose="Pens", payee="Shop")
    desk.run(trading["staff"], requisitions.create, given)  # REQ-4: a draft
    trading.request(amount="12000")  # REQ-5: sent back
    trading.approve("REQ-000005", "branch_manager")
    trading.act("department_head", workflow.request_changes, "REQ-000005", "more")
    from_hq = trading.approved("fpa", "3000", origin="hq")  # REQ-6, PAY-3: another fund, with a code
    otp.send(desk, story.executor_of(desk, from_hq), from_hq)
    story.pay(desk, trading.approved())  # REQ-7, PAY-4
    for fund, reference in (("HQ", None), ("MSA", "BANK-1")):  # RPL-2 approved, RPL-3 completed
        number = desk.run(trading["cfo"], replenishments.request, fund, "1000").number
        desk.run(trading["group_finance_manager"], replenishments.approve, number)
        if reference:
            desk.run(trading["treasury"], replenishments.complete, number, reference)
    trading.away("ceo", "cfo")
    trading.away("admin", "cfo", starts_in=9)
    story.trading_company(desk, "BETA", prefix="b_")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("rules")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PETTYCASH_") and "_TEST_" not in name]:
            patch.delenv(name)
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        patch.setenv("PETTYCASH_OUTBOX", "1")
        for url, people in copied(request, request.param, folder):
            desk = Desk(url, folder, clock=SettableClock())
            desk.secrets.make_server_key()
            trading = Trading(desk, desk.clock, people)  # type: ignore[arg-type]
            _history(trading)
            made = World(trading, Raw(desk))
            yield made
            made.raw.close()
            desk.close()


def copy(table: str, where: str, **changes: str) -> str:
    """An INSERT of a row like that one, with these columns (SQL) instead. The id is new."""
    columns = metadata.tables[table].columns
    if "id" in columns:
        changes = {"id": ":new", **changes}
    parts = ", ".join(changes.get(column.name, column.name) for column in columns)
    names = ", ".join(column.name for column in columns)
    return f'INSERT INTO "{table}" ({names}) SELECT {parts} FROM "{table}" WHERE {where}'


# --- triggers, one by one --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attack:
    """A statement against a rule; `first` arranges what it needs, with the triggers of `disarmed` out of force too."""

    sql: str
    first: tuple[str, ...] = ()
    disarmed: tuple[str, ...] = ()


def attacks(*statements: str, first: tuple[str, ...] = (), disarmed: tuple[str, ...] = ()) -> list[Attack]:
    return [Attack(sql, first, disarmed) for sql in statements]


def updates(table: str, where: str, *changes: str, first: tuple[str, ...] = ()) -> list[Attack]:
    return attacks(*(f'UPDATE "{table}" SET {change} WHERE {where}' for change in changes), first=first)


def copies(table: str, where: str, base: dict[str, str], *changes: dict[str, str], **named: Any) -> list[Attack]:
    return attacks(*(copy(table, where, **{**base, **change}) for change in changes), **named)


REQ3, PAY2 = "number = 'REQ-000003'", "number = 'PAY-000002'"
CONTENT: dict[str, str] = {
    "origin_type": "'field'",
    "region_id": "NULL",
    "branch_id": "(SELECT id FROM branch WHERE code = 'MSA' AND company_id = :company)",
    "department_id": "NULL",
    "cost_center_id": ":new",
    "fund_id": "<fund HQ>",
    "category_id": "(SELECT id FROM category WHERE code = 'travel' AND company_id = :company)",
    "payee": "'Myself'",
    "method": "'mpesa'",
    "destination": "'0700 000 000'",
    "amount": "amount + 1",
    "currency": "'USD'",
    "purpose": "'Something else'",
    "is_urgent": "true, urgency_reason = 'now'",
    "urgency_reason": "'now'",
}
_COST_CENTER = (
    "INSERT INTO cost_center (id, created_at, updated_at, is_active, company_id, name, code)"
    " VALUES (:new, :now, :now, true, :company, 'One', 'ONE')"
)
_APPROVED_3 = f"UPDATE requisition SET status = 'approved' WHERE {REQ3}"
_PAYMENT_3 = {"requisition_id": "<REQ-000003>", "number": "'PAY-9'", "amount": "1200000"}
_PAID_2 = copy("payment_execution", "payment_id = <PAY-000001>", payment_id="<PAY-000002>", gateway_reference="'R-9'")
_LAST = "fund_id = <fund NBI> AND sequence = (SELECT MAX(sequence) FROM ledger_entry WHERE fund_id = <fund NBI>)"
_NEXT = {
    "id": ":new",
    "journal": "'J'",
    "sequence": "sequence + 1",
    "entry_type": "'adjustment'",
    "amount": "100",
    "balance_after": "balance_after + 100",
    "source_type": "'variance'",
    "payment_id": "NULL",
    "replenishment_id": "NULL",
}
_DEBIT_2 = {
    **_NEXT,
    "entry_type": "'debit'",
    "amount": "450000",
    "source_type": "'payment'",
    "payment_id": "<PAY-000002>",
}
_CREDIT_2 = {
    **_NEXT,
    "entry_type": "'credit'",
    "amount": "100000",
    "source_type": "'replenishment'",
    "replenishment_id": "<RPL-000002>",
}
_LAST_HQ = _LAST.replace("NBI", "HQ")
_COMPLETE_2 = (
    "UPDATE replenishment SET status = 'completed', completed_amount = 100000, reference = 'B'"
    " WHERE number = 'RPL-000002'"
)
_FUND = {
    "code": "'NEW'",
    "is_active": "false",
    "current_balance": "0",
    "held_amount": "0",
    "ledger_sequence": "0",
    "voucher_sequence": "0",
}
_ASKED = {"number": "'RPL-9'", "fund_id": "<fund MSA>", "status": "'pending'", "reference": "NULL"}
_ASKED |= {"approved_by_id": "NULL", "completed_amount": "NULL"}
_STEP = "requisition_id = <REQ-000003> AND status = "
_EXECUTION = {"payment_id": "<PAY-000002>", "gateway_reference": "'R-9'", "otp_verified_by_id": "NULL"}
_OTP2 = "payment_id = <PAY-000002>"
_EVENT = "stream = (SELECT MIN(stream) FROM stream_head) AND sequence = (SELECT length FROM stream_head s WHERE"
_EVENT += " s.stream = audit_event.stream)"
_NEXT_EVENT = {"sequence": "sequence + 1", "previous_hash": "event_hash", "event_hash": f"'{'f' * 64}'"}
_HEAD = "stream = (SELECT MIN(stream) FROM stream_head)"


def _nobody(table: str, where: str, columns: list[str], **base: str) -> dict[str, list[Attack]]:
    """People who do not exist, or are spelt as somebody else: for a connection without foreign keys."""
    spelt = (f"'{'0' * 32}'", "(SELECT upper(id) FROM \"user\" WHERE username = 'cfo')", "CAST(<cfo> AS BLOB)")
    return {
        f"{table}_known_people_update": updates(table, where, *(f"{c} = {who}" for c in columns for who in spelt)),
        f"{table}_known_people_insert": copies(table, where, base, *({c: who} for c in columns for who in spelt)),
    }


ATTACKS: dict[str, list[Attack]] = {
    "requisition_requester_fixed": updates(
        "requisition",
        "number = 'REQ-000004'",
        "requested_by_id = <cfo>",
        "number = 'REQ-9'",
        "company_id = :other",
        "id = :new",
    ),
    "requisition_content_frozen": updates(
        "requisition", REQ3, *(f"{column} = {value}" for column, value in CONTENT.items()), first=(_COST_CENTER,)
    ),
    "requisition_revision_counts": [
        *updates("requisition", REQ3, "revision = 2", "revision = 3"),
        *updates("requisition", "number = 'REQ-000004'", "revision = 2"),
        # The approvals of what was sent back are void: it goes on as revision 2 or not at all.
        *updates(
            "requisition",
            "number = 'REQ-000005'",
            "revision = 3",
            "status = 'pending'",
            "status = 'pending_dept_approval'",
        ),
    ],
    "requisition_starts_as_draft": copies(
        "requisition", "number = 'REQ-000004'", {"number": "'REQ-9'"}, {"status": "'approved'"}, {"revision": "2"}
    ),
    "requisition_paid_by_execution": updates(
        "requisition", "number IN ('REQ-000002', 'REQ-000003')", "status = 'paid'"
    ),
    "requisition_approved_by_steps": [
        *updates("requisition", REQ3, "status = 'approved'"),
        *updates("requisition", "number = 'REQ-000004'", "status = 'approved'"),
        # The last step is done, but the first was skipped without anybody approving.
        *attacks(
            f"UPDATE requisition SET status = 'approved' WHERE {REQ3}",
            first=("UPDATE approval_step SET status = 'skipped' WHERE requisition_id = <REQ-000003>",),
            disarmed=("approval_step",),
        ),
    ],
    "requisition_one_fund_one_company": copies(
        "requisition",
        "number = 'REQ-000004'",
        {"number": "'REQ-9'"},
        {"fund_id": "(SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'HQ')"},
        {"category_id": "(SELECT id FROM category WHERE company_id = :other AND code = 'general')"},
        {"currency": "'USD'"},
    ),
    "requisition_same_fund_one_company": updates(
        "requisition",
        "number = 'REQ-000004'",
        "fund_id = (SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'HQ')",
        "category_id = (SELECT id FROM category WHERE company_id = :other AND code = 'general')",
        "currency = 'USD'",
    ),
    "approval_step_not_requester_insert": copies(
        "approval_step",
        f"{_STEP}'current'",
        {"position": "9", "approver_id": "<ceo>", "status": "'waiting'"},
        {"approver_id": "<staff>"},
        {"acted_by_id": "<staff>"},
        {"on_behalf_of_id": "<staff>"},
    ),
    "approval_step_not_requester_update": updates(
        "approval_step",
        f"{_STEP}'current'",
        "approver_id = <staff>",
        "acted_by_id = <staff>",
        "on_behalf_of_id = <staff>",
        "acted_by_id = <staff>, status = 'done'",
    ),
    "approval_step_done_is_final": updates(
        "approval_step",
        f"{_STEP}'done'",
        "status = 'waiting'",
        "status = 'skipped'",
        "approver_id = <ceo>",
        "acted_by_id = <ceo>",
        "acted_at = NULL",
        "role = 'ceo'",
        "kind = 'review'",
    ),
    "approval_step_belongs": updates(
        "approval_step",
        f"{_STEP}'current'",
        "requisition_id = <REQ-000004>",
        "revision = 2",
        "position = 9",
        "kind = 'review'",
    ),
    "approval_trail_not_requester": copies(
        "approval_trail",
        "requisition_id = <REQ-000003> AND action = 'submitted'",
        {},
        *({"action": f"'{action}'"} for action in sorted(DECISIONS)),
        {"action": "'approved'", "user_id": "<ceo>", "on_behalf_of_id": "<staff>"},
    ),
    "treasury_fund_starts_at_zero": copies(
        "treasury_fund",
        "code = 'HQ' AND company_id = :company",
        _FUND,
        {"current_balance": "1"},
        {"current_balance": "1", "held_amount": "1"},
        {"ledger_sequence": "1"},
        {"voucher_sequence": "1"},
    ),
    "treasury_fund_fixed": updates(
        "treasury_fund",
        "code = 'MSA' AND company_id = :company",
        "company_id = :other, code = 'M2', is_active = false",
        "currency = 'USD'",
        "account_id = (SELECT id FROM account WHERE code = '1000' AND company_id = :company)",
    ),
    "treasury_fund_moves_by_entries": updates(
        "treasury_fund",
        "code = 'NBI' AND company_id = :company",
        "current_balance = current_balance + 1",
        "current_balance = current_balance - 1",
        "ledger_sequence = ledger_sequence + 1",
        "ledger_sequence = ledger_sequence - 1",
        # A balance together with its sequence, but without the entry.
        "current_balance = current_balance + 100, ledger_sequence = ledger_sequence + 1",
        "current_balance = current_balance - 100, ledger_sequence = ledger_sequence + 1",
        "current_balance = 10000000, ledger_sequence = 1",
    ),
    "treasury_fund_vouchers_count": updates(
        "treasury_fund",
        "code = 'NBI' AND company_id = :company",
        "voucher_sequence = voucher_sequence + 2",
        "voucher_sequence = voucher_sequence - 1",
        "voucher_year = voucher_year - 1",
        "voucher_year = voucher_year + 1",
        "voucher_year = voucher_year + 1, voucher_sequence = 2",
        "voucher_year = voucher_year - 1, voucher_sequence = 1",
    ),
    "payment_from_approved_revision": [
        *copies("payment", PAY2, _PAYMENT_3, {}),
        *copies(
            "payment",
            PAY2,
            _PAYMENT_3,
            {"amount": "1200001"},
            {"fund_id": "<fund HQ>"},
            {"method": "'mpesa'"},
            {"destination": "'0700'"},
            {"payee": "'Myself'"},
            {"currency": "'USD'"},
            {"revision": "2"},
            {"requested_by_id": "<ceo>"},
            {"company_id": ":other"},
            first=(_APPROVED_3,),
            disarmed=("requisition",),
        ),
    ],
    "payment_fixed": updates(
        "payment",
        PAY2,
        "id = :new",
        "company_id = :other",
        "number = 'PAY-9'",
        "requisition_id = <REQ-000003>",
        "revision = 2",
        "requested_by_id = <ceo>",
        "fund_id = <fund HQ>",
        "payee = 'Myself'",
        "amount = 1",
        "currency = 'USD'",
        "method = 'mpesa'",
        "destination = '0700'",
        "otp_required = false",
    ),
    "payment_starts_pending": copies(
        "payment",
        PAY2,
        _PAYMENT_3 | {"is_held": "false"},
        {"status": "'success'"},
        {"status": "'failed'"},
        {"retry_count": "1"},
        {"voucher_number": "'PCV-9'"},
    ),
    "payment_success_by_execution": [
        *updates("payment", PAY2, "status = 'success', is_held = false, voucher_number = 'PCV-9'"),
        # Executed, but without its entry in the cash book.
        *attacks(
            f"UPDATE payment SET status = 'success', is_held = false, voucher_number = 'PCV-9' WHERE {PAY2}",
            first=(_PAID_2,),
            disarmed=("payment_execution",),
        ),
        # Executed and booked, but without a voucher.
        *attacks(
            f"UPDATE payment SET status = 'success', is_held = false WHERE {PAY2}",
            first=(_PAID_2, copy("ledger_entry", _LAST, **_DEBIT_2)),
            disarmed=("payment_execution", "ledger_entry"),
        ),
    ],
    "payment_voucher_fixed": updates(
        "payment", "number = 'PAY-000001'", "voucher_number = NULL", "voucher_number = 'PCV-9'"
    ),
    "payment_executor_not_approver_insert": copies("payment", PAY2, _PAYMENT_3, {"executor_id": "<branch_manager>"}),
    "payment_executor_not_approver_update": updates("payment", PAY2, "executor_id = <branch_manager>"),
    "payment_execution_by_executor": [
        *copies(
            "payment_execution",
            "payment_id = <PAY-000001>",
            _EXECUTION | {"executor_id": "(SELECT executor_id FROM payment WHERE number = 'PAY-000002')"},
            {"executor_id": "<staff>"},
            {"executor_id": "<cfo>"},
            {"method": "'mpesa'"},
            {"company_id": ":other"},
        ),
        *copies(
            "payment_execution",
            "payment_id = <PAY-000001>",
            _EXECUTION,
            {"executor_id": "(SELECT executor_id FROM payment WHERE number = 'PAY-000002')"},
            first=(f"UPDATE payment SET status = 'cancelled', is_held = false WHERE {PAY2}",),
            disarmed=("payment",),
        ),
        *copies(
            "payment_execution",
            "payment_id = <PAY-000001>",
            _EXECUTION,
            {"executor_id": "(SELECT executor_id FROM payment WHERE number = 'PAY-000002')"},
            first=("UPDATE requisition SET status = 'withdrawn' WHERE number = 'REQ-000002'",),
            disarmed=("requisition",),
        ),
    ],
    "otp_challenge_fixed": [
        *updates(
            "otp_challenge",
            _OTP2,
            "id = :new",
            "payment_id = <PAY-000001>, voided_at = :now",
            "executor_id = <cfo>",
            f"payment_hash = '{'0' * 64}'",
            "channel = 'totp'",
            f"code_hmac = '{'0' * 64}'",
            "code_hmac = NULL",
            "expires_at = :later",
            "max_attempts = 500",
            "created_at = :later",
        ),
        *updates(
            "otp_challenge", _OTP2, "attempts = 0", first=(f"UPDATE otp_challenge SET attempts = 3 WHERE {_OTP2}",)
        ),
        *updates("otp_challenge", "payment_id = <PAY-000001>", "consumed_at = NULL", "consumed_at = :later"),
        *updates(
            "otp_challenge",
            _OTP2,
            "voided_at = NULL",
            first=(f"UPDATE otp_challenge SET voided_at = :now WHERE {_OTP2}",),
        ),
    ],
    "ledger_entry_follows": copies(
        "ledger_entry",
        _LAST,
        _NEXT,
        {"sequence": "sequence + 2"},
        {"sequence": "sequence + 1000"},
        {"balance_after": "balance_after"},
        {"balance_after": "balance_after + 101"},
        {"entry_type": "'credit'", "balance_after": "balance_after - 100"},
        {"entry_type": "'debit'"},
        {"amount": "-100"},
    ),
    "ledger_entry_matches_fund": [
        *copies(
            "ledger_entry",
            _LAST,
            _NEXT,
            {"currency": "'USD'"},
            {"account_id": "(SELECT id FROM account WHERE code = '1000' AND company_id = :company)"},
            {"company_id": ":other"},
            {"balance_after": "balance_after + 101"},
            {"sequence": "sequence + 2"},
        ),
        *copies(
            "ledger_entry",
            _LAST,
            _NEXT,
            {},
            first=("UPDATE treasury_fund SET current_balance = 7000000 WHERE id = <fund NBI>",),
            disarmed=("treasury_fund",),
        ),
    ],
    "ledger_entry_of_payment": [
        *copies("ledger_entry", _LAST, _DEBIT_2, {}),
        *copies(
            "ledger_entry",
            _LAST,
            _DEBIT_2,
            {"amount": "1"},
            {"amount": "450001"},
            {"entry_type": "'credit'"},
            {"fund_id": "<fund HQ>", "sequence": "500"},
            first=(_PAID_2,),
            disarmed=("payment_execution",),
        ),
    ],
    "ledger_entry_of_replenishment": [
        *copies("ledger_entry", _LAST_HQ, _CREDIT_2, {}),
        *copies(
            "ledger_entry",
            _LAST_HQ,
            _CREDIT_2,
            {"amount": "100001"},
            {"entry_type": "'debit'"},
            {"fund_id": "<fund NBI>", "sequence": "500"},
            first=(_COMPLETE_2,),
            disarmed=("replenishment",),
        ),
    ],
    "ledger_entry_opens_book": copies(
        "ledger_entry", _LAST, _NEXT | {"source_type": "'opening'"}, {"entry_type": "'credit'"}, {}
    ),
    "replenishment_fixed": updates(
        "replenishment",
        "number = 'RPL-000002'",
        "id = :new",
        "company_id = :other",
        "number = 'RPL-9'",
        "fund_id = <fund MSA>",
        "currency = 'USD'",
        "requested_amount = 1",
        "requested_by_id = <ceo>",
    ),
    "replenishment_starts_pending": copies(
        "replenishment",
        "number = 'RPL-000002'",
        _ASKED,
        {"status": "'approved'"},
        {"approved_by_id": "<ceo>"},
        {"completed_amount": "1"},
        {"status": "'rejected'"},
    ),
    "audit_event_follows": copies(
        "audit_event",
        _EVENT,
        _NEXT_EVENT,
        {"sequence": "sequence + 2"},
        {"previous_hash": f"'{'0' * 64}'"},
        {"previous_hash": "previous_hash"},
        {"stream": "'another'"},
    ),
    "stream_head_starts_empty": attacks(
        f"INSERT INTO stream_head (stream, length, head_hash) VALUES ('another', 1, '{'0' * 64}')",
        f"INSERT INTO stream_head (stream, length, head_hash) VALUES ('another', 0, '{'a' * 64}')",
    ),
    "stream_head_follows_events": updates(
        "stream_head",
        _HEAD,
        "length = length + 1",
        "length = length - 1",
        "length = 0",
        f"head_hash = '{'0' * 64}'",
        "stream = 'another'",
        f"length = 0, head_hash = '{'0' * 64}'",
    ),
    "user_id_fixed": [
        # Somebody whom no row names, so that a foreign key does not speak first.
        *updates("user", "username = 'b_ceo'", "id = :new", "username = 'somebody'"),
    ],
    "user_id_spelt": copies(
        "user",
        "username = 'cfo'",
        {"username": "'cfo2'", "number": "999"},
        {"id": "upper(id)"},
        {"id": "CAST(id AS BLOB)"},
        {"id": "id || '0'"},
        {"id": "'cfo'"},
    ),
    "installation_kind_fixed": updates("installation", "id = 1", "kind = 'demo'"),
    "number_counter_counts": updates(
        "number_counter", "kind = 'REQ' AND company_id = :company", "last_value = last_value - 1", "last_value = 0"
    ),
    **_nobody("requisition", "number = 'REQ-000004'", ["requested_by_id"], number="'REQ-9'"),
    **_nobody(
        "approval_step",
        f"{_STEP}'current'",
        ["approver_id", "acted_by_id", "on_behalf_of_id"],
        position="9",
        approver_id="<ceo>",
        status="'waiting'",
    ),
    **_nobody("approval_trail", "action = 'submitted'", ["user_id", "on_behalf_of_id"]),
    **_nobody("payment", PAY2, ["executor_id"], **_PAYMENT_3),
    **_nobody("payment_execution", "payment_id = <PAY-000001>", ["executor_id"], **_EXECUTION),
    **_nobody(
        "replenishment",
        "number = 'RPL-000002'",
        ["requested_by_id", "approved_by_id", "completed_by_id"],
        **_ASKED,
    ),
}
FLOWS: dict[str, tuple[dict[Any, frozenset[Any]], str, str]] = {
    "requisition_flow": (REQUISITION_FLOW, "number = 'REQ-000004'", ""),
    "payment_flow": (PAYMENT_FLOW, PAY2, ", is_held = false"),
    "replenishment_flow": (REPLENISHMENT_FLOW, "number = 'RPL-000003'", ""),
}
RULE_OF = {rule.name: rule for rule in RULES}
GENERIC = tuple(f"_no_{what}" for what in ("update", "delete", "replace", "swap"))


@pytest.mark.parametrize("name", ATTACKS)
def test_the_rule_refuses_and_nothing_else_would_have(world: World, name: str) -> None:
    rule = RULE_OF[name]
    if rule.sqlite_only and not world.raw.sqlite:
        pytest.skip("Postgres has foreign keys, or no such statement")
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


def test_what_is_written_is_not_truncated(world: World) -> None:
    if world.raw.sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    for table in triggers.KEPT:
        with world.raw.undone():
            assert world.raw.tried(f'TRUNCATE "{table}" CASCADE') == "kept_no_truncate"


# --- unique keys, and SQLite's way past the delete triggers ----------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A unique key: its columns, and the condition under which it holds."""

    name: str
    table: str
    columns: frozenset[str]
    where: str = ""


def _named_in(expression: str, table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if re.search(rf"\b{column.name}\b", expression))


def _keys(table: Table) -> list[Key]:
    found = [
        Key(str(c.name), table.name, frozenset(column.name for column in c.columns))
        for c in table.constraints
        if isinstance(c, UniqueConstraint)
    ]
    for index in table.indexes:
        if index.unique:
            parts = [part.name if isinstance(part, Column) else str(part) for part in index.expressions]
            where = index.dialect_options["sqlite"]["where"]
            columns = frozenset().union(*(_named_in(part, table) for part in parts))
            found.append(Key(str(index.name), table.name, columns, "" if where is None else str(where)))
    return found


KEYS = {key.name: key for name in triggers.KEPT for key in _keys(metadata.tables[name])}


def _another(value: Any) -> Any:
    """A value that differs."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + 1000
    return new_id() if len(str(value)) in (32, 36) else f"{value}~"


def _apart(row: dict[str, Any], table: Table, but: frozenset[str]) -> dict[str, Any]:
    """The row with its primary key and every unique key changed, except in these columns."""
    changed = dict(row)
    keys = [*_keys(table), Key("", table.name, frozenset(column.name for column in table.primary_key))]
    for key in keys:
        spare = sorted((key.columns | _named_in(key.where, table)) - but, key=lambda name: name.endswith("_id"))
        for name in spare:
            if changed[name] == row[name]:
                changed[name] = _another(row[name])
    return changed


def _rows(world: World, table: str, where: str = "") -> list[dict[str, Any]]:
    condition = (
        where
        if world.raw.sqlite
        else where.replace("is_active = 1", "is_active").replace("is_default = 1", "is_default")
    )
    order = ", ".join(column.name for column in metadata.tables[table].primary_key)
    cursor = world.raw.run(f'SELECT * FROM "{table}" WHERE {condition or "1 = 1"} ORDER BY {order}')
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _insert(world: World, table: str, row: dict[str, Any]) -> str:
    verb = "INSERT OR REPLACE" if world.raw.sqlite else "INSERT"
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    return world.raw.tried(f'{verb} INTO "{table}" ({names}) VALUES ({places})', **row)


@pytest.mark.parametrize("name", KEYS)
def test_a_row_is_not_put_in_the_place_of_another(world: World, name: str) -> None:
    key = KEYS[name]
    table = metadata.tables[key.table]
    kept = key.columns | _named_in(key.where, table)
    with world.raw.undone():
        victim = _rows(
            world,
            key.table,
            " AND ".join(
                filter(None, [key.where, *(f"{c} IS NOT NULL" for c in sorted(key.columns) if "scope" not in name)])
            ),
        )[0]
        world.raw.disarm(key.table)
        if world.raw.sqlite:
            world.raw.arm(key.table, f"{key.table}_no_replace")
        assert _insert(world, key.table, _apart(victim, table, kept)) == name


UPDATED = [name for name, key in KEYS.items() if f"{key.table}_no_swap" in RULE_OF]


@pytest.mark.parametrize("name", UPDATED)
def test_a_row_does_not_take_the_place_of_another(world: World, name: str) -> None:
    key = KEYS[name]
    if f"{key.table}_no_update" in RULE_OF:
        return
    table = metadata.tables[key.table]
    kept = key.columns | _named_in(key.where, table)
    primary = [column.name for column in table.primary_key]
    with world.raw.undone():
        conditions = [key.where, *(f"{c} IS NOT NULL" for c in sorted(key.columns) if "scope" not in name)]
        victim = _rows(world, key.table, " AND ".join(filter(None, conditions)))[0]
        attacker = next(row for row in _rows(world, key.table) if any(row[c] != victim[c] for c in primary))
        world.raw.disarm(key.table)
        if world.raw.sqlite:
            world.raw.arm(key.table, f"{key.table}_no_swap")
        new = _apart(attacker, table, frozenset(primary))
        new |= {column: victim[column] for column in kept}
        verb = "UPDATE OR REPLACE" if world.raw.sqlite else "UPDATE"
        changes = ", ".join(f"{column} = :{column}" for column in new if column not in primary)
        where = " AND ".join(f"{column} = :{column}" for column in primary)
        assert world.raw.tried(f'{verb} "{key.table}" SET {changes} WHERE {where}', **new) == name


@pytest.mark.parametrize("table", triggers.KEPT)
def test_neither_the_primary_key_nor_the_hidden_rowid_lets_a_row_be_replaced(world: World, table: str) -> None:
    if not world.raw.sqlite:
        pytest.skip("Postgres has neither")
    found = metadata.tables[table]
    primary = frozenset(column.name for column in found.primary_key)
    with world.raw.undone():
        rows = _rows(world, table)
        world.raw.disarm(table)
        world.raw.arm(table, f"{table}_no_replace")
        assert _insert(world, table, _apart(rows[0], found, primary)) == f"{table}_no_replace"
        if table == "installation":
            return
        hidden = world.raw.one(f'SELECT MIN(rowid) FROM "{table}"')
        for spelling in ("rowid", "oid", "_rowid_"):
            row = {spelling: hidden, **_apart(rows[0], found, frozenset())}
            assert _insert(world, table, row) == f"{table}_no_replace"
        if f"{table}_no_swap" not in RULE_OF or len(rows) < 2:
            return
        world.raw.disarm(table)
        world.raw.arm(table, f"{table}_no_swap")
        for spelling in ("rowid", "oid", "_rowid_"):
            moved = f'UPDATE OR REPLACE "{table}" SET {spelling} = :hidden WHERE rowid > :hidden'
            assert world.raw.tried(moved, hidden=hidden) == f"{table}_no_swap"
        if "id" in found.columns:
            taken = f'UPDATE OR REPLACE "{table}" SET id = :id WHERE id <> :id'
            assert world.raw.tried(taken, id=rows[0]["id"]) == f"{table}_no_swap"


def test_a_raw_connection_is_as_careless_as_the_tests_say(world: World) -> None:
    if not world.raw.sqlite:
        pytest.skip("of SQLite")
    assert world.raw.one("PRAGMA foreign_keys") == 0
    assert world.raw.one("PRAGMA recursive_triggers") == 0


# --- checks ----------------------------------------------------------------------------------------------------------

CHECKS: dict[str, tuple[str, ...]] = {
    "ck_company_otp_threshold_not_negative": ("otp_threshold = -1",),
    "ck_company_sla_positive": tuple(f"sla_hours_tier{tier} = 0" for tier in (1, 2, 3, 4)),
    "ck_company_policy_positive": (
        "otp_expiry_seconds = 0",
        "otp_max_attempts = 0",
        "otp_resend_seconds = -1",
        "lock_after_failures = 0",
        "idle_lock_minutes = 0",
        "session_hours = 0",
    ),
    "ck_installation_only_one": ("id = 2",),
    "ck_stream_head_length_not_negative": ("length = -1",),
    "ck_approval_threshold_min_amount_not_negative": ("min_amount = -1",),
    "ck_number_counter_last_value_not_negative": ("last_value = -1",),
    "ck_position_level_positive": ("level = 0",),
    "ck_delegation_days_in_order": ("ends_on = '2020-01-01'",),
    "ck_delegation_not_to_oneself": ("delegate_id = approver_id",),
    "ck_treasury_fund_levels_in_order": ("reorder_level = -1", "target_balance = reorder_level - 1"),
    "ck_treasury_fund_counters_not_negative": ("ledger_sequence = -1", "voucher_sequence = -1"),
    "ck_treasury_fund_current_balance_not_negative": ("current_balance = -1, held_amount = -1",),
    "ck_treasury_fund_held_amount_not_negative": ("held_amount = -1",),
    "ck_treasury_fund_available_not_negative": ("held_amount = current_balance + 1",),
    "ck_replenishment_requested_amount_positive": ("requested_amount = 0", "requested_amount = -1"),
    "ck_replenishment_completed_amount_positive": ("completed_amount = 0", "completed_amount = -1"),
    "ck_replenishment_approver_not_requester": ("approved_by_id = requested_by_id",),
    "ck_replenishment_completed_after_approval": (
        "status = 'completed', approved_by_id = NULL",
        "status = 'completed', completed_amount = NULL",
        "status = 'completed', reference = NULL",
    ),
    "ck_requisition_urgency_has_reason": ("is_urgent = true, urgency_reason = ''",),
    "ck_requisition_origin_has_place": (
        "origin_type = 'branch', branch_id = NULL",
        "origin_type = 'field', region_id = NULL",
        "origin_type = 'hq', region_id = (SELECT id FROM region LIMIT 1)",
        "origin_type = 'hq', branch_id = (SELECT id FROM branch LIMIT 1)",
    ),
    "ck_requisition_amount_positive": ("amount = 0", "amount = -1"),
    "ck_requisition_revision_counts": ("revision = 0",),
    "ck_approval_step_position_counts": ("position = 0",),
    "ck_approval_step_done_by_somebody": ("status = 'done', acted_by_id = NULL",),
    "ck_approval_trail_not_for_oneself": ("on_behalf_of_id = user_id",),
    "ck_approval_trail_somebody_acted": ("user_id = NULL",),
    "ck_attachment_size_positive": ("size = 0",),
    "ck_payment_held_open": ("status = 'cancelled', is_held = true", "status = 'success', is_held = true"),
    "ck_payment_executor_not_requester": ("executor_id = requested_by_id",),
    "ck_payment_amount_positive": ("amount = 0", "amount = -450000"),
    "ck_payment_retries_counted": ("retry_count = -1", "retry_count = max_retries + 1"),
    "ck_ledger_entry_amount_signed": (
        "amount = 0",
        "amount = -1, entry_type = 'credit'",
        "amount = -1, entry_type = 'debit'",
        "amount = 0, entry_type = 'adjustment'",
    ),
    "ck_ledger_entry_payment_named": (
        "source_type = 'payment', payment_id = NULL, replenishment_id = NULL",
        "source_type = 'variance', payment_id = (SELECT id FROM payment LIMIT 1), replenishment_id = NULL",
    ),
    "ck_ledger_entry_replenishment_named": (
        "source_type = 'replenishment', payment_id = NULL, replenishment_id = NULL",
        "source_type = 'variance', payment_id = NULL, replenishment_id = (SELECT id FROM replenishment LIMIT 1)",
    ),
    "ck_ledger_entry_balance_after_not_negative": ("balance_after = -1",),
    "ck_ledger_entry_sequence_counts": ("sequence = 0",),
    "ck_ledger_entry_two_accounts": ("contra_account_id = account_id",),
    "ck_otp_challenge_void_is_not_consumed": (
        "consumed_at = created_at, verified_at = created_at, voided_at = created_at",
    ),
    "ck_otp_challenge_verified_before_consumed": ("consumed_at = created_at, verified_at = NULL, voided_at = NULL",),
    "ck_otp_challenge_attempts_not_negative": ("attempts = -1",),
    "ck_payment_execution_code_of_executor": ("otp_verified_by_id = (SELECT id FROM \"user\" WHERE username = 'cfo')",),
}


def _all_checks() -> dict[str, str]:
    return {
        str(constraint.name): table.name
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


KNOWN = {name: table for name, table in _all_checks().items() if name.endswith("_known")}
WHOLE = {
    f"ck_{table.name}_{column.name}_integer": (table.name, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, BigInteger)
}


def _one_row(world: World, table: str) -> str:
    """A condition for one row of the table; a row is made where the story has none."""
    if table == "position":
        world.raw.run(
            "INSERT INTO position (id, created_at, updated_at, is_active, company_id, title, level)"
            " VALUES (:new, :now, :now, true, :company, 'Clerk', 1)",
            **world.values,
        )
    found = metadata.tables[table]
    order = [column.name for column in found.primary_key]
    quoted = f'"{table}"'
    return " AND ".join(f"{name} = (SELECT {name} FROM {quoted} ORDER BY {', '.join(order)} LIMIT 1)" for name in order)


@pytest.mark.parametrize("name", CHECKS)
def test_the_check_refuses(world: World, name: str) -> None:
    table = _all_checks()[name]
    for change in CHECKS[name]:
        with world.raw.undone():
            world.raw.disarm(table)
            where = _one_row(world, table)
            assert world.raw.tried(f'UPDATE "{table}" SET {change} WHERE {where}') == name, change


def test_a_choice_is_one_of_its_values(world: World) -> None:
    for name, table in KNOWN.items():
        column = name.removeprefix(f"ck_{table}_").removesuffix("_known")
        value = 9 if column == "tier" else "nonsense"
        with world.raw.undone():
            world.raw.disarm(table)
            where = _one_row(world, table)
            assert world.raw.tried(f'UPDATE "{table}" SET "{column}" = :value WHERE {where}', value=value) == name


def test_amounts_and_counts_are_whole_numbers_of_eight_bytes(world: World) -> None:
    sqlite = world.raw.sqlite
    values = ["1.5", "'x'", "X'31'", "10000000000000000000", "1e300"] if sqlite else ["'x'", "10000000000000000000"]
    for name, (table, column) in WHOLE.items():
        with world.raw.undone():
            world.raw.disarm(table)
            where = _one_row(world, table)
            if world.raw.one(f'SELECT COUNT(*) FROM "{table}" WHERE {where}') == 0:
                assert table in ("form_draft", "sign_in_session"), table
                continue
            told = [world.raw.tried(f'UPDATE "{table}" SET {column} = {value} WHERE {where}') for value in values]
            assert WENT_THROUGH not in told, (name, told)
            assert not sqlite or name in told


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("requisition", "amount"),
        ("payment", "amount"),
        ("ledger_entry", "amount"),
        ("ledger_entry", "balance_after"),
        ("treasury_fund", "current_balance"),
        ("treasury_fund", "held_amount"),
        ("replenishment", "requested_amount"),
        ("payment", "fund_id"),
        ("payment", "requested_by_id"),
        ("payment_execution", "executor_id"),
        ("approval_step", "approver_id"),
    ],
)
def test_an_amount_and_whose_it_is_are_never_missing(world: World, table: str, column: str) -> None:
    with world.raw.undone():
        world.raw.disarm(table)
        told = world.raw.tried(f"UPDATE {table} SET {column} = NULL")
        assert told.startswith(("NOT NULL", "NotNullViolation"))


def test_digits_in_quotes_become_a_number(world: World) -> None:
    with world.raw.undone():
        world.raw.run("UPDATE requisition SET amount = '12' WHERE number = 'REQ-000004'")
        assert world.raw.one("SELECT amount + 1 FROM requisition WHERE number = 'REQ-000004'") == 13


# --- all rules together ----------------------------------------------------------------------------------------------


def test_writing_an_entry_moves_its_fund_and_nothing_else_does(world: World) -> None:
    values, state = world.values, "SELECT current_balance, ledger_sequence FROM treasury_fund WHERE id = "
    with world.raw.undone():
        before = world.raw.run(world.sql(f"{state}<fund NBI>"), **values).fetchone()
        world.raw.run(world.sql(copy("ledger_entry", _LAST, **_NEXT)), **values)
        assert tuple(world.raw.run(world.sql(f"{state}<fund NBI>"), **values).fetchone()) == (
            before[0] + 100,
            before[1] + 1,
        )


WHOLE_ATTACKS = {
    "a second payment of a requisition": copy("payment", PAY2, number="'PAY-9'"),
    "a second execution of a payment": copy("payment_execution", "payment_id = <PAY-000001>", gateway_reference="'R'"),
    "a second entry of a payment": copy("ledger_entry", "payment_id = <PAY-000001>", sequence="100"),
    "a fund with money in it": copy(
        "treasury_fund", "code = 'HQ' AND company_id = :company", **{**_FUND, "current_balance": "100"}
    ),
    "a second active fund of head office": copy(
        "treasury_fund", "code = 'HQ' AND company_id = :company", **{**_FUND, "is_active": "true"}
    ),
    "a second active fund of a branch": copy(
        "treasury_fund", "code = 'NBI' AND company_id = :company", **{**_FUND, "is_active": "true", "region_id": "NULL"}
    ),
    "a second open replenishment": copy("replenishment", "number = 'RPL-000002'", **{**_ASKED, "fund_id": "<fund HQ>"}),
    "a replenishment approved by who asked": (
        "UPDATE replenishment SET status = 'approved', approved_by_id = requested_by_id WHERE number = 'RPL-000001'"
    ),
    "a reference used twice": (
        "UPDATE replenishment SET status = 'completed', completed_amount = 1, reference = 'BANK-1'"
        " WHERE number = 'RPL-000002'"
    ),
    "an entry backdated into the middle": copy("ledger_entry", _LAST, **{**_NEXT, "sequence": "2"}),
    "an entry that overdraws": copy(
        "ledger_entry", _LAST, **{**_NEXT, "amount": "-100000000", "balance_after": "balance_after - 100000000"}
    ),
    "a draft that is already approved": copy("requisition", "number = 'REQ-000004'", number="'R'", status="'approved'"),
    "a requester changed after the fact": f"UPDATE requisition SET requested_by_id = <ceo> WHERE {REQ3}",
    "an amount raised after approval": f"UPDATE requisition SET amount = 99999900 WHERE {REQ3}",
    "a code spent again": "UPDATE otp_challenge SET consumed_at = NULL WHERE payment_id = <PAY-000001>",
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


def test_every_check_is_attacked() -> None:
    assert set(_all_checks()) == set(CHECKS) | set(KNOWN) | set(WHOLE)


def test_every_unique_key_of_what_is_kept_is_attacked() -> None:
    assert {key.table for key in KEYS.values()} <= set(triggers.KEPT)
    money = {"requisition", "payment", "payment_execution", "ledger_entry", "replenishment", "treasury_fund"}
    assert money <= {key.table for key in KEYS.values()}


def test_every_table_of_money_is_kept() -> None:
    guarded = {
        table.name
        for table in metadata.sorted_tables
        if any("amount" in c.name or "balance" in c.name for c in table.columns)
    }
    assert guarded <= set(triggers.KEPT)


def test_every_rule_has_a_sentence() -> None:
    for rule in RULES:
        assert sentence_for(rule.name) is not None, rule.name


def test_rules_have_names_of_their_own() -> None:
    assert len(RULE_OF) == len(RULES)
    assert all(isinstance(rule, Rule) and rule.name.startswith(rule.table) for rule in RULES)
