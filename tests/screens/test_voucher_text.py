"""A voucher as plain text: whole, in at most 76 columns, whatever people have typed."""

from __future__ import annotations

import story
from desk_app import demo_company
from rich.cells import cell_len

from pettycash_tui.screens.voucher_text import WIDTH, voucher_text
from pettycash_tui.services import voucher
from pettycash_tui.services.desk import Desk

MPESA = {"method": "mpesa", "destination": "0712345678"}


def test_a_voucher_says_who_asked_approved_and_paid_and_has_room_for_signatures(desk: Desk) -> None:
    people = demo_company(desk)
    number = story.approved(desk, people["staff"], "4500", **MPESA)
    executor = story.executor_of(desk, number)
    done = story.pay(desk, number, reference="QKJ7TXL2")
    found = desk.read(executor, voucher.show, number)
    text = voucher_text(found)
    for said in (
        "PETTY CASH VOUCHER",
        done.voucher_number,
        "Paid to         Total Energies",
        "Amount          KES 4,500.00",
        "By              M-Pesa 0712345678",
        "Reference       QKJ7TXL2",
        "For             Fuel for the delivery van",
        "Fund            NBI NBI fund",
        f"Payment         {number} for REQ-000001",
        "Requested by    Staff Person, 2026-03-02 12:00",
        "Approved by     Branch Manager, 2026-03-02 12:00",
        f"Paid by         {executor.name}, 2026-03-02 12:00, code by email",
        "Received by     ____",
    ):
        assert said in text, said


def test_a_payment_that_has_not_left_is_no_voucher(desk: Desk) -> None:
    people = story.trading_company(desk)
    number = story.approved(desk, people["staff"], "4500")
    text = voucher_text(desk.read(people["cfo"], voucher.show, number))
    assert "PAYMENT, NOT PAID (PENDING)" in text and "PETTY CASH VOUCHER" not in text
    assert "\nDate" not in text and "Paid by" not in text


def test_long_and_wide_text_stays_within_the_paper(sqlite_desk: Desk) -> None:
    people = story.trading_company(sqlite_desk)
    number = story.approved(
        sqlite_desk, people["staff"], "4500", payee="株式会社" * 40, purpose=f"{'x' * 300} and more words " * 3
    )
    text = voucher_text(sqlite_desk.read(people["cfo"], voucher.show, number))
    assert all(cell_len(line) <= WIDTH for line in text.splitlines())
    assert text.replace("\n", "").replace(" ", "").count("株式会社") == 40, "nothing is cut"
