"""What is tried against each trigger: statements that go through without it, and are refused by it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pettycash_tui.database.triggers import RULES
from pettycash_tui.models.enums import DECISIONS, NOTICE_FLOW, PAYMENT_FLOW, REPLENISHMENT_FLOW, REQUISITION_FLOW
from pettycash_tui.models.tables import metadata


def copy(table: str, where: str, **changes: str) -> str:
    """An INSERT of a row like that one, with these columns (SQL) instead. The id is new."""
    columns = metadata.tables[table].columns
    if "id" in columns:
        changes = {"id": ":new", **changes}
    parts = ", ".join(changes.get(column.name, column.name) for column in columns)
    names = ", ".join(column.name for column in columns)
    return f'INSERT INTO "{table}" ({names}) SELECT {parts} FROM "{table}" WHERE {where}'


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
_NOTICE = "occasion = (SELECT MIN(occasion) FROM notice WHERE occasion LIKE 'step:%')"
_CURSOR = "stream = (SELECT MIN(stream) FROM notice_cursor WHERE sequence > 0)"
LAST_ENTRY = "fund_id = <fund NBI> AND sequence = (SELECT MAX(sequence) FROM ledger_entry WHERE fund_id = <fund NBI>)"
NEXT_ENTRY = {
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
    **NEXT_ENTRY,
    "entry_type": "'debit'",
    "amount": "450000",
    "source_type": "'payment'",
    "payment_id": "<PAY-000002>",
}
_CREDIT_2 = {
    **NEXT_ENTRY,
    "entry_type": "'credit'",
    "amount": "100000",
    "source_type": "'replenishment'",
    "replenishment_id": "<RPL-000002>",
}
_LAST_OF_HQ = LAST_ENTRY.replace("NBI", "HQ")
_COMPLETE_2 = (
    "UPDATE replenishment SET status = 'completed', completed_amount = 100000, reference = 'B'"
    " WHERE number = 'RPL-000002'"
)
NEW_FUND = {
    "code": "'NEW'",
    "is_active": "false",
    "current_balance": "0",
    "held_amount": "0",
    "ledger_sequence": "0",
    "voucher_sequence": "0",
}
NEW_REQUEST = {"number": "'RPL-9'", "fund_id": "<fund MSA>", "status": "'pending'", "reference": "NULL"}
NEW_REQUEST |= {"approved_by_id": "NULL", "completed_amount": "NULL"}
_SUBMITTED = "requisition_id = <REQ-000003> AND action = 'submitted'"
_STEP = "requisition_id = <REQ-000003> AND status = "
_EXECUTION = {"payment_id": "<PAY-000002>", "gateway_reference": "'R-9'", "otp_verified_by_id": "NULL"}
_OTP2 = "payment_id = <PAY-000002>"
_EVENT = "stream = (SELECT MIN(stream) FROM stream_head) AND sequence = (SELECT length FROM stream_head s WHERE"
_EVENT += " s.stream = audit_event.stream)"
_FOLLOWING_EVENT = {"sequence": "sequence + 1", "previous_hash": "event_hash", "event_hash": f"'{'f' * 64}'"}
_HEAD = "stream = (SELECT MIN(stream) FROM stream_head)"


def _nobody(table: str, where: str, columns: list[str], **base: str) -> dict[str, list[Attack]]:
    """People who do not exist, or are spelt as somebody else: for a connection without foreign keys."""
    spelt = (f"'{'0' * 32}'", "(SELECT upper(id) FROM \"user\" WHERE username = 'cfo')", "CAST(<cfo> AS BLOB)")
    found = {f"{table}_known_people_insert": copies(table, where, base, *({c: who} for c in columns for who in spelt))}
    if f"{table}_no_update" not in {rule.name for rule in RULES}:
        changes = [f"{column} = {who}" for column in columns for who in spelt]
        found[f"{table}_known_people_update"] = updates(table, where, *changes)
    return found


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
        NEW_FUND,
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
    "payment_fixed": [
        *updates(
            "payment",
            PAY2,
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
        *attacks(
            f"UPDATE payment SET id = :new WHERE {PAY2}",
            first=("DELETE FROM otp_challenge WHERE payment_id = <PAY-000002>",),
            disarmed=("otp_challenge",),
        ),
    ],
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
            first=(_PAID_2, copy("ledger_entry", LAST_ENTRY, **_DEBIT_2)),
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
        LAST_ENTRY,
        NEXT_ENTRY,
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
            LAST_ENTRY,
            NEXT_ENTRY,
            {"currency": "'USD'"},
            {"account_id": "(SELECT id FROM account WHERE code = '1000' AND company_id = :company)"},
            {"company_id": ":other"},
            {"balance_after": "balance_after + 101"},
            {"sequence": "sequence + 2"},
        ),
        *copies(
            "ledger_entry",
            LAST_ENTRY,
            NEXT_ENTRY,
            {},
            first=("UPDATE treasury_fund SET current_balance = 7000000 WHERE id = <fund NBI>",),
            disarmed=("treasury_fund",),
        ),
    ],
    "ledger_entry_of_payment": [
        *copies("ledger_entry", LAST_ENTRY, _DEBIT_2, {}),
        *copies(
            "ledger_entry",
            LAST_ENTRY,
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
        *copies("ledger_entry", _LAST_OF_HQ, _CREDIT_2, {}),
        *copies(
            "ledger_entry",
            _LAST_OF_HQ,
            _CREDIT_2,
            {"amount": "100001"},
            {"entry_type": "'debit'"},
            {"fund_id": "<fund NBI>", "sequence": "500"},
            first=(_COMPLETE_2,),
            disarmed=("replenishment",),
        ),
    ],
    "ledger_entry_opens_book": copies(
        "ledger_entry", LAST_ENTRY, NEXT_ENTRY | {"source_type": "'opening'"}, {"entry_type": "'credit'"}, {}
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
        NEW_REQUEST,
        {"status": "'approved'"},
        {"approved_by_id": "<ceo>"},
        {"completed_amount": "1"},
        {"status": "'rejected'"},
    ),
    "audit_event_follows": copies(
        "audit_event",
        _EVENT,
        _FOLLOWING_EVENT,
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
    "notice_fixed": [
        # Of the columns that refer to others, those values are taken that a foreign key has nothing against.
        *updates(
            "notice",
            _NOTICE,
            "id = :new",
            "created_at = :later",
            "company_id = NULL",
            "company_id = :other",
            "person_id = <ceo>",
            "kind = 'paid'",
            "subject_type = 'fund'",
            "subject_number = 'REQ-9'",
            "event_stream = 'another'",
            "event_sequence = 999",
            "occasion = 'another'",
            "channel = 'sms'",
            "title = 'Something else'",
            "body = 'Something else'",
        )
    ],
    "notice_attempts_count": updates(
        "notice", _NOTICE, "attempts = 0", "attempts = attempts + 1", "sent_at = NULL", "sent_at = :later"
    )[:2]
    + updates("notice", _NOTICE, "sent_at = :later"),
    "notice_cursor_forward": updates("notice_cursor", _CURSOR, "sequence = sequence - 1", "stream = 'another'"),
    **_nobody("notice", _NOTICE, ["person_id"], occasion="'another'"),
    **_nobody("requisition", "number = 'REQ-000004'", ["requested_by_id"], number="'REQ-9'"),
    **_nobody(
        "approval_step",
        f"{_STEP}'current'",
        ["approver_id", "acted_by_id", "on_behalf_of_id"],
        position="9",
        approver_id="<ceo>",
        status="'waiting'",
    ),
    **_nobody(
        "approval_trail", "requisition_id = <REQ-000003> AND action = 'submitted'", ["user_id", "on_behalf_of_id"]
    ),
    **_nobody("payment", PAY2, ["executor_id"], **_PAYMENT_3),
    **_nobody("payment_execution", "payment_id = <PAY-000001>", ["executor_id"], **_EXECUTION),
    **_nobody(
        "replenishment",
        "number = 'RPL-000002'",
        ["requested_by_id", "approved_by_id", "completed_by_id"],
        **NEW_REQUEST,
    ),
}
FLOWS: dict[str, tuple[dict[Any, frozenset[Any]], str, str]] = {
    "requisition_flow": (REQUISITION_FLOW, "number = 'REQ-000004'", ""),
    "payment_flow": (PAYMENT_FLOW, PAY2, ", is_held = false"),
    "notice_flow": (NOTICE_FLOW, _NOTICE, ", sent_at = created_at, next_attempt_at = created_at"),
    "replenishment_flow": (REPLENISHMENT_FLOW, "number = 'RPL-000003'", ""),
}


RULE_OF = {rule.name: rule for rule in RULES}
