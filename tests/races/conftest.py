"""What races share: a crew of processes, mail that lands in the home, and a home in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from crew import Crew
from trading import postgres_trading, sqlite_trading, trading

__all__ = ["crew", "home", "outbox", "postgres_trading", "sqlite_trading", "trading"]

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """Processes of their own, started once."""
    made = Crew()
    yield made
    made.close()


@pytest.fixture
def home() -> Iterator[Path]:
    """The home folder of the test's desk, in memory where there is some: waiting for a disk finds no fault."""
    path = Path(tempfile.mkdtemp(prefix="pettycash-races-", dir=MEMORY if MEMORY.is_dir() else None))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes go to `<home>/outbox`."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
