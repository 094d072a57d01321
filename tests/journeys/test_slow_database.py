"""A database that answers late, or not at all, or is cut off: keys work, one can leave, nothing is lost."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from journey import Place, go, open_payment, sign_in, type_requisition, under_cursor
from proxy import Proxy
from terminal import Terminal, wait_until

SLOW = 2.0
WAITS = re.compile("reading…|reading the queue…|adding up…")
AWAY = "✖ database away"


@pytest.fixture
def proxy(postgres_place: Place) -> Iterator[Proxy]:
    """What lies between the program and the database of the demo company."""
    with Proxy(str(postgres_place.database)) as proxy:
        yield proxy


@pytest.fixture
def far_place(postgres_place: Place, proxy: Proxy) -> Place:
    """The demo company as it is reached through there."""
    return replace(postgres_place, database=proxy.address)


def in_the_requisitions(terminal: Terminal) -> str:
    sign_in(terminal, "clerk.nbi")
    go(terminal, "2", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))
    return terminal.wait_quiet()


def test_a_database_that_answers_after_two_seconds_leaves_the_keys_alive(far_place: Place, proxy: Proxy) -> None:
    with far_place.open() as terminal:
        first = in_the_requisitions(terminal)
        proxy.delay = SLOW
        terminal.press("r")
        terminal.wait_for(WAITS)
        # The rows are there, and one goes on among them while they are read again.
        terminal.press("j")
        second = terminal.wait_changed(under_cursor, first, timeout=SLOW)
        terminal.press("k")
        terminal.wait_changed(under_cursor, second, timeout=SLOW)
        # One leaves without waiting, and types what one came to type.
        terminal.press("n")
        terminal.wait_for("New requisition", "Amount", WAITS)
        terminal.type("777\tUpesi Couriers\tParcel to Kisumu")
        terminal.wait_for("Amount 777", "Payee Upesi Couriers", "Purpose Parcel to Kisumu", timeout=SLOW)
        proxy.delay = 0
        terminal.wait_for("Branch Nairobi (NBI)", "1 Approve Nairobi Manager", "Purpose Parcel to Kisumu")
        terminal.press("f2")
        terminal.wait_told(re.compile(r"REQ-\d{6} is submitted"))
        terminal.wait_gone(WAITS)


def test_of_a_database_that_does_not_answer_one_can_leave_every_window(far_place: Place, proxy: Proxy) -> None:
    with far_place.open() as terminal:
        in_the_requisitions(terminal)
        proxy.fall_silent()
        terminal.press("/")
        terminal.wait_for("payee or purpose")
        terminal.type("Nyota")
        terminal.wait_for(re.compile("^Nyota", re.MULTILINE), WAITS)
        terminal.press("escape")
        terminal.wait_gone(re.compile("^Nyota", re.MULTILINE))
        terminal.press("D")
        terminal.wait_for("New requisition", "Amount", WAITS)
        terminal.press("escape")
        terminal.wait_gone("New requisition")
        terminal.press("1")
        terminal.wait_for(re.compile("^ Desk · "), WAITS)
        terminal.press("?")
        terminal.wait_for("Desk", "esc")
        terminal.press("escape")
        terminal.wait_for("What just happened")
        # What was asked comes when the answers come, without another key.
        proxy.restore()
        terminal.wait_gone(WAITS)
        terminal.press("2")
        terminal.wait_for("Requisitions: mine", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))


def test_of_a_database_that_does_not_answer_an_officer_can_leave_every_window(far_place: Place, proxy: Proxy) -> None:
    ready = far_place.ask("cfo", "pay", "list", "--status", "pending")["items"]
    payment = next(row for row in ready if row["held"] and row["executor"])
    paid = far_place.ask("cfo", "pay", "list", "--status", "success")["items"][0]
    with far_place.open() as terminal:
        sign_in(terminal, payment["executor"]["username"])
        open_payment(terminal, payment["number"])
        terminal.type("000000")
        proxy.fall_silent()
        terminal.press("enter")
        terminal.wait_for("paying…", f"Pay {payment['number']}")
        terminal.press("escape")
        terminal.wait_gone(f"Pay {payment['number']}")
        terminal.wait_told("is still being paid")
        proxy.restore()
        terminal.wait_gone("paying…")

        go(terminal, "5", "Balance")
        terminal.press("J")
        terminal.wait_for("Go where?")
        terminal.type(paid["voucher_number"])
        terminal.press("enter")
        terminal.wait_gone("Go where?")
        terminal.wait_for(re.compile(rf"^▸.*{paid['payee'][:8]}", re.MULTILINE))
        terminal.press("enter")
        terminal.wait_for("t trail")
        proxy.fall_silent()
        terminal.press("t")
        terminal.wait_for(re.compile("│ reading… +│"))
        terminal.press("escape")
        terminal.wait_gone("t trail")
        terminal.press("J")
        terminal.wait_for("Go where?")
        terminal.type("1")
        terminal.press("enter")
        terminal.wait_for("looking for it…")
        terminal.press("escape")
        terminal.wait_gone("Go where?")
        terminal.press("ctrl+p")
        terminal.wait_for("an action, a screen")
        terminal.type("1250")
        terminal.wait_for("searching…")
        terminal.press("escape")
        terminal.wait_gone("searching…")
        terminal.press("q")
        proxy.restore()
        assert terminal.wait_exit() == 0


def test_a_hang_up_while_the_database_does_not_answer_ends_the_program(far_place: Place, proxy: Proxy) -> None:
    with far_place.open() as terminal:
        in_the_requisitions(terminal)
        proxy.fall_silent()
        terminal.hangup()
        assert terminal.wait_exit(timeout=10) in (0, -signal.SIGHUP, 128 + signal.SIGHUP)


def test_a_lost_database_is_told_and_everything_goes_on_when_it_is_back(far_place: Place, proxy: Proxy) -> None:
    with far_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel")
        terminal.wait_for("1 Approve Nairobi Manager")
        proxy.cut()
        terminal.wait_for(AWAY)
        terminal.type(" to Kisumu")
        terminal.wait_for("Purpose Parcel to Kisumu", AWAY)
        terminal.press("f2")
        terminal.wait_told(re.compile("Nothing was|cannot be reached|was lost"))
        terminal.wait_for("Amount 777", "Purpose Parcel to Kisumu")
        # It can be left, and is there again: it is kept in the program as long as it cannot be kept elsewhere.
        proxy.restore()
        terminal.wait_gone(AWAY)
        terminal.wait_for("Amount 777", "Purpose Parcel to Kisumu")
        terminal.press("f2")
        told = terminal.wait_told(re.compile(r"REQ-\d{6} is submitted"))
        number = re.findall(r"REQ-\d{6}", told)[-1]
        terminal.wait_for("What just happened", f"Nairobi Clerk submitted {number}")
        # And what somebody else does is heard again.
        place = replace(far_place, variables={})
        withdrawn = place.run("--as", "clerk.nbi", "req", "withdraw", number)
        assert withdrawn.code == 0, withdrawn.err
        terminal.wait_for(f"Nairobi Clerk withdrew {number}")
    found = far_place.ask("clerk.nbi", "req", "list", "--search", "Parcel to Kisumu")["items"]
    assert [row["status"] for row in found] == ["withdrawn"]


def test_a_form_left_while_the_database_is_away_is_kept_until_it_is_back(far_place: Place, proxy: Proxy) -> None:
    with far_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kisumu")
        terminal.wait_for("1 Approve Nairobi Manager")
        proxy.cut()
        terminal.wait_for(AWAY)
        terminal.type(" and Busia")
        terminal.wait_for("Purpose Parcel to Kisumu and Busia")
        terminal.press("escape")
        terminal.wait_for(re.compile("^ Desk · "))
        proxy.restore()
        terminal.wait_gone(AWAY)
        wait_until(
            lambda: "Parcel to Kisumu and Busia" in form_drafts(far_place), "what was typed is kept in the database"
        )
        terminal.press("n")
        terminal.wait_for("Amount 777", "Purpose Parcel to Kisumu and Busia")


def form_drafts(place: Place) -> str:
    from sqlalchemy import create_engine, text

    engine = create_engine(str(place.database).replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT body FROM form_draft")).scalars().all()
    engine.dispose()
    return " ".join(map(str, found))
