"""Every command that README and the pages show is run, page by page, on a demo company in a home of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from journey import Place
from pages import PAGES, TOP, shown_commands
from terminal import TIMEOUT

# A code cannot be known beforehand: the pages show one, and the newest letter in the outbox holds the one that counts.
CODE_SHOWN, CODE = "--otp 123456", '--otp "$(code)"'

BEFORE = """
set -eEu -o pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
pettycash() { "$PYTHON" -m pettycash_tui "$@"; }
ssh() { shift; "$@"; }
code() { grep -hxE '[0-9]{6}' "$(ls -t "$PETTYCASH_HOME"/outbox/*.eml | head -n 1)"; }
echo demo | pettycash --quiet login clerk.nbi
"""

WITH_COMMANDS = [page for page in PAGES if shown_commands(page)]


def run_shown(page: Path, place: Place, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what the page shows as one script; `~/petty-cash-demo` is the demo company."""
    shutil.copytree(place.home, folder / "petty-cash-demo")
    script = "\n".join([BEFORE, *shown_commands(page)]).replace(CODE_SHOWN, CODE)
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=place.env
        | {"HOME": str(folder), "PETTYCASH_HOME": str(folder / "petty-cash-demo"), "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT * 6,
    )


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_it_should(page: Path, sqlite_demo: Place, tmp_path: Path) -> None:
    done = run_shown(page, sqlite_demo, tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "UUID(" not in done.stdout + done.stderr


def test_a_command_that_fails_is_noticed(sqlite_demo: Place, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\npettycash --as clerk.nbi req show REQ-999999\npettycash whoami\n```\n", encoding="utf-8")
    done = run_shown(page, sqlite_demo, tmp_path)
    assert done.returncode == 4
    assert "failed: " in done.stderr


def test_readme_and_every_role_have_commands() -> None:
    named = {page.stem for page in WITH_COMMANDS}
    assert {"README", "first-ten-minutes", "clerk", "approver", "officer", "accountant", "admin"} <= named


def test_the_command_that_opens_the_demo_installs_what_the_tests_install() -> None:
    lines = [line for line in (TOP / "README.md").read_text(encoding="utf-8").splitlines() if "-m venv" in line]
    opening, testing = [line.split(" && ") for line in lines]
    assert opening[0] == testing[0]
    assert [step.split()[:5] for step in (opening[1], testing[1])] == [
        [".venv/bin/pip", "install", "--quiet", "-c", "constraints.txt"]
    ] * 2
    assert opening[2] == ".venv/bin/pettycash demo"
