"""`pettycash pay schedule`: payments that are confirmed now and executed on a later day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import asking, output, pay_bulk, session
from pettycash_tui.cli.options import Reason, date_of

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor
    from pettycash_tui.services.schedule_views import ScheduleView
    from pettycash_tui.services.schedules import Scheduled, SentForDay

app = typer.Typer()

Payments = Annotated[list[str], typer.Argument(metavar="PAY...", help="Payments, by their numbers or ids.")]


@app.command("schedule")
def schedule(
    ctx: typer.Context,
    payments: Payments,
    on: Annotated[
        date,
        typer.Option("--on", parser=date_of("date"), metavar="DATE", help="The day on which they are executed."),
    ],
    otp: Annotated[
        str | None,
        typer.Option("--otp", metavar="CODE", help="The one-time code of list and day; - reads it from stdin."),
    ] = None,
    send_code: Annotated[
        bool, typer.Option("--send-code", help="Send you the code for this list and day, and schedule nothing yet.")
    ] = False,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            "--reference", metavar="PAY=REF", help="That of a transfer you ordered for that day; once for each."
        ),
    ] = None,
) -> None:
    """Confirm payments now that are to be executed on a later day, by a job. All of them or none."""
    from pettycash_tui.services import schedules

    references = pay_bulk.references_of(reference or [])
    with session.at_desk(ctx) as (desk, actor):
        if send_code:
            _print_sent(ctx, schedules.send_code(desk, actor, payments, on))
            return
        code = _code(ctx, desk, actor, payments, on) if otp is None else asking.given_code(ctx, otp)
        done = schedules.schedule(desk, actor, payments, on, code=code, references=references)
    _print_done(ctx, done)


@app.command("unschedule")
def unschedule(ctx: typer.Context, payments: Payments, reason: Reason = None) -> None:
    """Take the day of payments away, with a reason: they can be paid again, or scheduled for another day."""
    from pettycash_tui.services import schedules

    done = session.run(ctx, schedules.unschedule, payments, reason or "")
    sentences = [f"{each.payment} is not scheduled for {each.scheduled_for} any more." for each in done.payments]
    output.emit(ctx, {"items": output.to_json(done.payments), "reason": done.reason}, sentence=sentences)


def pairs_of(day: ScheduleView | None) -> list[tuple[str, Any]]:
    """The day of a payment, for who reads it: nothing where it never had one."""
    if day is None:
        return []
    if day.status.value == "taken_up":
        return [("Scheduled for", day.scheduled_for), ("Confirmed by", day.confirmed_by)]
    if day.status.value == "void":
        return [("Was scheduled for", f"{day.scheduled_for}; not any more: {day.reason}")]
    confirmed = f"{day.count} payments, {day.total}" if day.count > 1 else str(day.total)
    return [
        ("Scheduled for", day.scheduled_for),
        ("Confirmed by", day.confirmed_by),
        ("Confirmed at", day.confirmed_at),
        ("Confirmed were", confirmed),
        ("With reference", day.reference),
        ("Not executed", f"{day.problem} (tried at {day.problem_at})" if day.problem else ""),
        *[("In its way", reason.message) for reason in day.hindered_by],
    ]


def _code(ctx: Context, desk: Desk, actor: Actor, payments: list[str], day: date) -> str | None:
    """The code, sent and asked for where somebody can answer and one is needed."""
    from pettycash_tui.services import schedules

    if not asking.can_ask(ctx):
        return None
    sent = schedules.send_code(desk, actor, payments, day)
    if sent.sent is None:
        return None
    for sentence in _told(sent):
        output.note(ctx, sentence)
    return asking.ask_secret(ctx, f"Code for {_payments(sent.count)}", field="otp")


def _payments(count: int) -> str:
    return "1 payment" if count == 1 else f"{count} payments"


def _print_sent(ctx: Context, sent: SentForDay) -> None:
    document: dict[str, Any] = output.to_json(sent)
    if sent.sent is not None and sent.sent.demo_code is None:
        del document["sent"]["demo_code"]
    output.emit(ctx, document, sentence=_told(sent))


def _told(sent: SentForDay) -> list[str]:
    what = f"{_payments(sent.count)}, {sent.total}, on {sent.day}"
    if sent.sent is None:
        return [f"{what}: no code is needed."]
    code = sent.sent
    way = f"Take the code from {code.sent_to}"
    if code.channel.value != "totp":
        way = f"A code is on its way to {code.sent_to}"
    told = [f"{way}: it confirms {what}; {code.attempts_left} tries."]
    if code.demo_code is not None:
        told.append(f"Demo: the code is {code.demo_code}.")
    return told


def _print_done(ctx: Context, done: Scheduled) -> None:
    sentences = [f"Scheduled for {done.day}: {_payments(done.count)}, {done.total} in all."]
    sentences += [f"{each.payment}: {each.amount}." for each in done.payments]
    sentences.append("The job execute-due executes them; `pettycash pay unschedule` takes the day away again.")
    output.emit(ctx, done, sentence=sentences)
