"""A new requisition, or changes to one's own: typed on the left, what will happen on the right, nothing ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select

from pettycash_tui.actions import FORM, bindings_for, key
from pettycash_tui.screens import requisition_sending
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.requisition_draft import DraftKeeper
from pettycash_tui.screens.requisition_earlier import earlier_prompt, replace_prompt, typed_lines
from pettycash_tui.screens.requisition_fields import RequisitionFields
from pettycash_tui.screens.requisition_opening import Opened, open_form, values_like_earlier
from pettycash_tui.screens.requisition_preview import LivePreview
from pettycash_tui.screens.requisition_sending import Sent, sentence
from pettycash_tui.screens.requisition_values import TYPED, Values
from pettycash_tui.services import form_choices, form_drafts, history
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, PettyCashError
from pettycash_tui.services.form_choices import RequisitionChoices
from pettycash_tui.services.history import Earlier
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.widgets.plain import show_field_errors

Sending = Callable[[DeskContext, str | None, RequisitionInput, str], Sent]

WIDE = 120
"""Columns from which on the live panel stands beside the form."""

OPEN_AGAIN = 2.0
"""Seconds until an opening that failed is tried again."""


class RequisitionFormScreen(DeskScreen):
    """The form. `number` names the requisition to change, `like` the one that a new one is to be like."""

    place = "requisition_form"
    help_title = "New requisition"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        # The field that one types in answers enter itself.
        *(made for made in bindings_for(FORM) if made.id != "form.enter"),
        *bindings_for("requisition_form"),
    ]
    DEFAULT_CSS = """
    RequisitionFormScreen #form { height: 1fr; }
    RequisitionFormScreen RequisitionFields { height: 1fr; }
    RequisitionFormScreen PreviewPanel { height: auto; max-height: 9; }
    RequisitionFormScreen.-wide #form { layout: horizontal; }
    RequisitionFormScreen.-wide RequisitionFields { width: 3fr; height: 100%; padding: 1 1 0 1; }
    RequisitionFormScreen.-wide PreviewPanel {
        width: 2fr; min-width: 54; max-width: 90; height: 100%; max-height: 100%; padding: 1 1 0 1;
    }
    """

    def __init__(self, context: DeskContext, number: str | None = None, *, like: str | None = None) -> None:
        super().__init__(context)
        self.fields = RequisitionFields()
        self.number = number
        self._like = like
        self._is_told_away = False
        self._base: Values | None = None
        self._fresh: Values | None = None
        self._company = ""
        self._wanted: Callable[[], None] | None = None
        self._keeper = self._keeper_of_form()
        self._live = LivePreview(self, self.fields, lambda: (self.fields.given(self._base), self.number))
        if number is not None:
            self.help_title = f"Change {number}"
        like_earlier = f", {key('requisition_form.earlier')} fills the form like an earlier requisition"
        self.help_text = (
            "Type amount, payee and purpose; the rest has defaults. What will happen is shown as you type. → takes what"
            f" stands in grey, {key('choice.down')} shows earlier payees and"
            f" purposes{like_earlier if number is None else ''}. A row copied from a"
            " spreadsheet (amount, payee, purpose, category, method, destination) fills the fields. What you type"
            " is kept: leave and it is there when you come back."
        )

    def body(self) -> Iterable[Widget]:
        """The fields and the live panel."""
        yield Container(self.fields, PreviewPanel(self.context), id="form")

    def on_mount(self) -> None:
        self.fields.field("amount").control_widget.focus()
        self._open()

    def reload(self) -> None:
        """Nothing is read again over what is being typed; what will happen may be another by now."""
        if self._keeper.kept is not None:
            self._live.ask()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A requisition that is changed is not filled like another one."""
        if action == "earlier":
            return self.number is None
        return super().check_action(action, parameters)

    def _keeper_of_form(self) -> DraftKeeper:
        return DraftKeeper(self, f"requisition {self.number or 'new'}", lambda: self.fields.values)

    # -- opening -------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        form = self._keeper.form
        self.ask("open", open_form, self.number, self._like, form, then=self._opened, failed=self._not_opened)

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
        typed = {name: value for name, value in self.fields.values.items() if value and name in TYPED}
        self._company = opened.choices.company
        self.fields.fill(dict.fromkeys(typed, ""))
        self.fields.offer(opened.choices)
        self.fields.fill_defaults(opened.choices)
        self._base = opened.base
        self.fields.fill(opened.base or opened.like or {})
        self._fresh = self.fields.values
        if opened.draft is not None and {**self._fresh, **opened.draft.values} != self._fresh:
            self._restore(opened)
        self._keeper.begin(self.fields.values)
        if typed:
            self.fields.fill(typed)  # who began to type before the database answered keeps that
            self._keeper.typed()
        self._live.ask()
        self.ask("history", history.known, then=self.fields.complete_from, failed=lambda error: None)
        if self._wanted is not None:
            self._wanted()

    def _restore(self, opened: Opened) -> None:
        """Put back what was typed and not sent; a copy of another requisition waits for a yes."""
        draft, like = opened.draft, opened.like
        assert draft is not None
        self.fields.fill(draft.values)
        since = self.context.moment(draft.saved_at)
        if like is None:
            discard = key("requisition_form.discard")
            self.show_title(f"{self.help_title} · typed {since}")
            self.tell(f"What you typed on {since} and did not send is here again; {discard} throws it away.")
            return
        prompt = replace_prompt(self._like or "", self.fields.typed, f" on {since}")
        self.app.push_screen(prompt, lambda yes: self._fill_like(like) if yes else None)

    # -- while one types -----------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._keeper.kept is not None:
            self._keeper.typed()
            self._live.typed()

    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _chosen(self) -> None:
        if self._keeper.kept is None:
            return
        self.fields.show_what_counts()
        company = str(self.fields.values["company"])
        if company and company != self._company:
            self._company = company
            self.ask("open", form_choices.requisition_choices, company, then=self._other_company)
        self._typed()

    def _other_company(self, choices: RequisitionChoices) -> None:
        self.fields.offer(choices)
        self.fields.fill_defaults(choices)

    @on(events.DescendantBlur)
    def _left_field(self, event: events.DescendantBlur) -> None:
        if self.number is None and event.widget is self.fields.field("payee").control_widget:
            self._live.note(self.fields.fill_as_before())
        self._live.show_problems()

    @on(RequisitionFields.RowTaken)
    def _tell_row(self, event: RequisitionFields.RowTaken) -> None:
        self.tell(f"The pasted row fills {', '.join(event.labels)}. {key('requisition_form.discard')} throws it away.")

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field; it never sends a form by accident."""
        event.stop()
        self.focus_next()

    # -- like an earlier one -------------------------------------------------------------------------------------------

    def action_earlier(self) -> None:
        """Choose one of one's earlier requisitions to fill the form from."""
        self.ask("earlier", history.earlier, then=self._offer_earlier)

    def _offer_earlier(self, found: tuple[Earlier, ...]) -> None:
        if found:
            self.app.push_screen(earlier_prompt(self.context, found), self._want_like)
        else:
            self.tell("You have no earlier requisition to fill the form from.")

    def _want_like(self, number: str | None) -> None:
        def fill(yes: bool | None) -> None:
            if yes:
                self.ask("like", values_like_earlier, number, then=self._fill_like)

        typed = self.fields.typed
        if number is not None and typed:
            self.app.push_screen(replace_prompt(number, typed), fill)
        elif number is not None:
            fill(True)

    def _fill_like(self, values: Values) -> None:
        self.fields.fill(values)
        self._keeper.typed()
        self._live.ask()

    # -- the draft of what is typed ------------------------------------------------------------------------------------

    def unsaved(self) -> Callable[[], object] | None:
        """What keeps the form as it stands, when it stands otherwise than what is kept."""
        return self._keeper.storing(self.fields.values) if self._keeper.is_behind else None

    def action_back(self) -> None:
        """Leave the form; what was typed stays."""
        if self._keeper.kept is not None:
            self._keeper.leave()  # also when it was emptied again: else what was typed before would come back
        if self._keeper.kept is not None and self.fields.values != self._fresh:
            again = f"; {key('requisition.new')} opens it again" if self.number is None else ""
            self.tell(f"What you typed is kept{again}.")
        super().action_back()

    # -- sending -------------------------------------------------------------------------------------------------------

    def action_submit(self) -> None:
        """Check the form and send it."""
        self._send(requisition_sending.submit, self._submitted, self.action_submit)

    def action_save_draft(self) -> None:
        """Write it as a draft, to finish another time."""
        self._send(requisition_sending.save, self._saved, self.action_save_draft)

    def _send(self, how: Sending, then: Callable[[Sent], None], again: Callable[[], None]) -> None:
        keeper = self._keeper
        if keeper.kept is None:
            self._wanted = again  # the choices are still being read: it is sent when they are there
            return
        given, context, number = self.fields.given(self._base), self.context, self.number

        def send() -> Sent:
            with keeper.ending():
                return how(context, number, given, keeper.form)

        self.write(send, then=then, failed=self._refused, key=("send", keeper.form))

    def _refused(self, error: PettyCashError) -> None:
        if not (isinstance(error, InvalidInput) and show_field_errors(self.fields, error)):
            self.show_error(error)

    def _saved(self, sent: Sent) -> None:
        self.tell(f"{sent.number} is saved as a draft." if self._base is None else f"{sent.number} is saved.")
        self._leave()

    def _submitted(self, sent: Sent) -> None:
        if sent.refusal is not None:
            self._go_on_with(sent.number)
            self.show_error(sent.refusal)
            self.tell(f"{sent.number} is saved, and not submitted.", warning=True)
            return
        self.tell(sentence(sent))
        for warning in sent.warnings:
            self.tell(warning, warning=True)
        self._leave()

    def _go_on_with(self, number: str) -> None:
        """It is written by now: what one changes here is changed in that draft."""
        self._keeper.end()
        self.number, self._base = number, self.fields.values
        self._fresh = self._base
        self._keeper = self._keeper_of_form()
        self._keeper.begin(self._base)
        self.show_title(f"Change {number}")
        self.refresh_bindings()
        self._live.ask()

    def _leave(self) -> None:
        self._live.end()
        self._keeper.end()  # nothing is kept of a form that was sent
        close(self)

    # -- discarding ----------------------------------------------------------------------------------------------------

    def action_discard(self) -> None:
        """Throw away what was typed, after asking."""
        typed = self.fields.typed
        if typed:
            self.app.push_screen(
                ConfirmPrompt("Throw away what you typed?", typed_lines(typed), "Throw away"), self._discard
            )
        else:
            self._discard(True)

    def _discard(self, yes: bool | None) -> None:
        if not yes:
            return
        desk, actor, keeper = self.context.desk, self.context.actor, self._keeper

        def discard() -> None:
            with keeper.ending():
                desk.run_unaudited(actor, form_drafts.clear, keeper.form)

        self.write(discard, then=lambda _: self._leave())
