"""Windows that ask for a one-time code: it is sent when they open, counted down, sent anew, and its tries are told.

A code that was sent a while ago and is still good is taken up again: opening a window twice voids nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from textual.widgets import Input

from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.code_text import SentCode, seconds_until, with_tries
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.pay_text import sentences_of
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import Background

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    class _Base(Background, ModalScreen[None]):
        """A window, which this is mixed into."""
else:
    _Base = Background

SENDING = "sending a code…"

_LOOK_FOR_CODE = 0.2
"""Seconds between two looks for a code that somebody else here is sending."""


class AsksCode(_Base, Generic[SentCode]):
    """What a window inherits that is confirmed by a code. `Sent` is one payment's code or that of a list."""

    context: DeskContext
    code: SentCode | None = None
    """The code that can be typed now."""
    resend_after: datetime | None = None
    is_sending = False

    # -- what a window says --------------------------------------------------------------------------------------------

    @property
    def code_key(self) -> Hashable:
        """By this the sending of its code is known in the app."""
        raise NotImplementedError

    @property
    def may_ask_code(self) -> bool:
        """Whether a code is needed, and nothing is decided yet."""
        raise NotImplementedError

    def read_code(self) -> SentCode | None:
        """The code that was sent before and is still good. Blocks; called in a thread."""
        raise NotImplementedError

    def send_code(self) -> SentCode | None:
        """Send a new code. Blocks; called in a thread."""
        raise NotImplementedError

    def tick(self) -> None:
        """Draw what changes with time."""
        raise NotImplementedError

    def say(self, message: str) -> None:
        """Say something under the field that one types in."""
        raise NotImplementedError

    def known_code(self) -> SentCode | None:
        """The code as it was sent from this desk: a demo shows its digits again."""
        return self.code

    def code_came(self, code: SentCode | None) -> None:
        """A code is there; None where none is needed after all."""

    # -- sending -------------------------------------------------------------------------------------------------------

    def action_resend(self) -> None:
        """Send a new code; before its time, say when that is."""
        if not self.may_ask_code:
            return
        if self.wait_to_resend:
            self.say(f"A new code can be sent in {self.wait_to_resend} s.")
            return
        self.open_code(self.send_code)

    @property
    def wait_to_resend(self) -> int:
        """Seconds until another code may be sent."""
        return seconds_until(self.resend_after, self.context.desk.clock()) if self.resend_after else 0

    def standing_or_new(self) -> SentCode | None:
        """The code that is still good, else a new one. Blocks."""
        standing = self.read_code()
        return standing if standing is not None else self.send_code()

    def open_code(self, make: Callable[[], SentCode | None]) -> None:
        """Have a code, from `standing_or_new` or `send_code`."""
        self.is_sending = True
        if not self.write(make, then=self._code_sent, failed=self._not_sent, key=self.code_key, waits=SENDING):
            # The list below sends one, or this window did before it was left: take what comes of that.
            self.say("A code is being sent already.")
            self.set_timer(_LOOK_FOR_CODE, self._look_for_code)

    def _look_for_code(self) -> None:
        if not self.may_ask_code:
            return
        if self.is_writing(self.code_key):
            self.set_timer(_LOOK_FOR_CODE, self._look_for_code)
            return
        self.say("")
        self.open_code(self.standing_or_new)

    def _code_sent(self, sent: SentCode | None) -> None:
        known = self.known_code()
        if sent is not None and known is not None and known.expires_at == sent.expires_at and sent.demo_code is None:
            # A code that was sent before from this desk, which in a demo is shown again.
            sent = with_tries(known, sent.attempts_left)
        self.is_sending = False
        self.code = sent
        self.resend_after = sent.resend_after if sent is not None else None
        self.code_came(sent)
        self.tick()
        self.say("")

    def _not_sent(self, error: PettyCashError) -> None:
        self.is_sending = False
        self.say(sentences_of(error))
        self.tick()

    # -- after a wrong one ---------------------------------------------------------------------------------------------

    def ask_code_again(self) -> None:
        """Empty its field and go there, and read how many tries are left and whether the code is still good."""
        field = self.query_one(CodeInput)
        with field.prevent(Input.Changed):
            field.value = ""
        field.focus()
        self.read("code", self.read_code, then=self._recount)

    def _recount(self, sent: Any) -> None:
        if sent is not None and self.code is not None and sent.expires_at == self.code.expires_at:
            self.code = with_tries(self.code, sent.attempts_left)
        else:
            self.code = sent
        self.tick()
