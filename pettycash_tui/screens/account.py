"""One's own account: the authenticator app, its recovery codes, and the password."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from typing import Any

from textual.widgets import Input

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext, load_context
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.enrolling import EnrolWindow
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import signin, standing, totp
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.plain import Field

Renew = Callable[[DeskContext], object]
"""Goes on at the desk as the same person, with the rights of now."""

_KEPT = "Write them down, or print them, and keep them away from the phone. They are not shown again."
_REPEATED = "repeated"
_CONFIRMING = "confirm-app"


class _Part(Enum):
    APP = "Authenticator app"
    RECOVERY = "Recovery codes"
    PASSWORD = "Password"


class PasswordPrompt(FormPrompt):
    """Asks for passwords. Nothing of them is shown, nor is a space taken away that one has."""

    def fields(self) -> Iterable[Field]:
        """What is asked."""
        for asked in self._asks:
            line = LineInput(password=True, max_length=asked.length)
            yield Field(asked.name, asked.label, line, hint=asked.hint)

    @property
    def typed(self) -> dict[str, str]:
        """What the fields hold."""
        return {field.field_name: str(field.value or "") for field in self.query(Field)}

    def refuse(self, error: PettyCashError) -> None:
        """Say what was expected; a wrong password, the first field, is typed again from its beginning."""
        if not error.fields:
            first = self.query(Input).first()
            with first.prevent(Input.Changed):
                first.value = ""
        super().refuse(error)


def offer_account(screen: DeskScreen, renew: Renew) -> None:
    """Show how one's account stands, and change what is chosen of it."""
    prompt = ChoicePrompt[_Part]("Your account", None, ["Choose what to change."])

    def chosen(part: _Part | None) -> None:
        if part is _Part.APP:
            _enrol(screen, renew)
        elif part is _Part.RECOVERY:
            _make_recovery_codes(screen)
        elif part is _Part.PASSWORD:
            _change_password(screen)

    def found(status: totp.Status) -> None:
        if prompt.is_attached:
            prompt.fill(lines_of(screen.context, status))

    def failed(error: PettyCashError) -> None:
        close(prompt)
        screen.show_error(error)

    screen.app.push_screen(prompt, chosen)
    screen.ask("account", totp.status, then=found, failed=failed)


def lines_of(context: DeskContext, status: totp.Status) -> list[tuple[str, _Part]]:
    """What there is to change, and how it stands: `Recovery codes     7 left; make new ones`."""
    if status.confirmed_at is not None:
        app = f"in force since {context.moment(status.confirmed_at)}; put another in its place"
    else:
        app = f"none; enrol one{', which your company asks of you' if status.required else ''}"
    said = {_Part.APP: app, _Part.PASSWORD: "choose another"}
    if status.enrolled:
        said[_Part.RECOVERY] = f"{status.recovery_codes_left} left; make new ones"
    return [(f"{part.value:<19}{said[part]}", part) for part in _Part if part in said]


# -- the app -----------------------------------------------------------------------------------------------------------


def _enrol(screen: DeskScreen, renew: Renew) -> None:
    desk, actor = screen.context.desk, screen.context.actor
    lines = ["Your password is asked so that nobody who finds your desk open takes your codes over."]

    def begun(enrolment: totp.Enrolment) -> None:
        is_in_force = False

        def send(code: str) -> bool:
            return screen.write(
                lambda: totp.confirm(desk, actor, code),
                then=confirmed,
                failed=refused,
                key=_CONFIRMING,
                waits="looking at the code…",
                window=window,
            )

        def confirmed(codes: tuple[str, ...]) -> None:
            nonlocal is_in_force
            is_in_force = True
            close(window)
            # Also to who has left the window meanwhile: nobody could show them again.
            done = partial(_renew, screen, renew) if actor.must_enrol else None
            _show_codes(screen, "Your authenticator app is in force", codes, done)

        def refused(error: PettyCashError) -> None:
            if window.is_attached:
                window.refuse(error)
            else:
                screen.show_error(error)

        def left(_: None) -> None:
            if screen.is_writing(_CONFIRMING):
                screen.tell("The code is being looked at; you are told what comes of it.")
            elif not is_in_force:
                screen.tell("Nothing has changed: the new app is not in force.")

        window = EnrolWindow(enrolment, send)
        screen.app.push_screen(window, left)

    _with_password(
        screen,
        "Authenticator app",
        lines,
        partial(totp.enrol, desk, actor),
        then=begun,
        enter_does="shows the code for the app",
    )


def _renew(screen: DeskScreen, renew: Renew) -> None:
    screen.read("renew", _with_rights_of_now, screen.context, then=renew, failed=screen.show_error)


def _with_rights_of_now(context: DeskContext) -> DeskContext:
    return load_context(context.desk, context.desk.read(context.actor, standing.present))


# -- recovery codes ----------------------------------------------------------------------------------------------------


def _make_recovery_codes(screen: DeskScreen) -> None:
    desk, actor = screen.context.desk, screen.context.actor
    _with_password(
        screen,
        "New recovery codes",
        ["Those you have now no longer count then."],
        partial(totp.new_recovery_codes, desk, actor),
        then=partial(_show_codes, screen, "Your recovery codes"),
        enter_does="makes ten new ones",
    )


def _show_codes(
    screen: DeskScreen, title: str, codes: tuple[str, ...], then: Callable[[], object] | None = None
) -> None:
    pairs = [f"  {'     '.join(codes[at : at + 2])}" for at in range(0, len(codes), 2)]
    text = "\n".join(
        ["Ten recovery codes, each good once in place of a code of the app when you sign in:", "", *pairs, "", _KEPT]
    )

    def closed(_: None) -> None:
        if then is not None:
            then()

    screen.app.push_screen(TextWindow(title, text), closed)


# -- the password ------------------------------------------------------------------------------------------------------


def _change_password(screen: DeskScreen) -> None:
    desk, actor = screen.context.desk, screen.context.actor
    asks = [
        Asked("old", "Password now", length=1024),
        Asked("password", "New password", "12 or more characters", length=1024),
        Asked(_REPEATED, "Once more", length=1024),
    ]

    def act(typed: Typed) -> None:
        if typed["password"] != typed[_REPEATED]:
            raise InvalidInput.of(**{_REPEATED: "is not the same as the new password"})
        signin.change_password(desk, actor, typed["old"], typed["password"])

    def done(_: None) -> None:
        screen.tell("Your password is changed; wherever else you were signed in you are not any more.")

    lines = ["Wherever else you are signed in, you are not any more then."]
    _ask(screen, "Change your password", lines, asks, act, then=done, enter_does="changes it")


# -- asking ------------------------------------------------------------------------------------------------------------


def _with_password(
    screen: DeskScreen,
    title: str,
    lines: list[str],
    act: Callable[[str | None], Any],
    *,
    then: Callable[[Any], object],
    enter_does: str,
) -> None:
    """Do what needs the password of who has signed in; who works in a demo without having to, has none to prove."""
    actor = screen.context.actor
    if not standing.is_signed_in(actor):
        screen.write(partial(act, None), then=then, failed=screen.show_error, key=("account", title))
        return
    asks = [Asked("password", "Your password", length=1024)]

    def with_typed(typed: Typed) -> Any:
        return act(typed["password"])

    _ask(screen, title, lines, asks, with_typed, then=then, enter_does=enter_does)


def _ask(
    screen: DeskScreen,
    title: str,
    lines: list[str],
    asks: list[Asked],
    act: Callable[[Typed], Any],
    *,
    then: Callable[[Any], object],
    enter_does: str,
) -> None:
    """Open a prompt that does something with what was typed, in a thread, and closes when it is done."""

    def send(typed: Typed) -> bool:
        return screen.write(lambda: act(typed), then=done, failed=failed, key=("account", title), window=prompt)

    def done(outcome: Any) -> None:
        # Also for who has left the window meanwhile: codes that were made and not shown would be lost.
        prompt.finish()
        then(outcome)

    def failed(error: PettyCashError) -> None:
        if prompt.is_attached:
            prompt.refuse(error)
        else:
            screen.show_error(error)

    prompt = PasswordPrompt(title, lines, asks, send, enter_does=enter_does, undo="")
    screen.app.push_screen(prompt)
