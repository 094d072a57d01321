"""Which of one's earlier requisitions a new one shall be like, and whether what was typed may go for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.sheet import LABEL_WIDTH
from pettycash_tui.services.history import Earlier
from pettycash_tui.widgets.cells import fit

_PAYEE, _AMOUNT, _PURPOSE = 20, 13, 20


def earlier_prompt(context: DeskContext, found: Iterable[Earlier]) -> ChoicePrompt[str]:
    """The question which one it shall be; the answer is its number."""
    return ChoicePrompt(
        "Write it like which earlier requisition?", [(_line(context, one), one.number) for one in found]
    )


def _line(context: DeskContext, one: Earlier) -> str:
    purpose = " ".join(one.purpose.split())
    return f"{fit(one.payee, _PAYEE)} {context.money(one.amount):>{_AMOUNT}}  {fit(purpose, _PURPOSE)}".rstrip()


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
