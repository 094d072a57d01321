"""What is asked before a replenishment is rejected or its money received."""

from __future__ import annotations

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Send, Typed
from pettycash_tui.screens.replenishment_text import amount_and_fund, difference
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.replenishment_views import ReplenishmentView
from pettycash_tui.services.replenishments import REASON_LENGTH, REFERENCE_LENGTH


class RejectPrompt(FormPrompt):
    """Asks why."""

    help_text = "The request is over for good, and who made it reads the reason.\nThe fund may then be asked for again."

    def __init__(self, asked: ReplenishmentView, context: DeskContext, send: Send) -> None:
        super().__init__(
            f"Reject {asked.number}",
            [amount_and_fund(asked, context)],
            [Asked("reason", "Reason", "who asked for it reads this", length=REASON_LENGTH)],
            send,
            enter_does="rejects it",
        )


class ReceivePrompt(FormPrompt):
    """Asks under which reference the money came, and how much it was."""

    help_text = (
        "The money has come: it is paid into the fund, and payments that waited for it are taken up.\n"
        "Another amount than was asked for may be typed; the request is completed with it all the same."
    )

    def __init__(self, asked: ReplenishmentView, context: DeskContext, send: Send) -> None:
        wanted = asked.requested_amount

        def compare(typed: Typed) -> str:
            try:
                amount = parse_money("amount", typed["amount"], wanted.currency)
            except InvalidInput:
                return ""  # said beside the field when it is sent, not while one types
            differs = difference(wanted, amount, context)
            return f"▲ {differs}; the request is completed with it" if differs else ""

        super().__init__(
            f"Receive {asked.number}",
            [amount_and_fund(asked, context)],
            [
                Asked("reference", "Reference", "the transfer's own reference", length=REFERENCE_LENGTH),
                Asked("amount", f"Amount {wanted.currency}", "1,250.50 or 1.2k", wanted.grouped(), length=40),
            ],
            send,
            enter_does="pays it into the fund",
            compare=compare,
        )
