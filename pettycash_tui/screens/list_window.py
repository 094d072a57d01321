"""A window in which several payments are confirmed together: the list, what it comes to, the code, and what came of it.

The screen below writes: a window that was left takes no result any more, but what was begun goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, TypeVar
from uuid import UUID

from textual import events, on
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.code_text import draw_code
from pettycash_tui.screens.list_shown import ListShown
from pettycash_tui.screens.listed import Listed, said
from pettycash_tui.screens.long_work import LOOK_EVERY, LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import bundle_views
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.long_text import Lines
from pettycash_tui.widgets.plain import MUTED, Field, FieldError, PlainText, show_field_errors

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments

T = TypeVar("T")


class ListWindow(ListShown):
    """Payments that were marked, confirmed together. `owner` is the list in which they were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("form.submit"),
        binding("form.enter"),
        binding("pay.resend"),
    ]
    look_seconds = 0.4
    """How long a list that needs no code must have been in view, as it is, before a key confirms it."""

    enter_does = ""
    """What the key that confirms does, for the last line: `pays them`."""
    waits = ""
    """What is said while that is under way: `paying…`."""
    before_code = ""
    """What is said where the code stands, until it can be sent."""
    stops_after = ""
    """After what esc stops what is under way: `this fund`. Empty where it is one step."""

    def __init__(self, owner: MarkedPayments, marked: Sequence[PaymentView]) -> None:
        super().__init__()
        self.owner = owner
        self.context = owner.context
        self.marked = tuple(marked)
        self.chosen: tuple[UUID, ...] = ()
        """What is confirmed: as it was seen when the list was opened, or the code sent."""
        self.work: LongWork | None = None
        self.scheduled_for: date | None = None
        self._watch: Timer | None = None
        self._seen_at = monotonic()

    # -- what a window says --------------------------------------------------------------------------------------------

    def read_list(self) -> Listed:
        """What of it can be confirmed now. Blocks; called in a thread."""
        raise NotImplementedError

    @property
    def is_ready_for_code(self) -> bool:
        """Whether all stands that the code is bound to, beside the list."""
        return True

    def begin(self, code: str | None) -> None:
        """Do it, by `start`."""
        raise NotImplementedError

    def list_came(self, listed: Listed) -> None:
        """The list is there for the first time."""

    def on_mount(self) -> None:
        self.make_room()
        self.focus_first()
        self.look_again()
        self.set_interval(1, self.tick)
        self.tick()

    # -- the list ------------------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Read how the payments stand."""
        self.read("listed", self.read_list, then=self._take_list, failed=self._list_failed)

    def _take_list(self, listed: Listed) -> None:
        if self.is_over or self.work is not None:
            return
        is_first = self.listed is None
        if listed != self.listed:
            self._seen_at = monotonic()
        self.listed = listed
        self.show_list()
        if not listed.lines:
            self._end_asking()
        elif is_first:
            self.chosen = listed.ids
            self.query_one("#field-otp").display = listed.needs_code
            self.list_came(listed)
            self.focus_first()
            if listed.needs_code and self.is_ready_for_code:
                self.open_code(self.standing_or_new)
        self.tick()

    def _list_failed(self, error: PettyCashError) -> None:
        if self.listed is None:
            sheet = Sheet()
            sheet.line(f"✖ {error.message}", "bad")
            self.shown.show(sheet.lines)
            self._end_asking()
        else:
            self.say(error.message)

    def books_changed(self) -> None:
        """Somebody acted: what cannot be confirmed any more is shown so."""
        if not self.is_over and self.work is None:
            self.look_again()

    @on(events.ScreenResume)
    def _come_back(self) -> None:
        if self.listed is not None:
            self.books_changed()

    # -- the code ------------------------------------------------------------------------------------------------------

    @property
    def code_key(self) -> Hashable:
        return ("code of a list", self.chosen, self.scheduled_for)

    @property
    def may_ask_code(self) -> bool:
        needs = self.listed is not None and self.listed.needs_code and self.is_ready_for_code
        return needs and not self.is_over and self.work is None

    def read_code(self) -> BundleSent | None:
        return self.context.read(bundle_views.standing, self.chosen, self.scheduled_for)

    def known_code(self) -> BundleSent | None:
        return self.owner.sent_lists.get((self.chosen, self.scheduled_for))

    def code_came(self, code: BundleSent | None) -> None:
        if code is None or self.listed is None:
            return
        numbers = {payment.number: payment.id for payment in self.marked}
        chosen = tuple(numbers[number] for number in code.payments)
        self.owner.sent_lists[chosen, self.scheduled_for] = code
        if chosen != self.chosen:
            self.chosen = chosen
            self.look_again()

    # -- confirming ----------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#said", FieldError).show_message("")

    @on(Input.Submitted)
    def _line_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.entered(event.input)

    def entered(self, line: Input) -> None:
        """Confirm; a window with more fields goes on to the next one first."""
        self.action_submit()

    def action_enter(self) -> None:
        """Confirm where there is nothing to type; close the result."""
        self.action_submit()

    def action_submit(self) -> None:
        """Confirm all of it; once that is done, close."""
        if self.is_over:
            self.dismiss(None)
        elif self.work is not None:
            self.say("It is under way; wait for the result.")
        elif self.listed is None:
            self.say("The list is still being read.")
        elif not self.listed.needs_code and monotonic() - self._seen_at < self.look_seconds:
            # Without a code nothing but this key stands before the money: one that was pressed twice is no answer.
            self._seen_at = monotonic()
            self.say(f"Look at the list and its total, then press {key('form.enter')}.")
        elif self.is_complete():
            self.begin(str(self.query_one(CodeInput).value).strip() if self.listed.needs_code else None)

    def is_complete(self) -> bool:
        """Whether all that is needed was typed; else that is said beside its field."""
        return True

    def start(
        self,
        change: Callable[[LongWork], T],
        *,
        then: Callable[[T], object],
        then_away: Callable[[T], str],
    ) -> None:
        """Call `change` in a thread, once. `then` shows what came of it here; `then_away` tells it, if one has left."""
        work, owner = LongWork(len(self.chosen)), self.owner

        def done(result: T) -> None:
            self._end_work()
            if self.is_attached:
                then(result)
            else:
                owner.tell(then_away(result))
            owner.reload()

        def failed(error: PettyCashError) -> None:
            self._end_work()
            if self.is_attached:
                self.refuse(error)
            else:
                owner.show_error(error)
            owner.reload()

        begun = owner.write(
            lambda: change(work),
            then=done,
            failed=failed,
            key=(type(self).__name__, frozenset(self.chosen)),
            waits=self.waits,
            window=self,
        )
        if not begun:
            self.say("It is under way already; you will be told what came of it.")
            return
        self.work = work
        self.say("")
        for field in self.query(Field):
            field.disabled = True
        self._watch = self.set_interval(LOOK_EVERY, self.tick)
        self.tick()

    def _end_work(self) -> None:
        self.work = None
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def refuse(self, error: PettyCashError) -> None:
        """Say why nothing was done; what was typed stays, but for the code."""
        for field in self.query(Field):
            field.disabled = False
        has_field = show_field_errors(self, error)
        self.make_room()
        if not has_field:
            self.say(said(error))
        if self.listed is not None and self.listed.needs_code and not set(error.fields) - {"otp"}:
            self.ask_code_again()
        self.look_again()
        self.tick()

    def finish(self, title: str, lines: Lines) -> None:
        """Show what came of it; one can only close it."""
        self.query_one(".title", PlainText).show(title)
        self.shown.show(lines)
        self.query_one("#total").display = False
        self.shown.scroll_home(animate=False)
        self._end_asking()

    def _end_asking(self) -> None:
        self.is_over = True
        for field in self.query(Field):
            field.display = False  # its room is the list's at once; it goes a moment later
            field.remove()
        self.query_one("#code-state").display = False
        self.say("")
        self.set_focus(None)
        self.make_room()
        self.tick()

    # -- what changes with time ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        state = self.query_one("#code-state", PlainText)
        if self.work is not None:
            state.show(self.work.bar if self.stops_after else "")
        elif not self.is_over and self.listed is not None and not self.is_ready_for_code:
            state.show(self.before_code, MUTED)
        elif not self.is_over and self.listed is not None:
            state.update(
                draw_code(
                    is_needed=self.listed.needs_code,
                    sent=self.code,
                    is_sending=self.is_sending,
                    now=self.context.desk.clock(),
                    wait=self.wait_to_resend,
                )
            )
        self.make_room()
        self.query_one("#foot", PlainText).show(" · ".join(self._keys()))

    def _keys(self) -> list[str]:
        leave, more = key("app.back"), f"{key('pay.page_down')} shows more"
        scrolls = [more] if self.shown.line_count > self.room else []
        if self.work is not None:
            if not self.stops_after:
                return [self.waits.capitalize(), f"{leave} leaves, and it goes on"]
            if self.work.is_stopping:
                return [f"Stopping after {self.stops_after}…", f"{leave} leaves"]
            return [self.waits.capitalize(), f"{leave} stops after {self.stops_after}"]
        if self.is_over:
            return [*scrolls, f"{key('pay.copy')} copies", f"{key('form.enter')} or {leave} closes"]
        resend = [f"{key('pay.resend')} new code"] if self.may_ask_code and not self.wait_to_resend else []
        return [f"{key('form.enter')} {self.enter_does}", *resend, *scrolls, f"{leave} leaves"]

    # -- leaving -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While there are fields, they have the key that closes the result."""
        if action == "enter":
            return not self.is_mounted or not self.inputs
        return True

    def action_back(self) -> None:
        """Stop what is under way; else leave. What was begun goes on."""
        if self.work is not None and self.stops_after and not self.work.is_stopping:
            self.work.stop()
            self.tick()
            return
        if self.work is not None:
            self.notify("It goes on; you will be told what came of it.", markup=False)
        self.dismiss(None)
