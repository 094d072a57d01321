"""A bank file from its making to the bank's word on its last line: one batch, each payment booked once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import banking
import books
import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat, OrderStatus, PaymentStatus, Role
from pettycash_tui.services import (
    bank_batch_views,
    bank_batches,
    bank_settling,
    export_files,
    funds,
    payments,
    replenishments,
)
from pettycash_tui.services.bank_batch_views import BatchState
from pettycash_tui.services.bank_batches import Written
from pettycash_tui.services.bank_settling import BatchAct, Settled
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.funds import FundInput

CONFIRM, REFUSE, FILE = BatchAct


@pytest.fixture
def bank(trading: Trading) -> Trading:
    """A company whose fund NBI is at a bank, and whose payments need no code."""
    banking.give_accounts(trading.desk, trading.people)
    banking.without_codes(trading.desk)
    return trading


def ready(bank: Trading, *amounts: str, **fields: str) -> list[str]:
    return banking.transfers(bank.desk, bank.people, *(amounts or ("1000", "2000.50", "3000")), **fields)


def write(bank: Trading, numbers: Sequence[str], who: str = "treasury", **options: object) -> Written:
    options = {"format": BatchFormat.PAIN001, **options}
    return bank_batches.write(bank.desk, bank[who], numbers, **options)  # type: ignore[arg-type]


def confirm(bank: Trading, ref: str, numbers: Sequence[str] | None, reference: str, who: str = "treasury2") -> Settled:
    return bank_settling.confirm(bank.desk, bank[who], ref, numbers, reference)


def refused(bank: Trading, numbers: Sequence[str], who: str = "treasury", **options: object) -> list[str]:
    """The codes of every reason against a file."""
    with pytest.raises(Refused) as caught:
        write(bank, numbers, who, **options)
    return [reason.code for reason in caught.value.reasons]


def statuses(bank: Trading, numbers: Sequence[str]) -> list[str]:
    return [bank.row(t.payment, number).status.value for number in numbers]


# --- the story --------------------------------------------------------------------------------------------------------


def test_a_file_is_written_then_confirmed_and_refused_line_by_line(bank: Trading) -> None:
    numbers = ready(bank)
    made = write(bank, numbers)

    content = banking.content(bank.desk, made.number)
    banking.structure().validate(content.decode())
    assert (made.number, made.line_count, made.control_sum.plain()) == ("BAT-000001", 3, "6000.50")
    assert made.sha256 == sha256(content).hexdigest()
    assert statuses(bank, numbers) == ["executing"] * 3
    assert books.check(bank.desk).fund("NBI").held_amount == 600_050

    first = confirm(bank, made.number, numbers[:1], "FT26061ABC")
    assert [(line.payment, line.reference, line.voucher_number) for line in first.lines] == [
        (numbers[0], "FT26061ABC", "PCV-NBI-2026-00001")
    ]
    bank_settling.refuse(bank.desk, bank["treasury2"], made.number, numbers[1:2], "Account closed")
    found = books.check(bank.desk)
    assert found.payment(numbers[1]).last_error == "Account closed"
    assert bank.desk.read(bank["cfo"], bank_batch_views.show, made.number).batch.status is BatchState.PARTLY_SETTLED
    last = confirm(bank, made.number, None, "FT99")
    assert [line.reference for line in last.lines] == ["FT99-3"]
    assert last.open == 0

    found = books.check(bank.desk)
    assert statuses(bank, numbers) == ["success", "failed", "success"]
    assert {e.executor_id for e in found.executions} == {bank["treasury"].id}
    shown = bank.desk.read(bank["cfo"], bank_batch_views.show, made.number)
    assert (shown.batch.confirmed, shown.batch.refused, shown.batch.open) == (2, 1, 0)
    assert (shown.batch.confirmed_amount.plain(), shown.batch.refused_amount.plain()) == ("4000.00", "2000.50")
    assert shown.batch.status is BatchState.SETTLED
    assert [(line.status, line.reason, line.settled_by) for line in shown.lines] == [
        (OrderStatus.SUCCEEDED, "", "Treasury2 Person"),
        (OrderStatus.FAILED, "Account closed", "Treasury2 Person"),
        (OrderStatus.SUCCEEDED, "", "Treasury2 Person"),
    ]


def test_a_file_confirmed_twice_is_refused_naming_when_and_by_whom(bank: Trading) -> None:
    numbers = ready(bank, "1000", "2000")
    made = write(bank, numbers)
    confirm(bank, made.number, None, "FT1")

    for again in (None, numbers, numbers[:1]):
        with pytest.raises(Refused) as caught:
            confirm(bank, made.number, again, "FT2", "treasury")
        assert "on 2026-03-02 12:00 by Treasury2 Person, reference FT1-" in caught.value.message
    with pytest.raises(Refused, match=r"was confirmed on .* by Treasury2 Person"):
        bank_settling.refuse(bank.desk, bank["treasury"], made.number, numbers[:1], "Account closed")
    explained = bank.desk.read(bank["treasury"], bank_batch_views.explain, made.number)
    assert {act: explained.allows(act) for act in BatchAct} == {CONFIRM: False, REFUSE: False, FILE: True}
    assert len(books.check(bank.desk).executions) == 2


def test_a_refused_line_is_paid_by_the_next_file_under_another_name(bank: Trading) -> None:
    (number,) = ready(bank, "1000")
    first = write(bank, [number])
    bank_settling.refuse(bank.desk, bank["treasury"], first.number, [number], "Wrong name")
    bank.clock.now += timedelta(hours=1)
    bank.desk.run(bank["treasury"], payments.retry, number)
    second = write(bank, [number], format=BatchFormat.CSV)
    assert b"PAY-000001-2-ACME" in banking.content(bank.desk, second.number)

    with pytest.raises(Refused, match="was refused on"):
        confirm(bank, first.number, [number], "FT1")
    confirm(bank, second.number, [number], "FT1")
    assert len(books.check(bank.desk).executions) == 1


# --- lines ------------------------------------------------------------------------------------------------------------


def test_every_line_that_cannot_be_one_is_named_and_the_rest_goes_on_only_if_asked(bank: Trading) -> None:
    good = ready(bank, "1000")
    wrong_iban = ready(bank, "1100", destinations=["DE89370400440532013001"])
    no_account = ready(bank, "1200", destinations=["see the invoice"])
    unreadable = ready(bank, "1300", payee="日本商事")
    elsewhere = banking.transfers(bank.desk, bank.people, "1400", who="fpa", origin="hq")
    theirs = ready(bank, "1500", officer="treasury2")
    cash = bank.approved(amount="1600")
    bank.desk.run(bank["cfo"], payments.assign, cash, "treasury")
    every = [*good, *wrong_iban, *no_account, *unreadable, *elsewhere, *theirs, cash]

    codes = refused(bank, every)
    assert codes == [
        "bad_account",
        "bad_account",
        "payee_unreadable",
        "other_fund",
        "not_executor",
        "not_bank_transfer",
    ]
    with pytest.raises(Refused) as caught:
        write(bank, every)
    assert "No file was made." in caught.value.message
    assert f"{wrong_iban[0]}: the payee's account 'DE89370400440532013001' is no IBAN" in caught.value.message
    assert set(statuses(bank, every)) == {"pending"}

    made = write(bank, every, only_good=True)
    assert made.line_count == 1
    assert [line.payment for line in made.refused] == every[1:]
    assert statuses(bank, every) == ["executing", *["pending"] * 6]
    assert refused(bank, good, only_good=True) == ["in_doubt"]
    books.check(bank.desk)


def test_there_must_be_enough_for_all_of_them(bank: Trading) -> None:
    held = ready(bank, "70000")
    waiting = ready(bank, "60000", "50000")
    assert refused(bank, [*held, *waiting]) == ["not_enough", "not_enough"]
    assert bank.desk.read(bank["cfo"], replenishments.open_request, "NBI") is not None
    assert write(bank, [*held, *waiting], only_good=True).line_count == 1
    books.check(bank.desk)


def test_what_is_named_is_named_once_and_is_ones_own_companys(bank: Trading) -> None:
    (number,) = ready(bank, "1000")
    other = story.trading_company(bank.desk, "BETA", prefix="b_")
    for wrong, error in (([], InvalidInput), ([number, number.lower()], InvalidInput), (["PAY-000009"], NotFound)):
        with pytest.raises(error):
            write(bank, wrong)
    with pytest.raises(NotFound):
        bank_batches.write(bank.desk, other["treasury"], [number], format=BatchFormat.CSV)
    made = write(bank, [number])
    for read in (bank_batch_views.show, bank_batch_views.explain):
        with pytest.raises(NotFound):
            bank.desk.read(other["treasury"], read, made.id)
    with pytest.raises(NotFound):
        bank_settling.confirm(bank.desk, other["treasury"], made.number, None, "FT1")
    assert bank.desk.read(other["treasury"], bank_batch_views.list_batches).items == ()


def test_a_fund_needs_an_account_and_the_day_lies_ahead(trading: Trading) -> None:
    banking.without_codes(trading.desk)
    (number,) = ready(trading, "1000")
    assert refused(trading, [number]) == ["no_bank_account"]
    for field, wrong in (("bank_account", "not an account"), ("bank_code", "no such bank!")):
        with pytest.raises(InvalidInput) as caught:
            trading.desk.run(trading["cfo"], funds.edit, "NBI", FundInput(**{field: wrong}))  # type: ignore[arg-type]
        assert set(caught.value.fields) == {field}
    with pytest.raises(NotAllowed):
        trading.desk.run(trading["treasury"], funds.edit, "NBI", FundInput(bank_account="0110223344"))
    trading.desk.run(trading["cfo"], funds.edit, "NBI", FundInput(bank_account=f"EQBLKENA/{banking.DEBIT_ACCOUNT}"))
    fund = trading.desk.read(trading["cfo"], funds.show, "NBI")
    assert (fund.bank_account, fund.bank_code) == (banking.DEBIT_ACCOUNT, "EQBLKENA")

    today = trading.clock.now.date()
    for day in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(InvalidInput, match="Date must be today, 2026-03-02"):
            write(trading, [number], execution_date=day)
    made = write(trading, [number], execution_date=today + timedelta(days=2))
    assert b"<Dt>2026-03-04</Dt>" in banking.content(trading.desk, made.number)


# --- people -----------------------------------------------------------------------------------------------------------


def test_only_treasury_writes_and_confirms_and_nobody_their_own_request(bank: Trading) -> None:
    others = ready(bank, "1000")
    own = ready(bank, "2000", who="treasury2", origin="branch", branch="NBI")
    for who in ("staff", "cfo", "admin"):
        with pytest.raises(NotAllowed):
            write(bank, others, who)
    made = write(bank, [*others, *own])
    for who in ("staff", "cfo", "admin"):
        with pytest.raises(NotAllowed):
            confirm(bank, made.number, None, "FT1", who)
        with pytest.raises(NotAllowed):
            bank_settling.refuse(bank.desk, bank[who], made.number, others, "no")
    with pytest.raises(NotFound):
        bank.desk.read(bank["staff"], bank_batch_views.show, made.number)

    with pytest.raises(Refused, match="request of your own"):
        confirm(bank, made.number, [*others, *own], "FT1")
    assert statuses(bank, [*others, *own]) == ["executing", "executing"]
    done = confirm(bank, made.number, None, "FT1")
    assert ([line.payment for line in done.lines], [line.payment for line in done.left]) == (others, own)
    explained = bank.desk.read(bank["treasury2"], bank_batch_views.explain, made.number)
    assert [reason.code for reason in explained.against[CONFIRM]] == ["own_requisition"]
    assert confirm(bank, made.number, None, "FT2", "treasury").open == 0
    books.check(bank.desk)


def test_a_line_that_is_not_ours_and_a_reference_that_is_used_are_refused_and_nothing_is_half_done(
    bank: Trading,
) -> None:
    numbers = ready(bank, "1000", "2000")
    stranger = ready(bank, "3000")
    made = write(bank, numbers)
    with pytest.raises(NotFound, match=r"PAY-000003 is no line of BAT-000001"):
        confirm(bank, made.number, [*numbers, *stranger], "FT1")
    for reference in (None, "", "x" * 121, "two\nlines"):
        with pytest.raises(InvalidInput):
            confirm(bank, made.number, numbers[:1], reference)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="Payments are missing"):
        confirm(bank, made.number, [], "FT1")
    with pytest.raises(InvalidInput, match="Reason is missing"):
        bank_settling.refuse(bank.desk, bank["treasury"], made.number, numbers, " ")
    story_reference = "FT1-2"
    other = write(bank, stranger)
    confirm(bank, other.number, stranger, story_reference)
    with pytest.raises(Refused, match=r"'FT1-2' is on PAY-000003 already"):
        confirm(bank, made.number, None, "FT1")
    assert statuses(bank, numbers) == ["executing", "executing"]
    books.check(bank.desk)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_that_was_lost_is_written_again_byte_by_byte(bank: Trading, tmp_path: Path) -> None:
    made = write(bank, ready(bank, "1000"))
    path = tmp_path / "bank.xml"
    for _ in range(2):
        with export_files.at_path(path, replace=True) as draft:
            put = bank_batches.put(bank.desk, bank["treasury"], made.number, draft)
        assert path.read_bytes() == banking.content(bank.desk, made.number)
        assert (put.path, put.sha256, put.size) == (path, made.sha256, path.stat().st_size)
        assert path.stat().st_mode & 0o777 == 0o600
    with export_files.in_exports(bank.desk.home, "treasury", made.file_name) as draft:
        put = bank_batches.put(bank.desk, bank["treasury"], made.number, draft)
    assert put.path == bank.desk.home / "exports" / "treasury" / "BAT-000001.xml"
    assert len(books.check(bank.desk).actions("batch.file_written")) == 3
    with pytest.raises(NotAllowed), export_files.at_path(tmp_path / "other.xml", replace=False) as draft:
        bank_batches.put(bank.desk, bank["cfo"], made.number, draft)
    assert [each.name for each in tmp_path.glob("*.xml")] == ["bank.xml"]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_files_are_listed_newest_first_narrowed_and_a_page_at_a_time(bank: Trading) -> None:
    made = []
    for at, format in enumerate((BatchFormat.PAIN001, BatchFormat.CSV, BatchFormat.PAIN001)):
        bank.clock.now += timedelta(minutes=1)
        made.append(write(bank, ready(bank, "1000", "500", payee=f"Payee {at}"), format=format))
    confirm(bank, made[0].number, None, "FT1")
    confirm(
        bank, made[1].number, [bank.desk.read(bank["cfo"], bank_batch_views.show, made[1].id).lines[0].payment], "X"
    )

    def listed(who: str = "cfo", **narrowed: object) -> list[str]:
        page = bank.desk.read(bank[who], bank_batch_views.list_batches, **narrowed)  # type: ignore[arg-type]
        return [batch.number for batch in page.items]

    assert listed() == ["BAT-000003", "BAT-000002", "BAT-000001"]
    assert listed(format=BatchFormat.CSV) == ["BAT-000002"]
    by_state = {state: listed(status=state) for state in BatchState}
    assert by_state == {
        BatchState.OPEN: ["BAT-000003"],
        BatchState.PARTLY_SETTLED: ["BAT-000002"],
        BatchState.SETTLED: ["BAT-000001"],
    }
    assert listed(search="payee 1") == ["BAT-000002"]
    assert listed(search="FT1-2") == ["BAT-000001"]
    assert (listed(fund="NBI"), listed(fund="HQ")) == (listed(), [])
    assert listed("branch_manager") == listed()
    assert listed("staff") == []
    page = bank.desk.read(bank["cfo"], bank_batch_views.list_batches, limit=2)
    rest = bank.desk.read(bank["cfo"], bank_batch_views.list_batches, limit=2, after=page.next)
    assert [batch.number for batch in (*page.items, *rest.items)] == listed()
    assert rest.next is None


def test_a_group_wide_officer_and_an_inactive_fund(bank: Trading) -> None:
    numbers = ready(bank, "1000")
    bank.another("group.treasury", Role.TREASURY, company_id=None)
    made = write(bank, numbers)
    bank.change(
        lambda work: work.execute(
            update(t.treasury_fund).where(t.treasury_fund.c.code == "NBI").values(is_active=False)
        )
    )
    with pytest.raises(Refused, match="inactive"):
        confirm(bank, made.number, None, "FT1", "group.treasury")
    assert bank.row(t.payment, numbers[0]).status is PaymentStatus.EXECUTING
    bank.change(
        lambda work: work.execute(update(t.treasury_fund).where(t.treasury_fund.c.code == "NBI").values(is_active=True))
    )
    assert confirm(bank, made.number, None, "FT1", "group.treasury").open == 0
    books.check(bank.desk)
