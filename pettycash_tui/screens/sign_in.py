"""Signing in: who one is, the password, the code of those who approve or pay, and a first password of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import AwaitMount
from textual.widgets import Button, Input

from pettycash_tui.actions import binding, key
from pettycash_tui.models.text import printable
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import Background
from pettycash_tui.widgets.entering import AnswerButton, LineInput
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.plain import Field, PlainText, plain
from pettycash_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.signin import SignedIn

CLIENT = "tui"
_FIELDS: dict[str, Callable[[], Field]] = {
    "username": lambda: Field("username", "Username", LineInput(max_length=60)),
    "password": lambda: Field("password", "Password", LineInput(password=True, max_length=1024)),
    "code": lambda: Field("code", "Code", LineInput(max_length=20), hint="of your authenticator app, or for recovery"),
    "new_password": lambda: Field(
        "new_password", "New password", LineInput(password=True, max_length=1024), hint="12 or more characters"
    ),
    "repeated": lambda: Field("repeated", "Once more", LineInput(password=True, max_length=1024)),
}


class SignInScreen(Background, Screen[None]):
    """The first screen. It asks for what is needed next: the name and password, then a code, then a new password.

    It can be typed in before the database is open (`take_desk`); with `as_user` there is nothing to type.
    """

    help_title = "Sign in"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("form.next"),
        binding("form.previous"),
    ]
    DEFAULT_CSS = """
    SignInScreen { align: center middle; background: $background; }
    SignInScreen #sign-in {
        width: 58; max-width: 100%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    SignInScreen .title { text-style: bold; color: $primary; }
    SignInScreen .address { color: $text-muted; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    SignInScreen #fields { height: auto; }
    SignInScreen Field { display: none; margin-bottom: 1; }
    SignInScreen Field.-asked { display: block; }
    SignInScreen Input { background: $panel; }
    SignInScreen #go { margin-left: 16; }
    SignInScreen .say { height: auto; margin: 1 0 0 0; }
    SignInScreen .people { height: auto; color: $text-muted; }
    """

    def __init__(
        self, enter: Callable[[DeskContext], None], desk: Desk | None = None, *, as_user: str | None = None
    ) -> None:
        super().__init__()
        self.help_text = (
            f"Type your username and your password; {key('form.enter')} signs in. Those who approve or pay are asked"
            " for the code of their authenticator app as well; a recovery code stands in for it."
            f" {key('app.back')} empties the fields; on empty fields it leaves the program."
        )
        self._enter = enter
        self._desk = desk
        self._as_user = as_user
        self._wants_in = False
        self._signed_in: SignedIn | None = None
        self._making: AwaitMount | None = None
        self._attempt = 0
        self._was_left = False

    def compose(self) -> ComposeResult:
        yield StatusBar("Sign in")
        with Vertical(id="sign-in"):
            yield PlainText("Petty cash", classes="title")
            yield PlainText("opening…", classes="address")
            with Vertical(id="fields"):
                yield from (_FIELDS[name]() for name in ("username", "password"))
            yield AnswerButton(plain(f"Sign in ({key('form.enter')})"), id="go", compact=True, variant="primary")
            yield PlainText(classes="say")
            yield PlainText(classes="people")
        yield KeyFooter()

    def on_mount(self) -> None:
        if self._desk is not None:
            self.take_desk(self._desk)

    def take_desk(self, desk: Desk) -> None:
        """The database is open: sign in whoever has typed their name and password meanwhile."""
        self._desk, self._as_user = desk, None
        self.query_one(".address", PlainText).show(desk.shown_address)
        self.read("demo", _demo_accounts, desk, then=self._show_demo, failed=lambda error: None)
        if self._wants_in:
            self._sign_in()

    def _show_demo(self, names: tuple[str, ...]) -> None:
        if names:
            self.query_one(".people", PlainText).show(f"A demo: sign in with the password demo as {', '.join(names)}.")

    @on(events.ScreenSuspend)
    def _go_away(self) -> None:
        # Under a window (the help, the word about a small one) what is typed stays; after somebody's work it does not.
        self._was_left = self not in self.app.screen_stack

    @on(events.ScreenResume)
    def _come_back(self) -> None:
        if self._was_left or not self._asked:
            self._greet()
        self._was_left = False

    def _greet(self) -> None:
        """Begin with empty fields, whoever was here before; who was about to be let in is not."""
        self._attempt += 1
        self.forget("enter")
        if self._signed_in is not None:
            self._let_go(self._signed_in)
        self._signed_in = None
        self._wants_in = False
        for field in self.query(Field):
            field.control_widget.value = ""
            field.clear_error()
        self.query_one("#go").display = self._as_user is None
        if self._as_user is None:
            self._ask("username", "password")
        else:
            self.query_one(".say", PlainText).show(f"Opening the desk as {self._as_user}…")

    def _field(self, name: str) -> Field:
        """A field by its name; those that few are asked for are made when they are."""
        for field in self.query(Field):
            if field.field_name == name:
                return field
        field = _FIELDS[name]()
        self._making = self.query_one("#fields").mount(field)
        return field

    def _typed(self, name: str) -> str:
        return next((str(field.value or "") for field in self.query(Field) if field.field_name == name), "")

    def _ask(self, *names: str, say: str = "") -> None:
        """Show these fields, and go to the first that is empty."""
        asked = [self._field(name) for name in names]
        for field in self.query(Field):
            field.set_class(field in asked, "-asked")
        self.query_one(".say", PlainText).show(say)
        first = next((field for field in asked if not field.value), asked[0])
        if self._making is None:
            first.control_widget.focus()
        else:
            self.call_later(self._go_to_made, first)

    async def _go_to_made(self, field: Field) -> None:
        if self._making is not None:
            await self._making
            self._making = None
        field.control_widget.focus()

    @property
    def _asked(self) -> list[str]:
        return [field.field_name for field in self.query(Field) if field.has_class("-asked")]

    def action_back(self) -> None:
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
                if field.control_widget.has_focus or isinstance(event, Button.Pressed):
                    field.show_error(f"Type your {field.label.lower()}.")
                field.control_widget.focus()
                return
        if self._signed_in is None:
            self._sign_in()
        elif "new_password" in self._asked:  # else the desk is being opened already
            self._change_password()

    def _sign_in(self) -> None:
        desk = self._desk
        if desk is None:
            self._wants_in = True
            self.query_one(".say", PlainText).show("Opening the database…")
            return
        from pettycash_tui.services import opening, signin

        self._wants_in = False
        name, password, code = self._typed("username"), self._typed("password"), self._typed("code") or None
        source = opening.source_here()
        attempt = self._attempt
        begun = self.write(
            lambda: signin.sign_in(desk, name, password, code=code, client=CLIENT, source=source),
            then=partial(self._came_in, attempt),
            failed=partial(self._not_let_in, attempt),
            key=("sign-in", attempt),
        )
        if begun:
            self.query_one(".say", PlainText).show("Signing in…")

    def _came_in(self, attempt: int, signed_in: SignedIn) -> None:
        if attempt != self._attempt:
            # Esc was pressed meanwhile, and somebody else may be typing by now.
            self._let_go(signed_in)
            return
        self._signed_in = signed_in
        if signed_in.recovery_codes_left is not None:
            self.app.notify(
                f"That recovery code is used up; {signed_in.recovery_codes_left} left."
                f" {key('account.open')} makes new ones.",
                severity="warning",
                markup=False,
            )
        if signed_in.must_change_password:
            self._ask("new_password", "repeated", say="Choose a password of your own before you begin.")
        else:
            self._load()

    def _not_let_in(self, attempt: int, error: PettyCashError) -> None:
        if attempt == self._attempt:
            self._refused(error)

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
            field.control_widget.value = ""
        return field

    def _change_password(self) -> None:
        from pettycash_tui.services import signin

        desk, signed_in = self._desk, self._signed_in
        old, new = self._typed("password"), self._typed("new_password")
        if desk is None or signed_in is None:
            return
        if new != self._typed("repeated"):
            self._empty("repeated").show_error("Is not the same as the new password.")
            return
        self.write(
            lambda: signin.change_password(desk, signed_in.actor, old, new),
            then=lambda _: self._load(),
            failed=self._not_changed,
            key="change-password",
        )
        self.query_one(".say", PlainText).show("Changing the password…")

    def _not_changed(self, error: PettyCashError) -> None:
        self.query_one(".say", PlainText).show("")
        sentence = error.fields.get("password", error.message)
        self._field("new_password").show_error(sentence[:1].upper() + sentence[1:])

    def _let_go(self, signed_in: SignedIn) -> None:
        """End the session of somebody who was let in and left before the desk was there."""
        from pettycash_tui.services import signin

        if self._desk is not None:
            self.write(partial(signin.sign_out, self._desk, signed_in.actor), then=_nothing, failed=_nothing)

    def _load(self) -> None:
        from pettycash_tui.screens.context import load_context

        if self._desk is not None and self._signed_in is not None:
            self.read("enter", load_context, self._desk, self._signed_in.actor, then=self._opened, failed=self._refused)

    def _opened(self, context: DeskContext) -> None:
        self._signed_in = None  # the session is the desk's now
        for field in self.query(Field):
            self._empty(field.field_name)  # nothing that was typed here stays in memory longer than it is needed
        self._enter(context)


def _nothing(outcome: object) -> None:
    """Nobody waits for it: a session that could not be ended ends by itself."""


def _demo_accounts(desk: Desk) -> tuple[str, ...]:
    """The first person of every role of a demo; none where the books are real."""
    from pettycash_tui.services import demo
    from pettycash_tui.services.identity import SYSTEM

    if not desk.is_demo:
        return ()

    first: dict[object, str] = {}
    for account in desk.read(SYSTEM, demo.accounts):
        first.setdefault(account.role, account.username)
    return tuple(first.values())
