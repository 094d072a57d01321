"""The auditor's screen: everything that was done, narrowed in every way, and each event in full."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, press, running, screen_text, type_text, until
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.screens.export_prompt import ExportPrompt
from pettycash_tui.services import audit_export, checkpoints
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.widgets.detail_pane import DetailPane
from pettycash_tui.widgets.virtual_table import VirtualTable


@pytest.fixture
def people(sqlite_desk: Desk, clock: SettableClock) -> dict[str, Actor]:
    made = demo_company(sqlite_desk)
    clock.advance(days=1)
    payment = story.approved(sqlite_desk, made["staff"])
    story.pay(sqlite_desk, payment)
    return made


def lines(pilot: Pilot[None]) -> list[str]:
    table = pilot.app.screen.query_one(VirtualTable)
    return [table.render_line(y).text.rstrip() for y in range(1, min(table.row_count, 12) + 1)]


def detail(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(DetailPane).text


async def test_the_newest_event_stands_first_and_is_shown_with_its_proof(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await until(pilot, lambda: "payment.executed" in lines(pilot)[0])
        assert "PAY-000001" in lines(pilot)[0]
        await until(pilot, lambda: "Proof" in detail(pilot))
        for told in ("payment.executed  PAY-000001", "voucher number: PCV-NBI-2026-00001", "Stream", "Hash"):
            assert told in detail(pilot)


async def test_it_is_narrowed_by_person_action_subject_period_and_words(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await until(pilot, lambda: "payment.executed" in lines(pilot)[0])
        await press(pilot, "t")
        await type_text(pilot, "requisitions")
        await press(pilot, "enter")
        await until(pilot, lambda: all(" requisition." in line for line in lines(pilot)))
        await press(pilot, "o")
        await until(pilot, lambda: "branch_manager" in screen_text(pilot))
        await type_text(pilot, "branch_m")
        await press(pilot, "enter")
        await until(pilot, lambda: all(" branch_manager" in line for line in lines(pilot)) and bool(lines(pilot)))
        assert "Audit: by branch_manager, requisitions" in screen_text(pilot)
        await press(pilot, "o", "enter", "t", "enter")
        await until(pilot, lambda: "payment.executed" in lines(pilot)[0])
        # All that happened to this payment, and nothing else.
        await press(pilot, "s")
        await until(pilot, lambda: all("PAY-000001" in line for line in lines(pilot)))
        assert len(lines(pilot)) > 2
        await press(pilot, "s")
        await press(pilot, "p")
        await type_text(pilot, "2026-03-02")
        await press(pilot, "enter")
        await until(pilot, lambda: all("2026-03-02" in line for line in lines(pilot)))
        await press(pilot, "p", "ctrl+u", "enter", "/")
        await type_text(pilot, "otp.sent")
        await until(pilot, lambda: bool(lines(pilot)) and all("otp.sent" in line for line in lines(pilot)))


async def test_nothing_found_says_what_shows_all_again(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await press(pilot, "/")
        await type_text(pilot, "nobody did this")
        await until(pilot, lambda: "Nothing matches “nobody did this”" in screen_text(pilot))


async def test_who_may_not_read_it_has_no_key_for_it(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        assert "audit" not in pilot.app.places  # type: ignore[attr-defined]
        await press(pilot, "8")
        assert "Audit" not in screen_text(pilot)


async def test_it_is_verified_in_a_window_and_the_mark_says_when(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await until(pilot, lambda: "never verified" in screen_text(pilot))
        await press(pilot, "v")
        await until(pilot, lambda: "Verify what?" in screen_text(pilot))
        await press(pilot, "down", "enter")
        await until(pilot, lambda: "as it was written" in screen_text(pilot))
        assert "Verify all, from the first event" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "✔ verified 2026-03-03" in screen_text(pilot))
        assert "never sealed" in screen_text(pilot)


async def test_a_changed_event_is_named_and_the_mark_says_so(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    with sqlite_desk.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_event_no_update")
        connection.exec_driver_sql(
            "UPDATE audit_event SET body = replace(body, 'Fuel', 'Food') WHERE action = 'requisition.created'"
        )
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await press(pilot, "v", "enter")
        await until(pilot, lambda: "changed  fund " in screen_text(pilot))
        await press(pilot, "escape")
        await until(pilot, lambda: "✖ 1 thing is wrong" in screen_text(pilot))


async def test_what_is_exported_with_its_proof_is_verified_by_itself(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "cfo", go="audit") as pilot:
        await until(pilot, lambda: "payment.executed" in lines(pilot)[0])
        await press(pilot, "E", "down", "left")
        assert isinstance(pilot.app.screen, ExportPrompt)
        assert "(•) PROOF" in pilot.app.screen.text
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ExportPrompt) and "✔ " in pilot.app.screen.text
    [path] = (sqlite_desk.home / "exports/cfo").iterdir()
    key = checkpoints.public_key(sqlite_desk).public_key
    found = audit_export.verify_file(path, key)
    assert found.ok and found.events > 20
    path.write_text(path.read_text().replace("PAY-000001", "PAY-000002", 1))
    assert not audit_export.verify_file(path, key).ok
