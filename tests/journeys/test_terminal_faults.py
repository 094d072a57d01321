"""What happens to a terminal and a connection on a bad day, and to words that would steer a terminal."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from journey import Place, drafts, go, go_to, open_payment, sign_in, type_requisition
from sqlalchemy import Connection, create_engine, make_url, text
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
        terminal.wait_for("Amount 1,250.50", "Payee Baraka Filling Station", "1 Approve Nairobi Manager")
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


def test_a_resize_keeps_the_cursor_in_the_middle_of_a_word(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel Kisumu")
        terminal.press(*["left"] * len("Kisumu"))
        terminal.wait_quiet()
        terminal.resize(20, 60)
        terminal.wait_for(TOO_SMALL, "It is 60x20. Nothing is lost.")
        terminal.resize(40, 120)
        terminal.wait_for("Amount 777", "Payee Upesi Couriers", "Purpose Parcel Kisumu", "1 Approve Nairobi Manager")
        terminal.type("to ")
        terminal.wait_for("Purpose Parcel to Kisumu")
        # Keys that come between two sizes are meant for the field as well.
        terminal.resize(24, 80)
        terminal.type("far ")
        terminal.wait_for("Purpose Parcel to far Kisumu", "1 Approve Nairobi Manager")


def test_a_window_that_is_too_small_is_told_and_recovers(sqlite_place: Place) -> None:
    with sqlite_place.open(rows=23, columns=79) as terminal:
        terminal.wait_for(TOO_SMALL, "It is 79x23.")
        terminal.resize(23, 80)
        terminal.wait_for("It is 80x23.")
        terminal.resize(24, 80)
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2", "Number", "Payee")
        terminal.press("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_draw_is_told_so(sqlite_place: Place, term: str) -> None:
    with sqlite_place.open(TERM=term) as terminal:
        assert terminal.wait_exit() == 2
        said = terminal.raw.decode()
    assert re.search("cannot draw screens|no screen can be drawn", said)
    assert "Set TERM to what your terminal is, such as xterm-256color" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("variable", ["LANG", "LC_ALL"])
def test_a_terminal_without_utf8_is_told_so_and_what_to_set(sqlite_place: Place, variable: str) -> None:
    with sqlite_place.open(**{"LANG": "", variable: "C"}) as terminal:
        assert terminal.wait_exit() == 2
        said = " ".join(terminal.raw.decode().split())
    assert f"This terminal is not set to UTF-8 ({variable}=C)" in said
    assert f"Set {variable}=C.UTF-8, or give a command" in said
    assert "\x1b" not in said


TRACKING = (b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h")


@pytest.mark.parametrize("options", [(), ("--mouse",)], ids=["as it is started", "--mouse"])
def test_the_mouse_is_the_terminals_unless_one_wants_it_here(sqlite_place: Place, options: tuple[str, ...]) -> None:
    with sqlite_place.open(*options) as terminal:
        sign_in(terminal, "clerk.nbi")
        terminal.press("q")
        assert terminal.wait_exit() == 0
        asked = [code for code in TRACKING if code in terminal.raw]
    assert asked == (list(TRACKING) if options else [])


def test_without_a_terminal_one_is_told_so(sqlite_place: Place) -> None:
    answer = sqlite_place.run(TERM="xterm-256color")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("The desk needs a terminal; without one give a command")
    assert len(answer.err.splitlines()) == 1


# -- the line ----------------------------------------------------------------------------------------------------------


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
        terminal.press("f2")
        terminal.wait_for(re.compile(r"REQ-\d{6} is submitted"))


def test_a_hang_up_ends_the_program_and_the_draft_is_offered(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kis")
        wait_until(lambda: "Parcel to Kis" in drafts(sqlite_place), "what was typed is kept")
        assert not all(ends_of_sessions(sqlite_place))
        terminal.hangup()
        assert terminal.wait_exit(timeout=10) in (0, -signal.SIGHUP, 128 + signal.SIGHUP)
    ended = ends_of_sessions(sqlite_place)
    assert ended and all(ended), "nobody can go on in the session that was left behind"
    the_draft_is_offered(sqlite_place, "Parcel to Kis")


def ends_of_sessions(place: Place) -> list[str | None]:
    """When the sessions of those who signed in with their password ended."""
    with closing(sqlite3.connect(place.home / "pettycash.db")) as database:
        return [end for (end,) in database.execute("SELECT ended_at FROM sign_in_session WHERE client NOT LIKE 'as:%'")]


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
    open_payment(terminal, payment["number"])


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
            terminal.wait_for("paying…")
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
        # One enter closes the voucher, and does not open the payment that has moved up under the cursor.
        terminal.press("enter", "f")
        terminal.wait_for("Payments: waiting for funds")
    paid = place.ask("cfo", "pay", "show", number)
    assert (paid["status"], paid["held"]) == ("success", False)
    after = place.ask("cfo", "fund", "show", fund)
    assert after["entries"] == before["entries"] + 1


def test_a_hang_up_while_one_pays_pays_once_or_not_at_all(sqlite_place: Place) -> None:
    place = sqlite_place
    ready = place.ask("cfo", "pay", "list", "--status", "pending")["items"]
    cash = [row for row in ready if row["held"] and row["executor"] and row["method"] == "cash"]
    payment = cash[0]
    person, number, fund = payment["executor"]["username"], payment["number"], payment["fund"]["code"]
    before = place.ask("cfo", "fund", "show", fund)

    def is_paid_whole_or_not_at_all() -> bool:
        left, held = place.ask("cfo", "pay", "show", number), place.ask("cfo", "fund", "show", fund)
        is_paid = bool(left["status"] == "success")
        assert (left["status"], left["held"], bool(left["voucher_number"])) == (
            ("success", False, True) if is_paid else ("pending", True, False)
        )
        assert held["entries"] == before["entries"] + is_paid
        assert (held["available"], held["held_amount"] == before["held_amount"]) == (before["available"], not is_paid)
        return is_paid

    # While it waits for its turn to write, nothing of it is written yet.
    with place.open() as terminal:
        open_pay_dialog(terminal, payment)
        terminal.type(place.code_for(person, number))
        terminal.wait_for("Code ••••••")
        with write_lock(place):
            terminal.press("enter")
            terminal.wait_for("paying…")
            terminal.hangup()
            ended = terminal.wait_exit(timeout=20)
    assert ended in (0, -signal.SIGHUP, 128 + signal.SIGHUP)
    is_paid_whole_or_not_at_all()
    # At the moment of the key, whatever it has done by then.
    if not is_paid_whole_or_not_at_all():
        with place.open() as terminal:
            open_pay_dialog(terminal, payment)
            terminal.type(place.code_for(person, number))
            terminal.wait_for("Code ••••••")
            terminal.press("enter")
            wait_until(terminal.all_is_sent, "the key is at the program")
            terminal.hangup()
            assert terminal.wait_exit(timeout=20) in (0, -signal.SIGHUP, 128 + signal.SIGHUP)
    if not is_paid_whole_or_not_at_all():
        with place.open() as terminal:
            open_pay_dialog(terminal, payment)
            terminal.type(place.code_for(person, number))
            terminal.press("enter")
            terminal.wait_for(f"{number} is paid")
    assert is_paid_whole_or_not_at_all()


# -- the database ------------------------------------------------------------------------------------------------------


ITS_CONNECTIONS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pettycash'"
WRITES = " AND wait_event_type = 'Lock' AND query ILIKE 'INSERT%'"


@contextmanager
def owner_of(place: Place) -> Iterator[Connection]:
    """A connection of the server's owner to the program's database, each statement by itself."""
    engine = create_engine(str(place.database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows(owner: Connection, statement: str) -> Sequence[Any]:
    return owner.execute(text(statement)).fetchall()


@contextmanager
def locked(owner: Connection, table: str) -> Iterator[None]:
    """Whoever wants to write to the table waits; reading goes on."""
    # On a connection of its own: in its transaction one sees no change in who is connected.
    with owner.engine.connect() as connection:
        for statement in ("BEGIN", f"LOCK TABLE {table} IN SHARE MODE"):
            connection.execute(text(statement))
        yield
        connection.execute(text("ROLLBACK"))


@contextmanager
def away(place: Place, server: Any) -> Iterator[None]:
    """The database lets nobody in, and has thrown out who was there."""
    name = make_url(str(place.database)).database
    server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


# In a notice the words are broken by its edge, wherever the address of the database ends.
TOLD_AWAY = re.compile(r"▌.*(cannot be|reached|Nothing was|try again|was lost)")


def test_a_desk_goes_on_when_the_database_has_ended_its_connections(postgres_place: Place) -> None:
    with postgres_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))
        with owner_of(postgres_place) as owner:
            # Nobody works at that moment: what is read next is read on a connection of its own.
            ended = rows(owner, "SELECT pg_terminate_backend(pid) " + ITS_CONNECTIONS)
            assert ended and all(done for (done,) in ended)
            type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kisumu")
            terminal.wait_for("1 Approve Nairobi Manager Branch manager of NBI")

            # It is being written at that moment: nothing of it is left, and what was typed is still there.
            with locked(owner, "requisition"):
                terminal.press("f2")
                wait_until(
                    lambda: bool(rows(owner, "SELECT pid " + ITS_CONNECTIONS + WRITES)), "it waits to be written"
                )
                rows(owner, "SELECT pg_terminate_backend(pid) " + ITS_CONNECTIONS)
                terminal.wait_for("New requisition", "Purpose Parcel to Kisumu", TOLD_AWAY)
        terminal.press("f2")
        terminal.wait_for("Requisitions: mine", re.compile(r"REQ-\d{6} is submitted"))
    found = postgres_place.ask("clerk.nbi", "req", "list", "--search", "Parcel to Kisumu")["items"]
    assert [(row["status"], row["amount"]) for row in found] == [("pending_branch_approval", "777.00")]


def test_a_desk_goes_on_when_the_database_was_away(postgres_place: Place, postgres_server: Any) -> None:
    with postgres_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2")
        type_requisition(terminal, "777", "Upesi Couriers", "Parcel to Kisumu")
        with away(postgres_place, postgres_server):
            terminal.press("f2")
            terminal.wait_for("New requisition", "Amount 777", TOLD_AWAY)
            terminal.type(" and Busia")
            terminal.wait_for("Purpose Parcel to Kisumu and Busia")
        terminal.press("f2")
        terminal.wait_for("Requisitions: mine", re.compile(r"REQ-\d{6} is submitted"))
        with away(postgres_place, postgres_server):
            terminal.press("r")
            terminal.wait_for("could not load: The database")
        terminal.press("r")
        terminal.wait_for(re.compile(r"^[▸ ] REQ-\d{6}  ◔ branch manager +777\.00  Upesi Couriers", re.MULTILINE))
        terminal.wait_gone("could not load")
        terminal.press("q")
        assert terminal.wait_exit() == 0


def test_a_form_that_was_opened_while_the_database_was_away_can_be_sent(
    postgres_place: Place, postgres_server: Any
) -> None:
    with postgres_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))
        with away(postgres_place, postgres_server):
            terminal.press("n")
            terminal.wait_for("New requisition", "Paid by", TOLD_AWAY)
            terminal.type("777")
            terminal.press("tab", "tab")
            terminal.type("Parcel to Kisumu")
            terminal.wait_for("Amount 777", "Purpose Parcel to Kisumu")
        terminal.press("f2")
        terminal.wait_for(re.compile(r"REQ-\d{6} is submitted"), timeout=10)


# -- words that would steer a terminal ---------------------------------------------------------------------------------

MARKUP = "[/x] [@click=app.quit]quit[/] [red]x"
STEERING = "owned\x1b]0;pwned\x07\x1b[31mred\x9b2J"
SHOWN = "owned\ufffd]0;pwned\ufffd\ufffd[31mred\ufffd2J"


def test_hostile_words_are_drawn_as_data(sqlite_place: Place) -> None:
    place = sqlite_place
    new = ("--as", "clerk.nbi", "--json", "req", "new", "--amount", "10")
    for refused in ("red\x1b[31m", "title\x1b]0;x\x07", "c1 \x9b31m"):
        answer = place.run(*new, "--purpose", refused)
        assert (answer.code, answer.out) == (2, "")
        assert "characters that may not be stored" in answer.err
        assert refused not in answer.err
    number = place.run(*new, "--purpose", MARKUP, "--payee", "[link=http://x]Evil[/link]").document["number"]
    steered = place.run(*new, "--purpose", "innocent").document["number"]
    # What the services refuse may still stand in a file that somebody else has written to.
    with closing(sqlite3.connect(place.home / "pettycash.db")) as database, database:
        changed = database.execute(
            "UPDATE requisition SET purpose = ?, payee = ? WHERE number = ?", (STEERING, STEERING, steered)
        )
        assert changed.rowcount == 1

    with place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2")
        go_to(terminal, number)
        terminal.wait_for("Payee [link=http://x]Evil[/link]", f"Purpose {MARKUP}")
        terminal.press("w")
        terminal.wait_for(f"Withdraw {number}?", MARKUP)
        terminal.press("escape")
        terminal.wait_gone(f"Withdraw {number}?")
        go_to(terminal, steered)
        terminal.wait_for(f"Payee {SHOWN}", f"Purpose {SHOWN}")
        terminal.press("e")
        terminal.wait_for(f"Change {steered}", f"Payee {SHOWN}", f"Purpose {SHOWN}")
        terminal.press("escape")
        terminal.wait_for("Requisitions: mine")
        terminal.press("w")
        terminal.wait_for(f"Withdraw {steered}?", SHOWN[:40])
        terminal.press("escape")
        terminal.wait_gone(f"Withdraw {steered}?")
        terminal.press("q")
        assert terminal.wait_exit() == 0
        raw = terminal.raw
    assert b"38;5;" in raw  # it was drawn in colours, and is what the next test finds none of
    nothing_steers(raw)


def nothing_steers(raw: bytes) -> None:
    """The bytes hold no sequence but the program's own."""
    text = raw.decode()
    # The shape of the pointer is the only such sequence that Textual sends by itself.
    assert set(re.findall(r"\x1b\][^\x07\x1b]*.?", text)) <= {"\x1b]22;default\x07"}
    assert set(re.findall(r"\x1b[^\[\]]", text)) == set()
    assert "\x1b[31mred" not in text
    assert not re.search(r"[\x80-\x9f]", text)
    assert "\x07" not in re.sub(r"\x1b\]22;default\x07", "", text)


def test_no_color_means_no_colour(sqlite_place: Place) -> None:
    with sqlite_place.open(NO_COLOR="1") as terminal:
        sign_in(terminal, "clerk.nbi")
        go(terminal, "2", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE), "Purpose")
        type_requisition(terminal, "-5", "Upesi Couriers", "Parcel")
        terminal.wait_for("✖")
        terminal.press("escape")
        terminal.wait_for("Requisitions: mine")
        terminal.press("q")
        assert terminal.wait_exit() == 0
        styles = {
            int(code or 0)
            for found in re.findall(rb"\x1b\[([\d;:]*)m", terminal.raw)
            for code in re.split(rb"[;:]", found)
        }
    assert styles, "nothing was drawn"
    assert {style for style in styles if style >= 30} == set()
