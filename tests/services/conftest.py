"""The trading company, for every test here that asks for it."""

from backed_up import paid
from trading import postgres_trading, sqlite_trading, trading

__all__ = ["paid", "postgres_trading", "sqlite_trading", "trading"]
