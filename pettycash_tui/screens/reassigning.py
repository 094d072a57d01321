"""Giving the decision on a requisition to somebody else: first whom, then why."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.screens.prompts import ReasonPrompt
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

    def row_to_reassign(self) -> RequisitionRow | None:
        """The row that is meant; None, with the reason told, where there is none."""
        raise NotImplementedError

    def action_reassign(self) -> None:
        """Give the decision to somebody else."""
        if (row := self.row_to_reassign()) is not None:
            found = partial(self._choose_taker, row)
            self.ask("reassign", reassigning.eligible_approvers, row.id, then=found)

    def _choose_taker(self, row: RequisitionRow, candidates: tuple[Candidate, ...]) -> None:
        if not candidates:
            self.tell(f"Nobody else may decide on {row.number}.", warning=True)
            return

        def chosen(username: str | None) -> None:
            if username is not None:
                self._ask_why(row, username)

        choices = [(_named(candidate), candidate.person.username) for candidate in candidates]
        self.app.push_screen(ChoicePrompt(f"Who decides on {row.number}?", choices, self._told_of(row)[:1]), chosen)

    def _ask_why(self, row: RequisitionRow, username: str) -> None:
        def answered(reason: str | None) -> None:
            if reason is not None:
                self.act(reassigning.reassign, row.id, username, reason, then=given, failed=refused)

        def given(acted: Acted) -> None:
            self.tell(f"{acted.number} waits for {username} now.")
            self.reload()

        def refused(error: PettyCashError) -> None:
            self.show_error(error)
            self.reload()

        title = f"Give {row.number} to {username}"
        prompt = ReasonPrompt(title, self._told_of(row), confirm_label="Reassign", undo=GIVEN_AGAIN)
        self.app.push_screen(prompt, answered)

    def _told_of(self, row: RequisitionRow) -> list[str]:
        return [f"{self.context.money_with_currency(row.amount)} to {row.payee}", row.purpose]


def _named(candidate: Candidate) -> str:
    busy = f", {candidate.open_steps} waiting" if candidate.open_steps else ""
    return f"{candidate.person.name}  ({candidate.person.username}, {candidate.role.label}{busy})"
