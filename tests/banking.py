"""Bank files in tests: transfers that one officer may pay, their file, and the published structure of pain.001."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import story
import xmlschema
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat
from pettycash_tui.services import bank_batches, bundles, funds, payments, schedules
from pettycash_tui.services.bank_batches import Written
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import Actor

IBAN = "DE89370400440532013000"
ACCOUNT = "EQBLKENA/0123456789"
DEBIT_ACCOUNT, DEBIT_BANK = "0114200781", "EQBLKENA"


@cache
def structure() -> xmlschema.XMLSchema:
    """The published structure of pain.001.001.09, as a package for SEPA files ships it; the package is not imported."""
    shipped = distribution("sepaxml").locate_file("sepaxml/schemas/pain.001.001.09.xsd")
    return xmlschema.XMLSchema(str(shipped))


def give_accounts(desk: Desk, people: dict[str, Actor], *codes: str) -> None:
    """Funds whose money is at a bank."""
    for code in codes or ("NBI",):
        given = FundInput(bank_account=DEBIT_ACCOUNT, bank_code=DEBIT_BANK)
        desk.run(people["cfo"], funds.edit, code, given)


def transfers(
    desk: Desk,
    people: dict[str, Actor],
    *amounts: str,
    destinations: Sequence[str] = (ACCOUNT, IBAN, "0110-2233-44"),
    officer: str = "treasury",
    who: str = "staff",
    **fields: str | bool,
) -> list[str]:
    """Bank transfers that are approved and that this officer is to pay."""
    made = []
    for at, amount in enumerate(amounts):
        destination = destinations[at % len(destinations)]
        number = story.approved(desk, people[who], amount, method="bank_transfer", destination=destination, **fields)
        if story.executor_of(desk, number).username != officer:
            desk.run(people["cfo"], payments.assign, number, officer)
        made.append(number)
    return made


def without_codes(desk: Desk) -> None:
    """Payments that are made from now on need no code."""
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))


def write(
    desk: Desk,
    officer: Actor,
    numbers: Sequence[str],
    format: BatchFormat = BatchFormat.PAIN001,
    code: str | None = None,
    **options: object,
) -> Written:
    """A batch, confirmed with a code that is sent for it."""
    if code is None:
        bundles.send_code(desk, officer, list(numbers))
        code = story.last_code(desk.home)
    return bank_batches.write(desk, officer, list(numbers), format=format, code=code, **options)  # type: ignore[arg-type]


def content(desk: Desk, number: str) -> bytes:
    """The bytes that were stored with a batch."""
    from sqlalchemy import select

    with desk.engine.connect() as connection:
        found: bytes = connection.execute(
            select(t.bank_batch.c.content).where(t.bank_batch.c.number == number)
        ).scalar_one()
    return found


def status_file(folder: Path, text: str, name: str = "status.csv") -> Path:
    """A file of the bank's."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def schedule(desk: Desk, officer: Actor, numbers: Sequence[str], day: date) -> None:
    """Confirm transfers for a day, by the code of their list."""
    references = {number: f"SO-{number}" for number in numbers}
    sent = schedules.send_code(desk, officer, numbers, day)
    code = story.last_code(desk.home) if sent.sent is not None else None
    schedules.schedule(desk, officer, numbers, day, code=code, references=references)
