"""The whole story, typed into the real program at 80x24: from the form to the voucher and the fund ledger."""

from __future__ import annotations

import re
from typing import Any

from journey import USERNAMES, Place, go, go_to, sign_in, sign_out, type_requisition
from terminal import Terminal

PAYEE, PURPOSE = "Total Energies", "Fuel for the delivery van"


def test_a_requisition_becomes_a_line_in_the_fund_ledger(place: Place) -> None:
    before = place.ask("cfo", "fund", "show", "NBI")
    assert before["current_balance"] == "100000.00"

    with place.open() as clerk, place.open() as office:
        sign_in(clerk, "clerk.nbi")
        number, officer = enter_requisition(clerk)
        approve(office, number)
        payment, executor = validate(office, number, officer)
        code_in_the_letter_pays(place, office, executor, number, payment)
        read_fund_ledger(office, number, payment, before["entries"] + 1)
        clerk_sees_it_paid(clerk, number)
        for terminal in (clerk, office):
            terminal.press("q")
            assert terminal.wait_exit() == 0

    the_commands_agree(place, number, payment, before)


def enter_requisition(clerk: Terminal) -> tuple[str, str]:
    """The clerk types the form. Returns the number, and who is to validate it."""
    go(clerk, "2", "Requisitions: mine", "Number", "Status", "Amount", "Payee")
    type_requisition(clerk, "4,500", PAYEE, PURPOSE)
    preview = clerk.wait_for(
        "1 Approve Nairobi Manager Branch manager of NBI",
        "2 Validate Treasury",
        "Fund NBI Nairobi KES 100,000.00 available after holds, 95,500.00 after this",
        "^g Submit",
    )
    officer = re.search(r"Validate +(Treasury \w+)", preview)
    clerk.press("ctrl+g")
    told = clerk.wait_for("Requisitions: mine", "is submitted: tier 1, now with Nairobi Manager")
    number = re.search(r"(REQ-\d{6}) is submitted", told)
    assert officer and number
    clerk.wait_for(re.compile(rf"{number[1]}  ◔ branch manager +4,500.00  {PAYEE}"))
    return number[1], officer[1]


def approve(office: Terminal, number: str) -> None:
    """The branch manager finds it in the queue and approves it."""
    sign_in(office, "manager.nbi")
    go(office, "3", "a Approve", "x Reject")
    go_to(office, number)
    office.wait_for(
        "Fund NBI has KES 100,000.00 available, 95,500.00 once this is approved",
        f"◔ branch manager {number} KES 4,500.00",
        f"Payee {PAYEE}",
        f"Purpose {PURPOSE}",
        "▶ now approves Nairobi Manager (Branch manager)",
    )
    office.press("a")
    office.wait_told(f"{number}: approved, KES 4,500.00 to {PAYEE}; it is now with treasury.")
    office.wait_gone(re.compile(rf"^[▸ ] {number}", re.MULTILINE))
    sign_out(office)


def validate(office: Terminal, number: str, officer: str) -> tuple[str, str]:
    """The treasury officer validates it, which makes the payment. Returns it, and who is to pay it."""
    sign_in(office, USERNAMES[officer])
    go(office, "3")
    go_to(office, number)
    office.wait_for("✔ approved Nairobi Manager (Branch manager)", f"▶ now validates {officer} (Treasury)")
    office.press("a")
    told = office.wait_told(re.compile(rf"{number}: validated, KES 4,500.00 to {PAYEE}; PAY-\d+ is made"))
    payment = re.search(r"PAY-\d{6}", told)
    assert payment
    go(office, "4")
    go_to(office, payment[0])
    found = re.search(r"Executor +(Treasury \w+)", office.wait_for(f"● ready {payment[0]}", "Executor Treasury"))
    assert found
    # Who validated it may not pay it: it is assigned to the other officer, and paying is not offered here.
    assert found[1] != officer
    office.wait_gone("p Pay")
    sign_out(office)
    return payment[0], found[1]


def code_in_the_letter_pays(place: Place, office: Terminal, executor: str, number: str, payment: str) -> None:
    """The assigned officer opens the payment, reads the code that was sent, and pays."""
    person = USERNAMES[executor]
    sign_in(office, person)
    go(office, "4", "Payments: ready")
    go_to(office, payment)
    office.wait_for(
        f"For {number} {PURPOSE}",
        f"Executor {executor}",
        "Fund NBI balance KES 100,000.00, available 95,500.00 (held for this)",
        "✔ You can pay it now.",
    )
    office.press("enter")
    office.wait_for(
        f"Pay {payment}",
        "Amount KES 4,500.00",
        f"Payee {PAYEE}",
        "before 100,000.00 95,500.00",
        "after 95,500.00 95,500.00",
        "Code sent to t…@savanna.example (Email)",
        "5 tries left",
    )
    code = place.code_for(person, payment)
    assert f"Demo: the code is {code}" in office.screen_text()

    wrong = "000000" if code != "000000" else "111111"
    office.type(wrong)
    office.press("enter")
    office.wait_for("4 tries left")
    office.type(code)
    office.wait_for("Code ••••••")
    office.press("enter")
    office.wait_for(
        f"{payment} is paid",
        "✔ Paid",
        "Amount KES 4,500.00",
        f"Payee {PAYEE}",
        re.compile(r"Voucher +PCV-NBI-\d{4}-\d{5}"),
        f"Reference CASH-{payment}",
        "Balance KES 95,500.00 in fund NBI",
        "enter or esc closes",
    )
    office.press("enter")
    office.wait_gone("enter or esc closes", re.compile(rf"^[▸ ] {payment}", re.MULTILINE))


def read_fund_ledger(office: Terminal, number: str, payment: str, entry: int) -> None:
    """The cash book ends with the payment; opened, the entry names its voucher."""
    go(office, "5", "Paid out", "Paid in", "Balance")
    office.press("o")
    office.wait_for("Which fund?", "NBI Nairobi")
    office.type("NBI")
    office.wait_gone("HQ Head office")
    office.press("enter")
    office.wait_for(
        "Fund ledger: NBI",
        "Balance KES 95,500.00 · held 0.00 · available 95,500.00",
        re.compile(rf"^▸ +{entry} .*{PAYEE}.* 4,500\.00 +95,500\.00$", re.MULTILINE),
    )
    office.press("enter")
    office.wait_for(
        f"NBI entry {entry}",
        re.compile(rf"Text +{PAYEE}: {PURPOSE}"),
        re.compile(r"Voucher +PCV-NBI-\d{4}-\d{5}"),
        "KES 4,500.00",
        "Balance KES 95,500.00 after it",
        f"Payment {payment}",
        f"Requisition {number}",
    )
    office.press("escape")
    office.wait_gone(f"NBI entry {entry}")


def clerk_sees_it_paid(clerk: Terminal, number: str) -> None:
    """The clerk, at a desk that was open all the time, reads the end of it."""
    clerk.press("r")
    clerk.wait_for(re.compile(rf"{number}  ✔ paid +4,500\.00  {PAYEE}"))
    go_to(clerk, number)
    clerk.wait_for(f"✔ paid {number} KES 4,500.00")


def the_commands_agree(place: Place, number: str, payment: str, before: dict[str, Any]) -> None:
    """What the screens showed is what the books hold."""
    fund = place.ask("cfo", "fund", "show", "NBI")
    assert (fund["current_balance"], fund["held_amount"], fund["available"]) == ("95500.00", "0.00", "95500.00")

    entries = place.ask("cfo", "fund", "ledger", "NBI", "--limit", "200")["items"]
    last = max(entries, key=lambda entry: entry["sequence"])
    assert (last["sequence"], last["entry_type"]) == (before["entries"] + 1, "debit")
    assert (last["amount"], last["balance_after"], last["payment"]) == ("4500.00", "95500.00", payment)
    assert [entry["sequence"] for entry in entries if entry["payment"] == payment] == [last["sequence"]]

    paid = place.ask("cfo", "pay", "show", payment)
    assert (paid["status"], paid["amount"], paid["held"], paid["requisition"]) == ("success", "4500.00", False, number)
    assert re.fullmatch(r"PCV-NBI-\d{4}-\d{5}", paid["voucher_number"])
    assert place.ask("clerk.nbi", "req", "show", number)["status"] == "paid"
