"""What is typed and pasted into the form: not a key lost or doubled, nothing cut in silence, everything kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import pytest
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from slow_desk import SlowDesk
from sqlalchemy import text
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.services import form_drafts
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.widgets.plain import Field

FORM = "requisition new"


@pytest.fixture
def people(sqlite_desk: Desk) -> dict[str, Actor]:
    return demo_company(sqlite_desk)


@asynccontextmanager
async def form_open(desk: Desk, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with running(desk, "staff", go="requisition_form", size=size) as pilot:
        yield pilot


def form_of(pilot: Pilot[None]) -> RequisitionFormScreen:
    screen = pilot.app.screen
    assert isinstance(screen, RequisitionFormScreen)
    return screen


def field(pilot: Pilot[None], name: str) -> Field:
    return form_of(pilot).fields.field(name)


async def paste(pilot: Pilot[None], pasted: str) -> None:
    pilot.app.post_message(events.Paste(pasted))
    await settled(pilot)


def kept(desk: Desk, who: Actor) -> dict[str, str | bool]:
    draft = desk.read(who, form_drafts.load, FORM)
    return draft.values if draft is not None else {}


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_two_thousand_keys_at_once_are_all_there_once_and_in_order(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    typed = "".join("abcdefghij"[place % 10] for place in range(1999)) + "!"
    async with form_open(sqlite_desk) as pilot:
        await press(pilot, "tab", "tab")
        for character in typed:
            pilot.app.post_message(events.Key("exclamation_mark" if character == "!" else character, character))
        while not field(pilot, "purpose").value.endswith("!"):
            await asyncio.sleep(0.1)
        assert field(pilot, "purpose").value == typed
        await until(pilot, lambda: kept(sqlite_desk, people["staff"]).get("purpose") == typed)


async def test_a_key_costs_the_form_less_than_a_millisecond(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    """Our own handlers alone: what Textual itself does for a key is its own."""
    async with form_open(sqlite_desk) as pilot:
        form, line = form_of(pilot), field(pilot, "purpose").control_widget
        assert isinstance(line, Input)
        line.offer([f"Something for the van number {place}" for place in range(3000)])  # type: ignore[attr-defined]
        begun = perf_counter()
        for place in range(500):
            line.going_on("x" * (place % 40))  # type: ignore[attr-defined]
            form._typed()
        assert (perf_counter() - begun) / 500 < 0.001


async def test_more_keys_than_fit_are_told_and_not_taken(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        field(pilot, "amount").control_widget.value = "1" * 40
        await type_text(pilot, "2")
        assert field(pilot, "amount").value == "1" * 40
        assert field(pilot, "amount").error == "At most 40 characters fit here; no more was taken"
        await press(pilot, "backspace")
        assert field(pilot, "amount").error == ""


# -- pasting -----------------------------------------------------------------------------------------------------------


async def test_a_paste_is_taken_once_and_its_lines_become_one(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await paste(pilot, "4500\n")
        assert field(pilot, "amount").value == "4500"
        await press(pilot, "tab", "tab")
        await paste(pilot, "Fuel \r\nfor the van\n\nand\toil")
        assert field(pilot, "purpose").value == "Fuel for the van and oil"
        await press(pilot, "home")
        await paste(pilot, "Urgent: ")
        assert field(pilot, "purpose").value == "Urgent: Fuel for the van and oil"


async def test_ten_thousand_lines_are_refused_beside_the_field_and_the_form_goes_on(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "77")
        await press(pilot, "tab", "tab")
        await paste(pilot, "\n".join(f"line {place} of a very long list\tand more" for place in range(10_000)))
        refused = field(pilot, "purpose").error
        assert refused.startswith("At most 2,000 characters fit here; the 10,000 lines of ")
        assert refused.endswith(" that were pasted were not taken")
        assert field(pilot, "purpose").value == ""
        assert "✖ At most 2,000 characters fit here" in screen_text(pilot)
        await type_text(pilot, "Tea")
        assert (field(pilot, "purpose").value, field(pilot, "purpose").error) == ("Tea", "")
        assert field(pilot, "amount").value == "77"


async def test_a_paste_beside_what_stands_there_says_how_much_that_is(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        await press(pilot, "tab")
        await type_text(pilot, "Acme")
        await paste(pilot, "x" * 197)
        assert field(pilot, "payee").error == (
            "At most 200 characters fit here, 4 stand here already; the 197 that were pasted were not taken"
        )
        await paste(pilot, "x" * 196)
        assert len(field(pilot, "payee").value) == 200


async def test_a_row_of_a_spreadsheet_fills_an_empty_form(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await press(pilot, "tab")
        await paste(pilot, "1,250.50\tJane Mwangi\tTaxi\ttravel\tmpesa\t+254712345678\n")
        values = form_of(pilot).fields.values
        assert [values[name] for name in ("amount", "payee", "purpose", "category", "method", "destination")] == [
            "1,250.50", "Jane Mwangi", "Taxi", "travel", "mpesa", "+254712345678",
        ]  # fmt: skip
        assert notices(pilot) == [
            "The pasted row fills Amount, Payee, Purpose, Category, Paid by, Paid to. ^o throws it away."
        ]


async def test_a_row_in_a_form_with_something_in_it_stays_in_its_field(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "5")
        await press(pilot, "tab")
        await paste(pilot, "1,250.50\tJane Mwangi\tTaxi")
        assert field(pilot, "payee").value == "1,250.50 Jane Mwangi Taxi"
        assert field(pilot, "amount").value == "5"


# -- drafts ------------------------------------------------------------------------------------------------------------


async def test_who_types_without_a_pause_is_kept_all_the_same(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await press(pilot, "tab", "tab")
        begun = perf_counter()
        while not kept(sqlite_desk, people["staff"]):
            await pilot.press("x")
            assert perf_counter() - begun < 10, "nothing was kept while somebody typed"


async def test_the_first_key_does_not_overwrite_what_was_restored(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    sqlite_desk.run_unaudited(people["staff"], form_drafts.save, FORM, {"amount": "4500", "purpose": "Fuel"})
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "0")
        await press(pilot, "tab", "tab")
        await type_text(pilot, "!")
        values = form_of(pilot).fields.values
        assert (values["amount"], values["purpose"]) == ("45000", "Fuel!")
        assert "typed 2026-03-02 12:00" in screen_text(pilot)
        assert any("^o throws it away" in notice for notice in notices(pilot))


async def test_what_was_typed_before_the_database_answered_is_kept(
    sqlite_desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        with slow.slow():
            await pilot.press("n")
            await pilot.pause()
            for character in "815":
                await pilot.press(character)
        await settled(pilot)
        assert field(pilot, "amount").value == "815"
        await until(pilot, lambda: kept(sqlite_desk, people["staff"]).get("amount") == "815")


async def test_a_draft_that_could_not_be_kept_is_kept_when_the_database_is_back(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    from sqlalchemy import text as sql

    async with form_open(sqlite_desk) as pilot:
        with sqlite_desk.engine.begin() as connection:
            connection.execute(sql("ALTER TABLE form_draft RENAME TO away"))
        await type_text(pilot, "77")
        await pilot.pause(0.8)
        await settled(pilot)
        with sqlite_desk.engine.begin() as connection:
            connection.execute(sql("ALTER TABLE away RENAME TO form_draft"))
        await until(pilot, lambda: kept(sqlite_desk, people["staff"]).get("amount") == "77")


async def test_a_draft_on_its_way_does_not_come_back_after_the_form_was_sent(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        form = form_of(pilot)
        for value in ("4500", "Naivas", "Tea"):
            await type_text(pilot, value)
            await press(pilot, "tab")
        late = form._keeper.storing({**form.fields.values, "purpose": "late"})
        await press(pilot, "ctrl+t")
        await until(pilot, lambda: pilot.app.screen is not form)
        late()
    assert kept(sqlite_desk, people["staff"]) == {}


async def test_an_older_draft_never_overtakes_a_newer(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        keeper = form_of(pilot)._keeper
        older, newer = keeper.storing({"amount": "1"}), keeper.storing({"amount": "12"})
        newer()
        older()
        assert kept(sqlite_desk, people["staff"]) == {"amount": "12"}


async def test_esc_says_once_that_it_is_kept(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "77")
        await until(pilot, lambda: kept(sqlite_desk, people["staff"]))
        await press(pilot, "escape")
        assert notices(pilot) == ["What you typed is kept; n opens it again."]


async def test_an_untouched_form_is_left_without_a_word(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await press(pilot, "escape")
        assert notices(pilot) == []
    with sqlite_desk.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM form_draft")).scalar() == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_names_of_200_characters_and_wide_letters_stay_in_their_places(
    sqlite_desk: Desk, people: dict[str, Actor], size: tuple[int, int]
) -> None:
    async with form_open(sqlite_desk, size) as pilot:
        await type_text(pilot, "4500")
        await press(pilot, "tab")
        await paste(pilot, "株式会社日本橋" * 28 + "é" * 4)
        await press(pilot, "tab")
        await paste(pilot, "e\u0301" * 100)
        await until(pilot, lambda: "Tier 1" in screen_text(pilot))
        lines = screen_text(pilot).splitlines()
        labels = [line for line in lines if line.lstrip().startswith(("Amount", "Payee", "Purpose", "Category"))]
        assert [line.split()[0] for line in labels] == ["Amount", "Payee", "Purpose", "Category"]
        assert len({line.index(line.split()[0]) for line in labels}) == 1
