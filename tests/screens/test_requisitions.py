"""The list of requisitions with its detail: what is shown, narrowed and offered, and what its requester can do."""

from __future__ import annotations

import pytest
import story
from desk_app import context_of, demo_company, notices, press, running, screen_text, type_text, until
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens import list_and_detail
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.requisitions import RequisitionsScreen, Whole, cells_of, columns_of, read_whole
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import requisition_views, requisitions, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisition_views import RequisitionFilter, RequisitionRow
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.widgets.detail_pane import DetailPane
from pettycash_tui.widgets.footer import live_keys
from pettycash_tui.widgets.paging import Place, Seek
from pettycash_tui.widgets.virtual_table import VirtualTable


@pytest.fixture
def people(sqlite_desk: Desk) -> dict[str, Actor]:
    return demo_company(sqlite_desk)


def draft(desk: Desk, who: Actor, **fields: str) -> str:
    given = {"amount": "900", "purpose": "Stamps", "payee": "Posta", **fields}
    return desk.run(who, requisitions.create, RequisitionInput(**given)).number


def lines(pilot: Pilot[None]) -> list[str]:
    table = pilot.app.screen.query_one(VirtualTable)
    return [table.render_line(y).text.rstrip() for y in range(1, table.row_count + 1)]


def detail(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(DetailPane).text


def offered(pilot: Pilot[None]) -> set[str]:
    return {id for id in live_keys(pilot.app.screen) if id.startswith("requisitions.")}


async def test_the_newest_stands_first_with_mark_word_and_amount(
    sqlite_desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    story.request(sqlite_desk, people["staff"])
    clock.advance(days=1)
    draft(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        first, second = lines(pilot)
        assert first.split() == ["▸", "REQ-000002", "○", "draft", "900.00", "Posta", "2026-03-03"]
        assert second.split() == [
            "REQ-000001", "◔", "branch", "manager", "4,500.00", "Total", "Energies", "2026-03-02",
        ]  # fmt: skip


async def test_the_detail_tells_the_whole_story(
    sqlite_desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    number = story.request(sqlite_desk, people["staff"])
    sqlite_desk.run(people["staff"], requisitions.attach, number, "quote.pdf", b"%PDF-1.7 tiny")
    clock.advance(hours=2)
    sqlite_desk.run(people["branch_manager"], workflow.approve, number, "fine by me")
    sqlite_desk.run(story.approver_of(sqlite_desk, number), workflow.approve, number)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        shown = detail(pilot)
        assert "● approved  REQ-000001   KES 4,500.00" in shown
        assert "✔ approved        Branch Manager (Branch manager) · 2026-03-02 14:00" in shown
        assert "✔ validated       Treasury Person (Treasury) · 2026-03-02 14:00" in shown
        assert "Payment PAY-000001" in " ".join(shown.split())
        assert "quote.pdf (13 bytes, SHA-256 " in shown
        assert "2026-03-02 12:00  Submitted by Staff Person" in shown
        assert "“fine by me”" in shown


async def test_rows_that_are_passed_by_are_not_read(
    sqlite_desk: Desk, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(screen: RequisitionsScreen, row: RequisitionRow) -> Whole:
        read.append(row.number)
        return screen.context.read(read_whole, row)

    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        # What the desk hears of others reads the row under the cursor again, whenever that is.
        pilot.app.end_following()  # type: ignore[attr-defined]
        monkeypatch.setattr(list_and_detail, "PASSING", 0.3)
        monkeypatch.setattr(RequisitionsScreen, "read_detail", noted)
        await type_text(pilot, "j" * 12)
        await until(pilot, lambda: many[12] in detail(pilot))
        assert many[12] == read[-1]
        assert set(read) <= {many[1], many[12]}
        # A single step after a rest is read at once.
        monkeypatch.setattr(list_and_detail, "PASSING", 0)
        await press(pilot, "k")
        assert (read[-1], many[11] in detail(pilot)) == (many[11], True)


async def test_mine_and_all_are_one_key_apart(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    story.request(sqlite_desk, people["staff"])
    draft(sqlite_desk, people["branch_manager"])
    async with running(sqlite_desk, "branch_manager", go="requisitions") as pilot:
        assert "Requisitions: all" in screen_text(pilot)
        assert len(lines(pilot)) == 2
        await press(pilot, "m")
        await until(pilot, lambda: len(lines(pilot)) == 1)
        assert "Requisitions: mine" in screen_text(pilot)
        assert "REQ-000002" in lines(pilot)[0]


async def test_the_status_key_goes_through_those_that_there_are(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    story.request(sqlite_desk, people["staff"])
    draft(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: len(lines(pilot)) == 1)
        assert "Requisitions: mine, draft" in screen_text(pilot)
        await press(pilot, "t")
        await until(pilot, lambda: "REQ-000001" in lines(pilot)[0])
        assert "mine, branch manager" in screen_text(pilot)
        await press(pilot, "t")
        await until(pilot, lambda: len(lines(pilot)) == 2)


async def test_a_filter_narrows_the_list_and_esc_shows_all_again(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    story.request(sqlite_desk, people["staff"])
    draft(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "slash")
        await type_text(pilot, "stamps")
        await until(pilot, lambda: len(lines(pilot)) == 1)
        assert "“stamps”" in screen_text(pilot)
        await press(pilot, "enter")
        assert pilot.app.focused is pilot.app.screen.query_one(VirtualTable)
        await press(pilot, "escape")
        await until(pilot, lambda: len(lines(pilot)) == 2)


async def test_only_what_the_state_allows_is_offered(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    draft(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        assert {"requisitions.submit", "requisitions.edit", "requisitions.withdraw"} <= offered(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: notices(pilot))
        assert notices(pilot) == ["REQ-000001 is submitted: tier 1, now with Branch Manager (Branch manager)."]
        await until(pilot, lambda: "◔ branch manager" in lines(pilot)[0])
        assert "requisitions.edit" not in offered(pilot)
        assert "requisitions.withdraw" in offered(pilot)
    async with running(sqlite_desk, "branch_manager", go="requisitions") as pilot:
        assert offered(pilot) == {
            "requisitions.whose",
            "requisitions.status",
            "requisitions.why",
            "requisitions.duplicate",
        }


async def test_withdrawing_repeats_amount_and_payee_and_says_there_is_no_undo(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    number = story.request(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        for words in ("Withdraw REQ-000001?", "KES 4,500.00", "Total Energies", "This cannot be undone."):
            assert words in screen_text(pilot)
        await press(pilot, "escape")
        assert "◔ branch manager" in lines(pilot)[0]
        await press(pilot, "w")
        await type_text(pilot, "bought elsewhere")
        await press(pilot, "enter")
        await until(pilot, lambda: "− withdrawn" in lines(pilot)[0])
        await until(pilot, lambda: "“bought elsewhere”" in detail(pilot))
        assert notices(pilot) == ["REQ-000001 is withdrawn."]
        assert "requisitions.withdraw" not in offered(pilot)
    found = sqlite_desk.read(people["staff"], requisition_views.show, number)
    assert found.status is RequisitionStatus.WITHDRAWN


async def test_why_says_who_acts_and_why_one_may_not(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    story.request(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "v")
        window = pilot.app.screen
        assert isinstance(window, TextWindow)
        assert "1  Approve: Branch Manager (Branch manager)" in window.text
        assert "✖ REQ-000001 waits for Branch Manager" in window.text
        await press(pilot, "escape")
        assert "REQ-000001" in lines(pilot)[0]


async def test_hostile_text_from_the_database_is_drawn_as_data(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    draft(sqlite_desk, people["staff"], payee="[b]Jane[/b]", purpose="[link=x]tea[/link]")
    with sqlite_desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE requisition SET destination = 'a\x1b[2Jb'")
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        assert "[b]Jane[/b]" in lines(pilot)[0]
        assert "[link=x]tea[/link]" in detail(pilot)
        assert "a\ufffd[2Jb" in detail(pilot)
        assert "\x1b" not in screen_text(pilot)


async def test_coming_back_to_the_list_shows_what_others_did(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        sqlite_desk.run(people["branch_manager"], workflow.reject, number, "not this month")
        await press(pilot, "n", "escape")
        await until(pilot, lambda: "✖ rejected" in lines(pilot)[0])
        await until(pilot, lambda: "“not this month”" in detail(pilot))


@pytest.fixture
def many(sqlite_desk: Desk, people: dict[str, Actor], clock: SettableClock) -> list[str]:
    """Twenty-five drafts, newest first."""
    numbers = []
    for _ in range(25):
        clock.advance(minutes=1)
        numbers.append(draft(sqlite_desk, people["staff"]))
    return numbers[::-1]


def test_a_source_pages_both_ways(sqlite_desk: Desk, many: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from pettycash_tui.services import paging

    monkeypatch.setattr(paging, "MAX_LIMIT", 4)  # a page of the table takes several of the service
    context = context_of(sqlite_desk, "staff")
    source = KeysetSource(
        context,
        columns_of(context),
        requisition_views.list_requisitions,
        RequisitionFilter(mine=True),
        cells=lambda row: cells_of(context, row),
        counter=requisition_views.count_requisitions,
    )

    def page(seek: Seek) -> tuple[list[str], bool, bool]:
        found = source.page(seek, 10)
        return [row.value.number for row in found.rows], found.before, found.after

    assert source.count() == 25
    first = source.page(Seek(Place.FIRST), 10)
    assert page(Seek(Place.FIRST)) == (many[:10], False, True)
    assert page(Seek(Place.AFTER, first.rows[-1].cursor)) == (many[10:20], True, True)
    assert page(Seek(Place.LAST)) == (many[15:], True, False)
    last = source.page(Seek(Place.LAST), 10)
    assert page(Seek(Place.BEFORE, last.rows[0].cursor)) == (many[5:15], True, True)
    assert page(Seek(Place.BEFORE, first.rows[3].cursor)) == (many[:3], False, True)
    assert page(Seek(Place.AFTER, last.rows[4].cursor)) == (many[20:], True, False)


def test_the_queue_pages_both_ways(sqlite_desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    numbers = []
    for _ in range(5):
        clock.advance(minutes=1)
        numbers.append(story.request(sqlite_desk, people["staff"]))
    context = context_of(sqlite_desk, "branch_manager")
    source = KeysetSource(
        context,
        columns_of(context),
        requisition_views.queue,
        cells=lambda row: cells_of(context, row),
        cursor=requisition_views.cursor_of(requisition_views.QueueOrder.AGE),
        counter=requisition_views.count_queue,
        backwards="backwards",
    )
    first, last = source.page(Seek(Place.FIRST), 2), source.page(Seek(Place.LAST), 2)
    assert source.count() == 5
    assert [row.value.number for row in first.rows] == numbers[:2]
    assert [row.value.number for row in last.rows] == numbers[3:]
    before = source.page(Seek(Place.BEFORE, last.rows[0].cursor), 2)
    assert [row.value.number for row in before.rows] == numbers[1:3]


def test_money_and_time_are_the_companys(sqlite_desk: Desk, clock: SettableClock) -> None:
    from dataclasses import replace

    context = context_of(sqlite_desk, "staff")
    assert context.money(Money(123456789, "KES")) == "1,234,567.89"
    assert context.money_with_currency(Money(-5, "KES")) == "KES -0.05"
    assert context.money(Money(1500, "JPY")) == "1,500"
    assert replace(context, locale="de").money(Money(123456789, "EUR")) == "1.234.567,89"
    assert replace(context, locale="en_IN").money(Money(123456789, "INR")) == "12,34,567.89"
    assert context.moment(clock.now) == "2026-03-02 12:00"
    clock.advance(hours=13)
    assert str(context.day()) == "2026-03-03", "it is past midnight in Nairobi"


async def test_an_admin_gives_a_stuck_decision_to_somebody_else(sqlite_desk: Desk) -> None:
    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"])
    async with running(sqlite_desk, "admin", go="requisitions") as pilot:
        await press(pilot, "i")
        assert f"Who decides on {number}?" in screen_text(pilot)
        await press(pilot, "enter")
        await type_text(pilot, "away for a month")
        await press(pilot, "enter")
        assert any(f"{number} waits for" in notice for notice in notices(pilot))


async def test_reassigning_is_an_admins_and_only_of_what_waits_for_somebody(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    story.request(sqlite_desk, people["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        assert "requisitions.reassign" not in live_keys(pilot.app.screen)
