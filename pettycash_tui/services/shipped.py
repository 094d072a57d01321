"""The files that ship with the program: policy, chart of accounts, texts of messages.

In the wheel they lie in `pettycash_tui/data/`, in a checkout in `data/` beside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_path(name: str) -> Path:
    """The path of a shipped file, such as `messages/otp_code.txt`. Raises FileNotFoundError when there is none."""
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        path = folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"{name} does not ship with pettycash")


def shipped(name: str) -> bytes:
    """The content of a shipped file."""
    return shipped_path(name).read_bytes()


def shipped_text(name: str) -> str:
    """The text of a shipped file."""
    return shipped_path(name).read_text(encoding="utf-8")
