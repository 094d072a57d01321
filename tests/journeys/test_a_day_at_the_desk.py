"""A day's work over a line with 150 ms of delay in either direction: the clerk, the approver and the officers."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from journey import USERNAMES, Place, become, bytes_sent, go, go_to, sign_in, take
from terminal import Terminal

DELAY = 0.15
"""Seconds from the desk to the program, and as long back."""

# What may be sent to a terminal: this line is one of long ways, and others are thin as well.
CURSOR_STEP, PAGE, FIRST_FRAME = 1024, 4 * 1024, 15 * 1024

BY_COMPLETION, URGENT, PASTED, DUPLICATE, OVERDUE = "REQ-000140", "REQ-000141", "REQ-000142", "REQ-000143", "REQ-000125"


def test_a_day_at_the_desk_over_a_slow_line(place: Place) -> None:
    before = place.ask("cfo", "fund", "show", "NBI")
    with place.open(delay=DELAY) as clerk, place.open(delay=DELAY) as office:
        sign_in(clerk, "clerk.nbi")
        first = len(clerk.raw)
        assert first <= FIRST_FRAME
        print(f"signing in and the first frame of the desk: {first} bytes")
        the_clerk_enters_four(clerk)
        sign_in(office, "manager.nbi")
        the_approver_decides_them(office)
        the_clerk_answers(clerk)
        payment, executor = an_officer_validates(place, office)
        an_officer_pays(place, office, executor, payment)
        entry = before["entries"] + 1
        the_cash_book_is_read(office, payment, entry)
        the_export_holds_what_was_shown(place, office, executor, entry)
        going_through_it_sends_little(office)
        for terminal in (clerk, office):
            terminal.press("q")
            assert terminal.wait_exit() == 0
    the_books_agree(place, payment, before)


def the_clerk_enters_four(clerk: Terminal) -> None:
    # From what was asked before: a few letters and → of each.
    clerk.press("n")
    clerk.wait_for("New requisition", "Branch Nairobi (NBI)")
    clerk.type("1.2k\tNyot")
    clerk.wait_for("Payee Nyota Stationers")
    clerk.press("right", "tab")
    clerk.type("Toner")
    clerk.wait_for("Purpose Toner for the label printer", "Paid by Bank transfer", "1 Approve Nairobi Manager")
    clerk.press("right", "ctrl+g")
    clerk.wait_told(f"{BY_COMPLETION} is submitted: tier 1, now with Nairobi Manager (Branch manager).")
    # As one who knows the form by heart types it: without waiting for any of it to be drawn.
    clerk.press("n")
    clerk.wait_for("New requisition", "Branch Nairobi (NBI)")
    clerk.type("950\tUpesi Couriers\tParcel to the airport\t\t\t\t \tThe plane leaves at four")
    clerk.press("ctrl+g")
    clerk.wait_told(f"{URGENT} is submitted")
    # A row of a spreadsheet.
    clerk.press("n")
    clerk.wait_for("New requisition", "Branch Nairobi (NBI)")
    clerk.paste("3,300\tJabali Garage\tBrake pads\n")
    clerk.wait_for("Amount 3,300", "Payee Jabali Garage", "Purpose Brake pads")
    clerk.press("f2")
    clerk.wait_told(f"{PASTED} is submitted")
    # Like an earlier one.
    go(clerk, "2", re.compile(rf"^▸ {PASTED}", re.MULTILINE))
    go_to(clerk, "REQ-000138")
    clerk.press("D")
    clerk.wait_for("Amount 5600.00", "Payee Baraka Filling Station", "REQ-000138 asks for the same", "1 Approve")
    clerk.press("ctrl+g")
    clerk.wait_told(f"{DUPLICATE} is submitted")


def the_approver_decides_them(office: Terminal) -> None:
    office.wait_for("Waits for you (6)", "REQ-000136", OVERDUE)
    take(office, URGENT)
    office.wait_for("Urgent ! The plane leaves at four", "u confirms and approves it")
    office.press("u")
    office.wait_told(f"{URGENT}: urgency confirmed, KES 950.00 to Upesi Couriers")
    for number in (BY_COMPLETION, PASTED):
        go_to(office, number)
        office.press("space")
        office.wait_for(re.compile(rf"^.✓{number}", re.MULTILINE))
    office.press("a")
    office.wait_for("Approve 2 requisitions", "Together KES 4,500.00", "An approval cannot be taken back.")
    office.press("y")
    office.wait_told("2 approved: KES 4,500.00.")
    decide(office, DUPLICATE, "c", "Ask for changes to", "For which van?", "changes requested, KES 5,600.00")
    go(office, "1", "Waits for you (2)")
    take(office, OVERDUE)
    decide(office, OVERDUE, "x", "Reject", "It was repaired last week", "rejected, KES 4,640.00")


def decide(office: Terminal, number: str, key: str, title: str, reason: str, told: str) -> None:
    go_to(office, number)
    office.wait_for(re.compile(rf"^ \S .* {number} +KES", re.MULTILINE))
    office.press(key)
    office.wait_for(f"{title} {number}")
    office.type(reason)
    office.press("enter")
    office.wait_told(f"{number}: {told}")


def the_clerk_answers(clerk: Terminal) -> None:
    """What was asked for stands on the desk, which was in view all the time, and is answered there."""
    go(clerk, "1", "Waits for you (4)", re.compile(rf"^. \w  change +{DUPLICATE} ", re.MULTILINE))
    take(clerk, DUPLICATE)
    clerk.press("tab", "end")
    clerk.wait_for("Changes requested by Nairobi Manager", "For which van?")
    clerk.press("e")
    clerk.wait_for(f"Change {DUPLICATE}", "Purpose Fuel for the delivery van KDA 417M", "1 Approve")
    clerk.press("tab", "tab")
    clerk.type(" and KDB 002")
    clerk.wait_for("Purpose Fuel for the delivery van KDA 417M and KDB 002")
    clerk.press("f2")
    clerk.wait_told(f"{DUPLICATE} is submitted")


def an_officer_validates(place: Place, office: Terminal) -> tuple[str, str]:
    """Whoever validates it is found on the trail; the payment is another officer's. Returns it, and whose it is."""
    steps = place.ask("cfo", "req", "show", BY_COMPLETION)["steps"]
    validates = next(step["approver"] for step in steps if step["status"] == "current")
    become(office, validates["username"])
    take(office, BY_COMPLETION)
    office.wait_for(f"now validates {validates['name']}")
    office.press("a")
    told = office.wait_told(
        re.compile(rf"{BY_COMPLETION}: validated, KES 1,200.00 to Nyota Stationers; PAY-\d{{6}} is made")
    )
    payment = re.findall(r"PAY-\d{6}", told)[-1]
    other = next(name for name in USERNAMES if name.startswith("Treasury") and name != validates["name"])
    return payment, USERNAMES[other]


def an_officer_pays(place: Place, office: Terminal, executor: str, payment: str) -> None:
    become(office, executor)
    take(office, payment)
    office.wait_for("Fund NBI balance KES 100,000.00", "✔ You can pay it now.")
    office.press("enter")
    office.wait_for(f"Pay {payment}", "Amount KES 1,200.00", "after 98,800.00", "Code sent to", "5 tries left")
    office.paste(place.code_for(executor, payment))
    # A bank names a reference of its own.
    office.wait_for("Code ••••••")
    office.press("tab")
    office.type("MWB-20261121-77")
    office.press("enter")
    office.wait_for(f"{payment} is paid", "✔ Paid", re.compile(r"Voucher +PCV-NBI-\d{4}-\d{5}"))
    office.press("enter")
    office.wait_gone("enter or esc closes")


def the_cash_book_is_read(office: Terminal, payment: str, entry: int) -> None:
    go(office, "5", "Paid out")
    office.press("o")
    office.wait_for("Which fund?")
    office.type("NBI")
    office.wait_gone("HQ Head office")
    office.press("enter")
    here = re.compile(rf"^▸ +{entry} .*Nyota Stationers.* 1,200\.00 +98,800\.00", re.MULTILINE)
    office.wait_for("Fund ledger: NBI", "Balance KES 98,800.00 · held 0.00 · available 98,800.00", here)

    # Down to who asked, approved and paid, and back to the same line.
    office.press("enter")
    office.wait_for(f"NBI entry {entry}", f"Payment {payment}", f"Requisition {BY_COMPLETION}")
    office.press("t")
    office.wait_for(f"Trail of {BY_COMPLETION}", "Approved by Nairobi Manager")
    office.press("escape")
    office.wait_for(f"NBI entry {entry}", "t trail")
    office.press("escape")
    office.wait_gone("t trail")
    office.wait_for(here)


def going_through_it_sends_little(office: Terminal) -> None:
    steps = bytes_sent(office, "up", "k", "down", "j")
    assert max(steps) <= CURSOR_STEP, steps
    pages = bytes_sent(office, "pageup", "pageup", "pagedown")
    assert max(pages) <= PAGE, pages
    print(f"steps {steps}, pages {pages} bytes")


def the_export_holds_what_was_shown(place: Place, office: Terminal, executor: str, entry: int) -> None:
    office.press("E")
    office.wait_for("Export: Ledger NBI", f"all {entry} that the list shows", "enter exports")
    office.press("enter")
    office.wait_for(f"✔ {entry} rows")
    office.press("escape")
    office.wait_gone("y copies the path")
    written = list(Path(place.home, "exports", executor).glob("ledger-NBI-*.csv"))
    assert len(written) == 1
    with written[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == entry + 1
    assert "Nyota Stationers: Toner for the label printer" in " ".join(rows[-1])


def the_books_agree(place: Place, payment: str, before: dict[str, Any]) -> None:
    listed = place.ask("cfo", "req", "list", "--limit", "30")["items"]
    decided = (BY_COMPLETION, URGENT, PASTED, DUPLICATE, OVERDUE)
    statuses = {row["number"]: row["status"] for row in listed if row["number"] in decided}
    assert statuses == {
        BY_COMPLETION: "paid",
        URGENT: "pending_treasury_validation",
        PASTED: "pending_treasury_validation",
        DUPLICATE: "pending_branch_approval",
        OVERDUE: "rejected",
    }
    paid = place.ask("cfo", "pay", "show", payment)
    assert (paid["status"], paid["amount"], paid["requisition"]) == ("success", "1200.00", BY_COMPLETION)
    fund = place.ask("cfo", "fund", "show", "NBI")
    assert (fund["entries"], fund["current_balance"], fund["held_amount"]) == (
        before["entries"] + 1,
        "98800.00",
        "0.00",
    )
