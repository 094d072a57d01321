"""What the requisition form begins with, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from pettycash_tui.screens.requisition_values import Values, values_like, values_of
from pettycash_tui.services import form_choices, form_drafts, requisition_views
from pettycash_tui.services.form_choices import RequisitionChoices
from pettycash_tui.services.form_drafts import FormDraft
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Opened:
    """Choices, and what to fill in.

    `base` is the requisition that is edited, `like` the one that a new one is to be like, `draft` what was typed last
    time and not sent.
    """

    choices: RequisitionChoices
    base: Values | None
    like: Values | None
    draft: FormDraft | None


def open_form(reading: Reading, number: str | None, like: str | None, form_name: str) -> Opened:
    """The beginning of a form; `number` names the requisition to edit, `like` the one to copy.

    Raises NotFound for one that is not there.
    """
    named = number or like
    detail = requisition_views.show(reading, named) if named is not None else None
    choices = form_choices.requisition_choices(reading, detail.company.code if detail else None)
    return Opened(
        choices,
        values_of(detail) if detail and number is not None else None,
        values_like(detail) if detail and number is None else None,
        form_drafts.load(reading, form_name),
    )


def values_like_earlier(reading: Reading, number: str) -> Values:
    """What a form is filled with that is to be like an earlier requisition. Raises NotFound."""
    return values_like(requisition_views.show(reading, number))
