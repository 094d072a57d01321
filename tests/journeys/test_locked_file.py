"""Another program holds the file for 20 seconds, longer than anybody here waits: told, nothing lost, and on it goes."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing

from journey import Place, sign_in

HELD_SECONDS = 20


def test_a_file_that_is_held_for_twenty_seconds_loses_nothing_and_the_work_goes_on(sqlite_place: Place) -> None:
    with (
        sqlite_place.open() as terminal,
        closing(sqlite3.connect(sqlite_place.home / "pettycash.db", isolation_level=None)) as other,
    ):
        sign_in(terminal, "clerk.nbi")
        terminal.press("n")
        terminal.wait_for("New requisition", "Branch Nairobi (NBI)")
        terminal.type("777\tUpesi Couriers\tParcels of the week")
        terminal.wait_for("Purpose Parcels of the week")
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        terminal.press("f2")
        # What is awaited is told; keys and reading go on, and nothing that was typed is gone.
        terminal.wait_for("saving…", "Amount 777", "Payee Upesi Couriers", "Purpose Parcels of the week")
        time.sleep(max(0.0, HELD_SECONDS - (time.monotonic() - began)))
        assert "Parcels of the week" in terminal.screen_text()
        other.execute("ROLLBACK")
        submitted, busy = re.compile(r"REQ-\d{6} is submitted"), "The database is busy with somebody else's work"
        if busy in " ".join(terminal.wait_told(re.compile(f"{submitted.pattern}|{busy}")).split()):
            # It was waited for 15 seconds; nothing was changed, and it is one key to try again.
            terminal.press("f2")
            terminal.wait_told(submitted)
        terminal.press("q")
        assert terminal.wait_exit() == 0
        rows = other.execute("SELECT status FROM requisition WHERE purpose = 'Parcels of the week'").fetchall()
    assert [status.startswith("pending") for (status,) in rows] == [True]
