"""What the requisition form begins with, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from pettycash_tui.screens.requisition_fields import Values, values_of
from pettycash_tui.services import form_choices, form_drafts, requisition_views
from pettycash_tui.services.form_choices import RequisitionChoices
from pettycash_tui.services.form_drafts import FormDraft
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Opened:
    """Choices, the requisition as it is when one is edited, and what was typed last time and not sent."""

    choices: RequisitionChoices
    base: Values | None
    draft: FormDraft | None


def open_form(reading: Reading, number: str | None, form_name: str) -> Opened:
    """The beginning of a form; `number` names the requisition to edit. Raises NotFound for one that is not there."""
    detail = requisition_views.show(reading, number) if number is not None else None
    choices = form_choices.requisition_choices(reading, detail.company.code if detail else None)
    return Opened(choices, values_of(detail) if detail else None, form_drafts.load(reading, form_name))
