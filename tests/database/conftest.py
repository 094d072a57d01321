"""The trading company, and the books that are attacked, for every test here that asks for them."""

from trading import postgres_trading, sqlite_trading, trading
from world import world

__all__ = ["postgres_trading", "sqlite_trading", "trading", "world"]
