"""The desk: what waits, the alerts, the funds and what just happened; taking a line, acknowledging, being live."""

from __future__ import annotations

from decimal import Decimal

import building
import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled
from rich.cells import cell_len
from settable_clock import SettableClock
from slow_desk import SlowDesk
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from pettycash_tui.actions import actions_of, use_keymap
from pettycash_tui.models.enums import Role
from pettycash_tui.screens.home import DeskHomeScreen
from pettycash_tui.screens.home_layout import Need, shares
from pettycash_tui.screens.showing import ShowsObject, go_and_show
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import alerts, requisitions, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.widgets.gauge import EMPTY, HELD, REORDER, TARGET, gauge
from pettycash_tui.widgets.pane_list import PaneList
from pettycash_tui.widgets.sparkline import sparkline


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def screen_of(pilot: Pilot[None]) -> DeskHomeScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DeskHomeScreen)
    return screen


def pane(pilot: Pilot[None], name: str) -> PaneList:
    return screen_of(pilot).query_one(f"#{name}", PaneList)


def lines(pilot: Pilot[None]) -> list[str]:
    return screen_text(pilot).splitlines()


def line_with(pilot: Pilot[None], text: str) -> str:
    return next(line for line in lines(pilot) if text in line)


def overdue(desk: Desk, clock: SettableClock, amount: str = "4500") -> str:
    number = story.request(desk, demo_company(desk)["staff"], amount)
    clock.advance(hours=30)
    return number


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_it_shows_what_waits_the_alerts_the_funds_and_what_happened(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    number = overdue(sqlite_desk, clock)
    urgent = story.request(
        sqlite_desk,
        demo_company(sqlite_desk)["staff"],
        "1250.50",
        payee="Tyre [b]Centre[/b]",
        is_urgent=True,
        urgency_reason="Stranded",
    )
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        assert "Waits for you (2)" in screen_text(pilot)
        first = line_with(pilot, urgent)
        assert first.startswith("▸ a  confirm")
        assert "Tyre [b]Centre[/b]" in first, "what people type is data"
        assert "1,250.50" in first and "! urgent" in first
        assert "! overdue" in line_with(pilot, "  b  approve")
        assert f"▲ warning   {number} waits for you, 6 h overdue" in screen_text(pilot)
        assert "100,000.00" in line_with(pilot, "  NBI ")
        assert "● ok" in line_with(pilot, "  NBI ")
        assert "no spending in 30 days" in screen_text(pilot)
        assert "balance" in line_with(pilot, "Funds, KES") and "available" in line_with(pilot, "Funds, KES")
        assert f"Staff Person submitted {urgent}" in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_nothing_is_clipped_however_large_the_window(
    sqlite_desk: Desk, clock: SettableClock, size: tuple[int, int]
) -> None:
    overdue(sqlite_desk, clock)
    story.pay(sqlite_desk, story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "60000"))
    async with running(sqlite_desk, "cfo", go="desk", size=size) as pilot:
        text = screen_text(pilot)
        assert all(cell_len(line) <= size[0] for line in text.splitlines())
        assert "…" not in text
        for heading in ("Waits for you", "Alerts", "Funds, KES", "What just happened"):
            assert heading in text
        assert "▼ low" in text and "below reorder level · RPL-000001 pending" in text
        assert "40,000.00" in text and "300,000.00" in text
        heights = sum(each.size.height for each in screen_of(pilot).panes)
        assert heights == (size[1] - 2) * (2 if size[0] >= 160 else 1), "the room is used, and no more"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_payee_is_whole_before_anything_else_of_a_line_has_room(
    sqlite_desk: Desk, size: tuple[int, int]
) -> None:
    payee = "Nairobi Water & Sewerage Company"
    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "1250.50", payee=payee)
    async with running(sqlite_desk, "branch_manager", go="desk", size=size) as pilot:
        line = line_with(pilot, f"a  approve   {number}")
        assert f"  {payee}  " in line and "1,250.50" in line and " now" in line
        assert ("Fuel for the deliv" in line) == (size[0] > 80)


async def test_more_than_fits_is_counted_and_scrolls(sqlite_desk: Desk) -> None:
    for index in range(20):
        story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], str(100 + index))
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        assert "Waits for you (20)" in screen_text(pilot)
        await press(pilot, "G")
        assert "▸ and 12 more in Approvals (3)" in screen_text(pilot)
        await press(pilot, "enter")
        assert pilot.app.current_mode == "approvals"
        await press(pilot, "1", "g")
        assert line_with(pilot, "▸").startswith("▸ a  approve")


async def test_an_empty_desk_says_so_kindly_and_what_comes_next(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff", go="desk") as pilot:
        text = screen_text(pilot)
        assert "Nothing waits for you. n writes a new requisition." in text
        assert "All is as it should be." in text
        assert "You keep no fund." in text
        assert "Nothing has happened yet that you may see." in text
        await press(pilot, "tab", "j", "k", "enter", "x", "a", "y")
        assert isinstance(pilot.app.screen, DeskHomeScreen)
        await press(pilot, "n")
        assert pilot.app.screen.query(Input)


async def test_a_clerk_sees_drafts_and_where_the_requests_stand(sqlite_desk: Desk) -> None:
    staff = demo_company(sqlite_desk)["staff"]
    story.request(sqlite_desk, staff, "500")
    given = RequisitionInput(amount="700", purpose="Pens", payee="Shop")
    written = sqlite_desk.run(staff, requisitions.create, given)
    async with running(sqlite_desk, "staff", go="desk") as pilot:
        assert f"a  finish    {written.number}" in screen_text(pilot)
        assert "Your requests: 1 with branch manager" in screen_text(pilot)


async def test_names_that_are_wide_or_very_long_do_not_push_the_figures_out(sqlite_desk: Desk) -> None:
    for payee in ("神戸" * 60, "Jose\u0301 A\u0301lvarez"):
        story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "1250.50", payee=payee)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        shown = [line for line in lines(pilot) if "1,250.50" in line and "approve" in line]
        assert len(shown) == 2
        assert len({cell_len(line[: line.index("1,250.50")]) for line in shown}) == 1


# --- going ------------------------------------------------------------------------------------------------------------


async def test_a_key_takes_the_line_to_its_place(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from pettycash_tui.screens.approvals import ApprovalsScreen

    shown: list[str] = []
    monkeypatch.setattr(ApprovalsScreen, "show_object", lambda _, number: shown.append(number), raising=False)
    staff = demo_company(sqlite_desk)["staff"]
    story.request(sqlite_desk, staff, "100")
    second = story.request(sqlite_desk, staff, "200")
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        await press(pilot, "b")
        assert isinstance(pilot.app.screen, ApprovalsScreen)
        assert isinstance(pilot.app.screen, ShowsObject)
        assert shown == [second]
        await press(pilot, "1", "j", "enter")
        assert pilot.app.current_mode == "approvals"
        assert shown == [second, second]


async def test_a_key_without_a_line_does_nothing(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        await press(pilot, "b", "i", "o")
        assert isinstance(pilot.app.screen, DeskHomeScreen)


async def test_there_is_a_key_for_every_line(sqlite_desk: Desk) -> None:
    from pettycash_tui.services.waiting import SHOWN

    assert sum(entry.id.startswith("desk.take_") for entry in actions_of("desk")) == SHOWN


async def test_a_remapped_key_is_the_one_that_is_shown(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    use_keymap({"desk.take_1": "z"})
    try:
        async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
            assert "▸ z  approve" in screen_text(pilot)
    finally:
        use_keymap({})


async def test_enter_goes_to_the_cash_book_of_a_fund(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        assert pane(pilot, "funds").has_focus, "the focus is where there is something"
        await press(pilot, "enter")
        assert pilot.app.current_mode == "ledger"


async def test_a_place_that_is_not_the_persons_is_said(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff", go="desk") as pilot:
        screen_of(pilot)._go("payments", "PAY-000001")
        await settled(pilot)
        assert "not among your screens" in notices(pilot)[-1]
        await go_and_show(pilot.app, "nowhere", "PAY-000001")
        assert isinstance(pilot.app.screen, DeskHomeScreen)


async def test_the_cursor_goes_through_all_panes_and_back(sqlite_desk: Desk, clock: SettableClock) -> None:
    overdue(sqlite_desk, clock)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        order = []
        for _ in range(4):
            order.append(pilot.app.focused.id if pilot.app.focused else "")
            await press(pilot, "down")
        assert order == ["waiting", "alerts", "funds", "happenings"]
        await press(pilot, "k", "k", "k", "k")
        assert pane(pilot, "waiting").has_focus
        await press(pilot, "tab")
        assert pane(pilot, "alerts").has_focus
        assert "━━ Alerts (1) ━" in screen_text(pilot), "the focus is seen without colour"


async def test_a_step_draws_only_the_lines_that_change_also_from_pane_to_pane(
    sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    overdue(sqlite_desk, clock)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        pilot.app.end_following()  # what is read again is drawn again
        await settled(pilot)
        drawn: list[object] = []
        original = Widget.refresh

        def refresh(widget: Widget, *regions: Region, **options: bool) -> Widget:
            if not regions and isinstance(widget, PaneList | DeskHomeScreen):
                drawn.append(widget)
            return original(widget, *regions, **options)

        monkeypatch.setattr(Widget, "refresh", refresh)
        await press(pilot, "down", "down", "down", "down", "up", "tab")
        assert drawn == []


# --- alerts -----------------------------------------------------------------------------------------------------------


async def test_an_alert_is_acknowledged_and_taken_back_by_the_same_key(sqlite_desk: Desk, clock: SettableClock) -> None:
    number = overdue(sqlite_desk, clock)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        await press(pilot, "x")
        assert "▲ warning" in screen_text(pilot), "only the alert under the cursor"
        await press(pilot, "tab", "x")
        assert f"▸ ✓ seen      {number}" in screen_text(pilot)
        assert "━━ Alerts ━" in screen_text(pilot)
        assert sqlite_desk.read(demo_company(sqlite_desk)["branch_manager"], alerts.alerts)[0].is_acknowledged
        await press(pilot, "x")
        assert f"▸ ▲ warning   {number}" in screen_text(pilot)
        assert "x Acknowledge" in lines(pilot)[-1]


async def test_enter_on_an_alert_goes_to_what_deals_with_it(sqlite_desk: Desk, clock: SettableClock) -> None:
    overdue(sqlite_desk, clock)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        await press(pilot, "tab", "enter")
        assert pilot.app.current_mode == "approvals"


# --- live -------------------------------------------------------------------------------------------------------------


async def test_what_others_do_appears_and_the_cursor_stays_on_its_line(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    first, second, third = (story.request(sqlite_desk, people["staff"], amount) for amount in ("100", "200", "300"))
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        await press(pilot, "j", "j")
        assert line_with(pilot, "▸").startswith(f"▸ c  approve   {third}")
        sqlite_desk.run(people["branch_manager"], workflow.approve, first)
        screen_of(pilot).books_changed()
        await settled(pilot)
        assert "Waits for you (2)" in screen_text(pilot)
        assert line_with(pilot, "▸").startswith(f"▸ b  approve   {third}")
        assert f"Branch Manager approved {first}" in screen_text(pilot)
        sqlite_desk.run(people["branch_manager"], workflow.approve, third)
        screen_of(pilot).books_changed()
        await settled(pilot)
        assert line_with(pilot, "▸").startswith(f"▸ a  approve   {second}"), "the nearest that is left"


async def test_a_slow_database_leaves_the_keys_alive(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        with slow.slow():
            await pilot.press("r")
            await pilot.press("tab")
            await pilot.pause()
            assert pilot.app.focused is not pane(pilot, "waiting")
        await settled(pilot)
        assert "Waits for you (1)" in screen_text(pilot)


async def test_a_database_that_is_away_is_told_and_what_was_read_stays(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pettycash_tui.services.errors import DatabaseUnavailable

    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database cannot be reached.", code="database_away")

    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        monkeypatch.setattr(sqlite_desk, "read", away)
        await press(pilot, "r")
        assert set(notices(pilot)) == {"The database cannot be reached."}
        assert number in screen_text(pilot)


async def test_copying_shows_all_of_an_entry_as_plain_text_and_says_what_that_is_worth(
    sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "linux")
    number = overdue(sqlite_desk, clock)
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        titles = []
        for _ in range(4):
            await press(pilot, "y")
            window = pilot.app.screen
            assert isinstance(window, TextWindow)
            assert window.told == "This console has no clipboard."
            titles.append(window.text.splitlines()[0].split())
            assert "▸" not in window.text
            await press(pilot, "escape", "tab")
        assert titles == [
            ["Task", "approve"],
            ["Severity", "warning"],
            ["Fund", "NBI"],
            ["When", "2026-03-02", "12:00"],
        ]
        await press(pilot, "y")
        assert f"Number         {number}" in screen_text(pilot)
        assert f"Command        pettycash req approve {number}" in screen_text(pilot)


async def test_where_there_is_nothing_to_copy_or_to_export_no_window_opens(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff", go="desk") as pilot:
        await press(pilot, "y", "Y", "E")
        assert isinstance(pilot.app.screen, DeskHomeScreen)


async def test_a_person_of_no_place_can_use_the_desk(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    company_id = building.id_of(sqlite_desk, "company", "ACME")
    building.person(sqlite_desk, "visitor", Role.STAFF, company_id=company_id)
    from pettycash_tui.app import PettyCashApp
    from pettycash_tui.screens.context import load_context
    from pettycash_tui.services import signin

    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, signin.act_as(sqlite_desk, "visitor", "test")))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app.action_go("desk")
        await settled(pilot)
        assert "Nothing waits for you" in screen_text(pilot)


# --- how it is drawn --------------------------------------------------------------------------------------------------


def test_a_gauge_has_its_width_and_its_marks_where_the_levels_are() -> None:
    bar = gauge(20, available=50, held=25, reorder=20, target=100)
    assert len(bar) == 20
    assert bar == "████┊█████▒▒▒▒▒····┃"
    assert bar.index(REORDER) == 4
    assert bar[-1] == TARGET


def test_a_gauge_shows_that_little_is_held_and_that_nothing_is_left() -> None:
    assert HELD in gauge(20, available=99_999, held=1, reorder=0, target=200_000)
    assert gauge(10, available=0, held=0, reorder=5, target=10) == f"{EMPTY * 5}{REORDER}{EMPTY * 3}{TARGET}"
    assert gauge(10, available=0, held=0, reorder=0, target=0) == EMPTY * 10
    assert gauge(0, available=1, held=1, reorder=1, target=1) == ""


def test_a_gauge_above_its_target_marks_where_the_target_was() -> None:
    bar = gauge(20, available=200, held=0, reorder=20, target=100)
    assert bar.index(TARGET) == 10
    assert bar.count("█") == 18


def test_a_sparkline_says_with_height_and_has_a_dot_for_nothing() -> None:
    assert sparkline([Decimal(figure) for figure in (0, 1, 4, 8)]) == "·▂▅█"
    assert sparkline([Decimal(0)] * 3) == "···"
    assert sparkline([]) == ""
    assert sparkline([Decimal(1), Decimal(2)], 1) == "█"
    assert sparkline([Decimal(1), Decimal(2)], 0) == ""


def test_the_room_is_shared_by_need_and_the_last_has_the_rest() -> None:
    needs = [Need(10, 5), Need(2, 3), Need(9, 5), Need(12, 4)]
    assert shares(needs, 22) == [8, 2, 8, 4]
    assert shares(needs, 40) == [10, 2, 9, 19]
    assert sum(shares(needs, 22)) == 22
    assert shares([], 10) == []
