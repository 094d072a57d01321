"""Writing a bank file: bank transfers of one fund, confirmed by one code for the whole list.

In one transaction the code is consumed, the file's very bytes are stored, every line becomes an order and its payment
is executing with its amount held. Only then is there a file, which can be written again from the stored bytes. What
the bank did with the lines is told line by line (`bank_settling`). Source: domain, section 3, executing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.gateways import bank_file
from pettycash_tui.gateways.bank_account import BankAccount, parse_account
from pettycash_tui.gateways.bank_transfers import BankFile, BankLine
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import BatchFormat, GatewayName, OrderStatus
from pettycash_tui.models.money import Money
from pettycash_tui.models.treasury import BankBatch
from pettycash_tui.services import audit, bank_lines, bundles, locate, orders
from pettycash_tui.services.bank_lines import Line, Lines, RefusedLine
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Overtaken, PettyCashError, Reason, Refused
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.posting import Confirmed
from pettycash_tui.services.work import Reading, Work

FURTHEST_DAYS = 366
"""No file asks its bank to pay later than this."""
NAMED_PROBLEMS = 20
CODE_MISSING = Reason(
    "code_not_verified", "One code confirms all of these: ask for it with --send-code, and give it with --otp."
)


@dataclass(frozen=True, slots=True)
class Written:
    """A batch that was made. `refused`: the payments that were named and are not in it."""

    id: UUID
    number: str
    format: BatchFormat
    fund: str
    execution_date: date
    line_count: int
    control_sum: Money
    sha256: str
    file_name: str
    refused: tuple[RefusedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FilePut:
    """A batch's file that was written: where, how large (bytes), and its SHA-256."""

    number: str
    path: Path | None
    size: int
    sha256: str


def plan(reading: Reading, refs: Sequence[str | UUID]) -> Lines:
    """What a file of these payments would hold for the actor, and why some would not be in it."""
    reading.actor.require(Right.EXECUTE)
    return bank_lines.look(reading, bank_lines.named(reading, refs))


def needs_code(reading: Reading, refs: Sequence[str | UUID]) -> bool:
    """Whether a file of these payments has to be confirmed by a code."""
    return any(line.facts.otp_required for line in plan(reading, refs).good)


def send_code(desk: Desk, actor: Actor, refs: Sequence[str | UUID], *, only_good: bool = False) -> bundles.BundleSent:
    """Send the actor the one code that confirms a file of these payments. Raises Refused as `write` does."""
    actor.require(Right.EXECUTE)
    lines = desk.read(actor, plan, refs)
    _require(lines, only_good=only_good)
    return bundles.send_code(desk, actor, [line.facts.id for line in lines.good])


def write(
    desk: Desk,
    actor: Actor,
    refs: Sequence[str | UUID],
    *,
    format: BatchFormat,
    code: str | None = None,
    execution_date: date | None = None,
    only_good: bool = False,
) -> Written:
    """Make a batch of these payments. `code` is the one-time code of their list (`send_code`).

    `only_good`: those that cannot be lines are left out and told, in place of refusing all. Raises Refused with every
    reason, InvalidInput, Overtaken.
    """
    actor.require(Right.EXECUTE)
    lines = desk.read(actor, plan, refs)
    desk.read(actor, _check_day, execution_date, lines.debtor.timezone)
    _require(lines, only_good=only_good)
    chosen = [line.facts.id for line in lines.good]
    proof, bundle = None, None
    if code is None and any(line.facts.otp_required for line in lines.good):
        raise Refused.because(CODE_MISSING)
    if code is not None:
        bundle = desk.read(actor, bundles.find, chosen)
        proof = bundles.prove(desk, actor, bundle, code)
    written = desk.run(actor, _write, chosen, format, execution_date, bundle, proof)
    return replace(written, refused=lines.refused)


def put(desk: Desk, actor: Actor, ref: str | UUID, draft: Draft) -> FilePut:
    """Write a batch's file, from the bytes that were stored with it, and give it its name. Can be done again."""
    actor.require(Right.EXECUTE)
    batch = desk.read(actor, locate.bank_batch, ref)
    if sha256(batch.content).hexdigest() != batch.sha256:
        raise Refused(f"The bytes of {batch.number} are not those that were stored. See `pettycash doctor`.")
    draft.file.write(batch.content)
    size, digest = draft.finish()
    desk.run(actor, _record_put, batch, draft, size)
    return FilePut(batch.number, draft.keep(), size, digest)


def not_put(written: Written, error: PettyCashError | OSError) -> Refused:
    """What to tell when a batch was made and its file could not be written."""
    why = error.message if isinstance(error, PettyCashError) else error.strerror or type(error).__name__
    return Refused(
        f"{written.number} is made and its payments wait for the bank, but there is no file yet: {why}"
        f" Write it again: `pettycash batch file {written.number} --output FILE`.",
        code="file_not_written",
    )


def _check_day(reading: Reading, day: date | None, timezone: str) -> None:
    today = reading.today(timezone)
    if day is not None and not today <= day <= today + timedelta(days=FURTHEST_DAYS):
        raise InvalidInput.of(date=f"must be today, {today.isoformat()}, or a day of the year from then")


def _require(lines: Lines, *, only_good: bool) -> None:
    reasons = bank_lines.reasons_against_debtor(lines.debtor)
    if not only_good or not lines.good:
        reasons += [reason for line in lines.refused for reason in line.reasons]
    if reasons:
        raise _refusal(reasons)


def _refusal(reasons: list[Reason]) -> Refused:
    shown = " ".join(reason.message for reason in reasons[:NAMED_PROBLEMS])
    more = len(reasons) - NAMED_PROBLEMS
    tail = f" And {more} more." if more > 0 else ""
    return Refused(f"No file was made. {shown}{tail}", code=reasons[0].code, reasons=reasons)


def _write(
    work: Work,
    payments: list[UUID],
    format: BatchFormat,
    day: date | None,
    bundle: UUID | None,
    proof: bundles.Proof | None,
) -> Written:
    # As who acts is by now: an app may be demanded since they signed in.
    work.actor.require(Right.EXECUTE)
    lines = bank_lines.look(work, payments, lock=True)
    if lines.refused:
        reasons = [reason for line in lines.refused for reason in line.reasons]
        # Nothing stood against them a moment ago: somebody else was faster.
        raise Overtaken(_refusal(reasons).message, code=reasons[0].code, reasons=reasons)
    _require(lines, only_good=False)
    confirmed = _confirmed(work, lines, bundle, proof)
    batch, names = _batch(work, lines, format, day)
    work.add(batch)
    for position, (line, name) in enumerate(zip(lines.good, names, strict=True), 1):
        orders.open_order(
            work,
            line.facts,
            GatewayName.BANK_FILE,
            conversation_id=name,
            confirmed=confirmed,
            key=name,
            batch_id=batch.id,
            position=position,
        )
    o = t.payment_order.c
    work.execute(
        update(t.payment_order)
        .where(o.batch_id == batch.id)
        .values(status=OrderStatus.SENT, sent_at=work.now, updated_at=work.now)
    )
    data = {
        "format": format,
        "line_count": batch.line_count,
        "control_sum": batch.control_sum,
        "currency": batch.currency,
        "debit_account": batch.debit_account,
        "execution_date": batch.execution_date,
        "sha256": batch.sha256,
        "payments": [line.facts.number for line in lines.good],
    }
    record(work, batch, "batch.written", data)
    return Written(
        id=batch.id,
        number=batch.number,
        format=format,
        fund=lines.debtor.code,
        execution_date=batch.execution_date,
        line_count=batch.line_count,
        control_sum=lines.total,
        sha256=batch.sha256,
        file_name=batch.file_name,
    )


def _confirmed(work: Work, lines: Lines, bundle: UUID | None, proof: bundles.Proof | None) -> Confirmed:
    spent = None
    if bundle is not None and proof is not None:
        spent = bundles.consume(work, bundle, proof, [line.facts for line in lines.good])
    elif any(line.facts.otp_required for line in lines.good):
        raise Refused.because(CODE_MISSING)
    return Confirmed(
        executor_id=work.actor.person_id,
        verified_at=spent.verified_at if spent else None,
        channel=spent.channel if spent else None,
        source=work.actor.source,
        client=work.actor.client,
    )


def _batch(work: Work, lines: Lines, format: BatchFormat, day: date | None) -> tuple[BankBatch, list[str]]:
    """The row with the file's bytes, and the name that each line has at the bank."""
    debtor = lines.debtor
    number = next_number(work, debtor.company_id, NumberKind.BANK_BATCH)
    # A company's code tells it from others in one database; it may hold `_`, which no bank takes, and never `.`.
    company = debtor.company_code.replace("_", ".")
    tried = _attempts(work, [line.facts.id for line in lines.good])
    names = [f"{line.facts.number}-{tried.get(line.facts.id, 0) + 1}-{company}" for line in lines.good]
    total = lines.total.minor
    file = BankFile(
        message_id=f"{number}-{company}",
        created_at=work.now,
        debtor=debtor.company_name,
        account=_account(debtor),
        execution_date=day or work.today(debtor.timezone),
        currency=debtor.currency,
        line_count=len(lines.good),
        control_sum=total,
    )
    content = b"".join(bank_file.parts(file, _bank_lines(lines.good, names), format))
    batch = BankBatch(
        id=new_id(),
        created_at=work.now,
        company_id=debtor.company_id,
        number=number,
        fund_id=debtor.id,
        executor_id=work.actor.person_id,
        format=format,
        message_id=file.message_id,
        currency=file.currency,
        line_count=file.line_count,
        control_sum=total,
        debit_account=debtor.bank_account,
        execution_date=file.execution_date,
        file_name=f"{number}.{bank_file.ENDINGS[format]}",
        sha256=sha256(content).hexdigest(),
        content=content,
    )
    return batch, names


def _account(debtor: Row[Any]) -> BankAccount:
    return replace(parse_account(debtor.bank_account), bank=debtor.bank_code)


def _bank_lines(good: Sequence[Line], names: list[str]) -> Iterator[BankLine]:
    for line, name in zip(good, names, strict=True):
        facts = line.facts
        yield BankLine(name, facts.payee, line.account, facts.amount, f"{facts.number} {facts.purpose}")


def _attempts(reading: Reading, payments: list[UUID]) -> dict[UUID, int]:
    o = t.payment_order.c
    last = select(o.payment_id, func.max(o.attempt).label("last")).where(o.payment_id.in_(payments))
    return {row.payment_id: row.last for row in reading.execute(last.group_by(o.payment_id))}


def _record_put(work: Work, batch: Row[Any], draft: Draft, size: int) -> None:
    data = {"file": draft.name, "place": draft.place, "size": size, "sha256": batch.sha256}
    record(work, batch, "batch.file_written", data)


def record(work: Work, batch: Any, action: str, data: dict[str, Any]) -> None:
    """Note an audit event of a batch, in its fund's stream."""
    work.record(
        action,
        "bank_batch",
        batch.id,
        batch.number,
        stream=audit.fund_stream(batch.fund_id),
        company_id=batch.company_id,
        data=data,
    )
