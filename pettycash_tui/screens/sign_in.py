"""Signing in: who one is, the password, the code of those who approve or pay, and a first password of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Button, Input

from pettycash_tui.models.text import printable
from pettycash_tui.screens.context import DeskContext, load_context
from pettycash_tui.services import opening, signin
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.signin import SignedIn
from pettycash_tui.widgets.background import Background
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.plain import Field, PlainText, plain
from pettycash_tui.widgets.status_bar import StatusBar

CLIENT = "tui"
_FIELDS = ("username", "password", "code", "new_password", "repeated")


class SignInScreen(Background, Screen[None]):
    """The first screen. It asks for what is needed next: the name and password, then a code, then a new password."""

    help_title = "Sign in"
    help_text = (
        "Type your username and your password, then enter. Those who approve or pay are asked for the code of"
        " their authenticator app as well."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("escape", "begin_again", show=False),
    ]
    DEFAULT_CSS = """
    SignInScreen { align: center middle; background: $background; }
    SignInScreen #sign-in {
        width: 58; max-width: 100%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    SignInScreen .title { text-style: bold; color: $primary; }
    SignInScreen .address { color: $text-muted; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    SignInScreen Field { display: none; margin-bottom: 1; }
    SignInScreen Field.-asked { display: block; }
    SignInScreen Input { background: $panel; }
    SignInScreen #go { margin-left: 16; }
    SignInScreen .say { height: auto; margin: 1 0 0 0; }
    SignInScreen .people { height: auto; color: $text-muted; }
    """

    def __init__(self, desk: Desk, enter: Callable[[DeskContext], None]) -> None:
        super().__init__()
        self._desk = desk
        self._enter = enter
        self._signed_in: SignedIn | None = None

    def compose(self) -> ComposeResult:
        yield StatusBar("Sign in")
        with Vertical(id="sign-in"):
            yield PlainText("Petty cash", classes="title")
            yield PlainText(self._desk.shown_address, classes="address")
            yield Field("username", "Username", Input(max_length=60))
            yield Field("password", "Password", Input(password=True, max_length=1024))
            yield Field("code", "Code", Input(max_length=10), hint="the six digits of your authenticator app")
            yield Field(
                "new_password", "New password", Input(password=True, max_length=1024), hint="12 or more characters"
            )
            yield Field("repeated", "Once more", Input(password=True, max_length=1024))
            yield Button(plain("Sign in (enter)"), id="go", compact=True, variant="primary")
            yield PlainText(classes="say")
            yield PlainText(classes="people")
        yield KeyFooter()

    def on_mount(self) -> None:
        if self._desk.is_demo:
            self.read("demo", _demo_accounts, self._desk, then=self._show_demo, failed=lambda error: None)

    def _show_demo(self, names: tuple[str, ...]) -> None:
        self.query_one(".people", PlainText).show(f"A demo: sign in with the password demo as {', '.join(names)}.")

    @on(events.ScreenResume)
    def _greet(self) -> None:
        """Begin with empty fields, whoever was here before."""
        self._signed_in = None
        for field in self.query(Field):
            field.query_one(Input).value = ""
            field.clear_error()
        self._ask("username", "password")

    def _field(self, name: str) -> Field:
        return self.query_one(f"#field-{name.replace('_', '-')}", Field)

    def _typed(self, name: str) -> str:
        return str(self._field(name).value or "")

    def _ask(self, *names: str, say: str = "") -> None:
        """Show these fields, and go to the first that is empty."""
        for name in _FIELDS:
            self._field(name).set_class(name in names, "-asked")
        self.query_one(".say", PlainText).show(say)
        first = next((name for name in names if not self._typed(name)), names[0])
        self._field(first).query_one(Input).focus()

    @property
    def _asked(self) -> list[str]:
        return [name for name in _FIELDS if self._field(name).has_class("-asked")]

    def action_begin_again(self) -> None:
        """Back to the name and password; from there, leave the program."""
        if self._asked == ["username", "password"] and not self._typed("username"):
            self.app.call_later(self.app.run_action, "quit")
        else:
            self._greet()

    @on(Input.Submitted)
    @on(Button.Pressed)
    def _go_on(self, event: Input.Submitted | Button.Pressed) -> None:
        """Enter goes to the next empty field, and sends when there is none."""
        event.stop()
        for name in self._asked:
            if not self._typed(name):
                field = self._field(name)
                if field.query_one(Input).has_focus or isinstance(event, Button.Pressed):
                    field.show_error(f"Type your {field.label.lower()}.")
                field.query_one(Input).focus()
                return
        if self._signed_in is not None:
            self._change_password()
        else:
            self._sign_in()

    def _sign_in(self) -> None:
        name, password, code = self._typed("username"), self._typed("password"), self._typed("code") or None
        source = opening.source_here()
        begun = self.write(
            lambda: signin.sign_in(self._desk, name, password, code=code, client=CLIENT, source=source),
            then=self._came_in,
            failed=self._refused,
            key="sign-in",
        )
        if begun:
            self.query_one(".say", PlainText).show("Signing in…")

    def _came_in(self, signed_in: SignedIn) -> None:
        self._signed_in = signed_in
        if signed_in.must_change_password:
            self._field("code").query_one(Input).value = ""
            self._ask("new_password", "repeated", say="Choose a password of your own before you begin.")
        else:
            self._load()

    def _refused(self, error: PettyCashError) -> None:
        """The message stands beside the field it is about."""
        self.query_one(".say", PlainText).show("")
        if error.code == "totp_needed":
            self._ask("username", "password", "code", say="One more thing: the code of your authenticator app.")
        elif error.code == "totp_wrong":
            self._empty("code").show_error(error.message)
        elif error.code == "signin_refused":
            self._empty("password").show_error(error.message)
        else:
            self.query_one(".say", PlainText).show(f"✖ {printable(error.message)}", "bold $error")

    def _empty(self, name: str) -> Field:
        field = self._field(name)
        with self.prevent(Input.Changed):
            field.query_one(Input).value = ""
        return field

    def _change_password(self) -> None:
        signed_in, old, new = self._signed_in, self._typed("password"), self._typed("new_password")
        if signed_in is None:
            return
        if new != self._typed("repeated"):
            self._empty("repeated").show_error("Is not the same as the new password.")
            return
        self.write(
            lambda: signin.change_password(self._desk, signed_in.actor, old, new),
            then=lambda _: self._load(),
            failed=self._not_changed,
            key="change-password",
        )
        self.query_one(".say", PlainText).show("Changing the password…")

    def _not_changed(self, error: PettyCashError) -> None:
        self.query_one(".say", PlainText).show("")
        sentence = error.fields.get("password", error.message)
        self._field("new_password").show_error(sentence[:1].upper() + sentence[1:])

    def _load(self) -> None:
        if self._signed_in is not None:
            self.read("enter", load_context, self._desk, self._signed_in.actor, then=self._opened, failed=self._refused)

    def _opened(self, context: DeskContext) -> None:
        for name in ("password", "code", "new_password", "repeated"):
            self._empty(name)  # nothing that was typed here stays in memory longer than it is needed
        self._enter(context)


def _demo_accounts(desk: Desk) -> tuple[str, ...]:
    """The first person of every role of a demo."""
    from pettycash_tui.services import demo

    first: dict[object, str] = {}
    for account in desk.read(SYSTEM, demo.accounts):
        first.setdefault(account.role, account.username)
    return tuple(first.values())
