"""The requests to fill a fund up: who asked, who approved, what has come; enter opens one to decide on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.screens.asking_for_money import ask_for_money
from pettycash_tui.screens.choosing_a_fund import choose_fund
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.replenishment_text import draw_replenishment
from pettycash_tui.screens.showing import open_replenishment
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import claims, export_files, export_treasury, paging, replenishment_views
from pettycash_tui.services.claims import Claim
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.replenishment_views import ReplenishmentCase, ReplenishmentView
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column

_S = ReplenishmentStatus
_STATE = 3


class ReplenishmentsView(TreasuryView[ReplenishmentView, ReplenishmentCase]):
    """What the funds have asked for, and what was sent to them."""

    name = "replenishments"
    title = "Replenishments"
    told = "The requests to fill the funds up: somebody who did not ask approves, and the money is received."
    row_type = ReplenishmentView
    rights = frozenset({Right.READ_LEDGER})
    filter_hint = "number, reference or reason"
    prefix = "RPL-"
    kinds = (
        Kind("Replenishments, all", None, "No fund was ever replenished."),
        Kind("Replenishments to approve", _S.PENDING, "No request waits to be approved."),
        Kind("Replenishments, money to come", _S.APPROVED, "No money is on its way."),
        Kind("Replenishments, received", _S.COMPLETED, "No money has come yet."),
        Kind("Replenishments, rejected", _S.REJECTED, "None was rejected."),
    )
    acts: ClassVar = {
        "ask_for": frozenset({Right.REQUEST_REPLENISHMENT}),
        "claim": frozenset({Right.READ_LEDGER}),
        "write_file": frozenset({Right.READ_LEDGER}),
    }
    without_row: ClassVar = frozenset({"ask_for"})

    def source(self, search: str) -> KeysetSource[ReplenishmentView]:
        return KeysetSource(
            self.context,
            _columns(self.context),
            replenishment_views.list_replenishments,
            cells=partial(_cells, self.context),
            cursor=_cursor,
            gone=partial(_gone, self.context),
            status=self.kind.given,
            search=search or None,
        )

    def export_request(self, search: str) -> ExportRequest:
        return export_treasury.replenishments(self.kind.given, search)

    def read_detail(self, row: ReplenishmentView) -> ReplenishmentCase:
        return self.context.read(replenishment_views.case, row.id)

    def draw_detail(self, detail: ReplenishmentCase) -> Content:
        return draw_replenishment(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        return replenishment_views.show(reading, number).id, 0

    def open_row(self) -> bool:
        row = self.here()
        if row is not None:
            self.screen.app.call_later(open_replenishment, self.screen.app, row.number)
        return True

    def ask_for(self) -> None:
        """Ask for money for a fund that one chooses."""
        choose_fund(self.screen, "Which fund needs money?", partial(ask_for_money, self.screen))

    def claim(self) -> None:
        """Show the claim as it is printed: the vouchers, and what they come to by account and cost centre."""
        row = self.here()
        if row is not None:
            self.screen.ask("claim", claims.show, row.id, then=self._show_claim)

    def _show_claim(self, found: Claim) -> None:
        from pettycash_tui.printing.claim import claim_text

        if self.screen.is_current:  # not over what was opened while the database was asked
            self.screen.app.push_screen(
                TextWindow(f"Claim of {found.number}", claim_text(found), wrap=False, wide=True)
            )

    def write_file(self) -> None:
        """Write the claim as a PDF into one's folder of exports."""
        if (row := self.here()) is not None:
            change = partial(_write_claim, self.context, row)
            self.begin(row.number, change, then=_claim_written, waits="writing the claim…")


def _write_claim(context: DeskContext, row: ReplenishmentView) -> Path | None:
    """Write the claim and note that it was written. Blocks."""
    from pettycash_tui.printing.claim import write_pdf

    found = context.read(claims.show, row.id)
    with export_files.in_exports(context.desk.home, context.actor.username, f"claim-{row.number}.pdf") as draft:
        write_pdf(found, draft.file)
        size, digest = draft.finish()
        # Noted before the file has its name: nothing is there that no event tells of.
        context.run(claims.record_written, found, format="pdf", file=draft.name, size=size, sha256=digest)
        return draft.keep()


def _claim_written(path: Path | None) -> str:
    return f"The claim is written to {path}"


def _columns(context: DeskContext) -> tuple[Column, ...]:
    return (
        Column("number", "Number", width=10),
        Column("fund", "Fund", min_width=10),
        context.amount_column,
        Column("state", "State", width=19),
        Column("asked_by", "Asked by", width=16, optional=True),
        Column("asked_at", "Asked", width=16, optional=True),
        Column("reference", "Reference", width=16, optional=True),
    )


def _cells(context: DeskContext, asked: ReplenishmentView) -> tuple[Cell, ...]:
    state = status_mark(asked.state)
    by = "the fund itself" if asked.auto_triggered or asked.requested_by is None else asked.requested_by.name
    return (
        Cell(asked.number),
        Cell(f"{asked.fund.code} {asked.fund.name}"),
        Cell(context.listed(asked.requested_amount)),
        Cell(state.text, state.role),
        Cell(by, "muted"),
        Cell(context.moment(asked.requested_at), "muted"),
        Cell(asked.reference or ""),
    )


def _cursor(asked: ReplenishmentView) -> str:
    return paging.encode(asked.created_at, asked.id)


def _gone(context: DeskContext, reading: Reading, rows: Sequence[ReplenishmentView]) -> Mapping[UUID, Any]:
    """Rows that stand elsewhere now, with what became of them where their state stood."""
    drawn = {}
    for row in rows:
        now = replenishment_views.show(reading, row.id)
        cells = list(_cells(context, row))
        by = {
            _S.APPROVED: now.approved_by,
            _S.REJECTED: now.rejected_by,
            _S.COMPLETED: now.completed_by,
        }.get(now.status)
        words = f"{now.state_label.lower()} by {by.name}" if by is not None else now.state_label.lower()
        cells[_STATE] = Cell(f"− {words}", "muted", reach=_STATE - 1)
        drawn[row.id] = tuple(cells)
    return drawn
