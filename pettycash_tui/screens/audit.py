"""The log of everything that was done: who, what, on what, when and from where, and the chain that proves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.screens.audit_text import cells_of, columns_of, event_text, integrity_text
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.export_kinds import ExportKind, proof_kind
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.screens.period import Period
from pettycash_tui.screens.period_prompt import PeriodPrompt
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.verifying import VerifyingWindow
from pettycash_tui.services import audit_check, audit_state, audit_views, export_audit, people_views
from pettycash_tui.services.audit_check import Asked
from pettycash_tui.services.audit_state import Integrity
from pettycash_tui.services.audit_views import FAMILIES, AuditFilter, EventView
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.paging import MAX_LIMIT
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.plain import PlainText

_EVERYBODY, _EVERYTHING = ("everybody", ""), ("everything", "")


class AuditScreen(ListAndDetail):
    """The audit log, newest first, narrowed by words, person, kind of act, subject and period."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("audit")]
    DEFAULT_CSS = "AuditScreen #integrity { height: 1; padding: 0 1; }"
    place = "audit"
    help_title = "Audit"
    filter_hint = "subject, number or any word of an event"

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._given = AuditFilter()
        self._period = Period()
        self._subject = ""
        self.help_text = (
            "Everything that was done, by whom, on what, when and from where."
            f" {key('audit.person')}, {key('audit.action')} and {key('audit.period')} narrow it;"
            f" {key('audit.subject')} follows what happened to the one under the cursor."
            f" {key('list.export')} writes what is listed to a file."
        )
        self.empty_text = self._nothing("")

    def on_mount(self) -> None:
        self.table.focus()
        self._say_what_is_shown()
        self._weigh()

    def body(self) -> Iterable[Widget]:
        """The list and the detail, below what is known of the whole."""
        yield PlainText(id="integrity")
        yield from super().body()

    def reload(self) -> None:
        super().reload()
        self._weigh()

    def _weigh(self) -> None:
        """Say when all of it was verified and sealed, and with what result."""

        def show(found: Integrity) -> None:
            self.query_one("#integrity", PlainText).update(integrity_text(self.context, found))

        self.ask("integrity", audit_state.integrity, then=show)

    # -- which are shown -----------------------------------------------------------------------------------------------

    def source(self) -> KeysetSource[EventView]:
        """The events that match."""
        return KeysetSource(
            self.context,
            columns_of(),
            audit_views.list_events,
            self._narrowed,
            cells=lambda event: cells_of(self.context, event),
        )

    @property
    def _narrowed(self) -> AuditFilter:
        text = self.filter_text if self.is_mounted else ""
        return replace(self._given, search=text or None, from_date=self._period.first, to_date=self._period.last)

    def export_request(self) -> ExportRequest:
        """All that the list shows."""
        return export_audit.events(self._narrowed)

    def filter_changed(self, text: str) -> None:
        """Show what matches."""
        self._say_what_is_shown()
        self.show_list()

    def _say_what_is_shown(self) -> None:
        given = self._given
        shown = [f"by {given.user}"] if given.user else []
        shown += [dict(FAMILIES)[given.action].partition(":")[0].lower()] if given.action else []
        shown += [self._subject] if given.subject_id else []
        shown += [self._period.words] if self._period.text else []
        shown += [f"“{self.filter_text}”"] if self.filter_text else []
        self.show_title(f"{self.help_title}: {', '.join(shown) or 'all'}")
        self.empty_text = self._nothing(self.filter_text)

    def _nothing(self, search: str) -> str:
        """What an empty list says: that nothing was done, or what hides it."""
        if search:
            return f"Nothing matches “{search}”; {key('app.back')} shows all."
        if self._given != AuditFilter() or self._period.text:
            return (
                f"Nothing of that kind was done. {key('audit.person')}, {key('audit.action')}, {key('audit.period')}"
                " choose otherwise."
            )
        return "Nothing was done yet."

    def _narrow(self, given: AuditFilter) -> None:
        self._given = given
        self.filter_changed(self.filter_text)

    # -- narrowing -----------------------------------------------------------------------------------------------------

    def action_choose_person(self) -> None:
        """Show only what one person did."""
        prompt = ChoicePrompt[str]("Whose acts?", None)

        def chosen(username: str | None) -> None:
            if username is not None:
                self._narrow(replace(self._given, user=username or None))

        def found(people: list[tuple[str, str]]) -> None:
            if prompt.is_attached:
                prompt.fill([_EVERYBODY, *people])

        def failed(error: PettyCashError) -> None:
            close(prompt)
            self.show_error(error)

        self.app.push_screen(prompt, chosen)
        self.ask("people", _people, then=found, failed=failed)

    def action_choose_action(self) -> None:
        """Show only one kind of act."""

        def chosen(beginning: str | None) -> None:
            if beginning is not None:
                self._narrow(replace(self._given, action=beginning or None))

        choices = [_EVERYTHING, *((told, beginning) for beginning, told in FAMILIES)]
        self.app.push_screen(ChoicePrompt("Which acts?", choices), chosen)

    def action_of_subject(self) -> None:
        """Show only what happened to the subject of the event under the cursor; again, all."""
        event: EventView | None = self.value
        if self._given.subject_id is not None:
            self._narrow(replace(self._given, subject_id=None))
        elif event is not None and event.subject_id is not None:
            self._subject = event.subject
            self._narrow(replace(self._given, subject_id=event.subject_id))

    def action_period(self) -> None:
        """Choose the period."""

        def chosen(period: Period | None) -> None:
            if period is not None:
                self._period = period
                self.filter_changed(self.filter_text)

        self.app.push_screen(PeriodPrompt(self._period, self.context.day()), chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a subject where there is one."""
        if action == "of_subject":
            event: EventView | None = self.value
            return self._given.subject_id is not None or (event is not None and event.subject_id is not None)
        return super().check_action(action, parameters)

    def action_verify(self) -> None:
        """Check the chain, and the books against it."""
        choices = [
            (f"the last {audit_check.DAYS} days", Asked()),
            ("all, from the first event", Asked(full=True)),
        ]

        def chosen(asked: Asked | None) -> None:
            if asked is not None:
                what = next(told for told, each in choices if each is asked)
                self.app.push_screen(VerifyingWindow(self.context, asked, what, self.reload))

        self.app.push_screen(ChoicePrompt("Verify what?", choices), chosen)

    def export_kinds(self) -> list[ExportKind]:
        """Besides the list: all of it, as a file that can be verified without the database."""
        return [proof_kind(self.context)]

    # -- the event under the cursor ------------------------------------------------------------------------------------

    def read_detail(self, value: EventView) -> EventView:
        """The event: all of it was read with the list."""
        return value

    def draw_detail(self, detail: EventView) -> Content:
        """What stands in the pane."""
        return event_text(self.context, detail)


def _people(reading: Reading) -> list[tuple[str, str]]:
    """Everybody of the company, also who is not active any more: what they did stays."""
    found: list[tuple[str, str]] = []
    after = None
    while True:
        page = people_views.listing(reading, active=None, limit=MAX_LIMIT, after=after)
        found += [(f"{row.username}  {row.name}", row.username) for row in page.items]
        after = page.next
        if after is None:
            return found
