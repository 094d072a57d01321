"""The window in which an authenticator app is enrolled: the code it scans, and the first code of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.services import totp
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import Background, WindowMark
from pettycash_tui.widgets.plain import Field, PlainText

_STEPS = "Scan this with your authenticator app, or type into it:"


class EnrolWindow(Background, ModalScreen[None]):
    """Shows what the app needs and asks for the code it shows then; whoever opened it sends that and closes it."""

    help_title = "Authenticator app"
    help_text = (
        "The app on your phone reads the square of dots, or the letters beside it, and shows six digits from then on,"
        " new ones every thirty seconds. Type those it shows now: only then it is in force. Left before that, nothing"
        " has changed."
    )
    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help")]
    # All of the window, without a border: at 80 by 24 the code to scan is as high as the terminal.
    DEFAULT_CSS = """
    EnrolWindow { align: center middle; background: $surface; }
    EnrolWindow > Horizontal { width: auto; height: auto; max-width: 100%; max-height: 100%; }
    /* Light squares on a dark ground, whatever the theme: the other way round many apps read nothing. */
    EnrolWindow #scan { width: auto; height: auto; color: ansi_bright_white; background: ansi_black; }
    EnrolWindow VerticalScroll { width: 32; height: auto; max-height: 100%; padding: 0 0 0 2; }
    EnrolWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    EnrolWindow .steps { height: auto; }
    EnrolWindow .secret { height: auto; margin: 1 0; text-style: bold; }
    EnrolWindow Field .field-label { width: 7; }
    EnrolWindow Field FieldError { margin-left: 0; }
    EnrolWindow .then { height: auto; margin-bottom: 1; }
    EnrolWindow .foot { color: $text-muted; margin-top: 1; height: auto; }
    """

    def __init__(self, enrolment: totp.Enrolment, send: Callable[[str], bool]) -> None:
        super().__init__()
        self._enrolment = enrolment
        self._send = send

    def compose(self) -> ComposeResult:
        secret = self._enrolment.secret_base32
        groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
        half = len(groups) // 2
        with Horizontal():
            yield PlainText("\n".join(self._enrolment.qr_lines), id="scan")
            with VerticalScroll(can_focus=False):
                yield PlainText("Authenticator app", classes="title")
                yield PlainText(_STEPS, classes="steps")
                yield PlainText("\n".join((" ".join(groups[:half]), " ".join(groups[half:]))), classes="secret")
                yield PlainText("Then type the six digits that it shows.", classes="then")
                yield Field("code", "Code", CodeInput())
                yield WindowMark()
                yield PlainText(f"{key('form.enter')} puts it in force\n{key('app.back')} leaves", classes="foot")

    def on_mount(self) -> None:
        # A notice would lie over the code to scan; the one that sends people here is answered now.
        self.app.clear_notifications()
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _confirm(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._send(event.value)
        else:
            self.query_one(Field).show_error("Type the six digits that the app shows.")

    def refuse(self, error: PettyCashError) -> None:
        """Say why the code does not do; the next one is typed into an empty field."""
        field = self.query_one(Field)
        with self.prevent(Input.Changed):
            field.query_one(Input).value = ""
        field.show_error(error.message)

    def action_back(self) -> None:
        """Leave; what was in force before still is."""
        self.dismiss(None)
