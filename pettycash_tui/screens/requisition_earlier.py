"""Which of one's earlier requisitions a new one shall be like, and whether what was typed may go for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pettycash_tui.screens.choice_prompt import LONGEST, ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.sheet import LABEL_WIDTH
from pettycash_tui.services.history import Earlier
from pettycash_tui.widgets.cells import fit

_PAYEE, _AMOUNT = 20, 13
"""Cells of each; a wider amount takes what it needs, and the purpose what is left."""


def earlier_prompt(context: DeskContext, found: Iterable[Earlier]) -> ChoicePrompt[str]:
    """The question which one it shall be; the answer is its number."""
    known = [(one, context.listed(one.amount)) for one in found]
    width = max((_AMOUNT, *(len(amount) for _, amount in known)))
    currency = f" Amounts in {context.currency}." if context.has_one_currency else ""
    title = f"Write it like which earlier requisition?{currency}"
    return ChoicePrompt(title, [(_line(one, f"{amount:>{width}}"), one.number) for one, amount in known])


def _line(one: Earlier, amount: str) -> str:
    purpose = " ".join(one.purpose.split())
    return f"{fit(one.payee, _PAYEE)} {amount}  {fit(purpose, LONGEST - _PAYEE - len(amount) - 3)}".rstrip()


def replace_prompt(number: str, typed: Mapping[str, str], since: str = "") -> ConfirmPrompt:
    """The question before a form with something in it is filled anew."""
    return ConfirmPrompt(
        f"Fill the form like {number}?",
        typed_lines(typed),
        "Fill it",
        cancel_label="Keep what I typed",
        undo=f"What you typed{since} is thrown away.",
    )


def typed_lines(typed: Mapping[str, str]) -> list[str]:
    """What was typed, as a prompt repeats it."""
    return [f"{label:<{LABEL_WIDTH}}{text}" for label, text in typed.items()]
