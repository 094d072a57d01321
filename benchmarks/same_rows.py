"""The bare script: the rows of a payment and of a submission, through the driver alone, in one transaction each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4


@dataclass(frozen=True)
class PaymentRows:
    """What the rows of a payment hold, known beforehand."""

    id: UUID
    company_id: UUID
    requisition_id: UUID
    revision: int
    fund_id: UUID
    amount: int
    currency: str
    executor_id: UUID
    payee: str
    number: str
    account_id: UUID
    code: str
    contra_id: UUID
    code_id: UUID | None


@dataclass(frozen=True)
class SubmissionRows:
    """The rows of a submitted requisition."""

    requisition: dict[str, Any]
    steps: list[dict[str, Any]]
    trail: dict[str, Any]


class Bare:
    """A driver's connection and the statements."""

    def __init__(self, connection: Any, now: datetime) -> None:
        self.connection = connection
        self.sqlite = isinstance(connection, sqlite3.Connection)
        self.now: Any = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if self.sqlite else now
        self.day: Any = now.date().isoformat() if self.sqlite else now.date()
        self.lock = "" if self.sqlite else " FOR NO KEY UPDATE"

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()

    def pay(self, p: PaymentRows) -> None:
        """The rows of one execution."""
        self._begin()
        self._event(f"fund:{p.fund_id}", p.company_id, p.executor_id, "otp.tried", p.id, p.number)
        self._spend(p.code_id)
        self._rows(p)
        self.connection.commit()

    def pay_all(self, payments: Sequence[PaymentRows], code_id: UUID) -> None:
        """The rows of several executions that one code confirms, in one transaction."""
        self._begin()
        first = payments[0]
        for action in ("otp.tried", "otp.verified"):
            stream = f"company:{first.company_id}"
            self._event(stream, first.company_id, first.executor_id, action, code_id, f"{len(payments)} payments")
        self._spend(code_id)
        for each in payments:
            self._rows(each)
        self.connection.commit()

    def _spend(self, code_id: UUID | None) -> None:
        self._run(
            "UPDATE otp_challenge SET attempts = attempts + 1, verified_at = ?, consumed_at = ?, updated_at = ?"
            " WHERE id = ?",
            self.now, self.now, self.now, code_id,
        )  # fmt: skip

    def _rows(self, p: PaymentRows) -> None:
        self._insert(
            "payment_execution",
            {
                "id": uuid4(), "created_at": self.now, "company_id": p.company_id, "payment_id": p.id,
                "executor_id": p.executor_id, "method": "cash", "gateway_reference": f"CASH-{p.number}",
                "gateway_status": "paid_out", "otp_verified_at": self.now, "otp_verified_by_id": p.executor_id,
                "channel": "email", "source": "local", "client": "", "executed_at": self.now,
            },
        )  # fmt: skip
        self._run("UPDATE requisition SET status = 'paid', updated_at = ? WHERE id = ?", self.now, p.requisition_id)
        self._insert(
            "approval_trail",
            {
                "id": uuid4(), "created_at": self.now, "requisition_id": p.requisition_id, "revision": p.revision,
                "user_id": p.executor_id, "role": "treasury", "action": "paid", "comment": p.number,
                "timestamp": self.now, "source": "local", "auto_escalated": False, "escalation_reason": "",
                "skipped_roles": "[]", "override": False, "content_hash": "0" * 64,
            },
        )  # fmt: skip
        before, last, year, voucher = self._run(
            "UPDATE treasury_fund SET held_amount = held_amount - ?, voucher_sequence = CASE WHEN voucher_year < 2026"
            " THEN 1 ELSE voucher_sequence + 1 END, voucher_year = 2026, updated_at = ? WHERE id = ?"
            " RETURNING current_balance, ledger_sequence, voucher_year, voucher_sequence",
            p.amount, self.now, p.fund_id,
        ).fetchone()  # fmt: skip
        balance, sequence = before - p.amount, last + 1
        self._insert(
            "ledger_entry",
            {
                "id": uuid4(), "created_at": self.now, "company_id": p.company_id,
                "journal": f"JNL-{p.code}-{sequence:06d}", "fund_id": p.fund_id, "sequence": sequence,
                "entry_type": "debit", "amount": p.amount, "currency": p.currency, "balance_after": balance,
                "account_id": p.account_id, "contra_account_id": p.contra_id, "source_type": "payment",
                "payment_id": p.id, "description": p.payee, "value_date": self.day, "created_by_id": p.executor_id,
            },
        )  # fmt: skip
        self._run(
            "UPDATE payment SET status = 'success', is_held = ?, voucher_number = ?, idempotency_key = ?,"
            " executed_at = ?, updated_at = ? WHERE id = ?",
            False, f"PCV-{p.code}-{year}-{voucher:05d}", str(uuid4()), self.now, self.now, p.id,
        )  # fmt: skip
        self._event(f"fund:{p.fund_id}", p.company_id, p.executor_id, "payment.executed", p.id, p.number)

    def submit(self, rows: SubmissionRows) -> None:
        """The rows of one submission: the draft, its events, its steps and its trail."""
        self._begin()
        r = rows.requisition
        new_id = uuid4()
        (value,) = self._run(
            "UPDATE number_counter SET last_value = last_value + 1 WHERE company_id = ? AND kind = 'REQ'"
            " RETURNING last_value",
            r["company_id"],
        ).fetchone()
        draft = {
            **r, "id": new_id, "number": f"REQ-{value:06d}", "status": "draft", "tier": None, "threshold_id": None,
            "next_approver_id": None, "submitted_at": None, "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        self._insert("requisition", draft)
        self._run(
            "UPDATE requisition SET status = ?, tier = ?, threshold_id = ?, next_approver_id = ?, submitted_at = ?,"
            " updated_at = ? WHERE id = ?",
            str(r["status"]), r["tier"], r["threshold_id"], r["next_approver_id"], self.now, self.now, new_id,
        )  # fmt: skip
        for step in rows.steps:
            current = self.now if step["position"] == 1 else None
            self._insert(
                "approval_step",
                {
                    **step, "id": uuid4(), "requisition_id": new_id, "skipped_roles": "[]", "created_at": self.now,
                    "updated_at": self.now, "became_current_at": current,
                },
            )  # fmt: skip
        self._insert(
            "approval_trail",
            {
                **rows.trail, "id": uuid4(), "requisition_id": new_id, "skipped_roles": "[]", "created_at": self.now,
                "timestamp": self.now,
            },
        )  # fmt: skip
        for action in ("requisition.created", "requisition.submitted"):
            self._event(f"fund:{r['fund_id']}", r["company_id"], r["requested_by_id"], action, new_id, draft["number"])
        self.connection.commit()

    def _event(self, stream: str, company: UUID, actor: UUID, action: str, subject_id: UUID, subject: str) -> None:
        length, head = self._run(
            f"SELECT length, head_hash FROM stream_head WHERE stream = ?{self.lock}", stream
        ).fetchone()
        body = json.dumps({"action": action, "actor": str(actor), "sequence": length + 1, "subject": subject})
        self._insert(
            "audit_event",
            {
                "id": uuid4(), "created_at": self.now, "stream": stream, "sequence": length + 1,
                "company_id": company, "actor_id": actor, "action": action, "subject_type": "payment",
                "subject_id": subject_id, "subject": subject, "body": body, "previous_hash": head,
                "event_hash": sha256(f"{head}\n{body}".encode()).hexdigest(), "source": "local",
            },
        )  # fmt: skip

    def _begin(self) -> None:
        if self.sqlite:
            self.connection.execute("BEGIN IMMEDIATE")

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        marks = ", ".join("?" * len(values))
        self._run(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())

    def _run(self, statement: str, *values: Any) -> Any:
        if self.sqlite:
            return self.connection.execute(statement, [v.hex if isinstance(v, UUID) else _plain(v) for v in values])
        return self.connection.execute(statement.replace("?", "%s"), [_plain(v) for v in values])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
