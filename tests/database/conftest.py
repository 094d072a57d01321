"""The trading company, for every test here that asks for it."""

from trading import postgres_trading, sqlite_trading, trading

__all__ = ["postgres_trading", "sqlite_trading", "trading"]
