"""The verbs of `pettycash req` that decide: each on the step that was current when the command looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from pettycash_tui.cli import output, req_detail, session
from pettycash_tui.cli.options import Comment, Identifier, Reason
from pettycash_tui.cli.output import ColumnSpec
from pettycash_tui.services import errors

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.requisition_views import RequisitionDetail, StepView
    from pettycash_tui.services.work import Work

app = typer.Typer()

CANDIDATES = [
    ColumnSpec("Username", "person.username"),
    ColumnSpec("Name", "person.name"),
    ColumnSpec("Role", "role"),
    ColumnSpec("Waiting", "open_steps"),
]

WhySentBack = Annotated[
    str | None, typer.Option("--reason", "--comment", metavar="TEXT", help="Why (the requester reads it).")
]


def act(ctx: Context, service: Callable[..., Any], requisition: str, *args: Any, done: str) -> None:
    """Run a service on a requisition and print what became of it, both in one unit of work."""
    found, acted = session.run(ctx, _acted, service, requisition, *args)
    req_detail.print_after(ctx, found, done=done, warnings=getattr(acted, "warnings", ()))


def _acted(
    work: Work, service: Callable[..., Any], requisition: str | UUID, *args: Any, **kwargs: Any
) -> tuple[RequisitionDetail, Any]:
    from pettycash_tui.services import requisition_views

    acted = service(work, requisition, *args, **kwargs)
    return requisition_views.show(work, requisition), acted


def _decide(
    ctx: Context, service: Callable[..., Any], requisition: str, words: str | None, *, must_review: bool = False
) -> None:
    """Decide the step that is current now. When another is by the time it is written, Overtaken tells who acted."""
    from pettycash_tui.services import requisition_views

    with session.at_desk(ctx) as (desk, actor):
        seen = desk.read(actor, requisition_views.show, requisition)
        step = _current(seen)
        if must_review and step is not None and step.kind.value != "review":
            message = f"{seen.number} waits for a decision before payment: use `pettycash req approve`."
            raise errors.Refused.because(errors.Reason("not_a_review", message))
        expected = step.id if step else None
        found, acted = desk.run(actor, _acted, service, seen.id, words or "", expected_step=expected)
    req_detail.print_after(ctx, found, done=acted.action.label.lower())


def _current(seen: RequisitionDetail) -> StepView | None:
    return next((step for step in seen.steps if step.status.value == "current"), None)


@app.command("approve")
def approve(ctx: typer.Context, requisition: Identifier, comment: Comment = None) -> None:
    """Decide your step in favour. A treasury step is recorded as validated, a review step as reviewed."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.approve, requisition, comment)


@app.command("review")
def review(ctx: typer.Context, requisition: Identifier, comment: Comment = None) -> None:
    """Review a paid requisition."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.approve, requisition, comment, must_review=True)


@app.command("reject")
def reject(ctx: typer.Context, requisition: Identifier, reason: WhySentBack = None) -> None:
    """Refuse it for good. The reason is required."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.reject, requisition, reason)


@app.command("request-changes")
def request_changes(ctx: typer.Context, requisition: Identifier, reason: WhySentBack = None) -> None:
    """Send it back to its requester to be changed. The reason is required."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.request_changes, requisition, reason)


@app.command("confirm-urgency")
def confirm_urgency(ctx: typer.Context, requisition: Identifier, comment: Comment = None) -> None:
    """Confirm that it is urgent, which is also your approval."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.confirm_urgency, requisition, comment)


@app.command("decline-urgency")
def decline_urgency(ctx: typer.Context, requisition: Identifier, comment: Comment = None) -> None:
    """Say that it is not urgent: it takes the usual way, and your step still waits for you."""
    from pettycash_tui.services import workflow

    _decide(ctx, workflow.decline_urgency, requisition, comment)


@app.command("reassign")
def reassign(
    ctx: typer.Context,
    requisition: Identifier,
    to: Annotated[str | None, typer.Option("--to", metavar="USER", help="Who decides instead.")] = None,
    reason: Reason = None,
) -> None:
    """Give the current step to somebody else (admins), with a reason. Without --to: list who may take it."""
    from pettycash_tui.services import reassigning

    if to is not None:
        act(ctx, reassigning.reassign, requisition, to, reason or "", done="reassigned")
        return
    found = session.read(ctx, reassigning.eligible_approvers, requisition)
    output.emit_page(ctx, found, None, columns=CANDIDATES, key="person.username", empty="Nobody else may decide on it.")
