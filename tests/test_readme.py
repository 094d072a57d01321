"""What the README promises: pictures and pages that are there, and the test command that CI runs.

Its other commands are run by journeys/test_commands_shown.py.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def test_the_pictures_and_pages_that_the_readme_names_are_there() -> None:
    named = re.findall(r"\]\(((?:docs|benchmarks)/[^)]+)\)", README)
    assert named
    assert [name for name in named if not (TOP / name).is_file()] == []


def test_the_pictures_fetch_nothing_from_elsewhere() -> None:
    pictures = [TOP / name for name in re.findall(r"\]\((docs/[^)]+\.svg)\)", README)]
    assert {picture.stem for picture in pictures} == {"desk", "approvals", "pay", "ledger"}
    for picture in pictures:
        drawn = picture.read_text(encoding="utf-8")
        assert "@font-face" not in drawn
        assert re.findall(r"(?:href=\"|url\()(?!#)", drawn) == []


def test_the_pictures_show_the_program_as_it_is(tmp_path: Path, plain_environment: None) -> None:
    spec = importlib.util.spec_from_file_location("pictures", TOP / "docs" / "pictures.py")
    assert spec is not None and spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    pictures.main(tmp_path)
    drawn = {path.stem: pictures.words(path.read_text(encoding="utf-8")) for path in tmp_path.glob("*.svg")}
    assert set(drawn) == set(pictures.PICTURES)
    assert all(len(lines) == pictures.SIZE[1] and any(lines) for lines in drawn.values())
    kept = {name: pictures.words((TOP / "docs" / f"{name}.svg").read_text(encoding="utf-8")) for name in drawn}
    assert drawn == kept, "`python docs/pictures.py` draws them again"


def test_ci_runs_exactly_the_readmes_test_command() -> None:
    marked = README.split("<!-- the test command -->")[1].split("```")[1]
    assert ".venv/bin/python -m pytest" in marked
    assert "<!-- the test command -->" in (TOP / ".ci" / "run").read_text(encoding="utf-8")


def test_the_pinned_versions_name_no_host() -> None:
    assert not re.search(r"https?://|@", (TOP / "constraints.txt").read_text(encoding="utf-8"))
