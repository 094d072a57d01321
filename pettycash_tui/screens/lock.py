"""The lock of an idle desk: everything below stays as it was left, and nothing of it is seen."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services import signin
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import Background, WindowMark
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.plain import Field, PlainText


class LockScreen(Background, Screen[None]):
    """Asks the same person for their password, or signs them out.

    No modal screen: the terminal's own colours have no background that would hide what is below.
    """

    closes_the_desk = True
    locks_the_desk = True

    help_title = "Locked"
    BINDINGS: ClassVar[list[BindingType]] = [binding("app.help"), *bindings_for("lock")]
    DEFAULT_CSS = """
    LockScreen { align: center middle; background: $background; }
    LockScreen > Vertical {
        width: 58; max-width: 100%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    LockScreen .title { text-style: bold; color: $primary; }
    LockScreen .why { height: auto; margin-bottom: 1; }
    LockScreen .foot { color: $text-muted; margin-top: 1; height: auto; }
    LockScreen Input { background: $panel; }
    """

    def __init__(self, context: DeskContext, *, idle_minutes: int) -> None:
        super().__init__()
        self._person = context
        self._minutes = idle_minutes
        self.help_text = (
            "Nobody was at the desk for a while. The password of the person who works here opens it again as it was"
            f" left; {key('lock.sign_out')} signs out, so that somebody else can sign in. Drafts are kept."
        )

    def compose(self) -> ComposeResult:
        length = "a minute" if self._minutes == 1 else f"{self._minutes} minutes"
        with Vertical():
            yield PlainText("Locked", classes="title")
            yield PlainText(
                f"Nobody was here for {length}. What {self._person.actor.name} was doing is all here.",
                classes="why",
            )
            yield Field("password", "Password", LineInput(password=True, max_length=1024))
            yield WindowMark()
            foot = f"{key('form.enter')} unlocks · {key('lock.sign_out')} signs out; drafts are kept"
            yield PlainText(foot, classes="foot")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _unlock(self, event: Input.Submitted) -> None:
        event.stop()
        desk, actor, password = self._person.desk, self._person.actor, event.value
        self.write(
            lambda: signin.confirm_password(desk, actor, password),
            then=self._unlocked,
            failed=self._refused,
            key="unlock",
            waits="looking at the password…",
        )

    def _unlocked(self, nothing: None) -> None:
        close(self)

    def _refused(self, error: PettyCashError) -> None:
        field = self.query_one(Field)
        with self.prevent(Input.Changed):
            field.query_one(Input).value = ""
        if error.code == "password_missing":
            field.show_error(
                f"You have no password, so none can open this desk: {key('lock.sign_out')} signs out, and you come back"
                " by your SSH key. An admin can give you a password."
            )
            return
        field.show_error(error.message)

    def action_leave(self) -> None:
        """Sign out instead."""
        self.app.call_later(self.app.run_action, "sign_out")
