"""The notices: what did not arrive, for who looks after it; and having one tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import UNDELIVERED, NoticeStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.sources import KeysetSource, newest_first
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import notices
from pettycash_tui.services.notices import NoticeDetail, NoticeRow
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column

_STATE = 3


class NoticesView(TreasuryView[NoticeRow, NoticeDetail]):
    """What people were told, or could not be told."""

    name = "notices"
    title = "Notices"
    told = "What people were told by email or SMS; what did not arrive is kept and tried again, and can be tried now."
    row_type = NoticeRow
    rights = frozenset({Right.ADMINISTER, Right.READ_AUDIT})
    filter_hint = "person, number or words"
    kinds = (
        Kind("Notices not delivered", True, "Every notice has arrived."),
        Kind("Notices, all", None, "Nobody was told anything yet."),
    )
    acts: ClassVar = {"send_again": frozenset({Right.ADMINISTER})}

    def source(self, search: str) -> KeysetSource[NoticeRow]:
        return KeysetSource(
            self.context,
            _COLUMNS,
            notices.list_notices,
            cells=partial(_cells, self.context),
            cursor=newest_first,
            gone=partial(_gone, self.context),
            everyone=True,
            search=search or None,
            undelivered_only=bool(self.kind.given),
        )

    def read_detail(self, row: NoticeRow) -> NoticeDetail:
        return self.context.read(notices.show, row.id)

    def draw_detail(self, detail: NoticeDetail) -> Content:
        return _draw(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        return notices.show(reading, number).id, len(self.kinds) - 1

    def number_of(self, row: NoticeRow) -> str:
        return row.title

    def offers(self, act: str, row: NoticeRow, detail: NoticeDetail | None) -> bool:
        return (detail or row).status in UNDELIVERED

    def send_again(self) -> None:
        """Have it tried again now."""
        if (row := self.here(to_act=True)) is not None:
            to = row.person.name if row.person else "its person"
            self.do(row, notices.retry, row.id, then=lambda done: f"It is tried again now: {done.title}, to {to}.")


_COLUMNS = (
    Column("at", "When", width=16),
    Column("to", "To", width=14),
    Column("title", "Notice", min_width=16),
    Column("state", "State", width=14),
    Column("channel", "By", width=6, optional=True),
    Column("error", "Last error", min_width=16, optional=True),
)


def _cells(context: DeskContext, row: NoticeRow) -> tuple[Cell, ...]:
    state = status_mark(_word(row.status))
    return (
        Cell(context.moment(row.created_at), "muted"),
        Cell(row.person.name if row.person else ""),
        Cell(row.title),
        Cell(state.text, state.role),
        Cell(row.channel.label),
        Cell(row.last_error, "muted"),
    )


def _word(status: NoticeStatus) -> str:
    return {NoticeStatus.FAILED: "not_arrived", NoticeStatus.SKIPPED: "no_address"}.get(status, status.value)


def _gone(context: DeskContext, reading: Reading, rows: Sequence[NoticeRow]) -> Mapping[UUID, Any]:
    drawn = {}
    for row in rows:
        now = notices.show(reading, row.id)
        cells = list(_cells(context, row))
        cells[_STATE] = Cell(f"− {status_mark(_word(now.status)).word}", "muted")
        drawn[row.id] = tuple(cells)
    return drawn


def _draw(found: NoticeDetail, context: DeskContext) -> Content:
    sheet = Sheet()
    sheet.mark(status_mark(_word(found.status)), found.title)
    sheet.field("To", f"{found.person.name if found.person else ''}, {found.channel.label}")
    sheet.field("Written", context.moment(found.created_at))
    sheet.field("Sent", context.moment(found.sent_at) if found.sent_at else "")
    sheet.field("Tries", str(found.attempts) if found.attempts else "")
    sheet.field("Last error", found.last_error, "bad")
    sheet.field("Next try", context.moment(found.next_attempt_at) if found.next_attempt_at else "")
    sheet.line()
    for line in found.body.rstrip("\n").split("\n"):
        sheet.line(line)
    return sheet.content
