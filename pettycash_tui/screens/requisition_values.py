"""What stands in the fields of a requisition: of one that is there, of one like it, and what was changed of it."""

from __future__ import annotations

from collections.abc import Mapping

from pettycash_tui.models.enums import OriginType
from pettycash_tui.services.requisition_detail import RequisitionDetail
from pettycash_tui.services.requisitions import RequisitionInput

Values = dict[str, str | bool]

TYPED = {
    "amount": "Amount",
    "payee": "Payee",
    "purpose": "Purpose",
    "destination": "Paid to",
    "urgency_reason": "Why urgent",
}
"""The fields that people type, with their labels: what is worth a question before it is thrown away."""

PLACES = {"branch": OriginType.BRANCH, "region": OriginType.FIELD}


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
        "cost_center": (detail.cost_center.code or "") if detail.cost_center else "",
        "fund": detail.fund.code or "",
    }


def values_like(detail: RequisitionDetail) -> Values:
    """What a new requisition like this one begins with: its urgency was its own."""
    return {**values_of(detail), "is_urgent": False, "urgency_reason": ""}


def changes(values: Values, base: Mapping[str, str | bool]) -> RequisitionInput:
    """What the service is given of a form that edits `base`: only what was changed."""
    changed = {name: value for name, value in values.items() if value != base.get(name) and name != "company"}
    place = {"origin", "branch", "region"} & changed.keys()
    if place:
        # A place is named whole: the services refuse a branch at head office, and a region beside a branch.
        origin = str(values["origin"])
        changed["origin"] = origin
        for name, belongs in PLACES.items():
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
