"""In a demo: going on as somebody else, without signing out and in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext, load_context
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services import demo, opening
from pettycash_tui.services.demo import DemoAccount


def offer_people(screen: DeskScreen, switch: Callable[[DeskContext], object]) -> None:
    """Let the person at a demo's desk choose who they are from now on."""
    screen.ask("people", demo.accounts, then=partial(_choose, screen, switch))


def _choose(screen: DeskScreen, switch: Callable[[DeskContext], object], accounts: tuple[DemoAccount, ...]) -> None:
    context = screen.context

    def chosen(username: str | None) -> None:
        if username is not None:
            screen.read("switch", _become, context, username, then=switch, failed=screen.show_error)

    lines = [
        (f"{account.name}  ({account.role.label}, {account.company}, {account.username})", account.username)
        for account in accounts
        if account.username != context.actor.username
    ]
    screen.app.push_screen(ChoicePrompt("Who are you now?", lines, ["Only a demo lets you choose."]), chosen)


def _become(context: DeskContext, username: str) -> DeskContext:
    return load_context(context.desk, opening.identify(context.desk, username))
