"""What the database's owner changes or puts in by hand, row by row: each is found by a whole verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

import everything_once
import pytest
from everything_once import KEY, OTHER_KEY, World
from sqlalchemy import Executable, Table, delete, insert, update
from tampering import owner
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import audit_origins, signin
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work


def forged(world: World) -> list[Executable]:
    """A requisition that is approved, with its payment and its hold, out of nothing."""
    payment = world.trading.row(t.payment, world.waiting)
    (requisition,) = world.trading.rows(t.requisition, t.requisition.c.id == payment.requisition_id)
    made = new_id()
    f = t.treasury_fund.c
    return [
        insert(t.requisition).values({**requisition._mapping, "id": made, "number": "REQ-777777"}),
        world.another(t.payment, payment, requisition_id=made, number="PAY-777777"),
        update(t.treasury_fund).where(f.id == payment.fund_id).values(held_amount=f.held_amount + payment.amount),
    ]


def copied(table: Table, **values: Any) -> Callable[[World], list[Executable]]:
    """A second row like one that is there, and is not decided where it has a status."""
    open_ones = [table.c.status == "pending"] if "status" in table.c else []
    return lambda w: [w.another(table, w.trading.rows(table, *open_ones)[0], **values)]


def set_in(table: Table, **values: Any) -> Callable[[World], list[Executable]]:
    """Columns of all rows of a table."""
    return lambda _: [update(table).values(**values)]


def person(**values: Any) -> Callable[[World], list[Executable]]:
    """Columns of the person."""
    return lambda w: [w.person(**values)]


def waiting(**values: Any) -> Callable[[World], list[Executable]]:
    """Columns of the payment that waits."""
    return lambda w: [w.payment(w.waiting, **values)]


def waits(world: World) -> Any:
    """Of the requisition that waits for its first approver."""
    return t.approval_step.c.requisition_id == world.of_asked()


def step(world: World, position: int, **values: Any) -> Executable:
    """Columns of a step of the requisition that waits for its first approver."""
    return update(t.approval_step).where(waits(world), t.approval_step.c.position == position).values(**values)


def _finance(world: World) -> Any:
    return world.trading["fpa"].id


LONG_AGO = timedelta(days=99)
BY_HAND: dict[str, tuple[Callable[[World], Sequence[Executable]], str]] = {
    "where the money goes": (waiting(destination="0700666666"), "does not agree with its requisition"),
    "by which method": (waiting(method="mpesa"), "does not agree with its requisition"),
    "in which currency": (waiting(currency="USD"), "does not agree with its requisition"),
    "for whom": (lambda w: [w.payment(w.waiting, requested_by_id=w.trading["fpa"].id)], "does not agree with its req"),
    "from which fund": (
        lambda w: [w.payment(w.waiting, fund_id=w.trading.row(t.treasury_fund, "MSA").id)],
        "fund MSA holds another amount than its payments",
    ),
    "who pays": (lambda w: [w.payment(w.waiting, executor_id=w.trading["mary"].id)], "has another executor_id"),
    "without a code": (waiting(otp_required=False), "has another otp_required"),
    "pending, then in doubt": (waiting(status="unknown"), "is unknown, which does not follow from the event"),
    "in doubt, then to be paid again": (
        lambda w: [w.payment(w.in_doubt, status="pending")],
        "is pending, which does not follow from the event payment.unknown",
    ),
    "a voucher": (lambda w: [w.payment(w.paid, voucher_number="PCV-1")], "has another voucher_number"),
    "who has paid": (
        lambda w: [
            w.payment(w.paid, executor_id=w.trading["mary"].id),
            update(t.payment_execution).values(
                executor_id=w.trading["mary"].id, otp_verified_by_id=w.trading["mary"].id
            ),
        ],
        "has another executor_id than the event",
    ),
    "when it was paid": (
        lambda w: [update(t.payment_execution).values(created_at=w.trading.clock() - LONG_AGO)],
        "has another created_at than the event payment.executed",
    ),
    "how it was paid": (set_in(t.payment_execution, method="mpesa"), "has another method"),
    "under which reference": (set_in(t.payment_execution, gateway_reference="FAKE"), "has another gateway_reference"),
    "when its code was verified": (
        lambda w: [
            update(t.payment_execution).values(
                otp_verified_at=w.trading.clock() - LONG_AGO, otp_verified_by_id=t.payment_execution.c.executor_id
            )
        ],
        "has another otp_verified_at than the event payment.executed",
    ),
    "who booked it": (
        lambda w: [update(t.ledger_entry).values(created_by_id=w.trading["mary"].id)],
        "has another created_by_id than was sealed",
    ),
    "when it was booked": (
        lambda w: [update(t.ledger_entry).values(created_at=w.trading.clock() - LONG_AGO)],
        "has another created_at than was sealed",
    ),
    "who asked": (
        lambda w: [
            update(t.requisition).where(t.requisition.c.number == w.asked).values(requested_by_id=w.trading["fpa"].id)
        ],
        "has another requested_by_id",
    ),
    "who approves": (
        lambda w: [
            update(t.approval_step)
            .where(t.approval_step.c.requisition_id == w.of_asked(), t.approval_step.c.position == 1)
            .values(approver_id=w.trading["ceo"].id)
        ],
        "has another approver on a step than was named last",
    ),
    **{
        f"a step's {name}": (lambda w, name=name, value=value: [step(w, 1, **{name: value})], message)  # type: ignore[misc]
        for name, value, message in (
            ("role", "ceo", "has another role on a step than was named last"),
            ("kind", "review", "has another kind on a step than was named last"),
        )
    },
    "a validation that is skipped": (
        lambda w: [
            update(t.approval_step).where(t.approval_step.c.kind == "validate", waits(w)).values(status="skipped")
        ],
        "skipped, which no event tells of",
    ),
    "a step skipped at the moment of an act": (
        lambda w: [
            update(t.approval_step)
            .where(t.approval_step.c.kind == "validate", waits(w))
            .values(status="skipped", updated_at=t.approval_step.c.created_at)
        ],
        "skipped, which no event tells of",
    ),
    "a step that nobody decided": (
        lambda w: [step(w, 1, status="done", acted_by_id=w.trading["branch_manager"].id, acted_at=w.trading.clock())],
        "has step 1 done, which no event tells of",
    ),
    "a decision that is taken back": (
        lambda w: [
            update(t.approval_step)
            .where(t.approval_step.c.status == "done")
            .values(status="skipped", acted_by_id=None, acted_at=None)
        ],
        "has no step that was decided by the event requisition.",
    ),
    "who decided for whom": (
        lambda w: [
            update(t.approval_step)
            .where(t.approval_step.c.status == "done")
            .values(on_behalf_of_id=w.trading["ceo"].id)
        ],
        "has a step of another on_behalf_of than the event",
    ),
    "a step that is gone": (
        lambda w: [
            delete(t.approval_step).where(
                t.approval_step.c.requisition_id == w.of_asked(), t.approval_step.c.kind == "validate"
            )
        ],
        "has another place on a step than was named last",
    ),
    "a trail without a line": (
        lambda w: [delete(t.approval_trail).where(t.approval_trail.c.requisition_id == w.of_asked())],
        "has no line in its trail for the event requisition.submitted",
    ),
    "a line put into a trail": (
        lambda w: [
            w.another(
                t.approval_trail,
                w.trading.rows(t.approval_trail, t.approval_trail.c.requisition_id == w.of_asked())[0],
                action="approved",
                user_id=w.trading["cfo"].id,
            )
        ],
        "has a line in its trail (approved) that no event tells of",
    ),
    "a forged delegation": (
        copied(t.delegation, is_active=True),
        "a delegation of cfo is there without the event delegation.added",
    ),
    "a delegation that runs again": (set_in(t.delegation, is_active=True), "is true, which does not follow from"),
    "a delegation to another": (
        lambda w: [update(t.delegation).values(delegate_id=w.trading["mary"].id)],
        "has another delegate_id than the event delegation.added says",
    ),
    **{
        f"{table.name}.{column}": (
            lambda w, table=table, column=column, value=value, status=status: [  # type: ignore[misc]
                update(table).where(table.c.status == status).values({column: value(w)})
            ],
            f"has another {column} than the event",
        )
        for table, status, column, value in (
            (t.replenishment, "completed", "approved_by_id", _finance),
            (t.replenishment, "completed", "completed_by_id", _finance),
            (t.replenishment, "completed", "completed_amount", lambda _: 7),
            (t.replenishment, "completed", "reference", lambda _: "FAKE"),
            (t.fund_transfer, "completed", "approved_by_id", _finance),
            (t.fund_transfer, "pending", "to_fund_id", lambda w: w.trading.row(t.treasury_fund, "HQ").id),
            (t.variance, "approved", "approved_by_id", _finance),
            (t.variance, "pending", "payment_id", lambda w: w.trading.row(t.payment, w.waiting).id),
        )
    },
    "a file that is gone": (lambda _: [delete(t.attachment)], "has not the file any more that was attached to it"),
    "a file put in another's place": (
        set_in(t.attachment, content=b"%PDX", sha256=sha256(b"%PDX").hexdigest()),
        "has not the file any more that was attached to it",
    ),
    "a file with other bytes": (set_in(t.attachment, content=b"%PDX"), "has another file than was attached"),
    "a file of another's": (
        lambda w: [update(t.attachment).values(uploaded_by_id=w.trading["ceo"].id)],
        "has a file of somebody else",
    ),
    "a forged file": (copied(t.attachment, sha256="0" * 64), "has a file that no event tells of"),
    "how urgent it is": (
        lambda w: [w.requisition(w.asked, is_urgent=True, urgency_reason="now")],
        "has another is_urgent than the event requisition.created says",
    ),
    "which tier it has": (lambda w: [w.requisition(w.asked, tier=4)], "has another tier than the event"),
    "which threshold it has": (lambda w: [w.requisition(w.asked, threshold_id=None)], "has another threshold_id"),
    **{
        f"a line's {column}": (
            lambda w, column=column, value=value: [  # type: ignore[misc]
                update(t.approval_trail).where(t.approval_trail.c.action == "approved").values({column: value(w)})
            ],
            f"has another {name} in its trail than the event requisition.approved says",
        )
        for column, name, value in (
            ("comment", "comment", lambda _: "as agreed by telephone"),
            ("on_behalf_of_id", "on_behalf_of", lambda w: w.trading["ceo"].id),
            ("content_hash", "content_hash", lambda _: "0" * 64),
        )
    },
    "an amount that was asked for": (set_in(t.replenishment, requested_amount=7), "has another requested_amount"),
    "an amount that is moved": (set_in(t.fund_transfer, amount=7), "has another amount"),
    "an amount that is put right": (set_in(t.variance, reason="another"), "has another reason"),
    "a forged payment": (forged, "PAY-777777 is there without the event payment.created"),
    "a forged requisition": (
        lambda w: forged(w)[:1],
        "REQ-777777 is there without the event requisition.created",
    ),
    "a forged replenishment": (
        copied(t.replenishment, number="RPL-777777", status="rejected"),
        "RPL-777777 is there without",
    ),
    "a forged transfer": (copied(t.fund_transfer, number="TRF-777777"), "TRF-777777 is there without the event"),
    "a forged variance": (
        lambda w: [
            w.another(
                t.variance,
                w.trading.rows(t.variance, t.variance.c.status == "pending")[0],
                number="VAR-777777",
                status="rejected",
                rejected_by_id=w.trading["cfo"].id,
                rejected_at=w.trading.clock(),
                rejection_reason="no",
            )
        ],
        "VAR-777777 is there without the event variance.recorded",
    ),
    "a forged threshold": (copied(t.approval_threshold, name="none needed"), "none needed is there without the event"),
    "a forged superuser": (
        copied(t.user, username="evil", number=9999, is_superuser=True, email="evil@example.com"),
        "evil is there without the event user.added",
    ),
    "a superuser dated before everything": (
        lambda w: [
            w.another(
                t.user,
                w.trading.rows(t.user)[0],
                username="evil",
                number=9999,
                company_id=None,
                created_at=w.trading.clock() - LONG_AGO,
            )
        ],
        "evil is there without the event user.added",
    ),
    "a forged fund": (
        lambda w: [
            w.another(
                t.treasury_fund,
                w.trading.row(t.treasury_fund, "NBI"),
                code="FAKE",
                is_active=False,
                current_balance=0,
                held_amount=0,
                ledger_sequence=0,
            )
        ],
        "the head of the stream is missing",
    ),
    **{
        f"a person's {name}": (person(**{name: value}), f"mary has another {name} than was set last")
        for name, value in {
            "is_superuser": True,
            "is_active": False,
            "is_centralized_approver": True,
            "role": "admin",
            "company_id": None,
            "email": "evil@example.com",
            "phone_number": "+254799999999",
            "otp_channel": "sms",
            "password_hash": "$argon2id$evil",
            "totp_secret": b"another",
            "totp_confirmed_at": None,
        }.items()
    },
    "a company's setting": (set_in(t.company, otp_threshold=10**9), "ACME has another otp_threshold"),
    "a fund's account": (set_in(t.treasury_fund, bank_account="GB1"), "has another bank_account than was set last"),
    "a key of nobody's giving": (
        copied(t.ssh_key, fingerprint="SHA256:" + "x" * 43),
        "of mary was given by no event",
    ),
    "a key put in another's place": (
        lambda w: [update(t.ssh_key).where(t.ssh_key.c.body == KEY).values(body=OTHER_KEY)],
        "of mary is another key than its fingerprint names",
    ),
    "a key given back": (
        set_in(t.ssh_key, removed_at=None, removed_by_id=None),
        "of mary was taken away, and is there",
    ),
}


@pytest.fixture
def world(trading: Trading) -> World:
    return everything_once.of(trading)


def test_each_row_that_was_changed_or_put_in_by_hand_is_found(world: World) -> None:
    now = world.trading.clock.now
    with owner(world.trading) as reading:
        assert verify(reading).problems == ()
        assert verify(reading, since=now - timedelta(days=1)).problems == ()
        assert verify(reading, since=now).problems == ()
    passed = {}
    for name, (change, message) in BY_HAND.items():
        statements = change(world)
        with owner(world.trading) as reading:
            for statement in statements:
                reading.execute(statement)
            found = [each.message for each in verify(reading).problems]
        if not any(message in each for each in found):
            passed[name] = (message, found)
    assert passed == {}


def test_rows_older_than_the_events_of_their_stream_need_none(trading: Trading) -> None:
    """Where the log began in the midst of things, which it tells itself: it does not begin with a new company."""
    a = t.audit_event.c
    row = trading.rows(t.user)[0]
    began = update(t.audit_event).where(a.action.in_(["company.added", "fund.added"])).values(action="test.began")
    with owner(trading) as reading:
        reading.execute(began)
        for days, expected in ((-1, []), (1, ["evil is there without the event user.added"])):
            at = trading.clock() + timedelta(days=days)
            made = {**row._mapping, "id": new_id(), "number": 9000 + days, "username": "evil", "created_at": at}
            reading.execute(insert(t.user).values(made))
            found = [each.message for each in audit_origins.problems(reading, None) if "evil" in each.message]
            assert found == expected
            reading.execute(delete(t.user).where(t.user.c.id == made["id"]))


def test_what_an_event_did_not_tell_is_not_compared(trading: Trading) -> None:
    """Events of earlier versions told less; a password that one of them set is not known any more."""
    trading.desk.run(trading["admin"], signin.set_password, "staff", "a long walk by the river")

    def as_before(work: Work) -> None:
        work.execute(update(t.user).where(t.user.c.username == "staff").values(password_hash="set by an old program"))
        where = {"stream": company_stream(trading.company_id), "company_id": trading.company_id}
        work.record("password.set", "user", trading["staff"].id, "staff", data={}, **where)

    with owner(trading) as reading:
        reading.execute(update(t.user).where(t.user.c.username == "staff").values(password_hash="else"))
        assert [each.message for each in verify(reading).problems] == [
            "staff has another password_hash than was set last"
        ]
    trading.desk.run(SYSTEM, as_before)
    with owner(trading) as reading:
        assert verify(reading).problems == ()
