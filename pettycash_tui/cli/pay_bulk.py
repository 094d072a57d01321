"""`pettycash pay bulk`: several payments, confirmed by one code for the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import asking, output, session

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.bulk import SentForMany, Together
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor

app = typer.Typer()


@app.command("bulk")
def bulk(
    ctx: typer.Context,
    payments: Annotated[list[str], typer.Argument(metavar="PAY...", help="Payments, by their numbers or ids.")],
    otp: Annotated[
        str | None, typer.Option("--otp", metavar="CODE", help="The one-time code of the list; - reads it from stdin.")
    ] = None,
    send_code: Annotated[
        bool, typer.Option("--send-code", help="Send you the list's one-time code, and pay nothing yet.")
    ] = False,
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", metavar="PAY=REF", help="A transfer's own reference; once for each transfer."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="KEY", help="The same key gives the earlier result again."),
    ] = None,
) -> None:
    """Pay several payments together. What cannot be paid is listed and holds nothing else up."""
    from pettycash_tui.services import bulk as services

    references = references_of(reference or [])
    with session.at_desk(ctx) as (desk, actor):
        if send_code:
            _print_sent(ctx, services.send_code(desk, actor, payments))
            return
        code = _code(ctx, desk, actor, payments) if otp is None else asking.given_code(ctx, otp)
        done = services.pay_together(
            desk, actor, payments, code=code, references=references, idempotency_key=idempotency_key
        )
    _print_done(ctx, done)


def references_of(typed: list[str]) -> dict[str, str]:
    """The references as they were typed, `PAY=REF` each. Raises InvalidInput."""
    from pettycash_tui.services.errors import InvalidInput

    found: dict[str, str] = {}
    for each in typed:
        payment, separator, reference = each.partition("=")
        if not (payment.strip() and separator and reference.strip()):
            raise InvalidInput.of(reference="must be a payment and its reference, such as PAY-000012=FT26123")
        if payment.strip() in found:
            raise InvalidInput.of(reference=f"names {payment.strip()} twice")
        found[payment.strip()] = reference.strip()
    return found


def _code(ctx: Context, desk: Desk, actor: Actor, payments: list[str]) -> str | None:
    """The code, sent and asked for where somebody can answer and one is needed."""
    from pettycash_tui.services import bulk as services

    if not asking.can_ask(ctx):
        return None
    sent = services.send_code(desk, actor, payments)
    if sent.sent is None:
        return None
    for sentence in _told(sent):
        output.note(ctx, sentence)
    return asking.ask_secret(ctx, f"Code for {sent.count} payments", field="otp")


def _print_sent(ctx: Context, sent: SentForMany) -> None:
    document: dict[str, Any] = output.to_json(sent)
    if sent.sent is not None and sent.sent.demo_code is None:
        del document["sent"]["demo_code"]
    output.emit(ctx, document, sentence=_told(sent))


def _told(sent: SentForMany) -> list[str]:
    payments = _payments(sent.count)
    refused = [reason.message for each in sent.refused for reason in each.reasons]
    if sent.sent is None:
        return [f"{payments}, {sent.total}: no code is needed.", *refused]
    code = sent.sent
    way = f"Take the code from {code.sent_to}"
    if code.channel.value != "totp":
        way = f"A code is on its way to {code.sent_to}"
    told = [f"{way}: it confirms {payments}, {sent.total}; {code.attempts_left} tries."]
    if code.demo_code is not None:
        told.append(f"Demo: the code is {code.demo_code}.")
    return told + refused


def _payments(count: int) -> str:
    return "1 payment" if count == 1 else f"{count} payments"


def _print_done(ctx: Context, done: Together) -> None:
    document = output.to_json(done)
    document["count"] = len(done.paid)
    sentences = [f"{_payments(len(done.paid))} paid, {done.total} in all."]
    if done.awaited:
        sent = f"{_payments(len(done.awaited))} sent, {done.awaited_total} in all"
        sentences.append(f"{sent}; `pettycash pay ask PAY` tells what became of one.")
    sentences += [f"{each.payment}: {each.amount}, voucher {each.voucher_number}." for each in done.paid]
    sentences += [f"{each.payment}: {each.amount}, {each.status.label}." for each in done.awaited]
    sentences += [f"Not paid: {reason.message}" for each in done.refused for reason in each.reasons]
    output.emit(ctx, document, sentence=sentences)
