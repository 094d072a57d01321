"""Keys faster than the screen, more text than a field holds: nothing lost, doubled, or cut in silence."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from journey import Place, drafts, go, sign_in, under_cursor
from terminal import TIMEOUT, wait_until


def test_two_thousand_keys_at_once_stand_in_the_form_once_and_in_their_order(sqlite_place: Place) -> None:
    typed = "".join(f"{place:04d} " for place in range(400))[:-1] + "!"
    assert len(typed) == 2000
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        terminal.press("n")
        terminal.wait_for("New requisition", "Branch Nairobi (NBI)")
        # All of it before the first is drawn, with the keys that go from field to field.
        terminal.type(f"777\tUpesi Couriers\t{typed}")
        # Each key is a step of its own, and this processor may be a slow one.
        terminal.wait_for("Amount 777", "Payee Upesi Couriers", "0399!", timeout=TIMEOUT * 4)
        wait_until(lambda: f'"{typed}"' in drafts(sqlite_place), "every key is kept, once, in its order")


def test_two_thousand_keys_at_once_leave_the_cursor_where_they_lead(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        sign_in(terminal, "cfo")
        go(terminal, "2", "Requisitions: all", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))
        numbers = [row["number"] for row in sqlite_place.ask("cfo", "req", "list", "--limit", "100")["items"]]
        assert len(numbers) > 40
        assert numbers[0] in under_cursor(terminal.screen_text())
        terminal.type("j" * 20)
        terminal.wait_for(re.compile(rf"^▸ {numbers[20]}", re.MULTILINE))
        # One key lost or doubled, and it ends on another row.
        terminal.type(("j" * 10 + "k" * 10) * 100 + "j" * 7 + "v")
        terminal.wait_for(f"Why {numbers[27]} is routed so", timeout=TIMEOUT * 3)
        terminal.press("escape")
        terminal.wait_gone("is routed so")
        # Beyond the ends there is nothing to go to, and nothing is remembered of it.
        # Asked by a key behind them: on its way up the cursor is seen on that row as well.
        terminal.type("k" * 100 + "jj" + "v")
        terminal.wait_for(f"Why {numbers[2]} is routed so")


def test_ten_thousand_lines_are_not_taken_and_the_field_goes_on(sqlite_place: Place) -> None:
    lines = "\n".join(f"line {place} of a log" for place in range(10_000))
    with sqlite_place.open() as terminal:
        sign_in(terminal, "clerk.nbi")
        terminal.press("n")
        terminal.wait_for("New requisition", "Branch Nairobi (NBI)")
        terminal.type("777\tUpesi Couriers\tLog of")
        terminal.wait_for("Purpose Log of")
        terminal.paste(lines)
        terminal.wait_for("Purpose Log of", "characters fit here, 6 stand here already;", "the 10,000 lines of")
        terminal.type(" the day")
        terminal.wait_for("Purpose Log of the day")
        terminal.paste("before\nyesterday\n")
        terminal.wait_for("Purpose Log of the daybefore yesterday")
        terminal.press("f2")
        terminal.wait_told(re.compile(r"REQ-\d{6} is submitted"))
        # Where nothing can be typed, a text that is pasted is no key at all.
        go(terminal, "2", re.compile(r"^▸ REQ-\d{6}", re.MULTILINE))
        before = terminal.wait_quiet()
        terminal.paste(lines)
        terminal.press("j")
        terminal.wait_changed(under_cursor, before)
        terminal.press("q")
        assert terminal.wait_exit() == 0
    with closing(sqlite3.connect(sqlite_place.home / "pettycash.db")) as database:
        written = database.execute("SELECT purpose FROM requisition ORDER BY number DESC LIMIT 1").fetchone()
    assert written == ("Log of the daybefore yesterday",)


def test_ten_thousand_lines_pasted_at_the_door_sign_nobody_in(sqlite_place: Place) -> None:
    with sqlite_place.open() as terminal:
        terminal.wait_for("Username", "Sign in (enter)")
        terminal.paste("clerk.nbi\n" * 10_000)
        terminal.press("f1")
        terminal.wait_for("type to search the keys", "esc closes")
        terminal.press("escape")
        terminal.wait_gone("esc closes")
        # What was typed is still there below the help. Esc empties the fields; then it is a sign-in like another.
        terminal.wait_for("Username clerk.nbi")
        terminal.press("escape")
        terminal.wait_gone("Username clerk.nbi")
        sign_in(terminal, "clerk.nbi")
