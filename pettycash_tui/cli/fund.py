"""`pettycash fund`: funds, what is in them, and asking for more. Their ledger is in `fund_ledger`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import (
    fund_book,
    fund_imprest,
    fund_ledger,
    fund_verify,
    output,
    replenishment_detail,
    session,
    transfer_detail,
)
from pettycash_tui.cli.listed import All, Company, as_document, one_handle
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Amount, Identifier, Limit, Reason, Search
from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.funds import FundView
    from pettycash_tui.services.imprest import ImprestIdentity
    from pettycash_tui.services.work import Reading

app = typer.Typer()

Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What people call it.")]
Custodian = Annotated[str | None, typer.Option("--custodian", metavar="USER", help="Who keeps the cash.")]
ReorderLevel = Annotated[
    str | None, typer.Option("--reorder-level", metavar="AMOUNT", help="Below this it asks for more.")
]
TargetBalance = Annotated[
    str | None, typer.Option("--target-balance", metavar="AMOUNT", help="What it is filled up to.")
]
BankAccount = Annotated[
    str | None, typer.Option("--bank-account", metavar="ACCOUNT", help="The account that bank files debit.")
]
BankCode = Annotated[
    str | None, typer.Option("--bank-code", metavar="CODE", help="That account's bank: a BIC or code.")
]


def _state(found: FundView) -> str:
    if not found.is_active:
        return "out of use"
    return "low" if found.available < found.reorder_level else "ok"


ROWS = [
    ColumnSpec("Code", "code"),
    ColumnSpec("Name", "name"),
    ColumnSpec("Balance", lambda fund: fund.current_balance.grouped(), align="right"),
    ColumnSpec("Held", lambda fund: fund.held_amount.grouped(), align="right"),
    ColumnSpec("Available", lambda fund: fund.available.grouped(), align="right"),
    ColumnSpec("", "currency"),
    ColumnSpec("State", _state),
]


@app.command("add")
def add(
    ctx: typer.Context,
    named: Annotated[str | None, typer.Argument(metavar="[CODE]", help="A short code, such as NBI.")] = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="The same.")] = None,
    name: Name = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="CODE", help="The branch it serves.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="CODE", help="The region it serves.")] = None,
    custodian: Custodian = None,
    currency: Annotated[str | None, typer.Option("--currency", metavar="CODE", help="The company's currency.")] = None,
    reorder_level: ReorderLevel = None,
    target_balance: TargetBalance = None,
    opening_balance: Annotated[
        str | None, typer.Option("--opening-balance", metavar="AMOUNT", help="The cash in it now, entry 1.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="CODE", help="Its asset account; one is made if left out.")
    ] = None,
    bank_account: BankAccount = None,
    bank_code: BankCode = None,
    company: Company = None,
) -> None:
    """Open a fund for a branch, a region, or (without either) the whole company."""
    from pettycash_tui.services import funds
    from pettycash_tui.services.funds import FundInput

    given = FundInput(
        code=one_handle("code", named, code),
        name=name,
        branch=branch,
        region=region,
        custodian=custodian,
        currency=currency,
        reorder_level=reorder_level,
        target_balance=target_balance,
        opening_balance=opening_balance,
        account=account,
        company=company,
        bank_account=bank_account,
        bank_code=bank_code,
    )
    _print_after(ctx, session.run(ctx, funds.add, given), done="is open")


@app.command("edit")
def edit(
    ctx: typer.Context,
    fund: Identifier,
    name: Name = None,
    custodian: Custodian = None,
    reorder_level: ReorderLevel = None,
    target_balance: TargetBalance = None,
    bank_account: BankAccount = None,
    bank_code: BankCode = None,
) -> None:
    """Change a fund's name, custodian, levels or account at the bank (an empty text takes that away)."""
    from pettycash_tui.services import funds
    from pettycash_tui.services.funds import FundInput

    given = FundInput(
        name=name,
        custodian=custodian,
        reorder_level=reorder_level,
        target_balance=target_balance,
        bank_account=bank_account,
        bank_code=bank_code,
    )
    _print_after(ctx, session.run(ctx, funds.edit, fund, given), done="is changed")


@app.command("deactivate")
def deactivate(ctx: typer.Context, fund: Identifier) -> None:
    """Stop a fund at once: nothing goes into it or out of it until it is activated again."""
    from pettycash_tui.services import funds

    stopped = session.run(ctx, funds.deactivate, fund)
    requisitions, payments = session.read(ctx, funds.still_open, stopped.id)
    if requisitions or payments:
        output.note(ctx, f"Still open on it, and waiting: {requisitions} requisitions, {payments} payments.")
    _print_after(ctx, stopped, done="is out of use")


@app.command("activate")
def activate(ctx: typer.Context, fund: Identifier) -> None:
    """Put a fund into use again."""
    from pettycash_tui.services import funds

    _print_after(ctx, session.run(ctx, funds.activate, fund), done="is in use")


@app.command("list")
def list_funds(
    ctx: typer.Context,
    search: Search = None,
    include_all: All = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List your company's funds and what is in them."""
    from pettycash_tui.services import funds

    page = session.read(ctx, funds.list_funds, search=search, include_inactive=include_all, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS)


@app.command("show")
def show(ctx: typer.Context, fund: Identifier) -> None:
    """Show one fund."""
    from pettycash_tui.services import funds

    def whole(reading: Reading) -> tuple[FundView, ImprestIdentity | None]:
        from pettycash_tui.services import imprest
        from pettycash_tui.services.errors import NotAllowed

        view = funds.show(reading, fund)
        try:
            return view, imprest.identity(reading, view.id)
        except NotAllowed:
            return view, None

    found, identity = session.read(ctx, whole)
    output.emit_detail(
        ctx,
        as_document(found, imprest=identity),
        title=f"{found.code}  {found.name}",
        pairs=[
            ("State", _state(found)),
            ("Balance", found.current_balance),
            ("Held", found.held_amount),
            ("Available", found.available),
            ("Reorder level", found.reorder_level),
            ("Target balance", found.target_balance),
            ("Serves", (found.branch or found.region or found.company).name),
            ("Custodian", found.custodian),
            ("Account", found.account),
            ("Bank account", "/".join(part for part in (found.bank_code, found.bank_account) if part)),
            ("Entries", found.entries),
            ("Last replenished", found.last_replenished),
            *([("Imprest", fund_imprest.summary(identity))] if identity is not None else []),
        ],
    )


@app.command("replenish")
def replenish(ctx: typer.Context, fund: Identifier, amount: Amount = None, reason: Reason = None) -> None:
    """Ask for money, up to the target or for the amount given; somebody else approves it."""
    from pettycash_tui.services import replenishments

    replenishment_detail.act(ctx, replenishments.request, fund, amount, reason or "", done="asked")


@app.command("transfer")
def transfer(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The fund that gives, by its code.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The fund that gets it.")],
    amount: Amount = None,
    reason: Reason = None,
) -> None:
    """Ask for money to go from one fund to another; somebody else approves it. The amount is required."""
    from pettycash_tui.services import transfers

    transfer_detail.act(ctx, transfers.request, source, target, amount, reason or "", done="asked")


def _print_after(ctx: Context, found: FundView, *, done: str) -> None:
    output.emit(ctx, found, sentence=f"Fund {found.code} {done}: {found.current_balance}, available {found.available}.")


app.add_typer(fund_ledger.app)
app.add_typer(fund_imprest.app)
app.add_typer(fund_book.app)
app.add_typer(fund_verify.app)
