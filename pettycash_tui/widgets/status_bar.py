"""The line at the top: which program, which company, who is signed in as what, and where one is."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal

from pettycash_tui.widgets.background import BusyMark
from pettycash_tui.widgets.plain import PlainText

PROGRAM = "Petty cash"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who works here, for the line at the top. `role` is the display name; a demo database is always named."""

    company: str = ""
    person: str = ""
    role: str = ""
    demo: bool = False


class StatusBar(Horizontal):
    """One line: program, company and screen on the left; busy mark, DEMO, person and role on the right."""

    DEFAULT_CSS = """
    StatusBar { dock: top; height: 1; background: $panel; color: $foreground; }
    StatusBar PlainText { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StatusBar .where { width: 1fr; padding: 0 1; text-style: bold; }
    StatusBar .who { width: auto; max-width: 40%; padding: 0 1; }
    StatusBar .demo { width: auto; padding: 0 1; color: $warning; text-style: bold reverse; display: none; }
    StatusBar .demo.-shown { display: block; }
    """

    def __init__(self, title: str, signed_in: SignedIn | None = None) -> None:
        super().__init__()
        self._title = title
        self._signed_in = signed_in or SignedIn()

    def compose(self) -> ComposeResult:
        yield PlainText(classes="where")
        yield BusyMark()
        yield PlainText("DEMO", classes="demo")
        yield PlainText(classes="who")

    def on_mount(self) -> None:
        self._draw()

    def show(self, *, title: str | None = None, signed_in: SignedIn | None = None) -> None:
        """Show another title, or another person."""
        self._title = self._title if title is None else title
        self._signed_in = signed_in or self._signed_in
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        who = self._signed_in
        self.query_one(".where", PlainText).show(
            _one_line(" · ".join(part for part in (self._title, who.company, PROGRAM) if part))
        )
        role = f" ({who.role})" if who.role else ""
        self.query_one(".who", PlainText).show(_one_line(who.person + role))
        self.query_one(".demo").set_class(who.demo, "-shown")


def _one_line(text: str) -> str:
    return " ".join(text.split())
