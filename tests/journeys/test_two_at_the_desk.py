"""Two people at once, each on a terminal of their own: what one does shows at the other's within a second."""

from __future__ import annotations

import re
import time

import pytest
from journey import Place, go, go_to, open_payment, sign_in, type_requisition
from terminal import Terminal, Wanted

AT_MOST = 3.0
"""Seconds until it shows. Within one is meant and measured; a machine that runs other tests has more to do."""


class Stopwatch:
    """How long it took until the other terminal showed what somebody did."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since = time.monotonic()

    def until(self, terminal: Terminal, *wanted: Wanted) -> None:
        """Wait until the terminal shows this, and tell how long that took."""
        terminal.wait_for(*wanted)
        taken = time.monotonic() - self._since
        print(f"{self._what}: shown after {taken:.2f} s")
        assert taken <= AT_MOST


def row(number: str, *, cursor: bool, gone: bool, words: str = "") -> re.Pattern[str]:
    return re.compile(rf"^{'▸' if cursor else ' '}{'−' if gone else ' '}{number} .*{words}", re.MULTILINE)


def test_what_somebody_else_takes_is_marked_and_not_snatched_away(place: Place) -> None:
    taken, given_away = "REQ-000130", "REQ-000132"
    with place.open() as officer, place.open() as clerk:
        sign_in(officer, "treasury1")
        go(officer, "3", row(taken, cursor=True, gone=False), row(given_away, cursor=False, gone=False))
        officer.wait_for(f"◔ treasury {taken}")
        sign_in(clerk, "clerk.nbi")
        go(clerk, "2")
        go_to(clerk, taken)
        clerk.press("w")
        clerk.wait_for(f"Withdraw {taken}?", "This cannot be undone.")
        clerk.press("enter")
        watch = Stopwatch("a withdrawal")
        watch.until(officer, row(taken, cursor=True, gone=True, words="withdrawn by"), "Approvals by age: 1,")
        officer.wait_for(row(given_away, cursor=False, gone=False), "It does not wait for you any more")

        officer.press("a")
        officer.wait_told(f"{taken} does not wait for you any more: withdrawn by Nairobi Clerk.")

        given = place.run("--as", "admin", "req", "reassign", given_away, "--to", "treasury2", "--reason", "On leave")
        watch = Stopwatch("a command")
        assert given.code == 0, given.err
        watch.until(officer, row(given_away, cursor=False, gone=True, words="reassigned by"))
        officer.wait_for(row(taken, cursor=True, gone=True))
        # Only who reads the list anew sees it without them.
        officer.press("r")
        officer.wait_for("Nothing waits for your decision.")
        officer.wait_gone(taken + "  ")
    found = place.ask("cfo", "req", "show", taken)
    assert found["status"] == "withdrawn"


def test_what_is_typed_stays_while_somebody_else_acts(place: Place) -> None:
    with place.open() as clerk, place.open() as officer:
        sign_in(officer, "treasury1")
        go(officer, "3", row("REQ-000130", cursor=True, gone=False))
        officer.wait_for("◔ treasury REQ-000130")
        sign_in(clerk, "clerk.nbi")
        type_requisition(clerk, "777", "Upesi Couriers", "Parcel Kisumu")
        clerk.wait_for("KES 100,000.00 available after holds, 99,223.00 after this")
        clerk.press(*["left"] * len("Kisumu"))
        officer.press("a")
        watch = Stopwatch("an approval, beside the form")
        watch.until(clerk, "KES 92,650.00 available after holds, 91,873.00 after this")
        clerk.wait_for("Amount 777", "Payee Upesi Couriers", "Purpose Parcel Kisumu")
        clerk.type("to ")
        clerk.wait_for("Purpose Parcel to Kisumu")
        clerk.press("ctrl+g")
        clerk.wait_told(re.compile(r"REQ-\d{6} is submitted"))
    assert place.ask("clerk.nbi", "req", "list", "--search", "Parcel to Kisumu")["items"]


def test_the_balances_follow_on_the_desk_and_in_the_cash_book(place: Place) -> None:
    # Both are treasury2's to pay, out of the head office's fund.
    first, second = "PAY-000115", "PAY-000116"
    with place.open() as reader, place.open() as payer:
        sign_in(reader, "treasury1")
        reader.wait_for(re.compile(r"^  HQ .* 300,000\.00 +9,550\.00 +290,450\.00", re.MULTILINE))
        sign_in(payer, "treasury2")
        pay(place, payer, first).until(
            reader,
            re.compile(r"^  HQ .* 293,600\.00 +3,150\.00 +290,450\.00", re.MULTILINE),
            f"Treasury Two paid {first}",
        )

        go(reader, "5", "Paid out")
        reader.press("f")
        paid = re.compile(r"^▸ +(\d+) .* 6,400\.00 +293,600\.00", re.MULTILINE)
        found = paid.search(reader.wait_for("Fund ledger: HQ", paid))
        assert found is not None
        newest = int(found[1])
        # Where the newest entry is out of sight, nothing moves.
        reader.press("home")
        here = re.compile(r"^▸ +1 ", re.MULTILINE)
        before = reader.wait_for(here)
        pay(place, payer, second, "SJK4HT7XQ2").until(
            reader, "Balance KES 290,450.00 · held 0.00", f"{newest + 1} entries"
        )
        after = reader.wait_for(here)
        assert entries(after) == entries(before)
        reader.press("end")
        reader.wait_for(re.compile(rf"^[▸ ] +{newest + 1} .*Upesi.* 3,150\.00 +290,450\.00", re.MULTILINE))
        # The totals may have been there before the entry: then the first key came to the end of that moment.
        reader.press("end")
        reader.wait_for(re.compile(rf"^▸ +{newest + 1} .*Upesi.* 3,150\.00 +290,450\.00", re.MULTILINE))


def pay(place: Place, payer: Terminal, payment: str, reference: str = "") -> Stopwatch:
    open_payment(payer, payment)
    payer.type(f"{place.code_for('treasury2', payment)}\t{reference}")
    payer.wait_for("Code ••••••", f"Reference {reference}")
    payer.press("enter")
    payer.wait_for(f"{payment} is paid")
    watch = Stopwatch(f"{payment} being paid")
    payer.press("enter")
    payer.wait_gone("enter or esc closes")
    return watch


def entries(screen: str) -> list[str]:
    """The lines of the cash book with the cursor, without the scroll bar beside them."""
    return [line[:79].rstrip() for line in screen.splitlines() if re.match(r"[▸ ] +\d+  \d{4}-", line)]


@pytest.mark.parametrize("keys", [("a", "a")])
def test_two_who_decide_the_same_at_the_same_moment_are_one_decision(place: Place, keys: tuple[str, str]) -> None:
    """The same officer on two terminals: one of them is told who was faster, and one payment is made."""
    number = "REQ-000130"
    with place.open() as left, place.open() as right:
        for terminal in (left, right):
            sign_in(terminal, "treasury1")
            go(terminal, "3", row(number, cursor=True, gone=False))
            terminal.wait_for(f"◔ treasury {number}")
        left.press(keys[0])
        right.press(keys[1])
        left.wait_for(re.compile("▌"))
        right.wait_for(re.compile("▌"))
        for terminal in (left, right):
            terminal.wait_gone(row(number, cursor=True, gone=False))
    found = place.ask("cfo", "req", "show", number)
    assert found["status"] == "approved"
    trail = [event for event in found["trail"] if event["action"] in ("validated", "validate")]
    assert len(trail) == 1, found["trail"]
