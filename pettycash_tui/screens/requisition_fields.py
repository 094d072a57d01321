"""The fields of a requisition: filled from choices, read as what was typed, and shown only where they count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Checkbox, Input, Select
from textual.widgets.select import InvalidSelectValueError

from pettycash_tui.models.enums import OriginType, PaymentMethod
from pettycash_tui.models.text import printable
from pettycash_tui.services.form_choices import Choice, RequisitionChoices
from pettycash_tui.services.requisition_views import RequisitionDetail
from pettycash_tui.services.requisitions import PURPOSE_LENGTH, RequisitionInput
from pettycash_tui.widgets.plain import Field
from pettycash_tui.widgets.safe_input import SafeInput
from pettycash_tui.widgets.tick_box import TickBox

Values = dict[str, str | bool]

_PLACES = {"branch": OriginType.BRANCH, "region": OriginType.FIELD}
_DESTINATIONS = {
    PaymentMethod.MPESA.value: "phone number, such as +254712345678",
    PaymentMethod.BANK_TRANSFER.value: "bank and account number",
    PaymentMethod.CASH.value: "where the cash goes, if not to the payee",
}


class RequisitionFields(VerticalScroll, can_focus=False):
    """The form itself. `values` are what stands in it, by the names of `RequisitionInput`."""

    DEFAULT_CSS = """
    RequisitionFields { padding: 0 1; scrollbar-size-vertical: 1; background: $background; }
    RequisitionFields Field.-left-out { display: none; }
    RequisitionFields Checkbox { background: $background; padding: 0; border: none; }
    RequisitionFields Input { background: $surface; }
    RequisitionFields SelectCurrent { background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__()
        fields = (
            Field("company", "Company", _select("choose a company")),
            Field("amount", "Amount", SafeInput(placeholder="1,250.50 or 1.2k", max_length=40)),
            Field("payee", "Payee", SafeInput(placeholder="yourself", max_length=200)),
            Field("purpose", "Purpose", SafeInput(placeholder="what it is for", max_length=PURPOSE_LENGTH)),
            Field("category", "Category", _select("the company's default")),
            Field("method", "Paid by", _select()),
            Field("destination", "Paid to", SafeInput(max_length=200)),
            Field("is_urgent", "Urgent", TickBox("cannot wait for the normal sequence")),
            Field("urgency_reason", "Why urgent", SafeInput(max_length=500)),
            Field("origin", "Origin", _select()),
            Field("branch", "Branch", _select("choose a branch")),
            Field("region", "Region", _select("choose a region")),
            Field("department", "Department", _select("none")),
            Field("fund", "Fund", _select("the nearest to the origin")),
        )
        # Asked with every key: searching the tree for each would be felt.
        self._by_name = {field.field_name: field for field in fields}

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
        lists: Mapping[str, Sequence[Choice]] = {
            "company": choices.companies,
            "category": choices.categories,
            "branch": choices.branches,
            "region": choices.regions,
            "department": choices.departments,
            "fund": choices.funds,
        }
        for name, options in lists.items():
            self._offer(name, [(choice.code, choice.label) for choice in options])
        self.field("company").set_class(len(choices.companies) < 2, "-left-out")

    def fill_defaults(self, choices: RequisitionChoices) -> None:
        """What a new requisition of this person begins with."""
        self.fill(
            {
                "company": choices.company,
                "origin": choices.origin.value,
                "branch": choices.branch or "",
                "region": choices.region or "",
                "department": choices.department or "",
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
            else:
                control.value = str(value)
        self.show_what_counts()

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> Values:
        """What stands in the fields; an empty text where nothing is chosen."""
        return {name: "" if field.value is None else field.value for name, field in self._by_name.items()}

    def given(self, base: Mapping[str, str | bool] | None = None) -> RequisitionInput:
        """What the service is given: of a form that edits `base` only what was changed."""
        shown = {name for name, field in self._by_name.items() if not field.has_class("-left-out")}
        values = self.values
        if base is not None:
            return _changes(values, base)
        texts = {
            name: str(value) if name in shown and value != "" else None
            for name, value in values.items()
            if name != "is_urgent"
        }
        texts["amount"] = str(values["amount"])
        texts["purpose"] = str(values["purpose"])
        # An empty department is a choice; None would be the requester's own.
        texts["department"] = str(values["department"])
        return RequisitionInput(**texts, is_urgent=bool(values["is_urgent"]))

    def field(self, name: str) -> Field:
        """The field of that name."""
        return self._by_name[name]

    def show_what_counts(self) -> None:
        """Leave out what does not apply: a branch that head office has not, a reason without urgency."""
        values = self.values
        for name, origin in _PLACES.items():
            self.field(name).set_class(values["origin"] != origin.value, "-left-out")
        self.field("urgency_reason").set_class(not values["is_urgent"], "-left-out")
        destination = self.field("destination").query_one(Input)
        destination.placeholder = _DESTINATIONS.get(str(values["method"]), "")

    # -- choices -------------------------------------------------------------------------------------------------------

    def _offer(self, name: str, options: Iterable[tuple[str, str]]) -> None:
        select = self.field(name).query_one(Select)
        chosen = select.value
        # A rich Text is drawn as it is, and found by typing; a str would be parsed as markup.
        select.set_options([(Text(printable(label)), code) for code, label in options])
        if chosen is not Select.NULL:
            self._choose(name, str(chosen))

    def _choose(self, name: str, code: str) -> None:
        select = self.field(name).query_one(Select)
        try:
            select.value = code or Select.NULL
        except InvalidSelectValueError:
            select.value = Select.NULL


def _select(prompt: str | None = None) -> Select[str]:
    return Select[str]([], prompt=prompt or "…", allow_blank=True)


def values_of(detail: RequisitionDetail) -> Values:
    """A requisition as the fields show it, to be edited. A purpose of several lines stands on one."""
    return {
        "company": detail.company.code or "",
        "amount": detail.amount.plain(),
        "payee": detail.payee,
        "purpose": " ".join(detail.purpose.split()),
        "category": detail.category.code or "",
        "method": detail.method.value,
        "destination": detail.destination,
        "is_urgent": detail.is_urgent,
        "urgency_reason": detail.urgency_reason,
        "origin": detail.origin_type.value,
        "branch": (detail.branch.code or "") if detail.branch else "",
        "region": (detail.region.code or "") if detail.region else "",
        "department": (detail.department.code or "") if detail.department else "",
        "fund": detail.fund.code or "",
    }


def _changes(values: Values, base: Mapping[str, str | bool]) -> RequisitionInput:
    changed = {name: value for name, value in values.items() if value != base.get(name) and name != "company"}
    place = {"origin", "branch", "region"} & changed.keys()
    if place:
        # A place is named whole: the services refuse a branch at head office, and a region beside a branch.
        origin = str(values["origin"])
        changed["origin"] = origin
        for name, belongs in _PLACES.items():
            changed.pop(name, None)
            if belongs.value == origin:
                changed[name] = values[name]
        if values["fund"] == base.get("fund"):
            changed.pop("fund", None)
    texts = {name: str(value) for name, value in changed.items() if name != "is_urgent"}
    if texts.get("fund") == "":
        texts.pop("fund")
    urgent = changed.get("is_urgent")
    return RequisitionInput(**texts, is_urgent=None if urgent is None else bool(urgent))
