"""Every claim of the page on threats names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_each_claim_names_a_test_that_is_there() -> None:
    rows = [
        line
        for line in (TOP / "docs" / "threats.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| who or what", "| --- "))
    ]
    assert len(rows) > 20
    for row in rows:
        named = NAMED.findall(row)
        assert named, f"names no test: {row}"
        for path, name in named:
            assert name in _functions(path), f"{path} has no {name}"


@pytest.mark.parametrize("paragraph", ["**Where the trust boundary is.**", "**What is not promised.**"])
def test_what_is_said_of_the_boundary_and_of_what_is_not_promised_names_tests_too(paragraph: str) -> None:
    page = (TOP / "docs" / "threats.md").read_text(encoding="utf-8")
    text = next(one for one in page.split("\n\n") if one.startswith(paragraph))

    named = NAMED.findall(text)
    assert len(named) >= 3
    for path, name in named:
        assert name in _functions(path), f"{path} has no {name}"


def _functions(path: str) -> set[str]:
    tree = ast.parse((TOP / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
