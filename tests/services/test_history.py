"""What was typed before is offered again: one's own first, others' only as far as one may see it."""

from __future__ import annotations

import pytest
from trading import Trading

from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.services import history, requisition_copy, requisitions
from pettycash_tui.services.errors import InvalidInput, NotFound
from pettycash_tui.services.history import KnownPayee
from pettycash_tui.services.pasted_row import read_row
from pettycash_tui.services.requisitions import RequisitionInput


def test_payees_come_once_the_newest_first_as_they_were_paid_last(trading: Trading) -> None:
    trading.request("staff", "10", payee="Total Energies", purpose="Fuel\nfor the van")
    trading.request("staff", "20", payee="Naivas", purpose="Tea")
    trading.request("staff", "30", payee="TOTAL  Energies", method="mpesa", destination="+254700000001", purpose="tea")
    known = trading.desk.read(trading["staff"], history.known)
    assert known.payees == (
        KnownPayee("TOTAL  Energies", PaymentMethod.MPESA, "+254700000001"),
        KnownPayee("Naivas", PaymentMethod.CASH, ""),
    )
    assert known.purposes == ("tea", "Fuel for the van")
    assert known.payee("total energies") == known.payees[0]
    assert known.payee("Somebody") is None


def test_ones_own_stand_before_what_one_may_see_and_a_clerk_sees_no_others(trading: Trading) -> None:
    trading.request("branch_manager", "10", payee="Mine", purpose="My tea")
    trading.request("staff", "20", payee="The clerk's", purpose="Clerk's tea")
    trading.request("treasury", "20", payee="Head office's", purpose="Secret", origin="hq")
    names = [known.name for known in trading.desk.read(trading["branch_manager"], history.known).payees]
    assert names == ["Mine", "The clerk's"]
    assert [known.name for known in trading.desk.read(trading["staff"], history.known).payees] == ["The clerk's"]
    assert "Head office's" in [known.name for known in trading.desk.read(trading["cfo"], history.known).payees]


def test_what_others_asked_long_ago_is_not_offered(trading: Trading) -> None:
    trading.request("staff", "20", payee="The clerk's")
    trading.clock.advance(days=91)
    assert trading.desk.read(trading["branch_manager"], history.known).payees == ()
    assert len(trading.desk.read(trading["staff"], history.known).payees) == 1


def test_who_wrote_nothing_is_offered_nothing(trading: Trading) -> None:
    assert trading.desk.read(trading["staff"], history.known) == history.History()
    assert trading.desk.read(trading["staff"], history.earlier) == ()


def test_earlier_requisitions_differ_and_are_the_last_twenty(trading: Trading) -> None:
    for place in range(22):
        trading.request("staff", str(10 + place), payee="Naivas")
    again = trading.request("staff", "31", payee="NAIVAS")
    found = trading.desk.read(trading["staff"], history.earlier)
    assert len(found) == history.EARLIER
    assert (found[0].number, found[0].amount.plain(), str(found[0].day)) == (again, "31.00", "2026-03-02")
    assert [one.amount.plain() for one in found[:3]] == ["31.00", "30.00", "29.00"]


# -- a new one like it -------------------------------------------------------------------------------------------------


def test_a_copy_has_everything_but_number_urgency_and_attachments(trading: Trading) -> None:
    first = trading.request(
        "staff", "4500", payee="Naivas", purpose="Tea\nand milk", method="mpesa", destination="+254700000001",
        category="travel", is_urgent=True, urgency_reason="now",
    )  # fmt: skip
    copy = trading.desk.read(trading["staff"], requisition_copy.like, first)
    number = trading.desk.run(trading["staff"], requisitions.create, copy).number
    one, two = trading.show(first), trading.show(number)
    for name in ("amount", "payee", "purpose", "method", "destination", "category", "branch", "department", "fund"):
        assert getattr(one, name) == getattr(two, name), name
    assert (two.is_urgent, two.urgency_reason, two.number != one.number) == (False, "", True)


def test_what_is_given_counts_more_and_another_place_brings_its_own_fund(trading: Trading) -> None:
    first = trading.request("staff", "4500", payee="Naivas")
    given = RequisitionInput(amount="99", origin="hq")
    copy = trading.desk.read(trading["staff"], requisition_copy.like, first, given)
    number = trading.desk.run(trading["staff"], requisitions.create, copy).number
    shown = trading.show(number)
    assert (shown.amount.plain(), shown.payee, shown.branch, shown.fund.code) == ("99.00", "Naivas", None, "HQ")


def test_nobody_copies_what_they_may_not_see(trading: Trading) -> None:
    other = trading.request("treasury", "20", payee="x", origin="hq")
    with pytest.raises(NotFound):
        trading.desk.read(trading["staff"], requisition_copy.like, other)


def test_a_copy_of_what_is_gone_names_the_field(trading: Trading) -> None:
    from sqlalchemy import update

    from pettycash_tui.models import tables as t

    first = trading.request("staff", "4500", payee="Naivas", category="travel")
    trading.change(
        lambda work: work.execute(update(t.category).where(t.category.c.code == "travel").values(is_active=False))
    )
    copy = trading.desk.read(trading["staff"], requisition_copy.like, first)
    with pytest.raises(InvalidInput) as caught:
        trading.desk.run(trading["staff"], requisitions.create, copy)
    assert set(caught.value.fields) == {"category"}


# -- a pasted row ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("4,500\tNaivas\tTea", {"amount": "4,500", "payee": "Naivas", "purpose": "Tea"}),
        (
            "1.2k\tNaivas\tTea\tTRAVEL\tM-Pesa\t0712\t\n",
            {
                "amount": "1.2k", "payee": "Naivas", "purpose": "Tea", "category": "travel", "method": "mpesa",
                "destination": "0712",
            },
        ),
        ("Paid to\tAmount\tpayee\r\n0712\t99\tJane\r\n", {"destination": "0712", "amount": "99", "payee": "Jane"}),
        ("5\tNaivas\tTea\t\tcash", {"amount": "5", "payee": "Naivas", "purpose": "Tea", "method": "cash"}),
    ],
)  # fmt: skip
def test_a_row_of_a_spreadsheet_is_read_as_fields(text: str, row: dict[str, str]) -> None:
    assert read_row(text, "KES", ["general", "travel"]) == row


@pytest.mark.parametrize(
    "text",
    [
        "Naivas\t4500\tTea",
        "4500\tNaivas",
        "4500\tNaivas\tTea\tnosuch",
        "4500\tNaivas\tTea\ttravel\tby post",
        "4500\tNaivas\tTea\n4600\tNaivas\tTea",
        "4500\tNaivas\tTea\n4600\tNaivas\tTea\n4700\tNaivas\tTea",
        "Amount\tColour\n1\tred",
        "one line",
        "\t\t",
        "",
    ],
)
def test_what_is_not_surely_one_row_is_none(text: str) -> None:
    assert read_row(text, "KES", ["general", "travel"]) is None
