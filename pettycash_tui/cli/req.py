"""`pettycash req`: asking for money and following it. Deciding is in `req_deciding`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from pettycash_tui.cli import exporting, output, req_deciding, req_detail, session
from pettycash_tui.cli.exporting import Export, Output, Replace
from pettycash_tui.cli.listed import Company
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    Amount,
    FromDate,
    Fund,
    Identifier,
    Limit,
    Reason,
    Search,
    Status,
    ToDate,
    one_of,
)
from pettycash_tui.services.errors import InvalidInput, PettyCashError

if TYPE_CHECKING:
    from pettycash_tui.services.requisition_views import RequisitionDetail
    from pettycash_tui.services.work import Reading

app = typer.Typer()

Origin = Annotated[str | None, typer.Option("--origin", metavar="ORIGIN", help="branch, field or hq.")]
Branch = Annotated[str | None, typer.Option("--branch", metavar="CODE", help="The branch it is for.")]
Region = Annotated[str | None, typer.Option("--region", metavar="CODE", help="The region it is for (origin field).")]
Department = Annotated[str | None, typer.Option("--department", metavar="CODE", help="The department it is for.")]
CostCenter = Annotated[str | None, typer.Option("--cost-center", metavar="CODE", help="The cost center.")]
Purpose = Annotated[str | None, typer.Option("--purpose", metavar="TEXT", help="What the money is for.")]
Category = Annotated[str | None, typer.Option("--category", metavar="CODE", help="What kind of expense.")]
Payee = Annotated[str | None, typer.Option("--payee", metavar="NAME", help="Who is paid.")]
Method = Annotated[str | None, typer.Option("--method", metavar="METHOD", help="cash, mpesa or bank_transfer.")]
Destination = Annotated[
    str | None, typer.Option("--destination", metavar="ACCOUNT", help="The payee's phone number or bank account.")
]
PayingFund = Annotated[str | None, typer.Option("--fund", metavar="CODE", help="The fund that pays.")]
Urgent = Annotated[bool | None, typer.Option("--urgent/--not-urgent", help="Whether it cannot wait.")]
UrgencyReason = Annotated[str | None, typer.Option("--urgency-reason", metavar="TEXT", help="Why it cannot wait.")]
Like = Annotated[
    str | None, typer.Option("--like", metavar="REQ", help="Take from this requisition whatever is not given here.")
]
Submit = Annotated[bool, typer.Option("--submit", help="Send it to its first approver at once.")]


@app.command("new")
def new(
    ctx: typer.Context,
    origin: Origin = None,
    branch: Branch = None,
    region: Region = None,
    department: Department = None,
    cost_center: CostCenter = None,
    amount: Amount = None,
    purpose: Purpose = None,
    category: Category = None,
    payee: Payee = None,
    method: Method = None,
    destination: Destination = None,
    fund: PayingFund = None,
    urgent: Urgent = None,
    urgency_reason: UrgencyReason = None,
    like: Like = None,
    submit: Submit = False,
    company: Company = None,
) -> None:
    """Write a draft, and with --submit send it on its way. What is left out takes your own place's default.

    With --like it is a copy of an earlier one, but for its number, urgency and attachments.
    """
    from pettycash_tui.services import requisition_copy, requisitions, submission
    from pettycash_tui.services.requisitions import RequisitionInput

    given = RequisitionInput(
        origin=origin,
        branch=branch,
        region=region,
        department=department,
        cost_center=cost_center,
        amount=amount,
        purpose=purpose,
        category=category,
        payee=payee,
        method=method,
        destination=destination,
        fund=fund,
        is_urgent=urgent,
        urgency_reason=urgency_reason,
        company=company,
    )
    warnings: tuple[str, ...] = ()
    with session.at_desk(ctx) as (desk, actor):
        if like is not None:
            given = desk.read(actor, requisition_copy.like, like, given)
        draft = desk.run(actor, requisitions.create, given)
        if submit:
            # A unit of work of its own: where nobody can approve, what was typed is kept as a draft.
            try:
                warnings = desk.run(actor, submission.submit, draft.id).warnings
            except PettyCashError as error:
                raise _kept_as_draft(error, draft.number) from error
        found, alike = desk.read(actor, _with_alike, draft.id)
    req_detail.print_after(ctx, found, done="submitted" if submit else "written", warnings=(*warnings, *alike))


def _with_alike(reading: Reading, requisition: str | UUID) -> tuple[RequisitionDetail, tuple[str, ...]]:
    """A requisition, and what is said about others that look like it."""
    from pettycash_tui.services import duplicates, requisition_views

    found = requisition_views.show(reading, requisition)
    return found, duplicates.of_requisition(reading, found.id).sentences


def _kept_as_draft(error: PettyCashError, number: str) -> PettyCashError:
    return type(error)(
        f"{error.message} It is kept as the draft {number}: `pettycash req submit {number}` tries again.",
        code=error.code,
        fields={**error.fields, "draft": number},
        reasons=error.reasons,
    )


@app.command("edit")
def edit(
    ctx: typer.Context,
    requisition: Identifier,
    origin: Origin = None,
    branch: Branch = None,
    region: Region = None,
    department: Department = None,
    cost_center: CostCenter = None,
    amount: Amount = None,
    purpose: Purpose = None,
    category: Category = None,
    payee: Payee = None,
    method: Method = None,
    destination: Destination = None,
    fund: PayingFund = None,
    urgent: Urgent = None,
    urgency_reason: UrgencyReason = None,
) -> None:
    """Change your draft, or your requisition that was sent back. What is left out stays."""
    from pettycash_tui.services import requisitions
    from pettycash_tui.services.requisitions import RequisitionInput

    given = RequisitionInput(
        origin=origin,
        branch=branch,
        region=region,
        department=department,
        cost_center=cost_center,
        amount=amount,
        purpose=purpose,
        category=category,
        payee=payee,
        method=method,
        destination=destination,
        fund=fund,
        is_urgent=urgent,
        urgency_reason=urgency_reason,
    )
    if given == RequisitionInput():
        raise InvalidInput("Name at least one thing to change, such as --amount or --purpose.", code="usage")
    req_deciding.act(ctx, requisitions.edit, requisition, given, done="changed")


@app.command("submit")
def submit(ctx: typer.Context, requisition: Identifier) -> None:
    """Send your draft to its first approver; one that was sent back goes as a new revision."""
    from pettycash_tui.services import submission

    with session.at_desk(ctx) as (desk, actor):
        acted = desk.run(actor, submission.submit, requisition)
        found, alike = desk.read(actor, _with_alike, acted.id)
    req_detail.print_after(ctx, found, done="submitted", warnings=(*acted.warnings, *alike))


@app.command("withdraw")
def withdraw(ctx: typer.Context, requisition: Identifier, reason: Reason = None) -> None:
    """Take your own requisition back, any time before it is paid."""
    from pettycash_tui.services import submission

    req_deciding.act(ctx, submission.withdraw, requisition, reason or "", done="withdrawn")


@app.command("attach")
def attach(
    ctx: typer.Context,
    requisition: Identifier,
    file: Annotated[
        Path, typer.Argument(metavar="FILE|-", help="A quote, receipt or picture, at most 5 MiB; - for stdin.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called, if not as the file is.")
    ] = None,
) -> None:
    """Attach a file to your requisition."""
    from pettycash_tui.cli.incoming import STDIN, incoming
    from pettycash_tui.services import requisitions

    if name is None and str(file) == STDIN:
        raise InvalidInput.of(name="must say what a file from stdin is called, such as quote.pdf")
    try:
        with incoming(file) as path, path.open("rb") as opened:
            # One byte too many is enough for the service to refuse it, whatever the size of the rest.
            content = opened.read(requisitions.MAX_ATTACHMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise InvalidInput.of(file=f"cannot be read: {why}") from None
    called = name or file.name
    req_deciding.act(ctx, requisitions.attach, requisition, called, content, done=f"has {called} attached")


@app.command("list")
def list_requisitions(
    ctx: typer.Context,
    status: Status = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only your own.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    export: Export = None,
    file: Output = None,
    replace: Replace = False,
) -> None:
    """List the requisitions that you may see, newest first."""
    from pettycash_tui.models.enums import RequisitionStatus
    from pettycash_tui.services import requisition_views
    from pettycash_tui.services.requisition_views import RequisitionFilter

    narrowed = RequisitionFilter(
        status=one_of(RequisitionStatus, status, field="status"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        mine=mine,
    )
    if exporting.is_asked(export, file, replace, after):
        from pettycash_tui.services import export_lists

        exporting.run(ctx, export_lists.requisitions(narrowed), export, file, replace)
        return
    page = session.read(ctx, requisition_views.list_requisitions, narrowed, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=req_detail.ROWS)


@app.command("queue")
def queue(
    ctx: typer.Context,
    search: Search = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="ORDER", help="age, amount (largest first) or due (least time left first).")
    ] = "age",
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    export: Export = None,
    file: Output = None,
    replace: Replace = False,
) -> None:
    """List what waits for your decision, the longest waiting first unless --sort says otherwise."""
    from pettycash_tui.services import requisition_views
    from pettycash_tui.services.requisition_views import QueueOrder

    order = one_of(QueueOrder, sort, field="sort") or QueueOrder.AGE
    if exporting.is_asked(export, file, replace, after):
        from pettycash_tui.services import export_lists

        exporting.run(ctx, export_lists.queue(order, search=search), export, file, replace)
        return
    page = session.read(ctx, requisition_views.queue, limit=limit, after=after, search=search, order=order)
    output.emit_page(ctx, page.items, page.next, columns=req_detail.QUEUE, empty="Nothing waits for you.")


@app.command("show")
def show(ctx: typer.Context, requisition: Identifier) -> None:
    """Show one requisition with its steps, its trail, its attachments, and what looks asked for twice."""
    found, alike = session.read(ctx, _with_alike, requisition)
    req_detail.print_whole(ctx, found, alike)


@app.command("explain")
def explain(ctx: typer.Context, requisition: Identifier) -> None:
    """Explain why it is routed as it is, and why you may or may not act on it now."""
    from pettycash_tui.services import requisition_views

    req_detail.print_explanation(ctx, session.read(ctx, requisition_views.explain, requisition))


app.add_typer(req_deciding.app)
