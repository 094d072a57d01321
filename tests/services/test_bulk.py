"""Several payments together: one code, one transaction a fund, and what cannot be paid holds nothing up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import banking
import books
import pytest
import story
from sqlalchemy import event, select
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.services import bulk, execution, payments, posting
from pettycash_tui.services.bulk import Together
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, PettyCashError, Reason, Refused
from pettycash_tui.services.execution import Executed


def payments_for(trading: Trading, officer: str, *amounts: str, **fields: str | bool) -> list[str]:
    made = []
    for amount in amounts:
        number = trading.approved(amount=amount, **fields)
        if story.executor_of(trading.desk, number).username != officer:
            trading.desk.run(trading["cfo"], payments.assign, number, officer)
        made.append(number)
    return made


def code_for(trading: Trading, numbers: list[str], officer: str = "treasury") -> str:
    bulk.send_code(trading.desk, trading[officer], numbers)
    return story.last_code(trading.desk.home)


def pay(trading: Trading, numbers: list[str], officer: str = "treasury", **options: Any) -> Together:
    return bulk.pay_together(trading.desk, trading[officer], numbers, **options)


def told(trading: Trading, numbers: list[str], officer: str = "treasury", **options: Any) -> list[str]:
    with pytest.raises(PettyCashError) as caught:
        pay(trading, numbers, officer, **options)
    return [reason.code for reason in caught.value.reasons] or [caught.value.code]


def reasons(found: Together) -> dict[str, list[str]]:
    return {each.payment: [reason.code for reason in each.reasons] for each in found.refused}


def test_one_code_pays_the_list_each_with_its_own_voucher_entry_and_trail(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "1000", "2500.50", "60000")
    code = code_for(trading, numbers)
    done = pay(trading, [*reversed(numbers)], code=code)
    assert [each.payment for each in done.paid] == numbers
    assert (done.total.plain(), done.refused) == ("63500.50", ())
    vouchers = [each.voucher_number for each in done.paid]
    assert [int(voucher[-5:]) for voucher in vouchers] == [1, 2, 3]
    assert [each.balance_after.plain() for each in done.paid] == ["99000.00", "96499.50", "36499.50"]
    # The third leaves the fund below its reorder level.
    assert [each.replenishment is not None for each in done.paid] == [False, False, True]
    found = books.check(trading.desk)
    assert [e.sequence for e in found.entries_of(found.fund("NBI").id)] == [1, 2, 3, 4]
    (spent,) = [row for row in found.codes if row.consumed_at is not None]
    assert {e.otp_verified_by_id for e in found.executions} == {trading["treasury"].id}
    assert spent.bundle_id is not None
    # A review that waits for the payment has begun.
    reviewed = found.requisition(done.paid[2].requisition)
    assert (reviewed.status, reviewed.next_approver_id) == (RequisitionStatus.PAID, trading["fpa"].id)


def test_what_cannot_be_paid_is_listed_and_the_rest_is_paid(trading: Trading) -> None:
    good = payments_for(trading, "treasury", "1000", "2000")
    (others,) = payments_for(trading, "treasury2", "300")
    (cancelled,) = payments_for(trading, "treasury", "400")
    (transfer,) = payments_for(trading, "treasury", "500", method="mpesa", destination="+254700000001")
    numbers = [*good, others, cancelled, transfer]
    sent = bulk.send_code(trading.desk, trading["treasury"], numbers)
    assert (sent.count, sent.total.plain()) == (4, "3900.00")
    assert [each.payment for each in sent.refused] == [others]
    code = story.last_code(trading.desk.home)
    trading.desk.run(trading["cfo"], payments.cancel, cancelled, "not needed")
    done = pay(trading, numbers, code=code)
    assert [each.payment for each in done.paid] == good
    assert reasons(done) == {
        others: ["not_executor"],
        cancelled: ["cancelled", "not_approved"],
        transfer: ["reference_missing"],
    }
    found = books.check(trading.desk)
    assert found.payment(transfer).status is PaymentStatus.PENDING
    assert found.payment(transfer).retry_count == 0


def test_references_are_given_by_payment_and_never_twice(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200", "300", method="mpesa", destination="+254700000001")
    code = code_for(trading, numbers)
    given = {numbers[0]: "QX1", numbers[1]: "QX1", numbers[2]: "QX2"}
    done = pay(trading, numbers, code=code, references=given)
    assert [each.gateway_reference for each in done.paid] == ["QX1", "QX2"]
    assert reasons(done) == {numbers[1]: ["reference_used"]}
    trading.clock.advance(seconds=61)
    code = code_for(trading, numbers[1:2])
    assert told(trading, numbers[1:2], code=code, references={numbers[1]: "QX2"}) == ["reference_used"]
    assert [each.payment for each in pay(trading, numbers[1:2], code=code, references={numbers[1]: "QX3"}).paid]
    books.check(trading.desk)


def test_the_code_of_a_list_is_no_code_for_anything_else(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200", "300")
    code = code_for(trading, numbers[:2])
    # For a part of the list it is no code, for more than the list it pays the list.
    assert told(trading, numbers[:1], code=code) == ["no_code"]
    with pytest.raises(Refused):
        execution.execute(trading.desk, trading["treasury"], numbers[0], code=code)
    alone = story.code_for(trading.desk, numbers[2])
    assert told(trading, numbers[:2], code=alone if alone != code else "000000") == ["code_wrong"]
    done = pay(trading, numbers, code=code)
    assert [each.payment for each in done.paid] == numbers[:2]
    assert reasons(done) == {numbers[2]: ["not_on_list"]}
    assert told(trading, numbers[:2], code=code) == ["already_executed"] * 2
    assert isinstance(execution.execute(trading.desk, trading["treasury"], numbers[2], code=alone), Executed)
    books.check(trading.desk)


def test_without_a_code_only_what_needs_none_is_paid(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200")
    assert told(trading, numbers) == ["code_not_verified"] * 2
    banking.without_codes(trading.desk)
    free = payments_for(trading, "treasury", "300")
    done = pay(trading, [*numbers, *free])
    assert [each.payment for each in done.paid] == free
    assert (
        bulk.send_code(trading.desk, trading["treasury"], free_ones := payments_for(trading, "treasury", "1")).sent
        is None
    )
    assert pay(trading, free_ones).total.plain() == "1.00"
    books.check(trading.desk)


def test_several_funds_are_paid_with_one_code_each_in_its_own_transaction(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200")
    msa = trading.approved("fpa", "3000", origin="hq")
    if story.executor_of(trading.desk, msa).username != "treasury":
        trading.desk.run(trading["cfo"], payments.assign, msa, "treasury")
    code = code_for(trading, [*numbers, msa])
    steps: list[tuple[int, int]] = []
    done = pay(trading, [*numbers, msa], code=code, report=lambda *step: steps.append(step) is None)
    assert {each.payment for each in done.paid} == {*numbers, msa}
    assert steps[-1] == (3, 3) and len(steps) == 2
    assert {each.fund for each in done.paid} == {"NBI", "HQ"}
    found = books.check(trading.desk)
    assert len({e.otp_verified_at for e in found.executions}) == 1
    assert len([row for row in found.codes if row.consumed_at is not None]) == 1


def test_what_was_paid_is_told_when_one_stops_or_a_later_fund_fails(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> list[str]:
        made = [*payments_for(trading, "treasury", "100"), trading.approved("fpa", "3000", origin="hq")]
        if story.executor_of(trading.desk, made[1]).username != "treasury":
            trading.desk.run(trading["cfo"], payments.assign, made[1], "treasury")
        trading.clock.advance(seconds=61)
        return made

    numbers = both()
    done = pay(trading, numbers, code=code_for(trading, numbers), report=lambda *_: False)
    assert (len(done.paid), [*reasons(done).values()]) == (1, [["stopped"]])
    numbers, real, calls = both(), posting.post_together, []

    def failing(*given: Any) -> list[Executed]:
        calls.append(given)
        if len(calls) == 2:
            raise Refused.because(Reason("not_enough", "The fund was emptied a moment ago."))
        return real(*given)

    monkeypatch.setattr(posting, "post_together", failing)
    done = pay(trading, numbers, code=code_for(trading, numbers))
    assert (len(done.paid), [*reasons(done).values()]) == (1, [["not_enough"]])
    books.check(trading.desk)


def test_the_same_key_gives_the_earlier_result_again(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200")
    first = pay(trading, numbers, code=code_for(trading, numbers), idempotency_key="monday")
    again = pay(trading, numbers, idempotency_key="monday")
    assert [each.voucher_number for each in again.paid] == [each.voucher_number for each in first.paid]
    assert all(each.repeated for each in again.paid)
    assert told(trading, numbers, idempotency_key="tuesday") == ["already_executed"] * 2
    books.check(trading.desk)


def test_a_payment_that_waits_is_paid_when_there_is_money_for_it_and_not_before(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "60000", "50000", "30000")
    held = {number: trading.row(t.payment, number).is_held for number in numbers}
    assert held == {numbers[0]: True, numbers[1]: False, numbers[2]: True}
    done = pay(trading, numbers, code=code_for(trading, numbers))
    assert [each.payment for each in done.paid] == [numbers[0], numbers[2]]
    assert reasons(done) == {numbers[1]: ["not_enough"]}
    books.check(trading.desk)


def test_an_expired_or_wrong_code_pays_nothing(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100", "200")
    code = code_for(trading, numbers)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert told(trading, numbers, code=wrong) == ["code_wrong"]
    assert told(trading, numbers, code="12 34") == ["invalid_input"]
    trading.clock.now += timedelta(seconds=301)
    assert told(trading, numbers, code=code) == ["no_code"]
    assert {row.status for row in trading.rows(t.payment)} == {PaymentStatus.PENDING}


def test_what_is_typed_is_checked(trading: Trading) -> None:
    numbers = payments_for(trading, "treasury", "100")
    with pytest.raises(InvalidInput, match="named once"):
        pay(trading, numbers * 2)
    with pytest.raises(InvalidInput, match="1 to 500"):
        pay(trading, [])
    with pytest.raises(NotFound):
        pay(trading, ["PAY-000999"])
    for who in ("cfo", "staff", "branch_manager"):
        with pytest.raises(NotAllowed):
            pay(trading, numbers, who)
    with pytest.raises(InvalidInput):
        pay(trading, numbers, references={numbers[0]: "x\x1b[31m"})


@pytest.fixture
def statements(trading: Trading) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(trading.desk.engine, "before_cursor_execute", note)
    yield seen
    event.remove(trading.desk.engine, "before_cursor_execute", note)


def test_a_list_takes_no_more_statements_than_a_single_payment_of_it(trading: Trading, statements: list[str]) -> None:
    counts = []
    for amounts in (["10"] * 2, ["10"] * 12):
        numbers = payments_for(trading, "treasury", *amounts)
        trading.clock.advance(seconds=61)
        code = code_for(trading, numbers)
        statements.clear()
        assert len(pay(trading, numbers, code=code).paid) == len(amounts)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert counts[0] <= 26
    told_of = trading.desk.read(
        trading["admin"],
        lambda reading: reading.execute(
            select(t.audit_event.c.subject).where(t.audit_event.c.action == "payment.executed")
        ).all(),
    )
    assert len(told_of) == 14
