"""Confirming marked payments for a later day: the day, the references of what is ordered by hand, and one code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Input

from pettycash_tui.actions import key
from pettycash_tui.screens.asking_references import AsksReferences
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.listed import Group, LeftOut, Line, Listed, payments
from pettycash_tui.screens.long_work import LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import gateway_settings, schedule_plan, schedules
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.inputs import parse_day
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.services.schedules import Scheduled
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.plain import Field, focused_field, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments


class ScheduleTogether(AsksReferences):
    """Payments that are executed by themselves on a day which is confirmed now."""

    enter_does = "takes the day"
    waits = "confirming the day…"

    def __init__(self, owner: MarkedPayments, marked: Sequence[PaymentView]) -> None:
        super().__init__(owner, marked)
        self.help_title = f"Schedule {payments(len(marked))}"
        self.help_text = (
            "One code confirms the list, its total and the day; on that day each is executed by itself, and until then"
            f" {key('payments.unschedule')} takes the day away.\n"
            "Cash is handed over by somebody and has no day. A transfer by hand is ordered for the day, and its"
            " reference typed here."
        )
        self.before_code = f"The code is for the day too: type it, then {key('form.enter')} sends the code."
        self._day_tried: date | None = None

    def read_list(self) -> Listed:
        day = self._day_tried or self.context.day() + timedelta(days=1)
        network = gateway_settings.gateways(self.context.desk)
        return self.context.read(_listed, self.marked, day, network)

    def send_code(self) -> BundleSent | None:
        if self.scheduled_for is None:
            return None
        return schedules.send_code(self.context.desk, self.context.actor, self.chosen, self.scheduled_for).sent

    # -- the day -------------------------------------------------------------------------------------------------------

    @property
    def is_ready_for_code(self) -> bool:
        return self.scheduled_for is not None

    def fields(self) -> Iterable[Field]:
        tomorrow = (self.context.day() + timedelta(days=1)).isoformat()
        yield Field("date", "Day", SafeInput(max_length=10, placeholder=f"a later day, such as {tomorrow}"))
        yield from super().fields()

    @on(Input.Changed, "#field-date Input")
    def _day_typed(self) -> None:
        # The code that was sent is for the day that stood there.
        self.scheduled_for, self.code = None, None
        self.enter_does = ScheduleTogether.enter_does
        self.tick()

    def entered(self, line: Input) -> None:
        field = focused_field(line)
        if field is not None and field.field_name == "date" and self.work is None and not self.is_over:
            self._take_day()
        else:
            super().entered(line)

    def _take_day(self) -> None:
        """Take the day that was typed, look whether the list can have it, and send the code."""
        field = self.query_one("#field-date", Field)
        try:
            day = parse_day("date", str(field.value))
        except InvalidInput as error:
            show_field_errors(self, error)
            return
        self._day_tried = day
        self.read("listed", self.read_list, then=partial(self._day_taken, day), failed=self._day_refused)

    def _day_taken(self, day: date, listed: Listed) -> None:
        if self.is_over or self.work is not None:
            return
        if self.listed is None or not set(self.chosen) <= set(listed.ids):
            self.chosen = listed.ids
        self.scheduled_for = day
        self.enter_does = "confirms the day"
        self.listed = listed
        self.show_list()
        if not listed.lines:
            self.say("None of these can have that day: the reasons stand in the list.")
            self.scheduled_for = self._day_tried = None
            return
        following = [control for control in self.inputs if control is not self.query_one("#field-date Input")]
        if following:
            following[0].focus()
        if listed.needs_code:
            self.open_code(self.standing_or_new)
        self.tick()

    def _day_refused(self, error: PettyCashError) -> None:
        self._day_tried = None
        if not show_field_errors(self, error):
            self.say(error.message)
        self.tick()

    def is_complete(self) -> bool:
        if self.scheduled_for is None:
            self.query_one("#field-date", Field).show_error("Type the day on which they are to be executed.")
            return False
        return super().is_complete()

    # -- confirming ----------------------------------------------------------------------------------------------------

    def begin(self, code: str | None) -> None:
        desk, actor, chosen, day = self.context.desk, self.context.actor, self.chosen, self.scheduled_for
        if day is None:
            return
        references = self.typed

        def schedule(work: LongWork) -> Scheduled:
            return schedules.schedule(desk, actor, chosen, day, code=code, references=references)

        self.start(schedule, then=self._scheduled, then_away=self._told_away)

    def refuse(self, error: PettyCashError) -> None:
        super().refuse(error)
        if not error.fields and self.query(CodeInput):
            self.query_one(CodeInput).focus()

    def _scheduled(self, done: Scheduled) -> None:
        self.owner.done_with(each.id for each in done.payments)
        sheet = Sheet()
        total = self.context.money_with_currency(done.total)
        sheet.line(f"✔ {payments(done.count)} confirmed for {done.day.isoformat()}, {total}", "good")
        sheet.line(f"Executed by themselves on that day; {key('payments.unschedule')} takes the day away until then.")
        sheet.line()
        for each in done.payments:
            sheet.line(f"{each.payment:<11}{self.context.money_with_currency(each.amount):>17}")
        self.finish(f"{payments(done.count)} scheduled", sheet.lines)

    def _told_away(self, done: Scheduled) -> str:
        self.owner.done_with(each.id for each in done.payments)
        return f"{payments(done.count)} confirmed for {done.day.isoformat()}."


def _listed(reading: Reading, marked: Sequence[PaymentView], day: date, network: Gateways) -> Listed:
    found = schedule_plan.reasons_against(reading, [payment.id for payment in marked], day, network)
    where = {payment.id: payment.destination for payment in marked}
    lines = tuple(
        Line(
            id=line.id,
            number=line.payment,
            payee=line.payee,
            amount=line.amount,
            method=line.method,
            destination=where[line.id],
            asks_reference=line.needs_reference,
        )
        for line in found.good
    )
    left_out = tuple(LeftOut(line.payment, line.reasons) for line in found.refused)
    groups = (Group("", lines),) if lines else ()
    return Listed(groups, left_out, any(line.needs_code for line in found.good))
