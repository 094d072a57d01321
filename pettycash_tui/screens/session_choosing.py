"""Where one is signed in, and ending one of those sessions from here."""

from __future__ import annotations

from pettycash_tui.actions import key
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services import session_list
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.paging import Page
from pettycash_tui.services.session_list import Revoked, SessionRow

_LINES = ["Choose one to end it: whoever works there has to sign in again."]


def offer_sessions(screen: DeskScreen) -> None:
    """List one's sessions, newest first, and end the one that is chosen."""
    prompt = ChoicePrompt[SessionRow]("Where you are signed in", None, _LINES)

    def chosen(row: SessionRow | None) -> None:
        if row is not None:
            _end(screen, row)

    def found(page: Page[SessionRow]) -> None:
        if prompt.is_attached:
            prompt.fill([(line_of(screen.context, row), row) for row in page.items])

    def failed(error: PettyCashError) -> None:
        close(prompt)
        screen.show_error(error)

    screen.app.push_screen(prompt, chosen)
    screen.ask("sessions", session_list.list_sessions, then=found, failed=failed)


def line_of(context: DeskContext, row: SessionRow) -> str:
    """A session in a line: `2026-03-02 12:00  tui  local  idle for 20 min`."""
    if row.is_current:
        seen = "this one"
    elif row.state is session_list.SessionState.IDLE:
        seen = f"idle, seen {context.since(row.last_seen_at)} ago"
    else:
        seen = f"seen {context.since(row.last_seen_at)}"
    return f"{context.moment(row.created_at)}  {row.client:<5}{row.source:<22}{seen}"


def _end(screen: DeskScreen, row: SessionRow) -> None:
    if row.is_current:
        screen.tell(f"This is where you are: {key('session.sign_out')} signs you out here.")
        return
    desk, actor = screen.context.desk, screen.context.actor

    def done(ended: Revoked) -> None:
        screen.tell("That session is ended.")

    screen.write(
        lambda: session_list.revoke(desk, actor, row.id),
        then=done,
        failed=screen.show_error,
        key=("revoke", row.id),
    )
