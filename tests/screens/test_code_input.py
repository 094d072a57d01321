"""A one-time code in what was pasted: from a line, a sentence or a whole message, and never another number."""

from __future__ import annotations

import pytest

from pettycash_tui.screens.code_input import code_in

MESSAGE = """Amina,
your code to pay KES 450,000.00 to Total Energies (payment PAY-000123) is:

654321

It is good for 5 minutes."""


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("654321", "654321"),
        (" 654 321\n", "654321"),
        ("Code: 654 321\nThank you", "654321"),
        ("Your code for PAY-000123 is 654321.", "654321"),
        ("6-5-4-3-2-1", "654321"),
        (MESSAGE, "654321"),
        ("KES 450,000.00 for PAY-000123", ""),
        ("PAY-000123", ""),
        ("1234567", ""),
        ("no code here", ""),
        ("", ""),
    ],
)
def test_the_code_is_found_and_nothing_else_is_taken_for_it(pasted: str, code: str) -> None:
    assert code_in(pasted) == code


def test_ten_thousand_lines_are_looked_at_in_no_time() -> None:
    assert code_in("12345 " * 200_000) == ""
