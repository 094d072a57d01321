"""docs/keys.md is what the registry of actions makes of it."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

from pettycash_tui.actions import ACTIONS
from pettycash_tui.desk_file import read_text

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_keys_is_made_from_the_registry() -> None:
    made = runpy.run_path(str(DOCS / "keys.py"))["page"]()
    assert (DOCS / "keys.md").read_text(encoding="utf-8") == made, "run `python docs/keys.py`"
    for entry in ACTIONS:
        assert f"| `{entry.id}` |" in made


def test_the_example_on_the_page_is_a_file_that_can_be_used() -> None:
    page = (DOCS / "keys.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    assert set(tomllib.loads(example)) == {"theme", "keys"}
    file = read_text(Path("desk.toml"), example)
    assert file.problems == ()
    assert file.theme == "light"
    assert file.keymap == {"requisition.new": "N", "list.refresh": "r,f5", "form.submit": "ctrl+g"}
