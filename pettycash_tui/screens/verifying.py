"""The window in which the audit chain is verified: how far it is, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer

from pettycash_tui.actions import binding, key
from pettycash_tui.models.text import printable
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.long_work import LOOK_EVERY, LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import audit_check
from pettycash_tui.services.audit_check import Asked
from pettycash_tui.services.audit_verify import Verified
from pettycash_tui.services.errors import PettyCashError, Refused
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.background import Background
from pettycash_tui.widgets.plain import PlainText

RIGHT, WRONG = StatusMark("✔", "as it was written", "good"), StatusMark("✖", "wrong", "bad")


class _Stopped(Refused):
    """Somebody stopped it; nothing is recorded of it."""

    default_code = "verifying_stopped"


class VerifyingWindow(Background, ModalScreen[None]):
    """Verifies as asked, which can be stopped, and shows every problem that was found."""

    help_title = "Verify"
    help_text = (
        "Every event is compared with the one before it, with the head of its stream, and with the rows it tells of."
        " What an owner of the database has rewritten whole is found with a checkpoint only: `pettycash audit verify"
        " --checkpoint FILE`."
    )
    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help")]
    DEFAULT_CSS = """
    VerifyingWindow { align: center middle; }
    VerifyingWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    VerifyingWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    VerifyingWindow ScrollableContainer { height: auto; max-height: 16; scrollbar-size: 1 1; }
    VerifyingWindow #found { height: auto; }
    VerifyingWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, context: DeskContext, asked: Asked, what: str, then: Callable[[], object]) -> None:
        super().__init__()
        self._desk_context = context
        self._asked = asked
        self._what = what
        self._then = then
        self._work = LongWork(0)
        self._watch: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(f"Verify {self._what}", classes="title")
            with ScrollableContainer():
                yield PlainText(id="found")
            yield PlainText(f"{key('app.back')} stops it", id="foot", classes="foot")

    def on_mount(self) -> None:
        self._watch = self.set_interval(LOOK_EVERY, self._look)
        self.read("verify", self._verify, then=self._found, failed=self._failed)

    @property
    def is_over(self) -> bool:
        """Whether there is a result."""
        return self._watch is None

    def action_back(self) -> None:
        """Stop it, or close the window when it is over."""
        if self.is_over:
            self.dismiss()
        else:
            self._work.stop()
            self.query_one("#foot", PlainText).show("stopping")

    def _verify(self) -> Verified:
        def far(done: int, total: int) -> None:
            if not self._work.report(done, total):
                raise _Stopped("It was stopped; nothing is recorded of it.")

        return audit_check.check(self._desk_context.desk, self._desk_context.actor, self._asked, progress=far)

    def _look(self) -> None:
        if not self.is_over and self._work.total:
            self._show(f"{self._work.bar} events")

    def _found(self, found: Verified) -> None:
        self._end(result_text(found))
        self._then()

    def _failed(self, error: PettyCashError) -> None:
        self._end(printable(error.message, multiline=True))

    def _end(self, text: Content | str) -> None:
        if self._watch is not None:
            self._watch.stop()
        self._watch = None
        self._show(text)
        self.query_one("#foot", PlainText).show(f"{key('app.back')} closes")

    def _show(self, text: Content | str) -> None:
        self.query_one("#found", PlainText).update(text)


def result_text(found: Verified) -> Content:
    """What a verification found, each problem with its place and what was done."""
    sheet = Sheet()
    counted = f"{found.events:,} events in {found.streams} streams"
    if found.ok:
        sheet.mark(RIGHT, counted)
        return sheet.content
    sheet.mark(WRONG, f"{len(found.problems)} of {counted}")
    for problem in found.problems:
        sheet.line()
        sheet.line(f"{problem.kind}  {problem.place}", "bad")
        sheet.below(problem.message)
    return sheet.content
