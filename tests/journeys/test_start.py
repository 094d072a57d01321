"""The start of the desk: painted and typed in before the database layer is loaded, and ended with a clear word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from journey import PASSWORD, Place

_WHAT_IS_LOADED = """
import sys
import pettycash_tui.cli.entry, pettycash_tui.app
print(sorted({"typer", "sqlalchemy", "sqlmodel", "psycopg", "pydantic", "alembic", "babel"} & set(sys.modules)))
"""


def test_the_first_screen_needs_no_command_line_and_no_database_layer() -> None:
    done = subprocess.run([sys.executable, "-c", _WHAT_IS_LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_typed_before_the_database_is_open_signs_in(place: Place) -> None:
    with place.open() as terminal:
        terminal.type(f"clerk.nbi\t{PASSWORD}\r")
        terminal.wait_for("DEMO Nairobi Clerk", "Waits for you")


def test_keys_pressed_while_a_demo_person_is_let_in_are_kept(place: Place) -> None:
    with place.open("--as", "clerk.nbi") as terminal:
        terminal.type("n1200\tNaivas\tTea")
        terminal.wait_for("New requisition", "Amount 1200", "Payee Naivas", "Purpose Tea")


def test_without_a_database_the_desk_says_so_and_ends(sqlite_place: Place) -> None:
    sqlite_place.home.joinpath("pettycash.db").rename(sqlite_place.home / "elsewhere.db")
    with sqlite_place.open() as terminal:
        terminal.wait_for("There is no database at", "pettycash demo")
        assert terminal.wait_exit() == 7


@pytest.mark.parametrize("arguments", [("req", "list"), ()], ids=["a command", "the desk"])
def test_with_a_postgres_that_is_down_it_says_so_without_the_password_and_ends(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    # Nobody listens on port 1.
    place = Place(tmp_path, "postgresql://books:not-to-be-shown@127.0.0.1:1/books")
    with place.open(*arguments, rows=40, columns=120) as terminal:
        assert terminal.wait_exit() == 7, terminal.screen_text()
        told = " ".join(terminal.screen_text().split())
        assert "The database postgresql://books:***@127.0.0.1:1/books cannot be reached" in told
        assert "try again, or ask your admin." in told
        assert "Traceback" not in told
        assert b"not-to-be-shown" not in terminal.raw


def test_a_bare_command_and_one_with_options_open_the_same_desk(sqlite_place: Place) -> None:
    for arguments in ((), ("--no-color",)):
        with sqlite_place.open(*arguments) as terminal:
            terminal.wait_for("Username", "A demo: sign in with the password demo")


def test_twenty_launches_end_as_they_should(sqlite_place: Place) -> None:
    for _ in range(20):
        with sqlite_place.open("--as", "clerk.nbi") as terminal:
            terminal.wait_for("DEMO Nairobi Clerk", "What just happened")
            terminal.press("q")
            assert terminal.wait_exit() == 0, terminal.screen_text()
