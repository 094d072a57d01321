"""What the window of a replenishment says: how it stands, what it does to the fund, who asked and who decided."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.replenishment_views import ReplenishmentCase, ReplenishmentView
from pettycash_tui.services.replenishments import ReplenishmentState
from pettycash_tui.theme import status_mark

_WORDS = {
    ReplenishmentStatus.APPROVED: "approved",
    ReplenishmentStatus.REJECTED: "rejected",
    ReplenishmentStatus.COMPLETED: "received",
}


def draw_replenishment(case: ReplenishmentCase, context: DeskContext) -> Content:
    """The whole of it; who may not take the next step reads why."""
    asked, sheet = case.replenishment, Sheet()
    sheet.mark(status_mark(asked.state), amount_and_fund(asked, context))
    sheet.line()
    _draw_people(sheet, asked, context)
    sheet.line()
    _draw_fund(sheet, case, context)
    step = case.explanation.step
    if step is not None and not case.explanation.allows(step):
        sheet.line()
        sheet.reasons((reason.message for reason in case.explanation.against[step]), "muted")
    return sheet.content


def amount_and_fund(asked: ReplenishmentView, context: DeskContext) -> str:
    """What is asked for, and where it goes: `KES 100,000.00 for fund NBI, Nairobi`."""
    return f"{context.money_with_currency(asked.requested_amount)} for fund {asked.fund.code}, {asked.fund.name}"


def difference(asked: Money, received: Money, context: DeskContext) -> str:
    """How what has come differs from what was asked for; empty when it does not."""
    if received < asked:
        return f"partly funded: {context.money_with_currency(asked - received)} less than asked"
    if asked < received:
        return f"{context.money_with_currency(received - asked)} more than was asked for"
    return ""


def what_was_done(state: ReplenishmentState, asked: ReplenishmentView, context: DeskContext) -> str:
    """A notice of what one has just done."""
    amount = context.money_with_currency(state.amount)
    sentence = f"{state.number} is {_WORDS[state.status]}: {amount} for fund {state.fund}"
    if state.status is ReplenishmentStatus.COMPLETED:
        differs = difference(asked.requested_amount, state.amount, context)
        sentence += f" ({differs})" if differs else ""
        if state.taken_up:
            sentence += f". These waited for money and hold it now: {', '.join(state.taken_up)}"
    return f"{sentence}."


def what_others_did(asked: ReplenishmentView) -> str:
    """What has become of it meanwhile, in a sentence."""
    by = {
        ReplenishmentStatus.APPROVED: asked.approved_by,
        ReplenishmentStatus.REJECTED: asked.rejected_by,
        ReplenishmentStatus.COMPLETED: asked.completed_by,
    }.get(asked.status)
    word = _WORDS.get(asked.status, asked.status.label.lower())
    return f"{by.name if by else 'Somebody'} has {word} it meanwhile."


def _draw_people(sheet: Sheet, asked: ReplenishmentView, context: DeskContext) -> None:
    is_rejected = asked.status is ReplenishmentStatus.REJECTED
    sheet.field("Asked by", _who_asked(asked, context))
    if not is_rejected:
        sheet.field("Because", asked.reason)
    sheet.field("Approved by", _who(asked.approved_by, asked.approved_at, context))
    sheet.field("Rejected by", _who(asked.rejected_by, asked.rejected_at, context))
    if is_rejected:
        sheet.field("Because", asked.reason)
    if asked.completed_amount is not None:
        differs = difference(asked.requested_amount, asked.completed_amount, context)
        received = context.money_with_currency(asked.completed_amount)
        sheet.field("Received", f"{received}, {differs}" if differs else received, "strong")
        sheet.field("Reference", asked.reference or "")
        sheet.field("Recorded by", _who(asked.completed_by, asked.completed_at, context))


def _draw_fund(sheet: Sheet, case: ReplenishmentCase, context: DeskContext) -> None:
    fund = case.fund
    sheet.field(f"Fund {fund.code}", f"{'balance':>16}{'available':>16}", "muted")
    sheet.field("  now", _pair(fund.current_balance, fund.available, context))
    if case.balance_after is not None and case.available_after is not None:
        sheet.field("  after it", _pair(case.balance_after, case.available_after, context), "strong")
    sheet.field("Target", f"{context.money(fund.target_balance):>16}")
    sheet.field("Reorder at", f"{context.money(fund.reorder_level):>16}")


def _who_asked(asked: ReplenishmentView, context: DeskContext) -> str:
    if not asked.auto_triggered:
        return _who(asked.requested_by, asked.requested_at, context)
    # Whose payment it was is told too: that person may not approve it.
    name = asked.requested_by.name if asked.requested_by else "the system"
    return f"the fund itself, {context.moment(asked.requested_at)}\nautomatically, after an act of {name}"


def _who(person: PersonRef | None, at: datetime | None, context: DeskContext) -> str:
    if at is None:
        return ""
    return f"{person.name if person else 'the system'}, {context.moment(at)}"


def _pair(balance: Money, available: Money, context: DeskContext) -> str:
    return f"{context.money(balance):>16}{context.money(available):>16}"
