"""`pettycash pay`: payments, from the code that confirms one to its execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import (
    asking,
    bank_file,
    exporting,
    output,
    pay_bulk,
    pay_import,
    pay_reconciling,
    pay_schedule,
    session,
)
from pettycash_tui.cli.exporting import Export, Output, Replace
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
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
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.execution import Awaited, Executed
    from pettycash_tui.services.identity import Actor
    from pettycash_tui.services.order_views import OrderView
    from pettycash_tui.services.payment_views import PaymentExplanation, PaymentView
    from pettycash_tui.services.work import Reading, Work

app = typer.Typer()

Otp = Annotated[str | None, typer.Option("--otp", metavar="CODE", help="The one-time code, unless it is verified.")]


def _status(found: PaymentView) -> str:
    if found.status.value == "pending":
        return "To pay" if found.held else "Waits for money"
    return found.status.label


ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Requisition", "requisition", min_width=10),
    ColumnSpec("Fund", "fund"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Status", _status),
    ColumnSpec("Executor", "executor"),
]

ORDERS = [
    ColumnSpec("Attempt", "attempt"),
    ColumnSpec("By", lambda order: order.gateway.label),
    ColumnSpec("State", lambda order: order.status.label),
    ColumnSpec("Sent", lambda order: order.sent_at or order.created_at, min_width=16),
    ColumnSpec("Conversation", "conversation_id", min_width=12),
    ColumnSpec("Result", lambda order: " ".join(filter(None, (order.gateway_reference, order.result_text)))),
]


@app.command("list")
def list_payments(
    ctx: typer.Context,
    requisition: Annotated[
        str | None, typer.Option("--requisition", metavar="REQ", help="Only that of this requisition.")
    ] = None,
    status: Status = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you are to execute.")] = False,
    waiting: Annotated[
        bool | None, typer.Option("--waiting/--held", help="Only those that wait for money, or only those with it.")
    ] = None,
    scheduled: Annotated[bool, typer.Option("--scheduled", help="Only those that are confirmed for a day.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    export: Export = None,
    file: Output = None,
    replace: Replace = False,
) -> None:
    """List the payments that you may see, newest first."""
    from pettycash_tui.models.enums import PaymentStatus
    from pettycash_tui.services import payment_views
    from pettycash_tui.services.payment_views import PaymentFilter

    narrowed = PaymentFilter(
        status=one_of(PaymentStatus, status, field="status"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        requisition=requisition,
        mine=mine,
        waiting=waiting,
        scheduled=scheduled,
    )
    if exporting.is_asked(export, file, replace, after):
        from pettycash_tui.services import export_lists

        exporting.run(ctx, export_lists.payments(narrowed), export, file, replace)
        return
    page = session.read(ctx, payment_views.list_payments, narrowed, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS)


@app.command("show")
def show(ctx: typer.Context, payment: Identifier) -> None:
    """Show one payment."""
    from pettycash_tui.services import schedule_views

    with session.at_desk(ctx) as (desk, actor):
        found, orders = desk.read(actor, _with_orders, payment)
        day = schedule_views.show(desk, actor, found.id)
    output.emit_detail(
        ctx,
        {**output.to_json(found), "schedule": output.to_json(day), "orders": output.to_json(orders)},
        title=f"{found.number}  {_status(found)}",
        pairs=[
            ("Amount", found.amount),
            ("Payee", found.payee),
            ("Pay by", found.method.label + (f" to {found.destination}" if found.destination else "")),
            ("Purpose", found.purpose),
            ("Requisition", found.requisition),
            ("Asked by", found.requested_by),
            ("Fund", f"{found.fund.code}: {found.fund_balance}, available {found.fund_available}"),
            ("Money held", found.held),
            ("Executor", found.executor),
            ("Needs a code", found.otp_required),
            ("Retries", f"{found.retry_count} of {found.max_retries}"),
            ("Last error", found.last_error),
            ("Next attempt from", found.next_attempt_at),
            ("Voucher", found.voucher_number),
            ("Reference", found.gateway_reference),
            ("Made", found.created_at),
            ("Executed", found.executed_at),
            *pay_schedule.pairs_of(day),
        ],
        sections=[Section("Sent", ORDERS, orders)],
    )


def _with_orders(reading: Reading, payment: str) -> tuple[PaymentView, tuple[OrderView, ...]]:
    from pettycash_tui.services import order_views, payment_views

    return payment_views.show(reading, payment), order_views.of_payment(reading, payment)


@app.command("voucher")
def voucher(ctx: typer.Context, payment: Identifier) -> None:
    """Print the voucher of a payment as text, with lines for signatures."""
    from pettycash_tui.screens.voucher_text import voucher_text
    from pettycash_tui.services import voucher as vouchers

    found = session.read(ctx, vouchers.show, payment)
    output.emit(ctx, found, sentence=voucher_text(found).split("\n"), always=True)


@app.command("assign")
def assign(
    ctx: typer.Context,
    payment: Identifier,
    to: Annotated[str, typer.Option("--to", "--executor", metavar="USER", help="The treasury officer who pays.")],
    reason: Reason = None,
) -> None:
    """Assign another executor (the CFO; an admin where there is none). An open code becomes void."""
    from pettycash_tui.services import payments

    _act(ctx, payments.assign, payment, to, reason or "", done=lambda found: f"is assigned to {found.executor.name}")


@app.command("send-otp")
def send_otp(ctx: typer.Context, payment: Identifier) -> None:
    """Send a one-time code for a payment to you, its executor. The code before it becomes void."""
    from pettycash_tui.services import otp

    with session.at_desk(ctx) as (desk, actor):
        sent = otp.send(desk, actor, payment)
    document = output.to_json(sent)
    sentences = [f"The code for {sent.payment} is on its way to {sent.sent_to}; {sent.attempts_left} tries."]
    if sent.channel.value == "totp":
        sentences = [f"Take the code for {sent.payment} from {sent.sent_to}; {sent.attempts_left} tries."]
    if sent.demo_code is None:
        del document["demo_code"]
    else:
        sentences.append(f"Demo: the code is {sent.demo_code}.")
    output.emit(ctx, document, sentence=sentences)


@app.command("verify-otp")
def verify_otp(
    ctx: typer.Context,
    payment: Identifier,
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="The one-time code; asked for if left out.")
    ] = None,
    given: Annotated[str | None, typer.Option("--otp", metavar="CODE", help="The same.")] = None,
) -> None:
    """Check a one-time code; the payment can then be executed until it expires, while you stay signed in here."""
    from pettycash_tui.services import otp

    with session.at_desk(ctx) as (desk, actor):
        typed = code or given or asking.ask_secret(ctx, f"Code for {payment}", field="otp")
        verified = otp.verify(desk, actor, payment, typed)
    output.emit(
        ctx,
        {**output.to_json(verified), "verified": True},
        sentence=f"The code is right. Execute {verified.payment} before it expires: "
        f"`pettycash pay execute {verified.payment}`.",
    )


@app.command("execute")
def execute(
    ctx: typer.Context,
    payment: Identifier,
    otp: Otp = None,
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="REF", help="The transfer's own; cash gets one.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="KEY", help="The same key gives the earlier result again."),
    ] = None,
) -> None:
    """Pay. Money leaves the fund once, however often this is run; over a network its result may come later."""
    from pettycash_tui.services import execution, payment_views

    with session.at_desk(ctx) as (desk, actor):
        done = execution.execute(
            desk,
            actor,
            payment,
            code=_code(ctx, desk, actor, payment) if otp is None else otp,
            reference=reference,
            idempotency_key=idempotency_key,
        )
        found = desk.read(actor, payment_views.show, done.payment_id)
    from pettycash_tui.services.execution import Awaited

    if isinstance(done, Awaited):
        _print_awaited(ctx, found, done)
    else:
        _print_executed(ctx, found, done)


def _code(ctx: Context, desk: Desk, actor: Actor, payment: str) -> str | None:
    """The code, asked for where somebody can answer and nothing but the code is missing."""
    from pettycash_tui.services import payment_views

    if not asking.can_ask(ctx):
        return None
    against = {reason.code for reason in desk.read(actor, payment_views.explain, payment).reasons}
    return asking.ask_secret(ctx, f"Code for {payment}", field="otp") if against == {"code_not_verified"} else None


def _print_executed(ctx: Context, found: PaymentView, done: Executed) -> None:
    document = {
        **output.to_json(found),
        "repeated": done.repeated,
        "balance_after": done.balance_after.plain(),
        "replenishment": done.replenishment,
    }
    opening = "was paid before" if done.repeated else "paid"
    sentences = [
        f"{done.payment} {opening}: {done.amount} to {found.payee}, voucher {done.voucher_number}, "
        f"reference {done.gateway_reference}.",
        f"Fund {done.fund} then had {done.balance_after}; available now: {found.fund_available}.",
    ]
    if done.replenishment is not None:
        sentences.append(f"The fund is below its reorder level: {done.replenishment} asks for more.")
    output.emit(ctx, document, sentence=sentences)


def _print_awaited(ctx: Context, found: PaymentView, done: Awaited) -> None:
    document = {
        **output.to_json(found),
        "repeated": done.repeated,
        "balance_after": None,
        "replenishment": None,
        "gateway": done.gateway,
        "attempt": done.attempt,
        "conversation_id": done.conversation_id,
        "gateway_conversation_id": done.gateway_conversation_id,
        "sent_at": done.sent_at,
    }
    opening = "was sent before" if done.repeated else "is sent"
    if done.status.value == "unknown":
        sentences = [
            f"{done.payment} {opening}, and nobody knows yet whether the money left: {done.text}",
            f"Nothing else is sent for it before that is known. Ask with `pettycash pay ask {done.payment}`.",
        ]
    else:
        sentences = [
            f"{done.payment} {opening}: {done.amount} to {found.payee} by {done.gateway.label}; its result is awaited.",
            f"It comes by itself; `pettycash pay ask {done.payment}` asks for it.",
        ]
    output.emit(ctx, output.to_json(document), sentence=sentences)


@app.command("ask")
def ask(ctx: typer.Context, payment: Identifier) -> None:
    """Ask the gateway what became of a payment that was sent. Sends no money."""
    from pettycash_tui.services import payment_views, settling

    with session.at_desk(ctx) as (desk, actor):
        asked = settling.ask(desk, actor, payment)
        found = desk.read(actor, payment_views.show, asked.payment_id)
    output.emit(
        ctx,
        {**output.to_json(found), "answer": asked.sentence},
        sentence=[asked.sentence, f"{found.number} now: {_status(found)}."],
    )


@app.command("retry")
def retry(ctx: typer.Context, payment: Identifier) -> None:
    """Make a failed payment ready again, while it has retries left."""
    from pettycash_tui.services import payments

    _act(ctx, payments.retry, payment, done=lambda found: "is ready again")


@app.command("cancel")
def cancel(ctx: typer.Context, payment: Identifier, reason: Reason = None) -> None:
    """Give up a payment that has not left; its requisition is rejected. The reason is required."""
    from pettycash_tui.services import payments

    _act(ctx, payments.cancel, payment, reason or "", done=lambda found: "is cancelled")


@app.command("explain")
def explain(ctx: typer.Context, payment: Identifier) -> None:
    """Explain why you may or may not execute a payment now, with what was sent for it."""
    from pettycash_tui.services import order_views, payment_views, schedule_views

    def both(reading: Reading) -> tuple[PaymentExplanation, tuple[OrderView, ...]]:
        return payment_views.explain(reading, payment), order_views.of_payment(reading, payment)

    with session.at_desk(ctx) as (desk, actor):
        found, orders = desk.read(actor, both)
        day = schedule_views.show(desk, actor, payment)
    output.emit_detail(
        ctx,
        {**output.to_json(found), "schedule": output.to_json(day), "orders": output.to_json(orders)},
        title=found.number,
        pairs=[
            ("You may pay it", found.allowed),
            *[("Because", reason.message) for reason in found.reasons],
            *pay_schedule.pairs_of(day),
        ],
        sections=[Section("Sent", ORDERS, orders)],
    )


app.add_typer(pay_reconciling.app)


def _act(ctx: Context, service: Callable[..., Any], payment: str, *args: Any, done: Callable[[Any], str]) -> None:
    """Run a service on a payment and print what became of it, both in one unit of work."""

    def whole(work: Work) -> PaymentView:
        from pettycash_tui.services import payment_views

        state = service(work, payment, *args)
        return payment_views.show(work, state.id)

    found = session.run(ctx, whole)
    output.emit(ctx, found, sentence=f"{found.number} {done(found)}. Now: {_status(found)}.")


app.add_typer(bank_file.app)
app.add_typer(pay_bulk.app)
app.add_typer(pay_import.app)
app.add_typer(pay_schedule.app)
