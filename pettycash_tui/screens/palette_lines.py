"""The lines of the palette: what can be done on a screen, the themes, and objects that were found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

from textual.app import App
from textual.screen import Screen

from pettycash_tui.actions import ACTIONS, APP, FORM, LIST, display_key
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.palette_objects import REPLENISHMENT, Target, target_of
from pettycash_tui.screens.showing import go_and_show, open_replenishment
from pettycash_tui.services.finding import Found
from pettycash_tui.theme import THEME_NAMES
from pettycash_tui.widgets.footer import live_bindings, live_keys

# Keys that move are no use in a list of things to do, and the desk's lines are there to be seen.
_LEFT_OUT = (
    *("app.find", "app.back", "form.enter", "form.next", "form.previous"),
    *(f"desk.take_{place}" for place in range(1, 9)),
)
_SHARED = {LIST: 1, FORM: 1, APP: 2}
_ONLY_MOVES = ("down", "up", "page_down", "page_up", "first", "last", "left", "right")


class Rank(IntEnum):
    """How well a line answers what was typed; the best stand first."""

    BEGINS = 0
    NAMED = 1
    OBJECT = 2
    TOLD = 3
    NOT = 4


@dataclass(frozen=True, slots=True)
class Line:
    """Something that can be chosen. `right` is its key or amount, `told` a sentence that is searched too."""

    kind: str
    text: str
    run: Callable[[], Any]
    right: str = ""
    status: str = ""
    told: str = ""

    def rank(self, words: str) -> Rank:
        """How well it answers."""
        typed = words.lower().split()
        name = f"{self.kind} {self.text}".lower()
        if self.text.lower().startswith(words.lower().strip()):
            return Rank.BEGINS
        if all(word in name for word in typed):
            return Rank.NAMED
        return Rank.TOLD if all(word in f"{name} {self.told.lower()}" for word in typed) else Rank.NOT


def actions_on(app: App[Any], screen: Screen[Any]) -> list[Line]:
    """What can be done on the screen below: first its own actions, then where one can go."""
    live, keys = live_bindings(screen), live_keys(screen)
    lines = []
    for entry in sorted(ACTIONS, key=lambda entry: _SHARED.get(entry.scope, 0)):
        moves = entry.scope == LIST and entry.id.partition(".")[2] in _ONLY_MOVES
        if entry.id not in live or entry.id in _LEFT_OUT or moves:
            continue
        active = live[entry.id]
        run = partial(app.run_action, active.binding.action, active.node)
        kind = "screen" if entry.id.startswith("go.") else "action"
        shown = " ".join(display_key(name) for name in keys[entry.id])
        lines.append(Line(kind, f"{entry.label} · {entry.tooltip}", run, shown))
    return sorted(lines, key=lambda line: line.kind)


def theme_lines(app: App[Any], wear: Callable[[str], object]) -> list[Line]:
    """The themes; `wear` puts one on."""
    return [
        Line("theme", name, partial(wear, name), "worn now" if app.theme == theme else "", told="colours look")
        for name, theme in THEME_NAMES.items()
    ]


def object_line(app: App[Any], context: DeskContext, found: Found) -> tuple[Target, Line] | None:
    """An object as a line, and where it is shown; None where the person is offered no screen that shows it."""
    target = target_of(found, getattr(app, "places", ()))
    if target is None:
        return None
    text = " · ".join(part for part in (f"{found.number}  {found.title}", found.detail) if part)
    amount = context.money_with_currency(found.amount) if found.amount is not None else ""
    return target, Line(found.kind.value, text, partial(_go_and_show, app, target), amount, found.status)


async def _go_and_show(app: App[Any], target: Target) -> None:
    if target.place == REPLENISHMENT:
        await open_replenishment(app, target.number)
        return
    await go_and_show(app, *target)
    if getattr(app.screen, "place", "") != target.place:  # a form was left open over the list
        await go_and_show(app, *target)
