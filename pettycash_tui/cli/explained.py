"""How it is printed what a person may do to something, each act with every reason against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import output

if TYPE_CHECKING:
    from typer._click import Context

Pairs = list[tuple[str, Any]]


def pairs_of(against: Mapping[Any, Any], words: Mapping[str, str] | None = None) -> Pairs:
    """Whether each act may be done, and why not. `words` says it for acts that are not "You may approve it"."""
    pairs: Pairs = []
    for act, reasons in against.items():
        pairs.append((words[act.value] if words else f"You may {act} it", not reasons))
        pairs += [("Because", reason.message) for reason in reasons]
    return pairs


def print_explanation(ctx: Context, found: Any, words: Mapping[str, str] | None = None) -> None:
    """An explanation: a number, and for each act the reasons against it (`against`)."""
    output.emit_detail(ctx, found, title=found.number, pairs=pairs_of(found.against, words))
