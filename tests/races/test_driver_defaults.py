"""Why the driver's own transaction handling is switched off (architecture, the database)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import acts
import pytest
from crew import Crew


@pytest.fixture
def drawer(tmp_path: Path) -> Path:
    """A file with 1,000 in it."""
    path = tmp_path / "drawer.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE drawer (balance INTEGER NOT NULL)")
        connection.execute("INSERT INTO drawer VALUES (1000)")
    connection.close()
    return path


@pytest.fixture
def our_drawer(drawer: Path) -> Path:
    """The same as the program makes its files: two that change one to WAL at the same moment lock each other out."""
    with sqlite3.connect(drawer) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return drawer


def balance_in(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT balance FROM drawer").fetchone()[0])
    finally:
        connection.close()


def test_with_the_drivers_default_two_payers_succeed_and_one_debit_is_lost(crew: Crew, drawer: Path) -> None:
    outcomes = crew.at_once(acts.read_then_write, str(drawer), False, 700)

    assert [outcome.value for outcome in outcomes] == ["paid", "paid"]
    assert balance_in(drawer) == 300


def test_with_our_engine_the_second_payer_sees_the_first_ones_debit(crew: Crew, our_drawer: Path) -> None:
    outcomes = crew.at_once(acts.read_then_write, str(our_drawer), True, 700)

    assert sorted(outcome.value for outcome in outcomes) == ["paid", "refused"]
    assert balance_in(our_drawer) == 300


def test_with_our_engine_no_debit_is_lost_when_both_can_be_afforded(crew: Crew, our_drawer: Path) -> None:
    outcomes = crew.at_once(acts.read_then_write, str(our_drawer), True, 400)

    assert [outcome.value for outcome in outcomes] == ["paid", "paid"]
    assert balance_in(our_drawer) == 200
