"""Demo companies for journeys: each is made once by the command, and copied for every test."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hostile import columns, put_everywhere

if sys.platform == "win32":  # there are no pseudo-terminals
    collect_ignore_glob = ["test_*.py"]
else:
    import fcntl

    from journey import Place


def _make(place: Place) -> Place:
    # Postgres by `--database`, as one would type it; the programs are then told by the environment.
    where = ["--database", place.database] if place.database else []
    made = Place(place.home).run(*where, "demo", "--no-tui")
    assert made.code == 0, made.err
    assert "The demo company is made" in made.out
    return place


@pytest.fixture(scope="session")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home whose demo company is in its SQLite file; one for all workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    home = folder / "demo-home"
    with (folder / "demo-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            home.mkdir(mode=0o700)
            _make(Place(home))
    return Place(home)


@pytest.fixture(scope="session")
def postgres_demo(tmp_path_factory: pytest.TempPathFactory, postgres_server: Any) -> Iterator[Place]:
    """A home whose demo company is on the Postgres server."""
    name = f"demo_{uuid4().hex[:12]}"
    home = tmp_path_factory.mktemp("demo") / "home"
    home.mkdir(mode=0o700)
    postgres_server.run(f'CREATE DATABASE "{name}"')
    yield _make(Place(home, _address(postgres_server, name)))
    postgres_server.drop(name)


def _address(server: Any, name: str) -> str:
    return str(server.url.set(database=name).render_as_string(hide_password=False))


@pytest.fixture
def sqlite_place(sqlite_demo: Place, tmp_path: Path) -> Place:
    """A demo company of one's own in a SQLite file."""
    shutil.copytree(sqlite_demo.home, tmp_path / "home")
    return Place(tmp_path / "home")


@pytest.fixture
def hostile_place(sqlite_place: Place) -> Place:
    """A demo company with the payloads in every text."""
    assert len(list(columns())) > 60
    assert put_everywhere(sqlite_place.home / "pettycash.db") > 1000
    return sqlite_place


@pytest.fixture
def postgres_place(postgres_demo: Place, postgres_server: Any, tmp_path: Path) -> Iterator[Place]:
    """A demo company of one's own on Postgres."""
    shutil.copytree(postgres_demo.home, tmp_path / "home")
    name = f"journey_{uuid4().hex[:12]}"
    template = str(postgres_demo.database).partition("?")[0].rpartition("/")[2]
    postgres_server.copy(template, name)
    yield Place(tmp_path / "home", _address(postgres_server, name))
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    """The same on both databases."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found
