"""What is tried against each trigger: statements that go through without it, and are refused by it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pettycash_tui.database.triggers import RULES
from pettycash_tui.models.enums import (
    DECISIONS,
    NOTICE_FLOW,
    ORDER_FLOW,
    PAYMENT_FLOW,
    REPLENISHMENT_FLOW,
    REQUISITION_FLOW,
    SCHEDULE_FLOW,
    TRANSFER_FLOW,
    VARIANCE_FLOW,
)
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
_FINGERPRINT = "x" * 50
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
    "variance_id": "<VAR-000001>",
    "transfer_id": "NULL",
    "corrects_id": "(SELECT id FROM ledger_entry WHERE payment_id = <PAY-000001>)",
    "created_by_id": "<cfo>",
}
_NO_VARIANCE = {"variance_id": "NULL", "corrects_id": "NULL"}
_DEBIT_2 = {
    **NEXT_ENTRY,
    "entry_type": "'debit'",
    "amount": "450000",
    "source_type": "'payment'",
    "payment_id": "<PAY-000002>",
    **_NO_VARIANCE,
}
_CREDIT_2 = {
    **NEXT_ENTRY,
    **_NO_VARIANCE,
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
_DAY_11 = "payment_id = <PAY-000011>"
_NEW_DAY = {"payment_id": "<PAY-000011>"}
_FREE_11 = f"DELETE FROM payment_schedule WHERE {_DAY_11}"
_LIST_11 = f"SELECT bundle_id FROM payment_schedule WHERE {_DAY_11}"
_ENDED_11 = f"UPDATE payment_schedule SET status = 'void', ended_at = :now, reason = 'x' WHERE {_DAY_11}"
_BAT = "number = 'BAT-000001'"
_NEW_BATCH = {"number": "'BAT-9'", "message_id": "'M-9'"}
_TWO_LISTED = "SELECT id FROM payment_bundle WHERE payment_count = 2"
_LINE_1 = "batch_id = <BAT-000001> AND position = 1"
_NEW_LINE = {"conversation_id": "'C-9'", "attempt": "9", "status": "'failed'", "position": "9"}
_OF_OTHER_BATCH = {**_NEW_LINE, "batch_id": "(SELECT id FROM bank_batch WHERE number = 'BAT-9')", "position": "1"}
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
# --- reconciliations, variances, transfers ---
_UNDO_4 = {"sequence": "2", "act": "'undone'", "reason": "'x'"}
_VARIANCE_9 = {
    "number": "'VAR-9'",
    "payment_id": "<PAY-000004>",
    "original_amount": "440000",
    "adjusted_amount": "440100",
    "variance_amount": "100",
}
_APPROVE_1 = "status = 'approved', approved_by_id = <cfo>, approved_at = :now"
_REJECT_1 = "status = 'rejected', rejected_by_id = <cfo>, rejected_at = :now, rejection_reason = 'x'"
_COMPLETE_TRANSFER = "status = 'completed', approved_by_id = <cfo>, completed_at = :now"
_TRANSFER_DEBIT = {
    **NEXT_ENTRY,
    **_NO_VARIANCE,
    "entry_type": "'debit'",
    "amount": "10000",
    "balance_after": "balance_after - 10000",
    "source_type": "'transfer'",
    "transfer_id": "<TRF-000001>",
    "contra_account_id": "(SELECT id FROM account WHERE purpose = 'transfers_in_transit' AND company_id = :company)",
}
_TRANSFER_CREDIT = {
    **_TRANSFER_DEBIT,
    "id": f"'{'1' * 32}'",
    "entry_type": "'credit'",
    "balance_after": "balance_after + 10000",
}
_TRANSFER_DEBITED = copy("ledger_entry", _LAST_OF_HQ, **_TRANSFER_DEBIT)
_TRANSFER_CREDITED = copy("ledger_entry", LAST_ENTRY, **_TRANSFER_CREDIT)
_CLAIMED = "replenishment_id = <RPL-000004> AND sequence = 2"
_ENTRY = "(SELECT id FROM ledger_entry WHERE fund_id = <fund NBI> AND sequence = {})"
_CLOSED_MONTH = "starts_on = '2026-01-01'"
_MONTH_BEFORE = {"starts_on": "'2025-12-01'", "ends_on": "'2025-12-31'"}
_LATE = "reopened_at = closed_at, reopen_reason = 'late'"
_SUBMITTED = "requisition_id = <REQ-000003> AND action = 'submitted'"
_STEP = "requisition_id = <REQ-000003> AND status = "
_EXECUTION = {"payment_id": "<PAY-000002>", "gateway_reference": "'R-9'", "otp_verified_by_id": "NULL"}
_OTP2 = "payment_id = <PAY-000002>"
_SENT, _REFUSED = "payment_id = <PAY-000005>", "payment_id = <PAY-000006>"
_NEW_ORDER = {
    "payment_id": "<PAY-000002>",
    "executor_id": "(SELECT executor_id FROM payment WHERE number = 'PAY-000002')",
    "conversation_id": "'C-9'",
    "status": "'sending'",
    "sent_at": "NULL",
}
_BATCH = {"gateway": "'bank_file'", "batch_id": "(SELECT id FROM bank_batch)", "position": "3"}
LAST_EVENT = "stream = (SELECT MIN(stream) FROM stream_head) AND sequence = (SELECT length FROM stream_head s WHERE"
LAST_EVENT += " s.stream = audit_event.stream)"
_FOLLOWING_EVENT = {"sequence": "sequence + 1", "previous_hash": "event_hash", "event_hash": f"'{'f' * 64}'"}
HEAD = "stream = (SELECT MIN(stream) FROM stream_head)"


def _nobody(table: str, where: str, columns: list[str], **base: str) -> dict[str, list[Attack]]:
    """People who do not exist, or are spelt as somebody else: for a connection without foreign keys."""
    spelt = (f"'{'0' * 32}'", "(SELECT upper(id) FROM \"user\" WHERE username = 'cfo')", "CAST(<cfo> AS BLOB)")
    found = {f"{table}_known_people_insert": copies(table, where, base, *({c: who} for c in columns for who in spelt))}
    if f"{table}_no_update" not in {rule.name for rule in RULES}:
        changes = [f"{column} = {who}" for column in columns for who in spelt]
        found[f"{table}_known_people_update"] = updates(table, where, *changes)
    return found


_OPEN_CODE = "code_hmac = (SELECT MIN(code_hmac) FROM recovery_code WHERE used_at IS NULL AND voided_at IS NULL)"
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
    "approval_step_skipped_by_an_act": [
        *updates("approval_step", f"{_STEP}'current'", "status = 'skipped'"),
        Attack(
            "UPDATE approval_step SET status = 'skipped' WHERE requisition_id = <REQ-000003> AND kind = 'validate'",
            first=(f"UPDATE requisition SET status = 'pending_urgency_confirmation' WHERE {REQ3}",),
            disarmed=("requisition",),
        ),
    ],
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
    "payment_order_starts_sending": copies(
        "payment_order",
        _SENT,
        _NEW_ORDER,
        {"status": "'sent'"},
        {"status": "'failed'"},
        {"status": "'succeeded'", "gateway_reference": "'R'"},
        {"sent_at": ":now"},
        {"settled_at": ":now"},
        {"gateway_reference": "'R'"},
        {"ask_count": "1"},
    ),
    "payment_order_of_executing_payment": [
        *copies("payment_order", _SENT, _NEW_ORDER, {}, {"executor_id": "<cfo>"}, {"company_id": ":other"}),
        *copies(
            "payment_order",
            _SENT,
            _NEW_ORDER,
            {"executor_id": "<cfo>"},
            {"company_id": ":other"},
            first=(f"UPDATE payment SET status = 'executing' WHERE {PAY2}",),
            disarmed=("payment",),
        ),
        *copies(
            "payment_order",
            _SENT,
            _NEW_ORDER,
            {},
            first=(f"UPDATE payment SET status = 'executing', is_held = false WHERE {PAY2}",),
            disarmed=("payment",),
        ),
    ],
    "payment_order_attempts_count": copies("payment_order", _SENT, _NEW_ORDER, {"attempt": "2"}, {"attempt": "3"}),
    "payment_order_line_of_file": copies(
        "payment_order",
        _SENT,
        _NEW_ORDER,
        {"gateway": "'bank_file'"},
        {**_BATCH, "gateway": "'mpesa'"},
        {**_BATCH, "company_id": ":other"},
        {**_BATCH, "executor_id": "<cfo>"},
        {**_BATCH, "payment_id": "<PAY-000003>"},
    ),
    "payment_order_fixed": updates(
        "payment_order",
        _SENT,
        "id = :new",
        "created_at = :later",
        "company_id = :other",
        "payment_id = <PAY-000002>",
        "executor_id = <cfo>",
        "attempt = 2",
        "gateway = 'cash'",
        "conversation_id = 'C-9'",
        "batch_id = (SELECT id FROM bank_batch), position = 9",
        "idempotency_key = 'K'",
        "otp_verified_at = NULL",
        "otp_verified_at = :later",
        "channel = 'totp'",
        "channel = NULL",
        "source = 'elsewhere'",
        "client = 'another'",
    ),
    "payment_order_settled_stays": [
        *updates(
            "payment_order",
            _REFUSED,
            "settled_at = NULL",
            "settled_at = :later",
            "sent_at = :later",
            "result_code = '0'",
            "result_text = ''",
            "gateway_conversation_id = 'AG-9'",
        ),
        *updates(
            "payment_order",
            _REFUSED,
            "gateway_reference = NULL",
            "gateway_reference = 'B'",
            first=(f"UPDATE payment_order SET gateway_reference = 'A' WHERE {_REFUSED}",),
        ),
    ],
    "payment_in_flight_held": updates(
        "payment", PAY2, "status = 'executing', is_held = false", "status = 'unknown', is_held = false"
    ),
    "payment_awaits_its_order": updates(
        "payment",
        "number = 'PAY-000005'",
        "status = 'pending'",
        "status = 'failed'",
        "status = 'cancelled', is_held = false",
        "status = 'success', is_held = false",
        "executor_id = NULL",
        "executor_id = <cfo>",
    ),
    "payment_execution_after_order": copies(
        "payment_execution",
        "payment_id = <PAY-000001>",
        _EXECUTION,
        {"payment_id": "<PAY-000005>"},
        {"payment_id": "<PAY-000007>"},
    ),
    "otp_challenge_fixed": [
        *updates(
            "otp_challenge",
            _OTP2,
            "id = :new",
            "payment_id = <PAY-000001>, voided_at = :now",
            f"payment_id = NULL, bundle_id = ({_TWO_LISTED})",
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
        "ledger_entry",
        LAST_ENTRY,
        NEXT_ENTRY | _NO_VARIANCE | {"source_type": "'opening'"},
        {"entry_type": "'credit'"},
        {},
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
    "ledger_reconciliation_follows": [
        *copies(
            "ledger_reconciliation",
            "payment_id = <PAY-000004>",
            _UNDO_4,
            {"act": "'reconciled'"},
            {"sequence": "3", "act": "'reconciled'"},
            {"sequence": "4"},
        ),
        *copies("ledger_reconciliation", "payment_id = <PAY-000001> AND sequence = 2", {}, {"sequence": "4"}),
    ],
    "ledger_reconciliation_of_entry": copies(
        "ledger_reconciliation",
        "payment_id = <PAY-000004>",
        _UNDO_4,
        {"act": "'reconciled'"},
        {"company_id": ":other"},
        {"payment_id": "<PAY-000002>"},
        {"payment_id": "<PAY-000001>", "sequence": "3"},
        {"entry_id": "(SELECT id FROM ledger_entry WHERE payment_id = <PAY-000001>)"},
        {"entry_id": "(SELECT id FROM ledger_entry WHERE fund_id = <fund HQ> AND sequence = 1)"},
    ),
    "ledger_reconciliation_not_executor": copies(
        "ledger_reconciliation",
        "payment_id = <PAY-000004>",
        {"person_id": "(SELECT executor_id FROM payment_execution WHERE payment_id = <PAY-000004>)"},
        _UNDO_4,
        {"sequence": "3"},
    ),
    "payment_reconciled_by_row": [
        *updates("payment", "number = 'PAY-000001'", "status = 'reconciled'"),
        *updates("payment", "number = 'PAY-000004'", "status = 'success'"),
        *updates("payment", PAY2, "status = 'reconciled', is_held = false"),
    ],
    "variance_fixed": updates(
        "variance",
        "number = 'VAR-000001'",
        "id = :new",
        "company_id = :other",
        "number = 'VAR-9'",
        "fund_id = <fund HQ>",
        "payment_id = <PAY-000002>",
        "original_amount = original_amount + 1, adjusted_amount = adjusted_amount + 1",
        "adjusted_amount = adjusted_amount + 1, variance_amount = variance_amount + 1",
        "original_amount = original_amount - 1, variance_amount = variance_amount + 1",
        "currency = 'USD'",
        "reason = 'something else'",
        "recorded_by_id = <ceo>",
        "recorded_at = :later",
    ),
    "variance_decided_once": [
        *updates(
            "variance",
            "number = 'VAR-000003'",
            "approved_by_id = <ceo>",
            "approved_at = :later",
            "rejected_by_id = <ceo>",
            "rejection_reason = 'x'",
        ),
        *updates(
            "variance",
            "number = 'VAR-000002'",
            "rejected_by_id = <ceo>",
            "rejected_at = :later",
            "rejection_reason = 'x'",
            "approved_by_id = <ceo>",
        ),
    ],
    "variance_starts_pending": copies(
        "variance",
        "number = 'VAR-000001'",
        _VARIANCE_9,
        {"status": "'approved'", "approved_by_id": "<cfo>", "approved_at": ":now"},
        {"status": "'rejected'", "rejected_by_id": "<cfo>", "rejected_at": ":now", "rejection_reason": "'x'"},
        {"approved_by_id": "<cfo>"},
        {"rejected_by_id": "<cfo>"},
    ),
    "variance_of_payment": copies(
        "variance",
        "number = 'VAR-000001'",
        _VARIANCE_9,
        {"payment_id": "<PAY-000002>", "original_amount": "450000", "adjusted_amount": "450100"},
        # As if the variance that was approved before were not there.
        {"original_amount": "450000", "adjusted_amount": "450100"},
        {"company_id": ":other"},
        {"fund_id": "<fund HQ>"},
        {"currency": "'USD'"},
    ),
    "variance_approved_by_entry": [
        *updates("variance", "number = 'VAR-000001'", _APPROVE_1),
        # Written by somebody else than who is to have approved it.
        *attacks(
            f"UPDATE variance SET {_APPROVE_1} WHERE number = 'VAR-000001'",
            first=(copy("ledger_entry", LAST_ENTRY, **{**NEXT_ENTRY, "created_by_id": "<ceo>"}),),
            disarmed=("ledger_entry",),
        ),
        *attacks(
            f"UPDATE variance SET {_REJECT_1} WHERE number = 'VAR-000001'",
            first=(copy("ledger_entry", LAST_ENTRY, **NEXT_ENTRY),),
            disarmed=("ledger_entry",),
        ),
    ],
    "ledger_entry_of_variance": copies(
        "ledger_entry",
        LAST_ENTRY,
        NEXT_ENTRY,
        {"amount": "101"},
        {"amount": "-100"},
        {"entry_type": "'credit'"},
        {"fund_id": "<fund HQ>", "sequence": "500"},
        {"corrects_id": "NULL"},
        {"corrects_id": "(SELECT id FROM ledger_entry WHERE payment_id = <PAY-000004>)"},
        {"created_by_id": "<group_finance_manager>"},
        {"created_by_id": "NULL"},
        {"variance_id": "<VAR-000002>", "amount": "-10000"},
    ),
    "ledger_entry_corrects": copies(
        "ledger_entry",
        LAST_ENTRY,
        NEXT_ENTRY,
        {"corrects_id": "(SELECT id FROM ledger_entry WHERE fund_id = <fund HQ> AND sequence = 1)"},
    ),
    "fund_transfer_fixed": updates(
        "fund_transfer",
        "number = 'TRF-000001'",
        "id = :new",
        "company_id = :other",
        "number = 'TRF-9'",
        "from_fund_id = <fund MSA>",
        "to_fund_id = <fund MSA>",
        "amount = 1",
        "currency = 'USD'",
        "reason = 'something else'",
        "requested_by_id = <ceo>",
        "requested_at = :later",
    ),
    "fund_transfer_decided_once": [
        *updates(
            "fund_transfer",
            "number = 'TRF-000002'",
            "approved_by_id = <ceo>",
            "completed_at = :later",
            "rejected_by_id = <ceo>",
        ),
        *updates(
            "fund_transfer",
            "number = 'TRF-000003'",
            "rejected_by_id = <ceo>",
            "rejected_at = :later",
            "rejection_reason = 'x'",
            "approved_by_id = <ceo>",
        ),
    ],
    "fund_transfer_starts_pending": copies(
        "fund_transfer",
        "number = 'TRF-000001'",
        {"number": "'TRF-9'"},
        {"status": "'completed'", "approved_by_id": "<cfo>", "completed_at": ":now"},
        {"status": "'rejected'", "rejected_by_id": "<cfo>", "rejected_at": ":now", "rejection_reason": "'x'"},
        {"approved_by_id": "<cfo>"},
        {"rejected_by_id": "<cfo>"},
    ),
    "fund_transfer_one_company": copies(
        "fund_transfer",
        "number = 'TRF-000001'",
        {"number": "'TRF-9'"},
        {"to_fund_id": "(SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'NBI')"},
        {"from_fund_id": "(SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'HQ')"},
        {"company_id": ":other"},
        {"currency": "'USD'"},
    ),
    "fund_transfer_completed_by_entries": [
        *updates("fund_transfer", "number = 'TRF-000001'", _COMPLETE_TRANSFER),
        *attacks(
            f"UPDATE fund_transfer SET {_COMPLETE_TRANSFER} WHERE number = 'TRF-000001'",
            f"UPDATE fund_transfer SET {_REJECT_1} WHERE number = 'TRF-000001'",
            first=(_TRANSFER_DEBITED,),
            disarmed=("ledger_entry",),
        ),
        *attacks(
            f"UPDATE fund_transfer SET {_COMPLETE_TRANSFER.replace('<cfo>', '<ceo>')} WHERE number = 'TRF-000001'",
            first=(_TRANSFER_DEBITED, _TRANSFER_CREDITED),
            disarmed=("ledger_entry",),
        ),
    ],
    "ledger_entry_of_transfer": [
        *copies(
            "ledger_entry",
            _LAST_OF_HQ,
            _TRANSFER_DEBIT,
            {"amount": "10001"},
            {"entry_type": "'credit'"},
            {"entry_type": "'adjustment'"},
            {"fund_id": "<fund MSA>", "sequence": "500"},
            {"created_by_id": "<group_finance_manager>"},
            {"created_by_id": "NULL"},
            {"transfer_id": "<TRF-000003>", "amount": "6000"},
        ),
        # Money that comes out of nowhere.
        *copies("ledger_entry", LAST_ENTRY, _TRANSFER_CREDIT, {}),
        *copies(
            "ledger_entry",
            LAST_ENTRY,
            _TRANSFER_CREDIT,
            {"journal": "'K'"},
            {"amount": "10001"},
            {"contra_account_id": "(SELECT account_id FROM treasury_fund WHERE id = <fund HQ>)"},
            {"fund_id": "<fund MSA>", "sequence": "500"},
            {"entry_type": "'adjustment'"},
            first=(_TRANSFER_DEBITED,),
        ),
    ],
    "replenishment_voucher_of_entry": [
        # The opening balance, and what came in, are nothing to give back.
        *copies(
            "replenishment_voucher",
            _CLAIMED,
            {"entry_id": _ENTRY.format(1), "sequence": "1", "amount": "-10000000"},
            {},
        ),
        *copies(
            "replenishment_voucher",
            _CLAIMED,
            {"entry_id": _ENTRY.format(3), "sequence": "3", "amount": "450000"},
            {"amount": "1"},
            {"amount": "-450000"},
            {"sequence": "99"},
            {"fund_id": "<fund HQ>"},
            {"is_released": "true"},
            {"replenishment_id": "<RPL-000001>"},
            {"replenishment_id": "<RPL-000002>"},
            first=("DELETE FROM replenishment_voucher WHERE replenishment_id = <RPL-000004> AND sequence = 3",),
        ),
    ],
    "replenishment_voucher_fixed": [
        *updates(
            "replenishment_voucher",
            _CLAIMED,
            "id = :new",
            "created_at = :later",
            "replenishment_id = <RPL-000002>",
            "fund_id = <fund HQ>",
            f"entry_id = {_ENTRY.format(1)}",
            "sequence = 99",
            "amount = 1",
            "is_released = true",
        ),
        *updates(
            "replenishment_voucher",
            "replenishment_id = <RPL-000001>",
            "is_released = false",
            first=("DELETE FROM replenishment_voucher WHERE replenishment_id = <RPL-000004>",),
        ),
    ],
    "accounting_period_starts_closed": copies(
        "accounting_period",
        _CLOSED_MONTH,
        _MONTH_BEFORE,
        {"closed_by_id": "<treasury>"},
        {"closed_by_id": "<b_cfo>"},
        {"closed_by_id": "<admin>"},
        {"reopened_by_id": "<cfo>"},
        {"is_closed": "false", "reopened_by_id": "<cfo>", "reopened_at": ":now", "reopen_reason": "'late'"},
    ),
    "accounting_period_fixed": updates(
        "accounting_period",
        _CLOSED_MONTH,
        "id = :new",
        "created_at = :later",
        "company_id = :other",
        "starts_on = '2025-01-01'",
        "ends_on = '2026-01-30'",
    ),
    "accounting_period_by_cfo": [
        *updates(
            "accounting_period",
            _CLOSED_MONTH,
            "closed_by_id = <treasury>",
            "closed_by_id = <b_cfo>",
            *(f"is_closed = false, reopened_by_id = {who}, {_LATE}" for who in ("<ceo>", "<b_cfo>", "<treasury>")),
        ),
        *updates(
            "accounting_period",
            "starts_on = '2026-02-01'",
            "reopened_by_id = <treasury>",
            "is_closed = true, closed_by_id = <treasury>",
        ),
    ],
    "ledger_entry_period_open": copies(
        "ledger_entry",
        LAST_ENTRY,
        NEXT_ENTRY,
        *({"value_date": f"'2026-01-{day}'"} for day in ("01", "15", "31")),
    ),
    "audit_event_follows": copies(
        "audit_event",
        LAST_EVENT,
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
        HEAD,
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
    "payment_bundle_line_repeats_payment": copies(
        "payment_bundle_line",
        "payment_id = <PAY-000009>",
        {"bundle_id": f"({_TWO_LISTED})", "position": "2"},
        {"position": "3"},
        {"amount": "amount + 1"},
        {"payment_id": "<PAY-000003>"},
        first=("DELETE FROM payment_bundle_line WHERE position = 2",),
    ),
    "payment_schedule_confirmed": [
        *copies(
            "payment_schedule",
            "payment_id = <PAY-000012>",
            _NEW_DAY,
            {"payment_id": "<PAY-000002>"},
            {"bundle_id": f"({_TWO_LISTED})"},
            {"executor_id": "<treasury2>"},
            {"scheduled_for": "'2026-03-07'"},
            {"company_id": ":other"},
            first=(_FREE_11,),
        ),
        *(
            Attack(copy("payment_schedule", "payment_id = <PAY-000012>", **_NEW_DAY), (_FREE_11, changed), (table,))
            for table, changed in (
                ("payment", "UPDATE payment SET executor_id = <treasury2> WHERE id = <PAY-000011>"),
                ("payment", "UPDATE payment SET amount = amount + 1 WHERE id = <PAY-000011>"),
                ("payment", "UPDATE payment SET method = 'cash' WHERE id = <PAY-000011>"),
                ("payment", "UPDATE payment SET status = 'cancelled', is_held = false WHERE id = <PAY-000011>"),
                ("otp_challenge", "UPDATE otp_challenge SET consumed_at = NULL"),
                ("otp_challenge", "UPDATE otp_challenge SET executor_id = <treasury2>"),
            )
        ),
    ],
    "payment_schedule_starts_standing": copies(
        "payment_schedule",
        "payment_id = <PAY-000012>",
        _NEW_DAY,
        {"status": "'void'", "ended_at": ":now", "reason": "'x'"},
        {"status": "'taken_up'", "ended_at": ":now"},
        {"ended_at": ":now"},
        {"problem": "'x'", "problem_at": ":now"},
        first=(_FREE_11,),
    ),
    "payment_schedule_fixed": updates(
        "payment_schedule",
        _DAY_11,
        "id = :new",
        "created_at = :later",
        "company_id = :other",
        "payment_id = <PAY-000002>",
        f"bundle_id = ({_TWO_LISTED})",
        "executor_id = <treasury2>",
        "scheduled_for = '2026-03-03'",
        "reference = 'FT-9'",
    ),
    "payment_schedule_ended_stays": updates(
        "payment_schedule",
        "payment_id = <PAY-000010>",
        "ended_at = :later",
        "ended_by_id = <cfo>",
        "reason = 'another'",
        "problem = 'x', problem_at = :now",
        "problem_codes = 'x'",
    ),
    "payment_starts_unscheduled": copies(
        "payment",
        "number = 'PAY-000012'",
        _PAYMENT_3,
        {"is_held": "true"},
        {"schedule_bundle_id": "NULL"},
    ),
    "payment_day_is_confirmed": [
        *updates(
            "payment",
            "number = 'PAY-000011'",
            "scheduled_for = '2026-03-03'",
            f"schedule_bundle_id = ({_TWO_LISTED})",
            "executor_id = <treasury2>",
            "status = 'success', is_held = false",
            "status = 'cancelled', is_held = false",
            "status = 'executing'",
        ),
        *updates(
            "payment",
            "number = 'PAY-000010'",
            "scheduled_for = '2026-03-06'",
            f"scheduled_for = '2026-03-06', schedule_bundle_id = ({_LIST_11})",
        ),
        *updates("payment", "number = 'PAY-000011'", "is_held = false", first=(_ENDED_11,)),
    ],
    "payment_confirmation_ends_first": updates(
        "payment",
        "number = 'PAY-000011'",
        "scheduled_for = NULL, schedule_bundle_id = NULL",
        "status = 'success', is_held = false, scheduled_for = NULL, schedule_bundle_id = NULL",
        "status = 'executing', scheduled_for = NULL, schedule_bundle_id = NULL",
        "executor_id = <treasury2>",
    ),
    "bank_batch_debits_its_fund": copies(
        "bank_batch",
        _BAT,
        _NEW_BATCH,
        {"fund_id": "<fund MSA>"},
        {"fund_id": "(SELECT id FROM treasury_fund WHERE company_id = :other AND code = 'NBI')"},
        {"company_id": ":other"},
        {"currency": "'USD'"},
        {"debit_account": "'0110223344'"},
        {"debit_account": "''", "fund_id": "<fund MSA>"},
    ),
    "payment_order_line_is_transfer": copies("payment_order", _LINE_1, _NEW_LINE, {"payment_id": "<PAY-000002>"}),
    "payment_order_lines_add_up": [
        # Behind the last, before the first, and with a gap.
        *copies("payment_order", _LINE_1, _NEW_LINE, {"position": "3"}, {"position": "0"}, {"position": "9"}),
        # The only line of a file that says another sum.
        *(
            Attack(
                copy("payment_order", _LINE_1, **_OF_OTHER_BATCH),
                first=(copy("bank_batch", _BAT, **_NEW_BATCH, line_count="1", control_sum=total),),
            )
            for total in ("149999", "150001", "400000")
        ),
    ],
    "payment_order_batch_is_whole": attacks(
        f"UPDATE payment_order SET status = 'succeeded', gateway_reference = 'R-9' WHERE {_LINE_1}",
        first=("DELETE FROM payment_order WHERE batch_id = <BAT-000001> AND position = 2",),
    ),
    **_nobody("payment_bundle", "payment_count = 1", ["executor_id"]),
    **{
        name: [Attack(each.sql, (_FREE_11,) if name.endswith("insert") else ()) for each in found]
        for name, found in _nobody(
            "payment_schedule", "payment_id = <PAY-000012>", ["executor_id", "ended_by_id"], **_NEW_DAY
        ).items()
    },
    **_nobody("bank_batch", _BAT, ["executor_id"], **_NEW_BATCH),
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
    "imported_voucher_of_company": copies(
        "imported_voucher",
        "voucher_number = 'PV-1'",
        {"voucher_number": "'PV-9'", "requisition_id": "<REQ-000004>"},
        {"company_id": ":other"},
        {"requisition_id": "<REQ-000003>"},
    ),
    "notice_attempts_count": updates(
        "notice", _NOTICE, "attempts = 0", "attempts = attempts + 1", "sent_at = NULL", "sent_at = :later"
    )[:2]
    + updates("notice", _NOTICE, "sent_at = :later"),
    "notice_cursor_forward": updates("notice_cursor", _CURSOR, "sequence = sequence - 1", "stream = 'another'"),
    **_nobody("notice", _NOTICE, ["person_id"], occasion="'another'"),
    "sign_in_session_stays_ended": updates(
        "sign_in_session", "ended_at IS NOT NULL", "ended_at = NULL", "client = 'x'"
    ),
    "sign_in_session_fixed": updates(
        "sign_in_session",
        "client = 'tui'",
        "id = :new",
        "created_at = :later",
        "user_id = <cfo>",
        "token_hash = 'another'",
        "client = 'cli'",
        "source = 'elsewhere'",
        "expires_at = :later",
        "expires_at = NULL",
    ),
    **_nobody("sign_in_session", "client = 'tui'", ["user_id"], token_hash="'another'"),
    "recovery_code_starts_open": copies(
        "recovery_code", _OPEN_CODE, {"code_hmac": "'another'"}, {"used_at": ":now"}, {"voided_at": ":now"}
    ),
    "recovery_code_once": updates("recovery_code", "used_at IS NOT NULL", "used_at = NULL", "used_at = :later")
    + updates("recovery_code", "voided_at IS NOT NULL", "voided_at = NULL", "used_at = :now, voided_at = NULL"),
    "recovery_code_fixed": updates(
        "recovery_code", _OPEN_CODE, "id = :new", "created_at = :later", "user_id = <cfo>", "code_hmac = 'another'"
    ),
    **_nobody("recovery_code", _OPEN_CODE, ["user_id"], code_hmac="'another'"),
    "ssh_key_fixed": updates(
        "ssh_key",
        "removed_at IS NULL",
        "id = :new",
        "created_at = :later",
        "user_id = <ceo>",
        f"fingerprint = '{_FINGERPRINT}'",
        "kind = 'ssh-rsa'",
        "body = 'AAAA'",
        "comment = 'another'",
        "added_by_id = <ceo>",
    ),
    "ssh_key_stays_removed": updates(
        "ssh_key",
        "removed_at IS NOT NULL",
        "removed_at = NULL, removed_by_id = NULL",
        "removed_at = :later",
        "removed_by_id = <ceo>",
    ),
    **_nobody(
        "ssh_key",
        "removed_at IS NOT NULL",
        ["user_id", "added_by_id", "removed_by_id"],
        fingerprint=f"'{_FINGERPRINT}'",
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
    **_nobody(
        "approval_trail", "requisition_id = <REQ-000003> AND action = 'submitted'", ["user_id", "on_behalf_of_id"]
    ),
    **_nobody("accounting_period", _CLOSED_MONTH, ["closed_by_id", "reopened_by_id"], **_MONTH_BEFORE),
    **_nobody("payment", PAY2, ["executor_id"], **_PAYMENT_3),
    **_nobody("payment_order", _SENT, ["executor_id"], **{k: v for k, v in _NEW_ORDER.items() if k != "executor_id"}),
    **_nobody("payment_execution", "payment_id = <PAY-000001>", ["executor_id"], **_EXECUTION),
    **_nobody("ledger_reconciliation", "payment_id = <PAY-000004>", ["person_id"], sequence="9"),
    **_nobody(
        "variance",
        "number = 'VAR-000002'",
        ["recorded_by_id", "approved_by_id", "rejected_by_id"],
        number="'VAR-9'",
    ),
    **_nobody(
        "fund_transfer",
        "number = 'TRF-000003'",
        ["requested_by_id", "approved_by_id", "rejected_by_id"],
        number="'TRF-9'",
    ),
    **_nobody(
        "replenishment",
        "number = 'RPL-000002'",
        ["requested_by_id", "approved_by_id", "completed_by_id"],
        **NEW_REQUEST,
    ),
}
_REJECTED_BESIDES = ", rejected_by_id = approved_by_id, rejected_at = created_at, rejection_reason = 'x'"
FLOWS: dict[str, tuple[dict[Any, frozenset[Any]], str, str]] = {
    "requisition_flow": (REQUISITION_FLOW, "number = 'REQ-000004'", ""),
    "payment_flow": (PAYMENT_FLOW, PAY2, ", is_held = false"),
    "payment_order_flow": (
        ORDER_FLOW,
        "payment_id = (SELECT id FROM payment WHERE number = 'PAY-000005')",
        ", gateway_reference = 'R'",
    ),
    "payment_schedule_flow": (SCHEDULE_FLOW, "reference = 'SO-PAY-000011'", ", ended_at = created_at, reason = 'x'"),
    "notice_flow": (NOTICE_FLOW, _NOTICE, ", sent_at = created_at, next_attempt_at = created_at"),
    "replenishment_flow": (REPLENISHMENT_FLOW, "number = 'RPL-000003'", ""),
    "variance_flow": (VARIANCE_FLOW, "number = 'VAR-000003'", _REJECTED_BESIDES),
    "fund_transfer_flow": (TRANSFER_FLOW, "number = 'TRF-000002'", _REJECTED_BESIDES),
}


RULE_OF = {rule.name: rule for rule in RULES}
