"""The fields of a requisition: filled from choices, read as what was typed, and shown only where they count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Checkbox, Select
from textual.widgets.select import InvalidSelectValueError

from pettycash_tui.actions import key
from pettycash_tui.models.enums import OriginType, PaymentMethod
from pettycash_tui.models.text import printable
from pettycash_tui.screens.requisition_values import PLACES, TYPED, Values, changes
from pettycash_tui.services.form_choices import Choice, RequisitionChoices
from pettycash_tui.services.history import History
from pettycash_tui.services.pasted_row import read_row
from pettycash_tui.services.requisitions import PURPOSE_LENGTH, RequisitionInput
from pettycash_tui.widgets.completion import CompletingInput
from pettycash_tui.widgets.plain import Field, focused_field
from pettycash_tui.widgets.safe_input import SafeInput
from pettycash_tui.widgets.tick_box import TickBox

_WITH_CHOICES = ("company", "category", "branch", "region", "department", "cost_center", "fund")
_UNCHOSEN: Values = {"method": PaymentMethod.CASH.value, "destination": ""}
_DESTINATIONS = {
    PaymentMethod.MPESA.value: "phone number, such as +254712345678",
    PaymentMethod.BANK_TRANSFER.value: "bank and account number",
    PaymentMethod.CASH.value: "where the cash goes, if not to the payee",
}


class _Line(Field):
    """A field of this form. Tab goes through them in the order in which they are made.

    Textual goes by where they stand, which of a line that has only just been shown is not known to the next key.
    """

    @property
    def _focus_sort_key(self) -> tuple[int, int]:
        assert self.parent is not None
        return (self.parent.children.index(self), 0)


class RequisitionFields(VerticalScroll, can_focus=False):
    """The form itself. `values` are what stands in it, by the names of `RequisitionInput`."""

    DEFAULT_CSS = """
    RequisitionFields { padding: 0 1; scrollbar-size-vertical: 1; background: $background; }
    RequisitionFields Checkbox { background: $background; padding: 0; border: none; }
    RequisitionFields Input { background: $surface; }
    RequisitionFields SelectCurrent { background: $surface; }
    """

    class RowTaken(Message):
        """A row of a spreadsheet was pasted and stands in these fields now."""

        def __init__(self, labels: Sequence[str]) -> None:
            super().__init__()
            self.labels = tuple(labels)

    def __init__(self) -> None:
        super().__init__()
        fields = (
            _Line("company", "Company", _select("choose a company")),
            _Line("amount", "Amount", self._line(40, "1,250.50 or 1.2k")),
            _Line("payee", "Payee", self._completing(200, "yourself, when nobody is named")),
            _Line("purpose", "Purpose", self._completing(PURPOSE_LENGTH, "what it is for")),
            _Line("category", "Category", _select("the company's default")),
            _Line("method", "Paid by", _select()),
            _Line("destination", "Paid to", self._line(200)),
            _Line("is_urgent", "Urgent", TickBox("cannot wait for the normal sequence")),
            _Line("urgency_reason", "Why urgent", self._line(500)),
            _Line("origin", "Origin", _select()),
            _Line("branch", "Branch", _select("choose a branch")),
            _Line("region", "Region", _select("choose a region")),
            _Line("department", "Department", _select("none")),
            _Line("cost_center", "Cost center", _select("none")),
            _Line("fund", "Fund", _select("the nearest to the origin")),
        )
        for field in fields:
            # What is chosen from what the database knows comes with it: laid out at once, it would hold the first key.
            _leave_out(field, field.field_name in _WITH_CHOICES)
        # Asked with every key: searching the tree for each would be felt.
        self._by_name = {field.field_name: field for field in fields}
        self._choices = RequisitionChoices()
        self._history = History()
        self._as_before: Values = {}
        self._payee_before = self._said_before = ""

    def _line(self, most: int, placeholder: str = "") -> SafeInput:
        return SafeInput(placeholder=placeholder, max_length=most, take_row=self._take_row)

    def _completing(self, most: int, placeholder: str) -> CompletingInput:
        hint = f"{placeholder} · {key('choice.down')} shows earlier ones"
        return CompletingInput(placeholder=hint, max_length=most, take_row=self._take_row)

    def compose(self) -> ComposeResult:
        yield from self._by_name.values()

    def on_mount(self) -> None:
        self._offer("method", [(member.value, member.label) for member in PaymentMethod])
        self._offer("origin", [(member.value, member.label) for member in OriginType])
        self._choose("method", PaymentMethod.CASH.value)
        self.show_what_counts()

    # -- filling -------------------------------------------------------------------------------------------------------

    def offer(self, choices: RequisitionChoices) -> None:
        """What the fields can be chosen from."""
        self._choices = choices
        lists: Mapping[str, Sequence[Choice]] = {
            "company": choices.companies,
            "category": choices.categories,
            "branch": choices.branches,
            "region": choices.regions,
            "department": choices.departments,
            "cost_center": choices.cost_centers,
            "fund": choices.funds,
        }
        for name, options in lists.items():
            self._offer(name, [(choice.code, choice.label) for choice in options])
        for name in ("category", "department", "fund"):
            _leave_out(self.field(name), False)
        _leave_out(self.field("company"), len(choices.companies) < 2)
        _leave_out(self.field("cost_center"), not choices.cost_centers)

    def complete_from(self, history: History) -> None:
        """What payees and purposes are completed from."""
        self._history = history
        self._completing_line("payee").offer(known.name for known in history.payees)
        self._completing_line("purpose").offer(history.purposes)

    def _completing_line(self, name: str) -> CompletingInput:
        control = self.field(name).control_widget
        assert isinstance(control, CompletingInput)
        return control

    def fill_defaults(self, choices: RequisitionChoices) -> None:
        """What a new requisition of this person begins with."""
        self.fill(
            {
                "company": choices.company,
                "origin": choices.origin.value,
                "branch": choices.branch or "",
                "region": choices.region or "",
                "department": choices.department or "",
                "cost_center": choices.cost_center or "",
                "category": choices.category or "",
            }
        )

    def fill(self, values: Mapping[str, str | bool]) -> None:
        """Put values into the fields; names that are no field are left out, as are choices that are gone."""
        for field in self._by_name.values():
            if field.field_name not in values:
                continue
            value, control = values[field.field_name], field.control_widget
            if isinstance(control, Select):
                self._choose(field.field_name, str(value))
            elif isinstance(control, Checkbox):
                control.value = bool(value)
            elif isinstance(control, SafeInput):
                control.fill(str(value))
        self.show_what_counts()

    # -- what was asked before -----------------------------------------------------------------------------------------

    def fill_as_before(self) -> str:
        """Fill method and destination as the payee was paid last, where nobody chose them; says so, or nothing."""
        values = self.values
        if values["payee"] == self._payee_before:
            return self._said_before
        self._payee_before = str(values["payee"])
        self._said_before = self._pay_as_before(values)
        return self._said_before

    def _pay_as_before(self, values: Values) -> str:
        chosen = {name: values[name] for name in ("method", "destination")}
        if chosen not in (_UNCHOSEN, self._as_before):
            return ""
        known = self._history.payee(str(values["payee"])) if values["payee"] else None
        paid: Values = {"method": known.method.value, "destination": known.destination} if known else dict(_UNCHOSEN)
        self._as_before = paid if known else {}
        if paid != chosen:
            self.fill(paid)
        if known is None or paid == _UNCHOSEN:
            return ""
        return (
            f"Paid by {known.method.label} {known.destination}".rstrip() + " as last time; type over it to change it."
        )

    # -- what is pasted ------------------------------------------------------------------------------------------------

    @property
    def typed(self) -> dict[str, str]:
        """What people typed, by the labels of the fields."""
        values = self.values
        return {label: str(values[name]) for name, label in TYPED.items() if values[name]}

    def _take_row(self, text: str) -> bool:
        """Spread a row of a spreadsheet over the empty form; False when it is a text like another."""
        if self.typed:
            return False
        row = read_row(text, self._choices.currency, [choice.code for choice in self._choices.categories])
        if row is None:
            return False
        self.fill(row)
        self.post_message(self.RowTaken([self.field(name).label for name in row]))
        return True

    @on(SafeInput.Refused)
    def _say_refused(self, event: SafeInput.Refused) -> None:
        event.stop()
        field = focused_field(event.field)
        if field is not None and field.error != event.reason:
            field.show_error(event.reason, focus=False)

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> Values:
        """What stands in the fields; an empty text where nothing is chosen."""
        return {name: "" if field.value is None else field.value for name, field in self._by_name.items()}

    def given(self, base: Mapping[str, str | bool] | None = None) -> RequisitionInput:
        """What the service is given: of a form that edits `base` only what was changed."""
        shown = {name for name, field in self._by_name.items() if field.display}
        values = self.values
        if base is not None:
            return changes(values, base)
        texts = {
            name: str(value) if name in shown and value != "" else None
            for name, value in values.items()
            if name != "is_urgent"
        }
        texts["amount"] = str(values["amount"])
        texts["purpose"] = str(values["purpose"])
        # An empty department or cost centre is a choice; None would be the requester's own.
        texts["department"] = str(values["department"])
        texts["cost_center"] = str(values["cost_center"])
        return RequisitionInput(**texts, is_urgent=bool(values["is_urgent"]))

    def field(self, name: str) -> Field:
        """The field of that name."""
        return self._by_name[name]

    def show_what_counts(self) -> None:
        """Leave out what does not apply: a branch that head office has not, a reason without urgency."""
        values = self.values
        for name, origin in PLACES.items():
            _leave_out(self.field(name), values["origin"] != origin.value)
        _leave_out(self.field("urgency_reason"), not values["is_urgent"])
        destination = self.field("destination").control_widget
        if isinstance(destination, SafeInput):
            destination.placeholder = _DESTINATIONS.get(str(values["method"]), "")

    # -- choices -------------------------------------------------------------------------------------------------------

    def _offer(self, name: str, options: Iterable[tuple[str, str]]) -> None:
        select = self._list_of(name)
        chosen = select.value
        # A rich Text is drawn as it is, and found by typing; a str would be parsed as markup.
        select.set_options([(Text(printable(label)), code) for code, label in options])
        if chosen is not Select.NULL:
            self._choose(name, str(chosen))

    def _list_of(self, name: str) -> Select[str]:
        control = self.field(name).control_widget
        assert isinstance(control, Select)
        return control

    def _choose(self, name: str, code: str) -> None:
        select = self._list_of(name)
        try:
            select.value = code or Select.NULL
        except InvalidSelectValueError:
            select.value = Select.NULL


def _leave_out(field: Field, is_left_out: bool) -> None:
    # By its own style and not by a rule: a rule is looked at after the next key, which may be the tab that goes there.
    field.display = not is_left_out


def _select(prompt: str | None = None) -> Select[str]:
    return Select[str]([], prompt=prompt or "…", allow_blank=True)
