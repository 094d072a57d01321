"""Choosing one of the funds that the person may see, over a screen of the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services import funds
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.paging import MAX_LIMIT, Page
from pettycash_tui.services.work import Reading


def choose_fund(
    screen: DeskScreen,
    title: str,
    then: Callable[[FundView], object],
    *,
    lines: Sequence[str] = (),
    fits: Callable[[FundView], bool] = lambda fund: True,
) -> None:
    """Ask for one of the funds in use that `fits`, each with what is available in it."""
    prompt = ChoicePrompt[FundView](title, None, lines)

    def chosen(fund: FundView | None) -> None:
        if fund is not None:
            then(fund)

    def found(every: tuple[FundView, ...]) -> None:
        fitting = [fund for fund in every if fits(fund)]
        if not fitting:
            close(prompt)
            screen.tell("There is no other fund in use that you may see.", warning=True)
        elif prompt.is_attached:
            prompt.fill([(_named(screen, fund), fund) for fund in fitting])

    def failed(error: PettyCashError) -> None:
        close(prompt)
        screen.show_error(error)

    screen.app.push_screen(prompt, chosen)
    screen.ask("choose_fund", funds_in_use, then=found, failed=failed)


def funds_in_use(reading: Reading) -> tuple[FundView, ...]:
    """Every fund in use whose cash book the person may read."""
    found: list[FundView] = []
    after = None
    while True:
        page: Page[FundView] = funds.list_funds(reading, with_ledger=True, limit=MAX_LIMIT, after=after)
        found += page.items
        after = page.next
        if after is None:
            return tuple(found)


def _named(screen: DeskScreen, fund: FundView) -> str:
    available = screen.context.money_with_currency(fund.available)
    return f"{fund.code:<8} {fund.name}: {available} available"
