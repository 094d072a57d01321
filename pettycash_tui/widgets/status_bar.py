"""The line at the top: which program, which company, who is signed in as what, and where one is."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size

from pettycash_tui.widgets.background import BusyMark
from pettycash_tui.widgets.plain import PlainText, plain

PROGRAM = "Petty cash"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who works here, for the line at the top. `role` is the display name; a demo database is always named."""

    company: str = ""
    person: str = ""
    role: str = ""
    demo: bool = False


class Wordings(PlainText):
    """A line in several wordings, the longest first: it is drawn in the first for which there is room."""

    def __init__(self, *, most: float = 1, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._wordings: tuple[Content, ...] = (plain(""),)
        self._most = most

    def offer(self, *wordings: str) -> None:
        """Take other wordings."""
        self._wordings = tuple(plain(wording) for wording in wordings)
        self.update(self._wordings[0])

    def render(self) -> Content:
        return self._fitting(self.content_size.width)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._fitting(int(container.width * self._most) - self.gutter.width).cell_length

    def _fitting(self, width: int) -> Content:
        return next((wording for wording in self._wordings if wording.cell_length <= width), self._wordings[-1])


class StatusBar(Horizontal):
    """One line: company and screen on the left; connection, busy mark, DEMO, person and role on the right."""

    DEFAULT_CSS = """
    StatusBar { dock: top; height: 1; background: $panel; color: $foreground; }
    StatusBar PlainText { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StatusBar .where { width: 1fr; padding: 0 1; text-style: bold; }
    StatusBar .who { width: auto; max-width: 45%; padding: 0 1; }
    StatusBar .demo { width: auto; padding: 0 1; color: $warning; text-style: bold reverse; display: none; }
    StatusBar .connection { width: auto; padding: 0 1; color: $error; text-style: bold; display: none; }
    StatusBar .demo.-shown, StatusBar .connection.-shown { display: block; }
    """

    def __init__(self, title: str, signed_in: SignedIn | None = None) -> None:
        super().__init__()
        self._title = title
        self._signed_in = signed_in or SignedIn()
        self._connection = ""

    @property
    def connection(self) -> str:
        """How the database is, as it was shown last."""
        return self._connection

    def compose(self) -> ComposeResult:
        yield Wordings(classes="where")
        yield PlainText(classes="connection")
        yield BusyMark()
        yield PlainText("DEMO", classes="demo")
        yield Wordings(most=0.45, classes="who")

    def on_mount(self) -> None:
        self._draw()

    def show(
        self, *, title: str | None = None, signed_in: SignedIn | None = None, connection: str | None = None
    ) -> None:
        """Show another title, another person, or how the database is: `database away`, nothing while all is well."""
        self._title = self._title if title is None else title
        self._signed_in = signed_in or self._signed_in
        self._connection = self._connection if connection is None else connection
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        who = self._signed_in
        parts = [_one_line(part) for part in (self._title, who.company, PROGRAM) if part]
        # Where one is stays to the last: the program is known, and so is the company.
        self.query_one(".where", Wordings).offer(*(" · ".join(parts[:count]) for count in range(len(parts), 0, -1)))
        role = f" ({who.role})" if who.role else ""
        self.query_one(".who", Wordings).offer(*dict.fromkeys((_one_line(who.person + role), _one_line(who.person))))
        self.query_one(".demo").set_class(who.demo, "-shown")
        connection = self.query_one(".connection", PlainText)
        connection.show(f"✖ {_one_line(self._connection)}" if self._connection else "")
        connection.set_class(bool(self._connection), "-shown")


def _one_line(text: str) -> str:
    return " ".join(text.split())
