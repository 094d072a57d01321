"""What happens to a terminal and a connection on a bad day, and to words that would steer a terminal."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from journey import Place, go_to, sign_in, type_requisition
from terminal import Terminal, wait_until

TOO_SMALL = "Make the window at least 80x24."


# -- the window --------------------------------------------------------------------------------------------------------


def test_a_resize_in_the_middle_of_a_form_keeps_what_was_typed(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "1,250.50", "Baraka Filling Station", "Diesel for")
        terminal.resize(32, 120)
        # Wide enough for what will happen to stand beside the form.
        terminal.wait_for(re.compile(r"^ Amount +1,250\.50 .*(What will happen|Fund|Tier)", re.MULTILINE))
        terminal.type(" the generator")
        terminal.wait_for("Purpose Diesel for the generator")
        terminal.resize(10, 40)
        terminal.wait_for(TOO_SMALL, "It is 40x10. Nothing is lost.")
        terminal.resize(24, 80)
        terminal.wait_for("Amount 1,250.50", "Payee Baraka Filling Station", "1 Approve: Nairobi Manager")
        terminal.type(" of Nakuru")
        terminal.wait_for("Purpose Diesel for the generator of Nakuru")
        terminal.press("f2")
        told = terminal.wait_for(re.compile(r"REQ-\d{6} is submitted"))
    number = re.search(r"(REQ-\d{6}) is submitted", told)
    assert number
    written = sqlite_place.ask("clerk.nbi", "req", "show", number[1])
    assert (written["amount"], written["payee"], written["purpose"]) == (
        "1250.50",
        "Baraka Filling Station",
        "Diesel for the generator of Nakuru",
    )


def test_a_window_that_is_too_small_is_told_and_recovers(sqlite_place: Place) -> None:
    with sqlite_place.open(rows=23, columns=79) as terminal:
        terminal.wait_for(TOO_SMALL, "It is 79x23.")
        terminal.resize(23, 80)
        terminal.wait_for("It is 80x23.")
        terminal.resize(24, 80)
        sign_in(terminal, "clerk.nbi")
        terminal.wait_for("Requisitions: mine", "Number", "Payee")
        terminal.press("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_draw_is_told_so(sqlite_place: Place, term: str) -> None:
    with sqlite_place.open(TERM=term) as terminal:
        assert terminal.wait_exit() == 2
        said = terminal.raw.decode()
    assert "cannot draw screens. Set TERM to what your terminal is, such as xterm-256color" in said
    assert "\x1b" not in said


def test_without_a_terminal_one_is_told_so(sqlite_place: Place) -> None:
    answer = sqlite_place.run(TERM="xterm-256color")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("The desk needs a terminal; without one give a command")
    assert len(answer.err.splitlines()) == 1


# -- the line ----------------------------------------------------------------------------------------------------------


def drafts(place: Place) -> str:
    with closing(sqlite3.connect(place.home / "pettycash.db")) as database:
        return " ".join(body for (body,) in database.execute("SELECT body FROM form_draft"))


def the_draft_is_offered(place: Place, purpose: str) -> None:
    with place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        terminal.press("n")
        terminal.wait_for(
            re.compile(r"What you typed on \d{4}-\d\d-\d\d \d\d:\d\d and did not send is"),
            "Amount 777",
            "Payee Upesi Couriers",
            f"Purpose {purpose}",
        )
        terminal.press("q")  # a letter, in the amount
        terminal.wait_for("Amount 777q")


def test_a_hang_up_ends_the_program_and_the_draft_is_offered(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kis")
        wait_until(lambda: "Parcel to Kis" in drafts(sqlite_place), "what was typed is kept")
        terminal.hangup()
        assert terminal.wait_exit(timeout=10) in (0, -signal.SIGHUP, 128 + signal.SIGHUP)
    the_draft_is_offered(sqlite_place, "Parcel to Kis")


@pytest.mark.xfail(reason="SIGHUP is not handled: what was typed in the last second before it is lost", strict=False)
def test_a_hang_up_while_one_types_loses_nothing(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kis")
        terminal.hangup()
        assert terminal.wait_exit(timeout=10) in (0, -signal.SIGHUP, 128 + signal.SIGHUP)
    assert "Parcel to Kis" in drafts(sqlite_place)


# -- the program -------------------------------------------------------------------------------------------------------


def open_pay_dialog(terminal: Terminal, payment: dict[str, Any]) -> None:
    sign_in(terminal, payment["executor"]["username"])
    terminal.press("4")
    terminal.wait_for("Payments: ready")
    go_to(terminal, payment["number"])
    terminal.wait_for(f"● ready {payment['number']}", "✔ You can pay it now.")
    terminal.press("enter")
    terminal.wait_for(f"Pay {payment['number']}", "Code sent to", "5 tries left")


@contextmanager
def write_lock(place: Place) -> Iterator[None]:
    """Somebody else writes, and takes their time."""
    with closing(sqlite3.connect(place.home / "pettycash.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def test_kill_in_the_pay_dialog_leaves_nothing_half_written(sqlite_place: Place) -> None:
    place = sqlite_place
    ready = place.ask("cfo", "pay", "list", "--status", "pending")["items"]
    payment = next(row for row in ready if row["held"] and row["executor"] and row["method"] == "cash")
    person, number = payment["executor"]["username"], payment["number"]
    fund = payment["fund"]["code"]
    before = place.ask("cfo", "fund", "show", fund)

    with place.open() as terminal:
        open_pay_dialog(terminal, payment)
        code = place.code_for(person, number)
        terminal.type(code)
        terminal.wait_for("Code ••••••")
        terminal.kill()
    # The code of before is still good, and it is the moment of paying at which the program is killed.
    with place.open() as terminal:
        open_pay_dialog(terminal, payment)
        terminal.type(code)
        with write_lock(place):
            terminal.press("enter")
            terminal.wait_for("working…")
            terminal.kill()

    assert place.ask("cfo", "fund", "show", fund) == before
    left = place.ask("cfo", "pay", "show", number)
    assert (left["status"], left["held"], left["voucher_number"]) == ("pending", True, None)
    assert len(place.letters_to(person)) == 1

    with place.open() as terminal:
        open_pay_dialog(terminal, payment)
        terminal.type(code)
        terminal.press("enter")
        terminal.wait_for(f"{number} is paid", "✔ Paid", re.compile(r"Voucher +PCV-"))
    paid = place.ask("cfo", "pay", "show", number)
    assert (paid["status"], paid["held"]) == ("success", False)
    after = place.ask("cfo", "fund", "show", fund)
    assert after["entries"] == before["entries"] + 1


# -- the database ------------------------------------------------------------------------------------------------------


def test_a_desk_goes_on_when_the_database_has_ended_its_connections(postgres_place: Place) -> None:
    database = str(postgres_place.database)
    others = " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with postgres_place.open() as terminal, psycopg.connect(database, autocommit=True) as owner:
        sign_in(terminal, "clerk.nbi")
        first = terminal.wait_for(re.compile(r"^▸ REQ-\d{6}", re.MULTILINE), "Purpose")

        # While nobody works: what comes next works, or is told and then works.
        owner.execute("SELECT pg_terminate_backend(pid)" + others)
        terminal.press("r")

        # In the middle of a query that waits for a lock.
        with owner.transaction():
            owner.execute("LOCK TABLE requisition IN ACCESS EXCLUSIVE MODE")
            terminal.press("r")
            terminal.wait_for("working…")
            wait_until(
                lambda: bool(owner.execute("SELECT 1" + others + " AND wait_event_type = 'Lock'").fetchall()),
                "it waits for the lock",
            )
            owner.execute("SELECT pg_terminate_backend(pid)" + others)
            print(terminal.wait_for(re.compile("connection|database")))
        print(first)
