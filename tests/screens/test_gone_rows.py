"""Rows that somebody else took: marked where they stand, never snatched away from under the eyes."""

from __future__ import annotations

import random
import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import pytest
from test_virtual_table import Desk, Numbers, press, settled
from textual.geometry import Region
from textual.pilot import Pilot

from pettycash_tui.widgets.cells import Cell
from pettycash_tui.widgets.lookahead import Read, StopAt, View, next_read
from pettycash_tui.widgets.paging import MAX_ROWS, Place, Row, Seek, Window
from pettycash_tui.widgets.rereading import read_in_place, stretch_at


class Queue(Numbers):
    """A list that knows what became of the rows that have left it."""

    def __init__(self, size: int, *, counted: bool = True) -> None:
        super().__init__(size, counted=counted)
        self.asked: list[Hashable] = []

    def gone(self, rows: Sequence[Row]) -> Mapping[Hashable, Row]:
        self.asked += [row.key for row in rows]
        return {row.key: replace(row, cells=(row.cells[0], Cell("approved by Amina"))) for row in rows}


async def somebody_else_acts(pilot: Pilot[None], *taken: int, came_first: int = 0) -> None:
    """These leave the list, so many come in before it, and the screen hears that something has changed."""
    app = pilot.app
    assert isinstance(app, Desk)
    app.source.missing |= set(taken)
    app.source.front += came_first
    app.table.refresh_rows(keep_gone=True)
    await settled(pilot)


async def test_a_row_that_was_taken_stays_under_the_cursor_with_a_mark_and_other_words() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "j", "j")
        await somebody_else_acts(pilot, 2, 5)
        assert app.lines[3].startswith("▸−N2 ") and "approved by Amina" in app.lines[3]
        assert app.lines[6].startswith(" −N5 ") and app.lines[7].startswith("  N6 ")
        assert app.table.cursor_row is not None and app.table.cursor_row.gone
        assert app.highlighted[-1] == app.table.cursor_row
        muted = app.table.get_component_rich_style("table--muted")
        assert {segment.style.color for segment in app.table.render_line(6) if segment.style} == {muted.color}
        await press(pilot, "j")
        assert app.lines[4].startswith("▸ N3 ")


async def test_a_gone_row_vanishes_when_the_list_is_read_anew_and_not_before() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await somebody_else_acts(pilot, 0, 1)
        await somebody_else_acts(pilot, 7)
        assert [row.key for row in app.table.rows_in_view if row.gone] == [0, 1, 7]
        assert app.source.asked == [0, 1, 7], "what became of a row is asked once"  # type: ignore[attr-defined]
        assert app.table.row_count == 100
        await press(pilot, "r")
        assert not any(row.gone for row in app.table.rows_in_view)
        assert app.lines[1].startswith("▸ N2 ")
        assert app.table.row_count == 97


async def test_another_filter_shows_no_gone_rows() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await somebody_else_acts(pilot, 1)
        app.table.set_source(app.source)
        await settled(pilot)
        assert not any(row.gone for row in app.table.rows_in_view)


async def test_a_row_that_comes_back_is_one_of_the_list_again() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await somebody_else_acts(pilot, 1)
        app.source.missing.clear()
        await somebody_else_acts(pilot)
        assert app.lines[2].startswith("  N1 ") and "approved" not in app.lines[2]


async def test_a_source_that_cannot_tell_leaves_the_words_as_they_were() -> None:
    app = Desk(Numbers(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await somebody_else_acts(pilot, 1)
        assert app.lines[2].startswith(" −N1 ") and " row " in app.lines[2]


async def test_a_list_by_position_has_no_gone_rows() -> None:
    app = Desk(Numbers(100, dense=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.source.size = 90
        await somebody_else_acts(pilot)
        assert app.table.row_count == 90
        assert not any(row.gone for row in app.table.rows_in_view)


async def test_a_row_that_is_gone_loses_its_mark_and_takes_none() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "space", "space", "k", "k")
        assert app.table.marked == {0, 1}
        await somebody_else_acts(pilot, 0)
        assert app.table.marked == {1}
        await press(pilot, "space")
        assert app.table.marked == {1}
        assert app.table.cursor_index == 1


@pytest.mark.parametrize("keys", [["j"], ["pagedown"] * 3, ["pagedown"] * 3 + ["k"] * 5, ["end"], ["end", "pageup"]])
async def test_nothing_moves_under_the_eyes(keys: list[str]) -> None:
    app = Desk(Queue(500))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *keys)
        before, row = [line[2:6] for line in app.lines], app.table.cursor_row
        assert row is not None
        in_view = [int(str(each.key)) for each in app.table.rows_in_view]
        await somebody_else_acts(pilot, *in_view[::3], came_first=0 if keys == ["j"] else 5)
        assert [line[2:6] for line in app.lines] == before
        assert app.table.cursor_row is not None and app.table.cursor_row.key == row.key
        assert [each.key for each in app.table.rows_in_view if each.gone] == in_view[::3]


async def test_all_that_is_in_view_may_be_taken_at_once() -> None:
    app = Desk(Queue(1_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *["pagedown"] * 6)
        before = [line[2:6] for line in app.lines]
        await somebody_else_acts(pilot, *range(20, 400))
        assert [line[2:6] for line in app.lines] == before
        assert all(row.gone for row in app.table.rows_in_view)
        await press(pilot, "r")
        assert not any(row.gone for row in app.table.rows_in_view)


async def test_the_last_rows_taken_and_the_whole_list_taken() -> None:
    app = Desk(Queue(30))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "end")
        await somebody_else_acts(pilot, *range(30))
        assert app.lines[-1].startswith("▸−N29 ")
        assert app.table.row_count == 30
        await press(pilot, "r")
        assert "No rows yet." in app.lines[1]
        app.source.missing = set(range(29))
        await somebody_else_acts(pilot)
        assert app.lines[1].startswith("▸ N29 ")


async def test_at_the_top_one_sees_what_comes_in_and_the_cursor_stays_on_its_row() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await somebody_else_acts(pilot, came_first=2)
        assert app.lines[1].startswith("  N-2 ")
        assert app.lines[3].startswith("▸ N0 ")


async def test_more_than_can_be_read_may_come_in_above() -> None:
    app = Desk(Queue(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "j")
        await somebody_else_acts(pilot, came_first=5_000)
        assert app.cursor_line.startswith("▸ N1 ")


async def test_the_same_rows_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Desk(Queue(500))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *["pagedown"] * 3)
        await somebody_else_acts(pilot, 66, 70)
        reads = len(app.source.seeks)
        drawn: list[tuple[Region, ...]] = []
        monkeypatch.setattr(app.table, "refresh", lambda *regions, **options: drawn.append(regions))
        await somebody_else_acts(pilot)
        assert len(app.source.seeks) > reads and drawn == []


async def test_only_the_line_that_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Desk(Queue(500))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        drawn: list[Region] = []
        monkeypatch.setattr(app.table, "refresh", lambda *regions, **options: drawn.extend(regions))
        await somebody_else_acts(pilot, 9)
        assert {region.y for region in drawn} == {10}
        drawn.clear()
        monkeypatch.undo()


async def test_what_changes_while_a_page_is_read_is_read_once_more_after_it() -> None:
    """However often it changed meanwhile: not lost, not doubled."""
    source = Queue(500)
    app = Desk(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        held, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            go_on.wait(5)

        source.before_page = hold
        app.table.refresh_rows(keep_gone=True)
        while not held.is_set():
            await pilot.pause()
        source.missing = {3}
        for _ in range(5):
            app.table.refresh_rows(keep_gone=True)
        reads = len(source.seeks)
        go_on.set()
        await settled(pilot)
        assert app.lines[4].startswith(" −N3 ")
        assert len(source.seeks) == reads + 1


async def test_an_explicit_reload_during_a_live_one_takes_the_gone_rows_away() -> None:
    source = Queue(500)
    app = Desk(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        source.missing = {3}
        app.table.refresh_rows(keep_gone=True)
        app.table.refresh_rows()
        app.table.refresh_rows(keep_gone=True)
        await settled(pilot)
        assert not any(row.gone for row in app.table.rows_in_view)
        assert app.lines[4].startswith("  N4 ")


async def test_a_change_while_the_first_page_is_read_does_not_begin_it_anew() -> None:
    source = Queue(500)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(5)

    source.before_page = hold
    app = Desk(source)
    async with app.run_test(size=(80, 24)) as pilot:
        while not held.is_set():
            await pilot.pause()
        app.table.refresh_rows(keep_gone=True)
        assert len(source.seeks) == 1
        go_on.set()
        await settled(pilot)
        assert app.lines[1].startswith("▸ N0 ")


async def test_one_moves_on_while_the_list_is_read_again() -> None:
    """The answer is about rows that are no longer in view: what is in view stays, and is read as well."""
    source = Queue(1_000)
    app = Desk(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *["pagedown"] * 10, *["pageup"] * 10)
        held, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            go_on.wait(5)

        source.before_page = hold
        app.table.refresh_rows(keep_gone=True)
        while not held.is_set():
            await pilot.pause()
        source.before_page = lambda: None
        await pilot.press(*["pagedown"] * 7)
        cursor = app.cursor_line
        taken = int(cursor.split()[1][1:])
        source.missing = {taken}
        go_on.set()
        await settled(pilot)
        assert app.cursor_line.startswith(f"▸−N{taken} ")


# --- any sequence of events -------------------------------------------------------------------------------------------


class Reader:
    """What a table does with its window, without a screen: one read at a time, at a place that moves."""

    def __init__(self, source: Queue, lines: int) -> None:
        self.source, self.lines = source, lines
        self.pages, self.top, self.downwards = Window(), 0, True
        self.pages.replace(source.page(Seek(Place.FIRST), 50), 0)

    def read_on(self) -> None:
        for _ in range(60):
            step = next_read(self.pages, View(self.top, self.lines, self.downwards), dense=False)
            if step is None:
                return
            if isinstance(step, StopAt):
                self._move(step.top)
                continue
            self._read(step)
        raise AssertionError("the reading never ends")

    def _read(self, step: Read) -> None:
        page = self.source.page(step.seek, step.limit)
        if step.seek.place is Place.AFTER:
            shift = self.pages.append(page)
        elif step.seek.place is Place.BEFORE:
            shift = self.pages.prepend(page)
        else:
            shift = 0
            self.pages.replace(page, 0 if step.seek.place is Place.FIRST else self.pages.extent - len(page.rows))
        self._move(self.top + shift)
        self.pages.trim(self.top, self.top + self.lines)

    def _move(self, top: int) -> None:
        self.top = max(0, min(top, self.pages.extent - self.lines))

    def scroll(self, by: int) -> None:
        self.downwards = by > 0
        self._move(self.top + by)
        self.read_on()

    @property
    def view(self) -> list[Row]:
        rows = [self.pages.row(index) for index in range(self.top, self.top + self.lines)]
        return [row for row in rows if row is not None]

    def refresh(self) -> bool:
        stretch = stretch_at(self.pages, self.top - self.lines, self.top + 2 * self.lines)
        if stretch is None:
            return False
        key = self.pages.rows[max(0, self.top - self.pages.base)].key
        found = read_in_place(self.source, stretch, len(stretch.rows) + self.lines)
        if found is None:
            return False
        self.pages.put(found.rows, stretch.place, before=found.before, after=found.after)
        index = self.pages.find(key)
        assert index is not None
        self.top = index
        return True


def check(reader: Reader) -> None:
    """The loaded rows are one run of the list without a gap, none twice, with gone rows in between."""
    live = [int(str(row.key)) for row in reader.pages.rows if not row.gone]
    assert live == sorted(set(live))
    assert len(reader.pages.rows) <= MAX_ROWS
    assert reader.pages.extent >= reader.pages.end
    if reader.pages.at_start:
        assert reader.pages.base == 0


@pytest.mark.parametrize("seed", range(40))
def test_any_sequence_of_acts_and_moves_keeps_the_view_and_the_list_right(seed: int) -> None:
    chance = random.Random(seed)
    source = Queue(chance.choice([0, 3, 40, 300, 3_000]), counted=False)
    reader = Reader(source, chance.choice([5, 22]))
    reader.read_on()
    for _ in range(60):
        what = chance.random()
        if what < 0.5:
            reader.scroll(chance.choice([-1, 1]) * chance.choice([1, 3, reader.lines, 5 * reader.lines]))
            check(reader)
            continue
        numbers = range(-source.front, source.size)
        near = [int(str(row.key)) for row in reader.view]
        for _ in range(chance.choice([0, 1, 5, 80])):
            pool = near if near and chance.random() < 0.5 else numbers
            if pool:
                source.missing.add(chance.choice(pool))
        for _ in range(chance.choice([0, 0, 1, 30])):
            if source.missing:
                source.missing.discard(chance.choice(sorted(source.missing)))
        source.front += chance.choice([0, 0, 0, 1, 7, 90])
        source.size += chance.choice([0, 0, 0, 1, 7, 90])
        before = reader.view
        if not reader.refresh():
            reader.pages.replace(source.page(Seek(Place.FIRST), 50), 0)
            reader.top = 0
            reader.read_on()
            continue
        check(reader)
        stayed = [row.key for row in reader.pages.rows]
        # One that had gone and came back goes to its own place.
        places = [stayed.index(row.key) for row in before if not row.gone]
        assert places == sorted(places), "rows have changed their order"
        for row in before:
            now = [each for each in reader.pages.rows if each.key == row.key]
            if not row.gone or row.key in source.missing:
                assert [each.gone for each in now] == [row.key in source.missing]
        reader.read_on()
        listed = [number for number in range(-source.front, source.size) if number not in source.missing]
        live = [int(str(row.key)) for row in reader.pages.rows if not row.gone]
        if live:
            first = listed.index(live[0])
            assert live == listed[first : first + len(live)], "the run has a gap"
        if reader.pages.at_end and live:
            assert live[-1] == listed[-1]
