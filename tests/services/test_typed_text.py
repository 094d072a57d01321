"""Every column that holds text is either typed by somebody, and then its service refuses what steers, or is not typed.

The columns are those that the tables have, so that a new one is decided upon before it is used.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import story
from sqlalchemy import String
from sqlmodel import AutoString, SQLModel
from trading import Trading
from vouchers import file_of

from pettycash_tui.models import tables as t
from pettycash_tui.models.text import unsafe_characters
from pettycash_tui.services import (
    bank_settling,
    bulk,
    delegations,
    execution,
    funds,
    listed,
    payments,
    people,
    periods,
    policy,
    reassigning,
    reconciliation,
    replenishments,
    requisitions,
    schedules,
    ssh_keys,
    submission,
    transfers,
    variances,
    voucher_import,
    workflow,
)
from pettycash_tui.services.accounts import ACCOUNT
from pettycash_tui.services.categories import CATEGORY
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.organisation import BRANCH, COMPANY, COST_CENTER, DEPARTMENT, POSITION, REGION
from pettycash_tui.services.policy_rules import PolicyInput
from pettycash_tui.services.rehearsal import rehearse
from pettycash_tui.services.requisitions import RequisitionInput

HOSTILE = {
    "escape": "ab\x1b]0;x\x07cd",
    "C1": "ab\x9b2Jcd",
    "delete": "ab\x7fcd",
    "NUL": "ab\x00cd",
    "override": "ab\u202ecd",
    "isolate": "ab\u2067cd",
    "separator": "ab\u2028cd",
    "invisible": "ab\u200bcd",
    "tag": "ab\U000e0041cd",
    "variation selector": "ab\U000e0100cd",
    "joiner": "ab\u200dcd",
    "emoji selector": "ab\ufe0fcd",
    "filler": "ab\u3164cd",
    "marks": "ab" + "\u0301" * 150 + "cd",
    "half a character": "ab\udce9cd",
    "no character": "ab\uffffcd",
}
BREAKS = {"line break": "ab\ncd", "carriage return": "ab\rcd", "tab": "ab\tcd"}
"""Refused where one line is meant."""

Act = Callable[[Trading, str], object]


def tried(trading: Trading, who: str | Actor, service: Callable[..., Any], *given: Any, **named: Any) -> object:
    """Somebody does it, and it is undone."""
    actor = who if isinstance(who, Actor) else trading[who]
    return rehearse(trading.desk, actor, service, *given, **named)


def new(kind: Any, field: str, **others: str) -> Act:
    return lambda trading, text: tried(
        trading, SYSTEM, listed.add, kind, {"code": "ZZ1", "name": "Zed", **others, field: text}
    )


def titled(trading: Trading, text: str) -> object:
    return tried(trading, SYSTEM, listed.add, POSITION, {"title": text, "level": "2"})


def company(field: str) -> Act:
    return new(COMPANY, field, currency="KES")


def person(field: str) -> Act:
    given = {"username": "zoe", "role": "staff", "branch": "NBI"}
    return lambda trading, text: tried(trading, SYSTEM, people.add, {**given, field: text})


def request(field: str, **others: Any) -> Act:
    given = {"amount": "100", "purpose": "Fuel", "payee": "Total", **others}
    return lambda trading, text: tried(
        trading, "staff", requisitions.create, RequisitionInput(**{**given, field: text})
    )


def fund(field: str) -> Act:
    given = {"code": "ZZ1", "name": "Zed", "opening_balance": "0"}
    return lambda trading, text: tried(trading, "cfo", funds.add, FundInput(**{**given, field: text}))


def voucher(trading: Trading, text: str) -> object:
    # As bytes: what a text file cannot hold comes out of one all the same.
    path = trading.desk.home / "vouchers.csv"
    file_of(path.parent, name=path.name)
    with path.open("ab") as file:
        quoted = text.replace('"', '""').encode("utf-8", "surrogateescape")
        file.write(b'"' + quoted + b'",100,Shop,Paper\n')
    return voucher_import.import_file(trading.desk, trading["staff"], path, dry_run=True)


def policy_row(trading: Trading, text: str) -> object:
    given = PolicyInput(tier="1", origin_type="branch", min_amount="0", roles=("branch_manager", "treasury"))
    return tried(trading, "admin", policy.set_row, text, given)


def key(trading: Trading, text: str) -> object:
    body = b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()
    return tried(trading, "admin", ssh_keys.add_key, "staff", f"ssh-ed25519 {body} {text}")


def paid(trading: Trading) -> str:
    return max(row.number for row in trading.rows(t.payment, t.payment.c.status == "success"))


def due(trading: Trading) -> str:
    return trading.rows(t.payment, t.payment.c.status == "pending")[0].number


def waiting(trading: Trading) -> str:
    r = t.requisition.c
    return trading.rows(t.requisition, r.next_approver_id.is_not(None))[0].number


def officer(trading: Trading) -> Actor:
    return story.executor_of(trading.desk, due(trading))


def day(trading: Trading) -> date:
    return trading.clock.now.date() + timedelta(days=3)


# What is typed into each column, and the field that a refusal names. A column with several ways in has each of them.
TYPED: dict[str, list[tuple[str, Act]]] = {
    "company.name": [("name", company("name"))],
    "company.code": [("code", company("code"))],
    "company.currency": [("currency", company("currency"))],
    "company.timezone": [("timezone", company("timezone"))],
    "company.locale": [("locale", company("locale"))],
    "region.name": [("name", new(REGION, "name"))],
    "region.code": [("code", new(REGION, "code"))],
    "branch.name": [("name", new(BRANCH, "name"))],
    "branch.code": [("code", new(BRANCH, "code"))],
    "branch.address": [("address", new(BRANCH, "address"))],
    "department.name": [("name", new(DEPARTMENT, "name"))],
    "department.code": [("code", new(DEPARTMENT, "code"))],
    "cost_center.name": [("name", new(COST_CENTER, "name"))],
    "cost_center.code": [("code", new(COST_CENTER, "code"))],
    "position.title": [("title", titled)],
    "account.code": [("code", new(ACCOUNT, "code", type="expense"))],
    "account.name": [("name", new(ACCOUNT, "name", type="expense"))],
    "category.code": [("code", new(CATEGORY, "code", account="5100"))],
    "category.name": [("name", new(CATEGORY, "name", account="5100"))],
    "user.username": [("username", person("username"))],
    "user.first_name": [("first_name", person("first_name"))],
    "user.last_name": [("last_name", person("last_name"))],
    "user.email": [("email", person("email"))],
    "user.phone_number": [("phone_number", person("phone_number"))],
    "user.position_title": [("position_title", person("position_title"))],
    "delegation.reason": [
        (
            "reason",
            lambda trading, text: tried(
                trading, "cfo", delegations.add, "treasury2", ends_on=day(trading), reason=text
            ),
        )
    ],
    "approval_threshold.name": [("name", policy_row)],
    "accounting_period.reason": [
        ("reason", lambda trading, text: tried(trading, "cfo", periods.close, "2026-01", text))
    ],
    "accounting_period.reopen_reason": [
        ("reason", lambda trading, text: tried(trading, "cfo", periods.reopen, "2026-01", text))
    ],
    "requisition.payee": [("payee", request("payee"))],
    "requisition.destination": [("destination", request("destination", method="mpesa"))],
    "requisition.purpose": [("purpose", request("purpose"))],
    "requisition.urgency_reason": [("urgency_reason", request("urgency_reason", is_urgent=True))],
    "attachment.file_name": [
        (
            "file",
            lambda trading, text: tried(trading, "staff", requisitions.attach, waiting(trading), f"{text}.pdf", b"x"),
        )
    ],
    "imported_voucher.voucher_number": [("voucher_number", voucher)],
    "approval_trail.comment": [
        (
            "comment",
            lambda trading, text: tried(
                trading, story.approver_of(trading.desk, waiting(trading)), workflow.approve, waiting(trading), text
            ),
        ),
        (
            "reason",
            lambda trading, text: tried(
                trading, story.approver_of(trading.desk, waiting(trading)), workflow.reject, waiting(trading), text
            ),
        ),
        ("reason", lambda trading, text: tried(trading, "staff", submission.withdraw, waiting(trading), text)),
    ],
    "approval_step.escalation_reason": [
        (
            "reason",
            lambda trading, text: tried(
                trading, "admin", reassigning.reassign, waiting(trading), "regional_manager", text
            ),
        )
    ],
    "payment.last_error": [
        ("reason", lambda trading, text: tried(trading, "cfo", payments.cancel, due(trading), text)),
        ("reason", lambda trading, text: tried(trading, "cfo", payments.assign, due(trading), "treasury2", text)),
    ],
    "payment.idempotency_key": [
        (
            "idempotency_key",
            lambda trading, text: execution.execute(
                trading.desk, officer(trading), due(trading), code="1", idempotency_key=text
            ),
        ),
        (
            "idempotency_key",
            lambda trading, text: bulk.pay_together(
                trading.desk, officer(trading), [due(trading)], code="1", idempotency_key=text
            ),
        ),
    ],
    "payment_execution.gateway_reference": [
        (
            "reference",
            lambda trading, text: execution.execute(
                trading.desk, officer(trading), due(trading), code="1", reference=text
            ),
        ),
        (
            "reference",
            lambda trading, text: bulk.pay_together(
                trading.desk, officer(trading), [due(trading)], code="1", references={due(trading): text}
            ),
        ),
    ],
    "payment_order.gateway_reference": [
        (
            "reference",
            lambda trading, text: bank_settling.confirm(trading.desk, officer(trading), "BAT-000001", None, text),
        )
    ],
    "payment_order.result_text": [
        (
            "reason",
            lambda trading, text: bank_settling.refuse(
                trading.desk, officer(trading), "BAT-000001", [due(trading)], text
            ),
        )
    ],
    "payment_schedule.reference": [
        (
            "reference",
            lambda trading, text: schedules.schedule(
                trading.desk, officer(trading), [due(trading)], day(trading), code="1", references={due(trading): text}
            ),
        )
    ],
    "payment_schedule.reason": [
        ("reason", lambda trading, text: tried(trading, officer(trading), schedules.unschedule, [due(trading)], text))
    ],
    "treasury_fund.name": [("name", fund("name"))],
    "treasury_fund.code": [("code", fund("code"))],
    "treasury_fund.currency": [("currency", fund("currency"))],
    "treasury_fund.bank_account": [("bank_account", fund("bank_account"))],
    "treasury_fund.bank_code": [("bank_code", fund("bank_code"))],
    "ledger_reconciliation.reason": [
        ("reason", lambda trading, text: tried(trading, "treasury", reconciliation.undo, paid(trading), text))
    ],
    "variance.reason": [
        ("reason", lambda trading, text: tried(trading, "treasury", variances.record, paid(trading), "90", text))
    ],
    "variance.rejection_reason": [
        ("reason", lambda trading, text: tried(trading, "cfo", variances.reject, "VAR-000001", text))
    ],
    "fund_transfer.reason": [
        ("reason", lambda trading, text: tried(trading, "treasury", transfers.request, "NBI", "MSA", "100", text))
    ],
    "fund_transfer.rejection_reason": [
        ("reason", lambda trading, text: tried(trading, "cfo", transfers.reject, "TRF-000001", text))
    ],
    "replenishment.reason": [
        ("reason", lambda trading, text: tried(trading, "treasury", replenishments.request, "MSA", "100", text)),
        ("reason", lambda trading, text: tried(trading, "cfo", replenishments.reject, "RPL-000001", text)),
    ],
    "replenishment.reference": [
        ("reference", lambda trading, text: tried(trading, "cfo", replenishments.complete, "RPL-000001", text))
    ],
    "ssh_key.comment": [("comment", key)],
}

SEVERAL_LINES = {
    "branch.address",
    "requisition.purpose",
    "approval_trail.comment",
    "approval_step.escalation_reason",
}
"""Columns that hold several lines."""

BLANKS = {"separator", *BREAKS}
BLANKS_ARE_LEFT_OUT = {"treasury_fund.bank_code"}
"""Columns of which what was typed between two letters, a line break too, is not stored."""

ALSO_NAMED = {"voucher_number": "line 2", "comment": "key"}
"""What is refused as a whole before its field is looked at."""

NOT_TYPED: dict[str, str] = {
    # What the program numbers, counts and seals itself.
    **dict.fromkeys(
        (
            "variance.number", "fund_transfer.number", "requisition.number", "payment.number", "bank_batch.number",
            "replenishment.number", "payment.voucher_number", "ledger_entry.journal", "payment_order.conversation_id",
            "payment_order.idempotency_key", "bank_batch.message_id", "bank_batch.file_name", "notice.occasion",
            "notice.subject_type", "notice.subject_number", "notice.event_stream", "notice_cursor.stream",
            "stream_head.stream", "audit_event.stream", "audit_event.action", "audit_event.subject_type",
            "audit_event.subject", "number_counter.kind", "job_lease.name", "job_lease.holder",
            "job_lease.last_result", "installation.kind", "payment_schedule.problem", "payment_schedule.problem_codes",
            "alert_acknowledgement.alert", "form_draft.form",
        ),
        "made by the program",
    ),
    **dict.fromkeys(
        (
            "imported_voucher.file_sha256", "user.password_hash", "sign_in_session.token_hash",
            "approval_trail.content_hash", "attachment.sha256", "recovery_code.code_hmac", "otp_challenge.payment_hash",
            "otp_challenge.code_hmac", "payment_bundle.list_hash", "payment_bundle_line.payment_hash",
            "bank_batch.sha256", "stream_head.head_hash", "audit_event.previous_hash", "audit_event.event_hash",
        ),
        "a hash",
    ),
    **dict.fromkeys(
        (
            "variance.currency", "fund_transfer.currency", "requisition.currency", "payment.currency",
            "payment_bundle.currency", "bank_batch.currency", "ledger_entry.currency", "replenishment.currency",
            "payment.payee", "payment.destination", "bank_batch.debit_account", "approval_trail.escalation_reason",
            "ledger_entry.description", "notice.title",
        ),
        "taken from columns that are typed",
    ),
    **dict.fromkeys(
        (
            "sign_in_session.client", "sign_in_session.source", "approval_trail.source", "sign_in_source.source",
            "payment_order.source", "payment_order.client", "payment_execution.source", "payment_execution.client",
            "audit_event.source",
        ),
        "`local`, or an address that was parsed as one; the client is one of the program's own words",
    ),
    **dict.fromkeys(
        (
            "payment_order.gateway_conversation_id", "payment_order.result_code", "payment_execution.gateway_status",
            "notice.last_error",
        ),
        "said by a gateway or a mail server, and filtered when it is read",
    ),
    **dict.fromkeys(("ssh_key.fingerprint", "ssh_key.kind", "ssh_key.body"), "parsed, and written anew"),
    "notice.body": "put together from typed columns, filtered line by line",
    "form_draft.body": "what somebody has begun to type, as JSON in ASCII; the field shows it filtered",
    "audit_event.body": "JSON, of which every reader shows the strings filtered",
}  # fmt: skip


def columns() -> Iterator[str]:
    """Every column that holds text which no list of the program's own bounds."""
    for name, table in SQLModel.metadata.tables.items():
        for column in table.columns:
            if isinstance(column.type, String | AutoString):
                yield f"{name}.{column.name}"


def test_every_column_with_text_is_decided_upon() -> None:
    decided = [*TYPED, *NOT_TYPED]
    assert len(set(decided)) == len(decided)
    assert set(columns()) == set(decided)
    assert set(TYPED) >= SEVERAL_LINES
    assert all(NOT_TYPED.values())


@pytest.fixture
def company_at_work(trading: Trading) -> Trading:
    """With a payment that is paid, one that is due, a request that waits, and what a CFO decides on."""
    desk, who = trading.desk, trading.people
    for _ in range(2):
        story.pay(desk, trading.approved(amount="1000"))
    trading.approved(amount="1000", method="bank_transfer", destination="DE89370400440532013000")
    trading.request(amount="1000")
    desk.run(who["treasury"], variances.record, "PAY-000001", "90", "Change")
    desk.run(who["treasury"], transfers.request, "NBI", "MSA", "100", "Level")
    desk.run(who["treasury"], replenishments.request, "NBI", "100", "Low")
    return trading


def _left_out(column: str) -> set[str]:
    return BLANKS if column in BLANKS_ARE_LEFT_OUT else set()


def answer(act: Callable[[], object]) -> PettyCashError | None:
    try:
        act()
    except PettyCashError as error:
        return error
    return None


@pytest.mark.only_on("sqlite")
def test_what_steers_a_terminal_is_refused_in_every_field(company_at_work: Trading) -> None:
    wrong = []
    for column, ways in TYPED.items():
        hostile = HOSTILE if column in SEVERAL_LINES else HOSTILE | BREAKS
        hostile = {what: text for what, text in hostile.items() if what not in _left_out(column)}
        for field, act in ways:
            for what, text in hostile.items():
                said = answer(lambda act=act, text=text: act(company_at_work, text))  # type: ignore[misc]
                fields = said.fields if isinstance(said, InvalidInput) else {}
                named = any(name.rpartition(": ")[2] in (field, ALSO_NAMED.get(field)) for name in fields)
                if not named or unsafe_characters(str(said)):
                    wrong.append(f"{column}, {field}: {what}: {said!r} {fields}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.only_on("sqlite")
def test_text_that_steers_nothing_is_taken_by_the_same_fields(company_at_work: Trading) -> None:
    plain = {
        "currency": "KES", "timezone": "Africa/Nairobi", "locale": "sw_KE", "email": "zoe@example.com",
        "phone_number": "+254712345678", "bank_account": "DE89370400440532013000", "bank_code": "COBADEFF",
        "code": "ZZ2", "username": "zoe2", "voucher_number": "PV-1", "destination": "+254712345678",
    }  # fmt: skip
    for column, ways in TYPED.items():
        for field, act in ways:
            words = plain.get(field, "Plain words")
            said = answer(lambda act=act, words=words: act(company_at_work, words))  # type: ignore[misc]
            fields = said.fields if isinstance(said, InvalidInput) else {}
            assert not any(name.rpartition(": ")[2] == field for name in fields), (column, said)


@pytest.mark.parametrize("text", ["ab\x00cd", "ab\udce9cd"], ids=["NUL", "half a character"])
def test_what_no_text_can_hold_is_looked_for_without_a_fault(trading: Trading, text: str) -> None:
    from pettycash_tui.services import people_views, signin

    desk, admin = trading.desk, trading["admin"]
    for look in (
        lambda: desk.read(admin, listed.listing, BRANCH, search=text),
        lambda: desk.read(admin, listed.show, BRANCH, text),
        lambda: desk.read(admin, people_views.show, text),
        lambda: desk.run(admin, reassigning.reassign, text, text, "why"),
        lambda: signin.sign_in(desk, text, text, client="cli", source="local"),
        lambda: tried(trading, "admin", people.add, {"username": "zoe", "role": "staff", "branch": text}),
    ):
        said = answer(look)
        assert said is None or not unsafe_characters(str(said))
