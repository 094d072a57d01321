"""What every screen of the desk knows: the database, who works, and how their company writes money and time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from pettycash_tui.models.money import Money, currency_decimals
from pettycash_tui.services import offers
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.number_styles import style_of
from pettycash_tui.services.offers import Offered
from pettycash_tui.services.work import Work
from pettycash_tui.widgets.cells import Column
from pettycash_tui.widgets.status_bar import SignedIn

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class DeskContext:
    """An open desk and a signed-in person. `company_code` is empty for an officer of several companies.

    `read` and `run` block: call them in `Background.read` and `Background.write`.
    """

    desk: Desk
    actor: Actor
    company_code: str
    company_name: str
    currency: str
    locale: str
    timezone: str
    demo: bool
    offered: Offered

    @property
    def signed_in(self) -> SignedIn:
        """Who works here, for the status bar."""
        role = self.actor.role.label if self.actor.role else ""
        return SignedIn(self.company_name, self.actor.name, role, self.demo)

    def money(self, amount: Money) -> str:
        """An amount as the company writes it, without its currency: `1,250.50`."""
        return style_of(self.locale).written(amount.minor, currency_decimals(amount.currency))

    def money_with_currency(self, amount: Money) -> str:
        """The same with its currency: `KES 1,250.50`."""
        return f"{amount.currency} {self.money(amount)}"

    def listed(self, amount: Money) -> str:
        """The same for a list under `amount_column`, whose title names the currency that all its rows have."""
        is_told = self.has_one_currency and amount.currency == self.currency
        return self.money(amount) if is_told else self.money_with_currency(amount)

    @property
    def amount_column(self) -> Column:
        """The column of such a list."""
        if self.has_one_currency:
            return Column("amount", f"Amount {self.currency}", width=13, align="right")
        return Column("amount", "Amount", width=17, align="right")

    @property
    def has_one_currency(self) -> bool:
        """Whether all that the person sees is one company's; others may see several currencies in a list."""
        return bool(self.company_code)

    def moment(self, moment: datetime) -> str:
        """A moment on the company's clock: `2026-03-02 12:00`."""
        return moment.astimezone(_zone(self.timezone)).strftime("%Y-%m-%d %H:%M")

    def day(self, moment: datetime | None = None) -> date:
        """The company's calendar day of a moment, by default now."""
        return (moment or self.desk.clock()).astimezone(_zone(self.timezone)).date()

    def since(self, moment: datetime) -> str:
        """How long ago that was, in one word: `now`, `12 min`, `5 h`, `3 d`."""
        length = self.desk.clock() - moment
        return "now" if length < timedelta(minutes=1) else duration(length)

    def read(self, query: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a query of the services as this person."""
        return self.desk.read(self.actor, query, *args, **options)

    def run(self, service: Callable[Concatenate[Work, P], T], /, *args: P.args, **options: P.kwargs) -> T:
        """Run a service in a unit of work as this person."""
        return self.desk.run(self.actor, service, *args, **options)


def load_context(desk: Desk, actor: Actor) -> DeskContext:
    """The context of a person who has just signed in. Blocks."""
    offered = desk.read(actor, offers.offered)
    company = offered.company
    return DeskContext(
        desk=desk,
        actor=actor,
        company_code=company.code,
        company_name=company.name,
        currency=company.currency,
        locale=company.locale,
        timezone=company.timezone,
        demo=desk.is_demo,
        offered=offered,
    )


def duration(length: timedelta) -> str:
    """A length of time in one word: `12 min`, `5 h`, `3 d`."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
