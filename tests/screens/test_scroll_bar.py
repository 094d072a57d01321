"""The scroll bar of a list shows where in it one is, also when the list is opened somewhere else than at its top."""

from __future__ import annotations

from test_virtual_table import Desk, Numbers, settled

from pettycash_tui.widgets.virtual_table import VirtualTable


class Book(VirtualTable, inherit_bindings=False):
    """A list that is opened at its end, as a cash book is."""

    opens_at = "last"


async def test_a_list_that_is_opened_at_its_end_has_its_scroll_bar_at_the_end() -> None:
    app = Desk(Numbers(57))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        book = Book(Numbers(3))
        await app.mount(book)
        await app.table.remove()
        await settled(pilot)
        for size in (57, 3, 58):
            book.set_source(Numbers(size))
            await settled(pilot)
        assert book.show_vertical_scrollbar
        assert book.scroll_y == book.max_scroll_y > 0
        assert book.vertical_scrollbar.position == book.scroll_y
