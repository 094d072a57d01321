"""The pages of the documentation, as the tests that do what they say read them."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGES = (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_INSTALLING = "python3 -m venv"


def shown_commands(page: Path) -> list[str]:
    """The lines of a page's `sh` blocks, in order; but for those that install the program, which CI runs."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(_INSTALLING)]


def story(page: Path) -> list[tuple[list[str], list[str]]]:
    """The rows of the table of keys: what is pressed (`<kbd>`) or typed (in backticks), and the bold texts one sees."""
    text = page.read_text(encoding="utf-8").partition("| you press or type |")[2]
    rows = re.findall(r"^\| (?!---)(.*?) \| (.*) \|$", text, re.MULTILINE)
    return [
        (re.findall(r"<kbd>[^<]+</kbd>|`[^`]+`|the code", pressed), re.findall(r"\*\*(.+?)\*\*", seen))
        for pressed, seen in rows
    ]
