"""Giving the decision on a requisition to somebody else: first whom, then why."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.typed_reasons import TypedReasons
from pettycash_tui.services import reassigning
from pettycash_tui.services.acts import Acted
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.reassigning import Candidate
from pettycash_tui.services.requisition_views import RequisitionRow

GIVEN_AGAIN = "Whoever gets it decides; an admin may give it to somebody else again."


class Reassigning(ListAndDetail):
    """A list of requisitions in which an admin gives a decision to somebody else."""

    rights: ClassVar = {"reassign": Right.ADMINISTER}

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self.typed_reasons = TypedReasons()

    def row_to_reassign(self) -> RequisitionRow | None:
        """The row that is meant; None, with the reason told, where there is none."""
        raise NotImplementedError

    def action_reassign(self) -> None:
        """Give the decision to somebody else."""
        if (row := self.row_to_reassign()) is None:
            return
        prompt = ChoicePrompt[Candidate](f"Who decides on {row.number}?", None, self._told_of(row)[:1])

        def chosen(taker: Candidate | None) -> None:
            if taker is not None:
                self._ask_why(row, taker)

        def found(candidates: tuple[Candidate, ...]) -> None:
            if not candidates:
                close(prompt)
                self.tell(f"Nobody else may decide on {row.number}.", warning=True)
            elif prompt.is_attached:
                prompt.fill([(_named(candidate), candidate) for candidate in candidates])

        def failed(error: PettyCashError) -> None:
            close(prompt)
            self.show_error(error)

        self.app.push_screen(prompt, chosen)
        self.ask("reassign", reassigning.eligible_approvers, row.id, then=found, failed=failed)

    def _ask_why(self, row: RequisitionRow, taker: Candidate) -> None:
        username, about = taker.person.username, ("reassign", row.id)

        def give(reason: str) -> None:
            service = partial(reassigning.reassign, expected_step=taker.step_id)
            self.act(service, row.id, username, reason, then=given, failed=refused)

        def given(acted: Acted) -> None:
            self.typed_reasons.sent(about)
            self.tell(f"{acted.number} waits for {username} now.")
            self.reload()

        def refused(error: PettyCashError) -> None:
            self.show_error(error)
            self.reload()

        prompt = ReasonPrompt(
            f"Give {row.number} to {username}",
            self._told_of(row),
            confirm_label="Reassign",
            undo=GIVEN_AGAIN,
            text=self.typed_reasons.of(about),
        )
        self.app.push_screen(prompt, self.typed_reasons.keeping(about, give))

    def _told_of(self, row: RequisitionRow) -> list[str]:
        return [f"{self.context.money_with_currency(row.amount)} to {row.payee}", row.purpose]


def _named(candidate: Candidate) -> str:
    busy = f", {candidate.open_steps} waiting" if candidate.open_steps else ""
    # The role before the rest: with the name it says who decides, whatever is cut of a line that is too long.
    return f"{candidate.person.name}, {candidate.role.label}  ({candidate.person.username}{busy})"
