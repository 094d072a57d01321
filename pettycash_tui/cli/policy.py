"""`pettycash policy`: who approves what, from which amount on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pettycash_tui.cli import output, req_detail, session
from pettycash_tui.cli.listed import ActiveStatus, All, Company, active_of, as_document, pairs_of
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, DryRun, Limit, Search, one_of
from pettycash_tui.cli.output import ColumnSpec
from pettycash_tui.services.errors import InvalidInput

app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="NAME", help="The row's name, or its id.")]

COLUMNS = (
    ColumnSpec("Name", "name", min_width=8),
    ColumnSpec("Origin", "origin_type", min_width=6),
    ColumnSpec("Tier", "tier"),
    ColumnSpec("Above", lambda row: row.min_amount.grouped(), align="right"),
    ColumnSpec("Up to", lambda row: row.max_amount.grouped() if row.max_amount else "", align="right"),
    ColumnSpec("Roles", "roles"),
)


@app.command("list")
def list_rows(
    ctx: typer.Context,
    origin: Annotated[
        str | None, typer.Option("--origin", metavar="ORIGIN", help="Only rows that serve BRANCH, HQ or FIELD.")
    ] = None,
    search: Search = None,
    status: ActiveStatus = None,
    include_all: All = False,
    company: Company = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the policy: each row serves amounts above its own, up to and including the next."""
    from pettycash_tui.models.enums import ThresholdOrigin
    from pettycash_tui.services import policy

    page = session.read(
        ctx,
        policy.listing,
        origin=one_of(ThresholdOrigin, origin, field="origin"),
        search=search,
        active=active_of(status, include_all),
        company=company,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=COLUMNS, key="name")


@app.command("show")
def show(ctx: typer.Context, name: Name, company: Company = None) -> None:
    """Show one row."""
    from pettycash_tui.services import policy

    found = session.read(ctx, policy.show, name, company=company)
    output.emit_detail(ctx, found, title=found.name, pairs=pairs_of(found))


@app.command("set")
def set_row(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A new name, or the row to change.")],
    tier: Annotated[str | None, typer.Option("--tier", metavar="N", help="1 to 4.")] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", "--origin-type", metavar="ORIGIN", help="BRANCH, HQ, FIELD or ANY.")
    ] = None,
    min_amount: Annotated[
        str | None, typer.Option("--min-amount", metavar="AMOUNT", help="It serves amounts above this one.")
    ] = None,
    roles: Annotated[
        list[str] | None, typer.Option("--roles", "--role", metavar="ROLE,ROLE", help="Who acts, in this order.")
    ] = None,
    fasttrack: Annotated[
        bool | None,
        typer.Option("--fasttrack/--no-fasttrack", help="Whether what is urgent may skip the later approvers."),
    ] = None,
    requires_cfo: Annotated[
        bool | None, typer.Option("--requires-cfo/--no-requires-cfo", help="Whether the CFO is always asked.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="N", help="Of two rows that serve, the lower one is taken.")
    ] = None,
    company: Company = None,
) -> None:
    """Create a row or change it. What is left out stays."""
    from pettycash_tui.services import policy
    from pettycash_tui.services.policy_rules import PolicyInput

    given = PolicyInput(tier, origin, min_amount, roles or None, fasttrack, requires_cfo, priority)
    with session.at_desk(ctx) as (desk, actor):
        made = desk.run(actor, policy.set_row, name, given, company=company)
        findings = desk.read(actor, policy.check, made.company.id)
    upto = f" up to {made.max_amount}" if made.max_amount else ""
    sentence = f"Set {made.name}: tier {made.tier}, {made.origin_type.value}, above {made.min_amount}{upto}."
    output.emit(ctx, as_document(made, findings=findings), sentence=sentence)
    _note_findings(ctx, findings)


@app.command("deactivate")
def deactivate(ctx: typer.Context, name: Name, company: Company = None) -> None:
    """Take a row out of the policy."""
    from pettycash_tui.services import policy

    with session.at_desk(ctx) as (desk, actor):
        found = desk.run(actor, policy.deactivate, name, company=company)
        findings = desk.read(actor, policy.check, found.company.id)
    output.emit(ctx, as_document(found, findings=findings), sentence=f"Deactivated {found.name}.")
    _note_findings(ctx, findings)


@app.command("check")
def check(ctx: typer.Context, company: Company = None) -> None:
    """Prove that every amount from every origin is served. Exit code 3 when one is not."""
    from pettycash_tui.services import policy
    from pettycash_tui.services.findings import has_errors

    findings = session.read(ctx, policy.check, company)
    failed = has_errors(findings)
    summary = "The policy leaves gaps." if failed else "The policy covers every amount from every origin."
    print_findings(ctx, findings, summary, failed=failed)


@app.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with [[threshold]] tables.")],
    company: Company = None,
    dry_run: DryRun = False,
) -> None:
    """Make the policy what a file says: rows that are not in it are deactivated. All of it or nothing."""
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import policy_import
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.rehearsal import rehearse

    try:
        with incoming(file) as path:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.of(file=f"{file} cannot be read as UTF-8 text ({type(error).__name__})") from None
    do = rehearse if dry_run else Desk.run
    with session.at_desk(ctx) as (desk, actor):
        done = do(desk, actor, policy_import.replace_policy, text, source=file.name, company=company)
    counts = {name: len(getattr(done, name)) for name in ("added", "changed", "unchanged", "deactivated")}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    sentence = f"{'Would import' if dry_run else 'Imported'} {file.name}: {said}."
    output.emit(ctx, as_document(done, dry_run=dry_run), sentence=sentence)
    _note_findings(ctx, done.findings)


@app.command("explain")
def explain(
    ctx: typer.Context,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="Such as 12500.")],
    origin: Annotated[str, typer.Option("--origin", metavar="ORIGIN", help="branch, field or hq.")],
    requester: Annotated[str | None, typer.Option("--requester", metavar="USER", help="Who would ask.")] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="CODE", help="For which branch.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="CODE", help="For which region.")] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="CODE", help="For which department.")
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="As if it were urgent.")] = False,
    company: Company = None,
) -> None:
    """Show whom a requisition would go to, and why."""
    from pettycash_tui.services.policy_explain import explain_policy

    found = session.read(
        ctx,
        explain_policy,
        amount=amount,
        origin=origin,
        requester=requester,
        branch=branch,
        region=region,
        department=department,
        is_urgent=urgent,
        company=company,
    )
    req_detail.print_explanation(ctx, found)


def print_findings(ctx: typer.Context, findings: list[Any], summary: str, *, failed: bool) -> None:
    """Print what a check found; exit code 3 when it failed. Also what `doctor` prints."""
    lines = [summary, *finding_lines(findings)]
    output.emit(ctx, {"ok": not failed, "findings": findings}, sentence=lines, always=True)
    if failed:
        raise typer.Exit(3)


def _note_findings(ctx: typer.Context, findings: Any) -> None:
    for finding in findings:
        if finding.severity.value == "error":
            output.note(ctx, f"{finding.message} {finding.command}".strip())


def finding_lines(findings: list[Any]) -> list[str]:
    """Each finding as a line, and the command that mends it below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.severity.value}: {finding.message}")
        if finding.command:
            lines.append(f"  {finding.command}")
    return lines
