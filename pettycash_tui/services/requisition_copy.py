"""A new requisition like an earlier one: everything that was asked for, but not its number, urgency or attachments."""

from __future__ import annotations

from dataclasses import fields, replace
from uuid import UUID

from pettycash_tui.services.refs import Ref
from pettycash_tui.services.requisition_detail import RequisitionDetail, show
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Reading

_PLACE = ("origin", "branch", "region", "fund")


def like(reading: Reading, ref: str | UUID, given: RequisitionInput | None = None) -> RequisitionInput:
    """The input for a requisition like `ref`, on which what is `given` counts more. Raises NotFound.

    Who names another place takes that place's fund, not the one of the earlier requisition.
    """
    base = copied(show(reading, ref))
    given = given or RequisitionInput()
    if any(getattr(given, name) is not None for name in ("origin", "branch", "region")):
        base = replace(base, **dict.fromkeys(_PLACE))
    named = {field.name: value for field in fields(given) if (value := getattr(given, field.name)) is not None}
    return replace(base, **named)


def copied(detail: RequisitionDetail) -> RequisitionInput:
    """The content of a requisition as it would be typed."""
    return RequisitionInput(
        origin=detail.origin_type.value,
        branch=_code(detail.branch),
        # A branch implies its region.
        region=_code(detail.region) if detail.branch is None else None,
        department=_code(detail.department) or "",
        cost_center=_code(detail.cost_center) or "",
        amount=detail.amount.plain(),
        purpose=detail.purpose,
        category=_code(detail.category),
        payee=detail.payee,
        method=detail.method.value,
        destination=detail.destination,
        fund=_code(detail.fund),
        company=detail.company.code,
    )


def _code(place: Ref | None) -> str | None:
    return place.code if place is not None else None
