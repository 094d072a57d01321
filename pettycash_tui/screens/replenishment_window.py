"""A replenishment, and what the person may do about it now: approve it, reject it, receive its money.

Esc leaves at once, however slow the database: what was begun goes on, and its result becomes a notice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.screens.clipboard import send_to_clipboard
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.form_prompt import FormPrompt, Send
from pettycash_tui.screens.replenishment_prompts import ReceivePrompt, RejectPrompt
from pettycash_tui.screens.replenishment_text import draw_replenishment, what_others_did, what_was_done
from pettycash_tui.services import replenishment_views, replenishments
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.replenishment_views import ReplenishmentCase, ReplenishmentView
from pettycash_tui.services.replenishments import ReplenishmentAct, ReplenishmentState
from pettycash_tui.widgets.background import Background, BusyMark
from pettycash_tui.widgets.plain import PlainText

_ACTS = {
    "approve": ReplenishmentAct.APPROVE,
    "reject": ReplenishmentAct.REJECT,
    "receive": ReplenishmentAct.COMPLETE,
}


def open_over(screen: Screen[Any], number: str) -> None:
    """Open the window of a replenishment over a screen of the desk; not over another window."""
    if isinstance(screen, DeskScreen):
        screen.app.push_screen(ReplenishmentWindow(screen, number))


class ReplenishmentWindow(Background, ModalScreen[None]):
    """One replenishment. The screen below writes: it is still there when the window was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        *bindings_for("replenishment"),
        binding("window.close"),
        binding("list.down"),
        binding("list.up"),
    ]
    help_title = "Replenishment"
    help_text = (
        "A fund is to be filled up: somebody who did not ask for it approves it, and the money is received when it has"
        " come.\n"
        "What is yours to do now stands in the last line of the window; where it is not, the window says why."
    )
    DEFAULT_CSS = """
    ReplenishmentWindow { align: center middle; }
    ReplenishmentWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ReplenishmentWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    ReplenishmentWindow #meanwhile { display: none; height: auto; color: $warning; text-style: bold; margin-bottom: 1; }
    ReplenishmentWindow VerticalScroll { height: auto; max-height: 16; scrollbar-size-vertical: 1; }
    ReplenishmentWindow VerticalScroll PlainText { height: auto; }
    ReplenishmentWindow BusyMark { padding: 0; }
    ReplenishmentWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, below: DeskScreen, number: str) -> None:
        super().__init__()
        self._below = below
        self._number = number
        self._case: ReplenishmentCase | None = None
        self._known: ReplenishmentStatus | None = None
        """The status that the person knows of: the one first shown, and what they made of it."""
        self._is_writing = False
        self._prompt: FormPrompt | None = None

    # -- parts ---------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(f"Replenishment {self._number}", classes="title")
            yield PlainText(id="meanwhile")
            with VerticalScroll(can_focus=False):
                yield PlainText("loading…", id="whole")
            yield BusyMark()
            yield PlainText(id="foot", classes="foot")

    def on_mount(self) -> None:
        self._name_keys()
        self.reload()

    @property
    def text(self) -> str:
        """What is shown."""
        return f"Replenishment {self._number}\n{self.query_one('#whole', PlainText).text}"

    def _name_keys(self) -> None:
        words = {"approve": "approves", "reject": "rejects", "receive": "receives the money"}
        offered = [f"{key(f'replenishment.{name}')} {words[name]}" for name in _ACTS if self.check_action(name, ())]
        keys = [*offered, f"{key('replenishment.copy')} copies", f"{key('app.back')} closes"]
        self.query_one("#foot", PlainText).show(" · ".join(keys))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the services allow this person now."""
        if action not in _ACTS:
            return True
        return self._case is not None and self._case.explanation.allows(_ACTS[action])

    # -- reading -------------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read how it stands."""
        query = partial(self._below.context.read, replenishment_views.case, self._number)
        self.read("case", query, then=self._show, failed=self._not_read)

    def books_changed(self) -> None:
        """Somebody acted: show what became of it."""
        self.reload()

    def _show(self, case: ReplenishmentCase) -> None:
        self._case = case
        self.query_one("#whole", PlainText).update(draw_replenishment(case, self._below.context))
        self._name_keys()
        self.refresh_bindings()
        if not self._is_writing:  # else it may be one's own doing, whose answer is on its way
            self._tell_news(case.replenishment)

    def _tell_news(self, asked: ReplenishmentView) -> None:
        """Say what somebody else has made of it since it was shown."""
        if self._known in (None, asked.status):
            self._known = asked.status
            return
        self._known = asked.status
        sentence = what_others_did(asked)
        meanwhile = self.query_one("#meanwhile", PlainText)
        meanwhile.show(f"! {sentence}")
        meanwhile.display = True
        if self._prompt is not None and self._prompt.is_attached:
            self._prompt.end(sentence)

    def _not_read(self, error: PettyCashError) -> None:
        self._below.show_error(error)
        if self._case is None:
            self.query_one("#whole", PlainText).show(f"✖ {error.message}")

    # -- deciding ------------------------------------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Approve it."""
        if self._case is not None and not self._write(self._case.replenishment, replenishments.approve):
            self._below.tell(f"{self._number} is being decided already.", warning=True)

    def action_reject(self) -> None:
        """Ask why, and reject it."""

        def send(asked: ReplenishmentView, typed: Any) -> bool:
            return self._write(asked, replenishments.reject, typed["reason"])

        self._ask(RejectPrompt, send)

    def action_receive(self) -> None:
        """Ask for reference and amount, and record that the money has come."""

        def send(asked: ReplenishmentView, typed: Any) -> bool:
            return self._write(asked, replenishments.complete, typed["reference"], typed["amount"])

        self._ask(ReceivePrompt, send)

    def _ask(
        self,
        prompt: Callable[[ReplenishmentView, DeskContext, Send], FormPrompt],
        send: Callable[[ReplenishmentView, Any], bool],
    ) -> None:
        if self._case is not None:
            asked = self._case.replenishment
            self._prompt = prompt(asked, self._below.context, partial(send, asked))
            self.app.push_screen(self._prompt)

    def _write(self, asked: ReplenishmentView, service: Callable[..., ReplenishmentState], *typed: str) -> bool:
        """Do it, once; False while something is being done to it already."""
        context = self._below.context
        begun = self._below.write(
            partial(context.desk.run, context.actor, service, asked.id, *typed),
            then=partial(self._done, asked),
            failed=partial(self._refused, self._prompt),
            key=self._key,
        )
        self._is_writing = self._is_writing or begun
        return begun

    @property
    def _key(self) -> tuple[str, str]:
        return ("replenishment", self._number)

    def _done(self, asked: ReplenishmentView, state: ReplenishmentState) -> None:
        self._is_writing = False
        self._known = state.status
        if self._prompt is not None and self._prompt.is_attached:
            self._prompt.finish()
        self._below.tell(what_was_done(state, asked, self._below.context))
        self._below.reload()
        if self.is_attached:
            self.reload()

    def _refused(self, prompt: FormPrompt | None, error: PettyCashError) -> None:
        self._is_writing = False
        if prompt is not None and prompt.is_attached:
            prompt.refuse(error)
        else:
            self._below.show_error(error)
        if self.is_attached and not error.fields:
            self.reload()

    # -- the other keys ------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy it."""
        self._below.tell(send_to_clipboard(self.app, self.text))

    def action_row_down(self) -> None:
        """Show the next line."""
        self.query_one(VerticalScroll).scroll_relative(y=1, animate=False)

    def action_row_up(self) -> None:
        """Show the line before."""
        self.query_one(VerticalScroll).scroll_relative(y=-1, animate=False)

    def action_back(self) -> None:
        """Leave at once; what was begun goes on."""
        if self._below.is_writing(self._key):
            self._below.tell(f"{self._number} is still being recorded; you will be told.")
        self.dismiss(None)
