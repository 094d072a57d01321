"""The command line in one process (fast, for behaviour) and as a process of its own (for what it imports)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_answer import Answer, Run
from forced_host import host

from pettycash_tui.cli.main import main
from pettycash_tui.cli.nouns import NOUNS, Noun

__all__ = ["host"]  # a fixture for the tests of what comes by SSH

HERE = Path(__file__).parent

_AS_PROCESS = """
import sys
from pettycash_tui.cli.nouns import NOUNS, Noun
NOUNS["example"] = Noun("example_noun", "An example.")
from pettycash_tui.cli.main import main
code = main(sys.argv[2:])
if sys.argv[1] == "modules":
    print("MODULES", *sorted(sys.modules))
sys.exit(code)
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process, with the noun `example` among the others."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setitem(NOUNS, "example", Noun("example_noun", "An example."))
    for variable in ("PETTYCASH_DATABASE_URL", "PETTYCASH_HOME", "NO_COLOR", "PETTYCASH_DEBUG"):
        monkeypatch.delenv(variable, raising=False)

    def run(*arguments: str) -> Answer:
        code = main(arguments)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def run_process() -> Run:
    """Runs a command line as a process; with `modules=True` the last line of stdout names what was imported."""

    def run(*arguments: str, modules: bool = False, **environment: str) -> Answer:
        command = [sys.executable, "-c", _AS_PROCESS, "modules" if modules else "-", *arguments]
        paths = [str(HERE), str(HERE.parents[1])]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
            check=False,
            timeout=60,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return run
