"""A new requisition, or changes to one's own: typed on the left, what will happen on the right, nothing ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select

from pettycash_tui.actions import FORM, bindings_for
from pettycash_tui.screens import requisition_sending
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.requisition_fields import RequisitionFields, Values
from pettycash_tui.screens.requisition_opening import Opened, open_form
from pettycash_tui.screens.requisition_sending import Sent, sentence
from pettycash_tui.screens.sheet import LABEL_WIDTH
from pettycash_tui.services import form_choices, form_drafts
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, PettyCashError
from pettycash_tui.services.form_choices import RequisitionChoices
from pettycash_tui.services.preview import Preview, preview
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.widgets.plain import focused_field, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

Sending = Callable[[DeskContext, str | None, RequisitionInput, str], Sent]

WIDE = 120
"""Columns from which on the live panel stands beside the form."""

PREVIEW_DELAY = 0.25
DRAFT_DELAY = 1.0
OPEN_AGAIN = 2.0
"""Seconds without a key before what is typed is previewed, and kept."""


class RequisitionFormScreen(DeskScreen):
    """The form. `number` names the requisition to change; without it a new one is written."""

    place = "requisition_form"
    help_title = "New requisition"
    help_text = (
        "Type amount, payee and purpose; the rest has defaults. What will happen is shown as you type, and what you"
        " type is kept: leave with esc and it is there again when you come back."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_for(FORM),
        *bindings_for("requisition_form"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    RequisitionFormScreen #form { height: 1fr; }
    RequisitionFormScreen RequisitionFields { height: 1fr; }
    RequisitionFormScreen PreviewPanel { height: 8; }
    RequisitionFormScreen.-wide #form { layout: horizontal; }
    RequisitionFormScreen.-wide RequisitionFields { width: 1fr; height: 100%; padding: 1 1 0 1; }
    RequisitionFormScreen.-wide PreviewPanel { width: 52; height: 100%; padding: 1 1 0 1; }
    """

    def __init__(self, context: DeskContext, number: str | None = None) -> None:
        super().__init__(context)
        self.number = number
        self._is_told_away = False
        self._base: Values | None = None
        self._kept: Values | None = None
        self._previewed: Values | None = None
        self._company = ""
        self._problems: Mapping[str, str] = {}
        self._delays: dict[str, Timer] = {}
        self._wanted: Callable[[], None] | None = None
        if number is not None:
            self.help_title = f"Change {number}"

    def body(self) -> Iterable[Widget]:
        """The fields and the live panel."""
        yield Container(RequisitionFields(), PreviewPanel(self.context), id="form")

    def on_mount(self) -> None:
        self.fields.field("amount").query_one(Input).focus()
        self._open()

    def reload(self) -> None:
        """Nothing is read again over what is being typed."""

    @property
    def fields(self) -> RequisitionFields:
        """The form itself."""
        return self.query_one(RequisitionFields)

    @property
    def form_name(self) -> str:
        """The name that what is typed is kept under."""
        return f"requisition {self.number or 'new'}"

    # -- opening -------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.ask("open", open_form, self.number, self.form_name, then=self._opened, failed=self._not_opened)

    def _not_opened(self, error: PettyCashError) -> None:
        """Say so once, and go on trying: what is typed meanwhile is taken up when the database is back."""
        if not isinstance(error, DatabaseUnavailable):
            self.show_error(error)
            return
        if not self._is_told_away:
            self._is_told_away = True
            self.show_error(error)
        self.set_timer(OPEN_AGAIN, self._open)

    def _opened(self, opened: Opened) -> None:
        typed = {name: value for name, value in self.fields.values.items() if value and name in _TYPED}
        self._company = opened.choices.company
        self.fields.offer(opened.choices)
        self.fields.fill_defaults(opened.choices)
        if opened.base is not None:
            self._base = opened.base
            self.fields.fill(opened.base)
        if opened.draft is not None:
            self.fields.fill(opened.draft.values)
            self.tell(
                f"What you typed on {self.context.moment(opened.draft.saved_at)} and did not send is here again;"
                " ^o throws it away."
            )
        self.fields.fill(typed)  # who began to type before the database answered keeps that
        self._kept = self.fields.values
        self._preview()
        if self._wanted is not None:
            self._wanted()

    # -- while one types -----------------------------------------------------------------------------------------------

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        if self._kept is None:
            return
        self.fields.show_what_counts()
        values = self.fields.values
        if values["company"] != self._company and values["company"]:
            self._company = str(values["company"])
            self.ask("open", form_choices.requisition_choices, self._company, then=self._other_company)
        if values != self._previewed:
            self._later("preview", PREVIEW_DELAY, self._preview)
        if values != self._kept:
            self._later("draft", DRAFT_DELAY, self._keep)

    def _other_company(self, choices: RequisitionChoices) -> None:
        self.fields.offer(choices)
        self.fields.fill_defaults(choices)

    def _later(self, name: str, delay: float, what: Callable[[], None]) -> None:
        if name in self._delays:
            self._delays[name].stop()
        self._delays[name] = self.set_timer(delay, what)

    def _preview(self) -> None:
        self._previewed = self.fields.values
        self.ask("preview", preview, self.fields.given(self._base), self.number, then=self._show_preview)

    def _show_preview(self, found: Preview) -> None:
        self.query_one(PreviewPanel).show(found)
        self._problems = found.problems
        self._show_problems()

    @on(events.DescendantBlur)
    def _show_problems(self) -> None:
        """Say what is wrong beside every field that one has left, and at once where something was pasted.

        Only what is said of a value that still stands there: the next preview is on its way when it was changed.
        """
        here, values, seen = focused_field(self.focused), self.fields.values, self._previewed or {}
        for name, message in self._problems.items():
            if not values.get(name) or values[name] != seen.get(name):
                continue
            field = self.fields.field(name)
            control = field.control_widget
            if field is not here or (isinstance(control, SafeInput) and control.was_pasted):
                field.show_error(message[:1].upper() + message[1:], focus=False)

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field; it never sends a form by accident."""
        event.stop()
        self.focus_next()

    # -- the draft of what is typed ------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Keep what stands in the form, in a thread. It is tried again with the next key when that fails."""
        values, form = self.fields.values, self.form_name
        if values == self._kept:
            return
        desk, actor = self.context.desk, self.context.actor
        self.write(
            lambda: desk.run_unaudited(actor, form_drafts.save, form, values),
            then=lambda _: self._have_kept(values),
            failed=lambda error: None,
            key=("draft", form, tuple(values.items())),
        )

    def _have_kept(self, values: Values) -> None:
        self._kept = values

    def unsaved(self) -> Callable[[], object] | None:
        """What keeps the form as it stands, when it stands otherwise than what is kept."""
        values = self.fields.values
        if self._kept is None or values == self._kept:
            return None
        desk, actor, form = self.context.desk, self.context.actor, self.form_name
        return lambda: desk.run_unaudited(actor, form_drafts.save, form, values)

    def action_back(self) -> None:
        """Leave the form; what was typed stays."""
        if self._kept is not None and self.fields.values != self._kept:
            self._keep()
            self.tell("What you typed is kept: it is here when you come back.")
        super().action_back()

    # -- sending -------------------------------------------------------------------------------------------------------

    def action_submit(self) -> None:
        """Check the form and send it."""
        self._send(requisition_sending.submit, self._submitted, self.action_submit)

    def action_save_draft(self) -> None:
        """Write it as a draft, to finish another time."""
        self._send(requisition_sending.save, self._saved, self.action_save_draft)

    def _send(self, how: Sending, then: Callable[[Sent], None], again: Callable[[], None]) -> None:
        if self._kept is None:
            self._wanted = again  # the choices are still being read: it is sent when they are there
            return
        for name in ("draft", "preview"):
            if name in self._delays:
                self._delays[name].stop()
        given = self.fields.given(self._base)
        context, number, form = self.context, self.number, self.form_name
        self.write(
            lambda: how(context, number, given, form),
            then=then,
            failed=self._refused,
            key=("send", form),
        )

    def _refused(self, error: PettyCashError) -> None:
        if not (isinstance(error, InvalidInput) and show_field_errors(self.fields, error)):
            self.show_error(error)

    def _saved(self, sent: Sent) -> None:
        self.tell(f"{sent.number} is saved as a draft." if self._base is None else f"{sent.number} is saved.")
        self._leave()

    def _submitted(self, sent: Sent) -> None:
        if sent.refusal is not None:
            # It is written by now: what one changes here is changed in that draft.
            self.number, self._base = sent.number, self.fields.values
            self._kept = self._base
            self.show_title(f"Change {sent.number}")
            self.show_error(sent.refusal)
            self.tell(f"{sent.number} is saved, and not submitted.", warning=True)
            self._preview()
            return
        self.tell(sentence(sent))
        for warning in sent.warnings:
            self.tell(warning, warning=True)
        self._leave()

    def _leave(self) -> None:
        self._kept = None  # nothing is kept of a form that was sent
        super().action_back()

    # -- discarding ----------------------------------------------------------------------------------------------------

    def action_discard(self) -> None:
        """Throw away what was typed, after asking."""
        values = self.fields.values
        typed = [f"{name:<{LABEL_WIDTH}}{values[key]}" for key, name in _TYPED.items() if values[key]]
        if not typed:
            self._discard(True)
            return
        self.app.push_screen(ConfirmPrompt("Throw away what you typed?", typed, "Throw away"), self._discard)

    def _discard(self, yes: bool | None) -> None:
        if not yes:
            return
        desk, actor, form = self.context.desk, self.context.actor, self.form_name
        self.write(lambda: desk.run_unaudited(actor, form_drafts.clear, form), then=lambda _: self._leave())


_TYPED = {
    "amount": "Amount",
    "payee": "Payee",
    "purpose": "Purpose",
    "destination": "Paid to",
    "urgency_reason": "Why urgent",
}
