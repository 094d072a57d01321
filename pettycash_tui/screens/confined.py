"""An app out of which nothing leads: no shell, no other program, no file in a place that somebody names.

People work here by SSH on a computer that is not theirs. What Textual offers besides is switched off for everybody, so
that it is the same program that is tested and used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from textual.app import App

WHAT = "the desk opens no other program and writes no file but exports"


class Confined(App[Any], inherit_bindings=False):
    """An app that suspends itself for nothing, opens no address, and delivers no file or picture of its screen."""

    def _refuse(self) -> NoReturn:
        raise PermissionError(WHAT)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Refused: an editor, a pager or a shell would be on the terminal meanwhile."""
        self._refuse()
        yield

    def action_suspend_process(self) -> None:
        """Nothing: who suspends the program would be in the shell that started it."""

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Nothing: a browser would be started."""

    def deliver_text(self, *arguments: Any, **options: Any) -> NoReturn:
        """Refused: it writes into the system user's downloads."""
        self._refuse()

    def deliver_binary(self, *arguments: Any, **options: Any) -> NoReturn:
        """Refused: it writes into the system user's downloads."""
        self._refuse()

    def deliver_screenshot(self, *arguments: Any, **options: Any) -> NoReturn:
        """Refused: a picture of the books would lie where others read it."""
        self._refuse()

    def save_screenshot(self, *arguments: Any, **options: Any) -> NoReturn:
        """Refused: it writes to any path."""
        self._refuse()

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Nothing."""
