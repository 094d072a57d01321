"""Executing a payment: every reason against it, exactly one result, and what is left behind when it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import books
import cash_book
import pyotp
import pytest
import story
from cash_book import Line
from settable_clock import SettableClock
from sqlalchemy import URL, event, text, update

from pettycash_tui.gateways import registry
from pettycash_tui.gateways.protocol import GatewayFailed, Order, Receipt
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, PaymentMethod, PaymentStatus, RequisitionStatus
from pettycash_tui.services import (
    execution,
    ledger,
    otp,
    payment_views,
    payments,
    replenishments,
    submission,
    totp,
    workflow,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, NotAllowed, Overtaken, Refused
from pettycash_tui.services.identity import Actor

OpenDesk = Callable[[URL], Desk]


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return story.trading_company(desk)


def set_columns(desk: Desk, table: str, where: Any = None, **values: Any) -> None:
    statement = update(t.metadata.tables[table]).values(**values)
    with desk.engine.begin() as connection:
        connection.execute(statement if where is None else statement.where(where))


@pytest.fixture
def no_codes(desk: Desk, people: dict[str, Actor]) -> None:
    """No payment needs a code."""
    set_columns(desk, "company", otp_threshold=10**15)


def execute(desk: Desk, payment: str, **options: str) -> execution.Executed:
    return execution.execute(desk, story.executor_of(desk, payment), payment, **options)


# --- whether ----------------------------------------------------------------------------------------------------------


def test_every_reason_is_named_at_once(desk: Desk, people: dict[str, Actor]) -> None:
    payment = story.approved(desk, people["staff"])
    paid = story.approved(desk, people["staff"])
    story.pay(desk, paid)
    p, f = t.payment.c, t.treasury_fund.c
    # Everything that can be against it and does not exclude the rest.
    set_columns(desk, "payment", p.number == payment, retry_count=3, is_held=False, executor_id=people["treasury2"].id)
    set_columns(desk, "treasury_fund", f.code == "NBI", held_amount=0, is_active=False)
    drain(desk, "NBI")

    def reasons(who: str) -> list[str]:
        explained = desk.read(people[who], payment_views.explain, payment)
        assert not explained.allowed
        assert all(payment in r.message or len(r.message) > 20 for r in explained.reasons)
        return [reason.code for reason in explained.reasons]

    always = ["retries_used"], ["code_not_verified", "fund_inactive", "not_enough"]
    assert reasons("staff") == [*always[0], "own_requisition", "not_treasury", "not_executor", *always[1]]
    assert reasons("cfo") == [*always[0], "not_treasury", "not_executor", *always[1]]
    assert reasons("treasury") == [*always[0], "not_executor", *always[1]]
    set_columns(desk, "user", t.user.c.username == "treasury2", otp_locked_at=desk.clock())
    assert reasons("treasury2") == [*always[0], "code_locked", *always[1]]
    with pytest.raises(Refused) as refused:
        execution.execute(desk, people["treasury2"], payment)
    assert [reason.code for reason in refused.value.reasons] == reasons("treasury2")
    set_columns(desk, "payment", p.number == payment, executor_id=None)
    assert "no_executor" in reasons("treasury2")
    explained = desk.read(people["treasury"], payment_views.explain, paid)
    assert "already_executed" in [reason.code for reason in explained.reasons]


def drain(desk: Desk, code: str) -> None:
    """Take everything out of a fund, as an adjustment that no service makes."""
    fund = books.read(desk).fund(code)
    cash_book.write(desk, code, [Line(-fund.current_balance, date(2026, 3, 2), kind="adjustment")])


def test_a_withdrawn_or_cancelled_payment_is_not_executed(desk: Desk, people: dict[str, Actor]) -> None:
    withdrawn, cancelled = story.approved(desk, people["staff"]), story.approved(desk, people["staff"])
    desk.run(people["staff"], submission.withdraw, withdrawn.replace("PAY", "REQ"))
    desk.run(people["cfo"], payments.cancel, cancelled, "not needed")

    for payment in (withdrawn, cancelled):
        with pytest.raises(Refused) as refused:
            execute(desk, payment, code="123456")
        assert [r.code for r in refused.value.reasons] == ["cancelled", "not_approved"]
    assert books.check(desk).fund("NBI").held_amount == 0


def test_who_may_not_pay_is_refused_before_anything_is_looked_at(desk: Desk, people: dict[str, Actor]) -> None:
    payment = story.approved(desk, people["staff"])
    for who in ("staff", "branch_manager", "cfo", "admin", "ceo"):
        with pytest.raises(NotAllowed):
            execution.execute(desk, people[who], payment, code="123456")
    assert books.check(desk).codes == []


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_result_and_another_payments_key_is_refused(
    desk: Desk, people: dict[str, Actor]
) -> None:
    first, second = story.approved(desk, people["staff"]), story.approved(desk, people["staff"])
    done = execute(desk, first, code=story.code_for(desk, first), idempotency_key="till-1/2026-03-02/7")

    again = execute(desk, first, code="000000", idempotency_key="till-1/2026-03-02/7")

    assert again.repeated
    assert not done.repeated
    same = ("payment", "voucher_number", "gateway_reference", "amount", "balance_after", "executed_at", "payment_id")
    assert [getattr(again, name) for name in same] == [getattr(done, name) for name in same]
    with pytest.raises(InvalidInput) as refused:
        execute(desk, second, code=story.code_for(desk, second), idempotency_key="till-1/2026-03-02/7")
    assert first in refused.value.message
    with pytest.raises(Refused) as executed:
        execute(desk, first, code="000000", idempotency_key="another")
    assert executed.value.code == "already_executed"
    found = books.check(desk)
    assert len(found.executions) == 1
    assert [c.attempts for c in found.codes] == [1, 0]


def test_without_a_key_a_second_attempt_is_refused(desk: Desk, people: dict[str, Actor]) -> None:
    payment = story.approved(desk, people["staff"])
    story.pay(desk, payment)

    with pytest.raises(Refused) as refused:
        execute(desk, payment)

    assert [r.code for r in refused.value.reasons] == ["already_executed"]
    assert "PCV-NBI-2026-00001" in refused.value.message


def test_overtaken_between_the_code_and_the_payment_is_told(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = story.approved(desk, people["staff"])
    officer, code = story.executor_of(desk, payment), story.code_for(desk, payment)
    prove = otp.prove

    def prove_and_be_overtaken(*arguments: Any, **options: Any) -> Any:
        proven = prove(*arguments, **options)
        monkeypatch.setattr(otp, "prove", prove)
        execution.execute(desk, officer, payment, code=code)
        return proven

    monkeypatch.setattr(otp, "prove", prove_and_be_overtaken)
    with pytest.raises(Overtaken) as overtaken:
        execution.execute(desk, officer, payment, code=code)

    assert overtaken.value.code == "already_executed"
    assert len(books.check(desk).executions) == 1


# --- references and vouchers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "destination"), [("mpesa", "+254700000001"), ("bank_transfer", "0123456789")])
def test_a_transfer_needs_its_reference_and_each_is_used_once(
    desk: Desk, people: dict[str, Actor], no_codes: None, method: str, destination: str
) -> None:
    first, second = (story.approved(desk, people["staff"], method=method, destination=destination) for _ in range(2))
    for missing in ("", "   "):
        with pytest.raises(InvalidInput) as refused:
            execute(desk, first, reference=missing)
        assert list(refused.value.fields) == ["reference"]
    for unsafe in ("FT\x1b[31m", "x" * 121):
        with pytest.raises(InvalidInput):
            execute(desk, first, reference=unsafe)
    assert execute(desk, first, reference=" QGH7SK61 ").gateway_reference == "QGH7SK61"

    with pytest.raises(Refused) as used:
        execute(desk, second, reference="QGH7SK61")

    assert used.value.code == "reference_used"
    assert list(used.value.fields) == ["reference"]
    found = books.check(desk)
    assert (found.payment(second).status, found.payment(second).retry_count) == (PaymentStatus.PENDING, 0)
    assert execute(desk, second, reference="QGH7SK62").voucher_number == "PCV-NBI-2026-00002"


def test_cash_makes_its_own_reference_unless_one_is_typed(desk: Desk, people: dict[str, Actor], no_codes: None) -> None:
    first, second = (story.approved(desk, people["staff"]) for _ in range(2))

    assert execute(desk, first).gateway_reference == f"CASH-{first}"
    assert execute(desk, second, reference="slip 7").gateway_reference == "slip 7"


def test_vouchers_count_without_a_gap_per_fund_and_year(
    desk: Desk, people: dict[str, Actor], no_codes: None, clock: SettableClock
) -> None:
    def voucher(fund: str = "NBI") -> str:
        return execute(desk, story.approved(desk, people["staff"], "100", fund=fund)).voucher_number

    assert [voucher() for _ in range(3)] == [f"PCV-NBI-2026-{n:05d}" for n in (1, 2, 3)]
    assert voucher("MSA") == "PCV-MSA-2026-00001"
    failing = story.approved(desk, people["staff"], "100", method="mpesa", destination="+254700000001")
    with pytest.raises(InvalidInput):
        execute(desk, failing)
    assert voucher() == "PCV-NBI-2026-00004"

    # In Nairobi the year begins three hours before it does in UTC.
    clock.now = datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC)
    assert voucher() == "PCV-NBI-2026-00005"
    clock.now = datetime(2026, 12, 31, 21, 0, tzinfo=UTC)
    assert [voucher(), voucher()] == ["PCV-NBI-2027-00001", "PCV-NBI-2027-00002"]
    assert voucher("MSA") == "PCV-MSA-2027-00001"
    # A clock that was set wrong and goes back never gives a number twice.
    clock.now = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)
    assert voucher() == "PCV-NBI-2027-00003"
    books.check(desk)


def test_a_review_step_opens_after_the_payment_and_a_requisition_without_one_ends(
    desk: Desk, people: dict[str, Actor], no_codes: None
) -> None:
    small, large = story.approved(desk, people["staff"], "100"), story.approved(desk, people["staff"], "60000")
    execute(desk, small)
    execute(desk, large)

    found = books.check(desk)
    assert found.requisition("REQ-000001").next_approver_id is None
    assert found.requisition("REQ-000002").next_approver_id == people["fpa"].id
    assert [s.approver_id for s in found.steps if s.status == "current"] == [people["fpa"].id]
    desk.run(people["fpa"], workflow.approve, "REQ-000002")
    assert books.check(desk).requisition("REQ-000002").status is RequisitionStatus.REVIEWED


def test_replenishment_is_asked_for_below_the_reorder_level_once(
    desk: Desk, people: dict[str, Actor], no_codes: None
) -> None:
    numbers = [story.approved(desk, people["staff"], amount) for amount in ("50000", "0.01", "100", "100")]

    # Exactly at the level is not under it.
    assert [execute(desk, n).replenishment for n in numbers] == [None, "RPL-000001", None, None]

    found = books.check(desk)
    (asked,) = found.replenishments
    assert asked.auto_triggered
    # Target 200,000 less what is available at that moment: 49,999.99 less 200 held.
    assert asked.requested_amount == 200_000_00 - (49_999_99 - 200_00)
    assert asked.balance_snapshot == 49_999_99
    assert [e.subject for e in found.actions("replenishment.requested")] == ["RPL-000001"]
    with pytest.raises(Refused) as refused:
        desk.run(people["treasury"], replenishments.request, "NBI")
    assert refused.value.code == "replenishment_open"


def test_a_request_made_at_the_last_moment_does_not_undo_the_payment(
    desk: Desk, people: dict[str, Actor], no_codes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ON CONFLICT DO NOTHING: as if the other request had been committed after it was looked for (Postgres only)."""
    payment = story.approved(desk, people["staff"], "60000")
    desk.run(people["group_finance_manager"], replenishments.request, "NBI", "1000")
    if desk.engine.dialect.name == "postgresql":
        monkeypatch.setattr(replenishments, "_open_request", lambda reading, fund_id: None)

    assert execute(desk, payment).replenishment is None

    assert [r.number for r in books.check(desk).replenishments] == ["RPL-000001"]


# --- failing ----------------------------------------------------------------------------------------------------------


class Gateway:
    """A local gateway that says what it is told to."""

    is_local = True

    def __init__(self) -> None:
        self.failing: Exception | None = None
        self.paid: list[str] = []

    def check(self, order: Order, typed_reference: str) -> None:
        pass

    def pay(self, order: Order, typed_reference: str) -> Receipt:
        if self.failing is not None:
            raise self.failing
        self.paid.append(order.payment_number)
        return Receipt(f"G-{order.payment_number}", "ok")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """What serves M-Pesa in this test."""
    made = Gateway()
    monkeypatch.setitem(registry.GATEWAYS, PaymentMethod.MPESA, made)
    return made


def mpesa(desk: Desk, who: Actor, amount: str = "4500") -> str:
    return story.approved(desk, who, amount, method="mpesa", destination="+254700000001")


def test_a_gateway_that_fails_is_recorded_apart_and_the_payment_is_tried_again(
    desk: Desk, people: dict[str, Actor], gateway: Gateway
) -> None:
    payment = mpesa(desk, people["staff"])
    code = story.code_for(desk, payment)
    gateway.failing = GatewayFailed("DS timeout: user cannot be reached")

    with pytest.raises(Refused) as refused:
        execute(desk, payment, code=code)

    assert refused.value.code == "gateway_failed"
    assert "user cannot be reached" in refused.value.message
    found = books.check(desk)
    row = found.payment(payment)
    assert (row.status, row.retry_count, row.last_error) == (
        PaymentStatus.FAILED,
        1,
        "DS timeout: user cannot be reached",
    )
    assert row.is_held
    assert [e.subject for e in found.actions("payment.failed")] == [payment]
    assert [c.consumed_at for c in found.codes] == [None]

    gateway.failing = None
    desk.run(story.executor_of(desk, payment), payments.retry, payment)
    assert execute(desk, payment, code=code).gateway_reference == f"G-{payment}"
    found = books.check(desk)
    assert (found.payment(payment).retry_count, found.payment(payment).last_error) == (1, "")
    assert gateway.paid == [payment]


def test_a_gateway_is_asked_once_and_not_before_the_code_is_right(
    desk: Desk, people: dict[str, Actor], gateway: Gateway
) -> None:
    payment = mpesa(desk, people["staff"])
    code = story.code_for(desk, payment)
    with pytest.raises(Refused):
        execute(desk, payment, code=f"{(int(code) + 1) % 10**6:06d}")
    assert gateway.paid == []

    execute(desk, payment, code=code)

    assert gateway.paid == [payment]


def test_the_last_failure_gives_the_hold_to_those_who_wait(
    desk: Desk, people: dict[str, Actor], no_codes: None, gateway: Gateway
) -> None:
    failing = mpesa(desk, people["staff"], "90000")
    waiting = [story.approved(desk, people["staff"], amount) for amount in ("45000", "55001", "40000")]
    assert [p.is_held for p in books.check(desk).payments] == [True, False, False, False]
    gateway.failing = GatewayFailed("no")

    for count in (1, 2, 3):
        with pytest.raises(Refused):
            execute(desk, failing)
        row = books.check(desk).payment(failing)
        assert (row.retry_count, row.is_held) == (count, count < 3)

    found = books.check(desk)
    assert [found.payment(n).is_held for n in waiting] == [True, False, True]
    assert found.waiting_with_money() == []
    with pytest.raises(Refused) as refused:
        execute(desk, failing)
    assert refused.value.code == "retries_used"
    with pytest.raises(Refused):
        desk.run(story.executor_of(desk, failing), payments.retry, failing)
    desk.run(people["cfo"], payments.cancel, failing, "gave up")
    books.check(desk)


def test_what_has_used_up_its_retries_is_not_asked_money_for(
    desk: Desk, people: dict[str, Actor], no_codes: None, gateway: Gateway
) -> None:
    failing = mpesa(desk, people["staff"], "90000")
    gateway.failing = GatewayFailed("no")
    for _ in range(3):
        with pytest.raises(Refused):
            execute(desk, failing)
    big = story.approved(desk, people["staff"], "240000")
    (asked,) = books.check(desk).replenishments

    # What waits needs 140,000 more than there is; the failed one is not going to be paid.
    assert asked.requested_amount == 140_000_00
    assert not books.check(desk).payment(big).is_held


def test_a_fault_in_the_middle_leaves_nothing_but_its_record(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = story.approved(desk, people["staff"], "60000")
    code = story.code_for(desk, payment)
    before = books.check(desk)
    for count, (module, name) in enumerate(((ledger, "_post"), (replenishments, "request_automatically")), start=1):
        with monkeypatch.context() as broken:
            broken.setattr(module, name, _fault)
            with pytest.raises(RuntimeError):
                execute(desk, payment, code=code)
        after = books.check(desk)
        row = after.payment(payment)
        assert (row.status, row.retry_count, row.last_error) == (PaymentStatus.FAILED, count, "fault: RuntimeError")
        for table in ("executions", "entries", "funds", "steps", "trail", "requisitions", "replenishments"):
            assert getattr(after, table) == getattr(before, table), table
        # Each attempt leaves its code, which was right, and its failure.
        assert len(after.events) == len(before.events) + 2 * count
    assert execute(desk, payment, code=code)
    books.check(desk)


def _fault(*_: Any, **__: Any) -> Any:
    raise RuntimeError("code 493817 and a stack")


def test_a_failure_after_somebody_else_paid_changes_nothing(
    desk: Desk, people: dict[str, Actor], no_codes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = story.approved(desk, people["staff"])
    officer, run = story.executor_of(desk, payment), desk.run

    def fail_and_be_overtaken(*_: Any) -> Any:
        monkeypatch.setattr(desk, "run", run)
        execution.execute(desk, officer, payment)
        raise RuntimeError

    monkeypatch.setattr(desk, "run", fail_and_be_overtaken)
    with pytest.raises(RuntimeError):
        execution.execute(desk, officer, payment)

    found = books.check(desk)
    assert found.payment(payment).status is PaymentStatus.SUCCESS
    assert not found.actions("payment.failed")


# --- money that waits -------------------------------------------------------------------------------------------------


def test_who_began_to_wait_while_a_request_was_open_is_asked_for_when_it_is_completed(
    desk: Desk, people: dict[str, Actor], no_codes: None
) -> None:
    first = story.approved(desk, people["staff"], "150000")
    second = story.approved(desk, people["staff"], "160000")
    assert [r.requested_amount for r in books.check(desk).replenishments] == [100_000_00]
    desk.run(people["cfo"], replenishments.approve, "RPL-000001")

    done = desk.run(people["cfo"], replenishments.complete, "RPL-000001", "FT1")

    assert done.taken_up == (first,)
    found = books.check(desk)
    assert [(r.number, r.status.value) for r in found.replenishments] == [
        ("RPL-000001", "completed"),
        ("RPL-000002", "pending"),
    ]
    assert not found.payment(second).is_held
    desk.run(people["group_finance_manager"], replenishments.approve, "RPL-000002")
    assert desk.run(people["cfo"], replenishments.complete, "RPL-000002", "FT2").taken_up == (second,)
    assert len(books.check(desk).replenishments) == 2


def test_a_waiting_payment_takes_its_hold_when_it_is_executed(
    desk: Desk, people: dict[str, Actor], no_codes: None
) -> None:
    payment = story.approved(desk, people["staff"], "90000")
    set_columns(desk, "payment", is_held=False)
    set_columns(desk, "treasury_fund", held_amount=0)

    execute(desk, payment)

    found = books.check(desk)
    assert (found.fund("NBI").current_balance, found.fund("NBI").held_amount) == (10_000_00, 0)


# --- the connection ---------------------------------------------------------------------------------------------------


@pytest.fixture
def postgres(postgres_url: URL, open_desk: OpenDesk) -> Desk:
    return open_desk(postgres_url)


def cut(desk: Desk, at: str) -> None:
    """End the server's side of the connection at the next COMMIT: before it, or after it and before the answer."""
    commit = desk.engine.dialect.do_commit

    def cut_off(connection: Any) -> None:
        desk.engine.dialect.do_commit = commit  # type: ignore[method-assign]
        if at == "after":
            commit(connection)
        backend = connection.dbapi_connection.info.backend_pid
        with desk.engine.connect() as another:
            another.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})
        # The driver notices when it speaks next.
        commit(connection) if at == "before" else connection.execute("SELECT 1")

    desk.engine.dialect.do_commit = cut_off  # type: ignore[method-assign]


def test_a_connection_lost_after_the_commit_is_a_payment_and_told_as_one(postgres: Desk) -> None:
    people = story.trading_company(postgres)
    set_columns(postgres, "company", otp_threshold=10**15)
    payment = story.approved(postgres, people["staff"])
    officer = story.executor_of(postgres, payment)
    cut(postgres, "after")

    done = execution.execute(postgres, officer, payment)

    assert done.voucher_number == "PCV-NBI-2026-00001"
    assert done.repeated
    assert len(books.check(postgres).executions) == 1


def test_a_connection_lost_before_the_commit_is_no_payment_and_the_next_try_is(postgres: Desk) -> None:
    people = story.trading_company(postgres)
    set_columns(postgres, "company", otp_threshold=10**15)
    payment = story.approved(postgres, people["staff"])
    officer = story.executor_of(postgres, payment)
    cut(postgres, "before")

    with pytest.raises(DatabaseUnavailable) as lost:
        execution.execute(postgres, officer, payment)

    assert lost.value.code == "database_away"
    assert "Nothing was changed" in lost.value.message
    found = books.check(postgres)
    assert found.payment(payment).status is PaymentStatus.PENDING
    assert not found.actions("payment.failed")
    assert execution.execute(postgres, officer, payment)
    assert len(books.check(postgres).executions) == 1


def test_when_the_database_stays_away_nobody_is_told_that_nothing_happened(
    postgres: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = story.trading_company(postgres)
    set_columns(postgres, "company", otp_threshold=10**15)
    payment = story.approved(postgres, people["staff"])
    officer = story.executor_of(postgres, payment)
    cut(postgres, "after")

    def away(*_: Any) -> Any:
        raise DatabaseUnavailable("The database cannot be reached. Nothing was changed.", code="database_away")

    monkeypatch.setattr(postgres, "run_unaudited", away)
    with pytest.raises(DatabaseUnavailable) as unsure:
        execution.execute(postgres, officer, payment)

    assert "Nothing was changed" not in unsure.value.message
    assert "cannot pay it twice" in unsure.value.message
    assert len(books.check(postgres).executions) == 1


# --- statements and locks ---------------------------------------------------------------------------------------------


@pytest.fixture
def statements(desk: Desk) -> Iterator[list[str]]:
    """What the desk's units of work sent, in order."""
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        # Each kind of number has a counter, and so a row, of its own.
        values = arguments[3].values() if isinstance(arguments[3], dict) else arguments[3]
        kind = next((value for value in values if value in ("PAY", "RPL")), "")
        seen.append(" ".join(arguments[2].replace("UPDATE number_counter", f"UPDATE {kind}").split()))

    def committed(_: Any) -> None:
        seen.append("COMMIT")

    event.listen(desk.engine, "before_cursor_execute", note)
    event.listen(desk.engine, "commit", committed)
    yield seen
    event.remove(desk.engine, "before_cursor_execute", note)
    event.remove(desk.engine, "commit", committed)


MOST_STATEMENTS = 15
"""Of one payment with a code by mail and without review, its two transactions together. 15 are 19 round trips; two of
them read who acts as they are at this moment, session and role, once in each transaction."""

PLACES = ("requisition", "payment", "otp_challenge", "user", "PAY", "treasury_fund", "RPL", "stream_head")
"""In this order rows are locked. An officer's own row follows the code; PAY and RPL are the counters of numbers."""


def locked(seen: list[str]) -> list[str]:
    """The tables whose rows a transaction locks for change, in the order of the first time."""
    tables: list[str] = []
    for statement in seen:
        named = re.search(r"FOR NO KEY UPDATE(?: OF ([\w, ]+))?", statement)
        if named is not None:
            tables += (named[1] or re.search(r"FROM \"?(\w+)", statement)[1]).split(", ")  # type: ignore[index]
        updated = re.match(r'UPDATE "?(\w+)"?', statement)
        if updated is not None:
            tables.append(updated[1])
    return [table for table in dict.fromkeys(tables) if table in PLACES]


def last_transaction(seen: list[str]) -> list[str]:
    ends = [at for at, statement in enumerate(seen) if statement == "COMMIT"]
    return seen[ends[-2] + 1 if len(ends) > 1 else 0 : ends[-1]]


def test_a_payment_with_a_code_takes_few_round_trips(
    desk: Desk, people: dict[str, Actor], statements: list[str]
) -> None:
    payment = story.approved(desk, people["staff"])
    officer, code = story.executor_of(desk, payment), story.code_for(desk, payment)
    statements.clear()

    execution.execute(desk, officer, payment, code=code)

    assert statements.count("COMMIT") == 2
    sent = len(statements) - 2
    print(f"{desk.engine.dialect.name}: {sent} statements in 2 transactions")
    assert sent <= MOST_STATEMENTS


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_locks_are_taken_in_one_order_whatever_is_done(
    desk: Desk, people: dict[str, Actor], statements: list[str], clock: SettableClock
) -> None:
    """requisition, payment, code, officer, fund, number, head: read from the statements themselves."""
    taken: dict[str, list[str]] = {}

    def note(what: str) -> None:
        taken[what] = locked(last_transaction(statements))
        statements.clear()

    # A held payment, with a review step, a replenishment and a failure to forget.
    held = story.approved(desk, people["staff"], "60000")
    note("approve")
    officer, code = story.executor_of(desk, held), story.code_for(desk, held)
    with pytest.raises(Refused):
        execution.execute(desk, officer, held, code=f"{(int(code) + 1) % 10**6:06d}")
    note("wrong code")
    execution.execute(desk, officer, held, code=code)
    note("execute held")
    # One that waits, and is executed with the app.
    waiting = story.approved(desk, people["staff"], "100000")
    note("approve waiting")
    set_columns(desk, "user", otp_channel=OtpChannel.TOTP)
    officer = story.executor_of(desk, waiting)
    app = pyotp.TOTP(totp.enrol(desk, officer).secret_base32)
    totp.confirm(desk, officer, app.at(clock()))
    clock.advance(minutes=2)
    desk.run(people["cfo"], replenishments.approve, "RPL-000001")
    statements.clear()
    desk.run(people["cfo"], replenishments.complete, "RPL-000001", "FT1")
    note("complete")
    set_columns(desk, "payment", t.payment.c.number == waiting, is_held=False)
    set_columns(desk, "treasury_fund", held_amount=0)
    execution.execute(desk, officer, waiting, code=app.at(clock()))
    note("execute waiting")
    third = story.approved(desk, people["staff"])
    clock.advance(minutes=2)
    if story.executor_of(desk, third) != officer:
        desk.run(people["cfo"], payments.assign, third, officer.username)
        note("assign")
    near = {app.at(clock(), counter_offset=n) for n in (-1, 0, 1)}
    for code in [code for code in (f"{n:06d}" for n in range(9)) if code not in near][:5]:
        with pytest.raises(Refused):
            execution.execute(desk, officer, third, code=code)
    note("fifth wrong code")
    desk.run(people["cfo"], payments.cancel, third, "not needed")
    note("cancel")

    for what, tables in taken.items():
        places = [PLACES.index(table) for table in tables]
        assert places == sorted(places), f"{what} locks {tables}"
    assert taken["execute held"] == [place for place in PLACES if place != "PAY"]
    assert taken["fifth wrong code"] == ["otp_challenge", "user", "stream_head"]
    assert taken["execute waiting"][:5] == ["requisition", "payment", "otp_challenge", "user", "treasury_fund"]
    assert taken["approve waiting"] == ["requisition", "PAY", "treasury_fund", "stream_head"]
    assert taken["complete"][:2] == ["payment", "treasury_fund"]
