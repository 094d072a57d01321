"""The keys that decide a requisition: approve, reject, ask for changes, confirm or decline its urgency, reassign."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from pettycash_tui.actions import key
from pettycash_tui.models.enums import IN_APPROVAL
from pettycash_tui.screens.approval_detail import waits_for_urgency
from pettycash_tui.screens.approving_together import (
    NO_WAY_BACK,
    ApprovingWindow,
    Chosen,
    Outcome,
    Run,
    approve_one,
    choose,
    draw_outcomes,
    question,
    read_effects,
    totals,
)
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.prompts import NO_UNDO, ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.reassigning import Reassigning
from pettycash_tui.screens.requisition_text import explanation_text
from pettycash_tui.screens.showing_rows import ShowsRow
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import requisition_views, workflow
from pettycash_tui.services.acts import Acted
from pettycash_tui.services.approval_case import FundEffect
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.requisition_views import Explanation, RequisitionRow

COMES_BACK = "The requester changes it and submits it again; then every approval begins anew."


class Deciding(Reassigning, ShowsRow):
    """A list of requisitions of which one decides the row under the cursor, or all marked rows together."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Urgency is decided only where it is open; everything else here needs a row."""
        if not super().check_action(action, parameters):
            return False
        row: RequisitionRow | None = self.value
        if action in ("confirm_urgency", "decline_urgency"):
            return row is not None and not self.is_gone and waits_for_urgency(row.status)
        if action in ("why", "reassign"):
            return row is not None
        if action in ("approve", "approve_comment", "reject", "request_changes"):
            # What is paid already is only reviewed: it cannot be sent back any more.
            is_paid = row is not None and not self.is_gone and row.status not in IN_APPROVAL
            return self.table.row_count != 0 and not (is_paid and action in ("reject", "request_changes"))
        return True

    # -- one -----------------------------------------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Approve the requisition, or all marked ones after one question."""
        marked = self.table.marked_rows
        if marked:
            self._ask_together(choose([(row.value, row.gone) for row in marked]))
        elif (row := self.to_decide()) is not None:
            if waits_for_urgency(row.status):
                confirm, decline = key("approvals.confirm_urgency"), key("approvals.decline_urgency")
                self.tell(
                    f"{row.number} waits for its urgency: {confirm} confirms and approves it, {decline} declines.",
                    warning=True,
                )
            else:
                self._decide(row, workflow.approve)

    def action_approve_comment(self) -> None:
        """Approve it with a comment."""
        row = self.to_decide()
        if row is not None:
            service = workflow.confirm_urgency if waits_for_urgency(row.status) else workflow.approve
            self._ask(row, "Approve", service, required=False, undo=NO_WAY_BACK)

    def action_reject(self) -> None:
        """Reject it for good, with a reason."""
        if (row := self.to_decide()) is not None:
            self._ask(row, "Reject", workflow.reject, undo=f"{NO_UNDO} It would have to be asked for anew.")

    def action_request_changes(self) -> None:
        """Send it back, with a reason."""
        if (row := self.to_decide()) is not None:
            self._ask(row, "Ask for changes to", workflow.request_changes, undo=COMES_BACK)

    def action_confirm_urgency(self) -> None:
        """Confirm that it is urgent, which approves it."""
        if (row := self.to_decide()) is not None:
            self._decide(row, workflow.confirm_urgency)

    def action_decline_urgency(self) -> None:
        """Say that it is not urgent."""
        if (row := self.to_decide()) is not None:
            self._decide(row, workflow.decline_urgency)

    def action_why(self) -> None:
        """Explain how it is routed, and why one may or may not decide."""
        row: RequisitionRow | None = self.value
        if row is None:
            return

        def explained(found: Explanation) -> None:
            self.app.push_screen(TextWindow(f"Why {row.number} is here", explanation_text(found)))

        self.ask("why", requisition_views.explain, row.id, then=explained)

    def to_decide(self) -> RequisitionRow | None:
        """The row that a key decides on; None, with the reason told, where there is none."""
        row: RequisitionRow | None = self.value
        if self.is_unsettled:
            self.tell_unsettled()
            return None
        if row is None:
            self.tell("There is nothing to decide.", warning=True)
        elif self.is_gone:
            self.tell(f"{row.number} does not wait for you any more: {self.became_of(row)}.", warning=True)
            return None
        return row

    def became_of(self, row: RequisitionRow) -> str:
        """What became of a row that is gone, in words."""
        raise NotImplementedError

    def _decide(
        self, row: RequisitionRow, service: Callable[..., Acted], text: str = "", *, about: Hashable = None
    ) -> None:
        def decide() -> Acted:
            return self.context.desk.run(self.context.actor, service, row.id, text, expected_step=row.step_id)

        def decided(acted: Acted) -> None:
            self.typed_reasons.sent(about)
            self._decided(row, acted)

        begun = self.write(decide, then=decided, failed=self._refused, key=("decide", row.step_id))
        if not begun:
            self.tell(f"{row.number} is being decided already.", warning=True)

    def _ask(
        self,
        row: RequisitionRow,
        verb: str,
        service: Callable[..., Acted],
        *,
        required: bool = True,
        **options: Any,
    ) -> None:
        about = (verb, row.step_id)
        prompt = ReasonPrompt(
            f"{verb} {row.number}",
            self._about(row),
            required,
            confirm_label=verb.partition(" ")[0],
            text=self.typed_reasons.of(about),
            **options,
        )
        decide = partial(self._decide, row, service, about=about)
        self.app.push_screen(prompt, self.typed_reasons.keeping(about, decide))

    def _about(self, row: RequisitionRow) -> list[str]:
        return [f"{self.context.money_with_currency(row.amount)} to {row.payee}", row.purpose]

    def _decided(self, row: RequisitionRow, acted: Acted) -> None:
        about = f"{self.context.money_with_currency(row.amount)} to {row.payee}"
        payment = f"; {acted.payment} is made" if acted.payment else f"; it is now {acted.status.label.lower()}"
        self.tell(f"{acted.number}: {acted.action.label.lower()}, {about}{payment}.")
        self.reload()

    def _refused(self, error: PettyCashError) -> None:
        # Somebody else may have been faster: the list is read again, and the cursor stays on its row if it is there.
        self.show_error(error)
        self.reload()

    def row_to_reassign(self) -> RequisitionRow | None:
        """The row that is given to somebody else."""
        return self.to_decide()

    # -- several at once -----------------------------------------------------------------------------------------------

    def _ask_together(self, chosen: Chosen) -> None:
        if not chosen.rows:
            left = "each waits for its urgency or is decided already"
            self.tell(f"None of the marked ones can be approved together: {left}.", warning=True)
            return

        verb = "Approve" if any(row.status in IN_APPROVAL for row in chosen.rows) else "Review"
        title = f"{verb} {len(chosen.rows)} requisition{'s' if len(chosen.rows) > 1 else ''}"
        prompt = ConfirmPrompt(title, None, verb, undo=NO_WAY_BACK)

        def answered(yes: bool | None) -> None:
            if yes:
                self._approve_together(Run(chosen.rows))

        def read(effects: tuple[FundEffect, ...]) -> None:
            if prompt.is_attached:
                prompt.fill(question(self.context, chosen, effects))

        def failed(error: PettyCashError) -> None:
            close(prompt, False)
            self.show_error(error)

        self.app.push_screen(prompt, answered)
        self.ask("together", read_effects, chosen.rows, then=read, failed=failed)

    def _approve_together(self, run: Run) -> None:
        window = ApprovingWindow(run, self.context)
        self.app.push_screen(window)
        self._approve_next(run, window)

    def _approve_next(self, run: Run, window: ApprovingWindow) -> None:
        row = run.next_row
        if row is None:
            self._approved_together(run, window)
            return

        def approved(outcome: Outcome) -> None:
            run.outcomes.append(outcome)
            if window.is_attached:
                window.show_progress()
            self._approve_next(run, window)

        def failed(error: PettyCashError) -> None:
            approved(Outcome(row, error.message))

        if not self.write(
            partial(approve_one, self.context, row), then=approved, failed=failed, key=("decide", row.step_id)
        ):
            approved(Outcome(row, "It is being decided already."))

    def _approved_together(self, run: Run, window: ApprovingWindow) -> None:
        if window.is_attached:
            window.finish()
        self.table.clear_marks()
        self.reload()
        if run.is_stopping or any(outcome.refusal for outcome in run.outcomes):
            self.app.push_screen(TextWindow("Approved together", draw_outcomes(run)))
        else:
            self.tell(f"{len(run.outcomes)} approved: {totals(self.context, run.rows)}.")
