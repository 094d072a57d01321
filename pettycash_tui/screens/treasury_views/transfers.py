"""Money from one fund to another: asked for by one person, approved by somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import TransferStatus
from pettycash_tui.screens.choosing_a_fund import choose_fund
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.treasury_views.figures import draw_against, draw_levels, who
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import export_treasury, paging, transfer_views, transfers
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.transfer_views import TransferCase, TransferView
from pettycash_tui.services.transfers import TransferAct, TransferState
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column

_S = TransferStatus
_STATE = 3
_DECIDE = frozenset({Right.APPROVE_TRANSFER})


class TransfersView(TreasuryView[TransferView, TransferCase]):
    """What was asked to go from fund to fund, and what went."""

    name = "transfers"
    title = "Transfers"
    told = "Money from one fund to another of the company: both entries are posted when somebody else approves it."
    row_type = TransferView
    rights = frozenset({Right.READ_LEDGER})
    filter_hint = "number or reason"
    prefix = "TRF-"
    kinds = (
        Kind("Transfers to approve", _S.PENDING, "No transfer waits to be approved."),
        Kind("Transfers, completed", _S.COMPLETED, "No money was moved between funds yet."),
        Kind("Transfers, rejected", _S.REJECTED, "None was rejected."),
        Kind("Transfers, all", None, "No transfer was ever asked for."),
    )
    acts: ClassVar = {"approve": _DECIDE, "reject": _DECIDE, "ask_for": frozenset({Right.REQUEST_TRANSFER})}
    without_row: ClassVar = frozenset({"ask_for"})

    def source(self, search: str) -> KeysetSource[TransferView]:
        return KeysetSource(
            self.context,
            _columns(self.context),
            transfer_views.list_transfers,
            cells=partial(_cells, self.context),
            cursor=_cursor,
            gone=partial(_gone, self.context),
            status=self.kind.given,
            search=search or None,
        )

    def export_request(self, search: str) -> ExportRequest:
        return export_treasury.transfers(self.kind.given, search)

    def read_detail(self, row: TransferView) -> TransferCase:
        return self.context.read(transfer_views.case_of, row.id)

    def draw_detail(self, detail: TransferCase) -> Content:
        return _draw(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        found = transfer_views.show(reading, number)
        return found.id, next(place for place, kind in enumerate(self.kinds) if kind.given is found.status)

    def offers(self, act: str, row: TransferView, detail: TransferCase | None) -> bool:
        if detail is None:
            return row.status is _S.PENDING
        return detail.explanation.allows(TransferAct(act))

    # -- deciding ------------------------------------------------------------------------------------------------------

    def approve(self) -> None:
        """Approve it, after one question: the money moves at once."""
        if (row := self.here()) is not None:
            act = partial(self.do, row, transfers.approve, row.id, then=self._approved)
            self.confirm(f"Approve {row.number}", self._about(row), "Approve", act)

    def reject(self) -> None:
        """Reject it, with a reason."""
        if (row := self.here()) is None:
            return

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            then = "{0.number} is rejected.".format
            return self.do(row, transfers.reject, row.id, typed["reason"], then=then, prompt=prompt)

        asks = [Asked("reason", "Reason", "who asked for it reads this", length=transfers.REASON_LENGTH)]
        self.form(f"Reject {row.number}", self._about(row), asks, send, enter_does="rejects it")

    def _about(self, row: TransferView) -> list[str]:
        amount = self.context.money_with_currency(row.amount)
        lines = [f"{amount} from {row.from_fund.code}, {row.from_fund.name}"]
        lines.append(f"to {row.to_fund.code}, {row.to_fund.name}")
        return [*lines, row.reason] if row.reason else lines

    def _approved(self, state: TransferState) -> str:
        amount = self.context.money_with_currency(state.amount)
        sentence = f"{state.number} is completed: {amount} from {state.from_fund} to {state.to_fund}"
        if state.taken_up:
            sentence += f". These waited for money and hold it now: {', '.join(state.taken_up)}"
        return f"{sentence}."

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask_for(self) -> None:
        """Ask for a transfer: from which fund, to which, how much and why."""
        choose_fund(self.screen, "From which fund?", self._choose_target)

    def _choose_target(self, source: FundView) -> None:
        def fits(fund: FundView) -> bool:
            return fund.id != source.id and fund.currency == source.currency

        lines = [f"From {source.code}, {source.name}"]
        choose_fund(self.screen, "To which fund?", partial(self._ask_amount, source), lines=lines, fits=fits)

    def _ask_amount(self, source: FundView, target: FundView) -> None:
        context, currency = self.context, source.currency

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            given = (source.id, target.id, typed["amount"], typed["reason"])
            return self.do(None, transfers.request, *given, then=told, prompt=prompt, about="the transfer")

        def told(state: TransferState) -> str:
            amount = context.money_with_currency(state.amount)
            return (
                f"{state.number} asks for {amount} from {state.from_fund} to {state.to_fund}; somebody else approves."
            )

        def compare(typed: Typed) -> str:
            try:
                amount = parse_money("amount", typed["amount"], currency)
            except InvalidInput:
                return ""  # said beside the field when it is sent, not while one types
            left = source.available - amount
            if left.minor < 0:
                return f"▲ more than is available in {source.code}: it cannot be approved as things stand"
            return f"{source.code} would have {context.money(left)} available"

        def held(fund: FundView) -> str:
            balance, available = context.money_with_currency(fund.current_balance), context.money(fund.available)
            return f"{fund.code}, {fund.name}: balance {balance}, available {available}"

        self.form(
            f"Transfer from {source.code} to {target.code}",
            [f"From {held(source)}", f"To   {held(target)}"],
            [
                Asked("amount", f"Amount {currency}", "1,250.50 or 1.2k", length=40),
                Asked("reason", "Reason", "if you want to give one", length=transfers.REASON_LENGTH, required=False),
            ],
            send,
            enter_does="asks for it",
            undo="Somebody else approves it before money moves.",
            help_text="Somebody else approves it; then both funds' cash books have their entry, or neither has.",
            compare=compare,
        )


def _cursor(row: TransferView) -> str:
    return paging.encode(row.requested_at, row.id)


def _columns(context: DeskContext) -> tuple[Column, ...]:
    return (
        Column("number", "Number", width=10),
        Column("funds", "From and to", min_width=12),
        context.amount_column,
        Column("state", "State", width=12),
        Column("requested_by", "Asked by", width=12),
        Column("requested_at", "Asked", width=16, optional=True),
        Column("reason", "Reason", min_width=14, optional=True),
    )


def _cells(context: DeskContext, row: TransferView) -> tuple[Cell, ...]:
    state = status_mark(row.status.value)
    return (
        Cell(row.number),
        Cell(f"{row.from_fund.code} → {row.to_fund.code}"),
        Cell(context.listed(row.amount)),
        Cell(state.text, state.role),
        Cell(row.requested_by.name if row.requested_by else "", "muted"),
        Cell(context.moment(row.requested_at), "muted"),
        Cell(row.reason, "muted"),
    )


def _gone(context: DeskContext, reading: Reading, rows: Sequence[TransferView]) -> Mapping[UUID, tuple[Cell, ...]]:
    """Rows that were decided meanwhile, with by whom where the state stood."""
    drawn = {}
    for row in rows:
        now = transfer_views.show(reading, row.id)
        by = now.approved_by or now.rejected_by
        cells = list(_cells(context, row))
        words = f"{now.status.label.lower()} by {by.name}" if by else now.status.label.lower()
        cells[_STATE] = Cell(f"− {words}", "muted", reach=_STATE - 1)
        drawn[row.id] = tuple(cells)
    return drawn


def _draw(case: TransferCase, context: DeskContext) -> Content:
    row, sheet = case.transfer, Sheet()
    amount = context.money_with_currency(row.amount)
    sheet.mark(status_mark(row.status.value), f"{amount} from {row.from_fund.code} to {row.to_fund.code}")
    sheet.field("Because", row.reason)
    sheet.field("Asked by", who(row.requested_by, row.requested_at, context))
    to_after = case.to_fund.available + row.amount if case.to_balance_after is not None else None
    draw_levels(sheet, context, case.from_fund, case.from_balance_after, case.from_available_after)
    draw_levels(sheet, context, case.to_fund, case.to_balance_after, to_after)
    sheet.field("Approved by", who(row.approved_by, row.completed_at, context))
    sheet.field("Entries", " and ".join(entry for entry in (row.from_entry, row.to_entry) if entry))
    sheet.field("Rejected by", who(row.rejected_by, row.rejected_at, context))
    sheet.field("Because", row.rejection_reason)
    if row.status is _S.PENDING:
        against = (reason.message for reason in case.explanation.against[TransferAct.APPROVE])
        draw_against(sheet, "You can approve it.", against)
    return sheet.content
