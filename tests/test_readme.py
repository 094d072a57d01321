"""What the README promises: its commands run on the demo company, its test command is the one CI runs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def commands_on_the_demo() -> list[str]:
    """The lines of the README's blocks that begin with `pettycash --as`."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("pettycash --as ")]


def test_the_commands_shown_tell_one_story_on_the_demo_company(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pettycash_tui", "--home", str(tmp_path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert run("demo", "--no-tui").returncode == 0
    shown = commands_on_the_demo()
    assert len(shown) >= 6
    for line in shown:
        words = shlex.split(line)[1:]
        if "--otp" in words:
            newest = max((tmp_path / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
            code = next(text for text in newest.read_text().splitlines() if re.fullmatch(r"\d{6}", text))
            words[words.index("--otp") + 1] = code
        done = run(*words)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    book = json.loads(run("--as", "cfo", "--json", "fund", "ledger", "NBI", "--newest", "--limit", "1").stdout)
    assert book["items"][0]["amount"] == "4500.00"


def test_the_pictures_and_pages_that_the_readme_names_are_there() -> None:
    named = re.findall(r"\]\(((?:docs|benchmarks)/[^)]+)\)", README)
    assert named
    assert [name for name in named if not (TOP / name).is_file()] == []


def test_ci_runs_exactly_the_readmes_test_command() -> None:
    marked = README.split("<!-- the test command -->")[1].split("```")[1]
    assert ".venv/bin/python -m pytest" in marked
    assert "<!-- the test command -->" in (TOP / ".ci" / "run").read_text(encoding="utf-8")


def test_the_pinned_versions_name_no_host() -> None:
    assert not re.search(r"https?://|@", (TOP / "constraints.txt").read_text(encoding="utf-8"))
