"""The bank's word on a file's lines, from a file of its own: CSV, or an ISO 20022 payment status report (pain.002).

CSV: a heading with `end_to_end_id`, `status`, and if need be `reference` and `reason`; a line for each transfer. The
status is `confirmed`, `refused` or `pending`, or a code of ISO 20022's ExternalPaymentTransactionStatus1Code. Each bad
line is named, and nothing is settled then: a bank whose file is not understood in one place is not believed in another.
A file is read as it comes, so that one of 100,000 lines needs no more memory than the batch it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.models.enums import OrderStatus
from pettycash_tui.services import bank_settling, csv_lines, locate
from pettycash_tui.services.bad_lines import WHOLE_LINE, BadLines
from pettycash_tui.services.bank_lines import RefusedLine
from pettycash_tui.services.bank_settling import Outcome, Report, Settled
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

LARGEST_FILE = 20 * 1024 * 1024

PAID, REFUSED, PENDING = "confirmed", "refused", "pending"
WORDS = {
    **dict.fromkeys(("confirmed", "paid", "acsc", "accc"), PAID),
    **dict.fromkeys(("refused", "rejected", "rjct", "canc"), REFUSED),
    **dict.fromkeys(("pending", "pdng", "rcvd", "actc", "accp", "acwc", "acsp", "acwp", "acfc"), PENDING),
}
"""What a bank says of a transfer, and what it means here; `pending` leaves the line open. (ACSP is not yet paid.)"""

COLUMNS = ("end_to_end_id", "status", "reference", "reason")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What a bank says of one transfer, as text, and where it stands in the file (`line 3`, `transfer 2`).

    `problem`: why the line itself cannot be read.
    """

    where: str
    end_to_end_id: str
    status: str
    reference: str = ""
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StatusRead:
    """What a status file would do, or has done: lines told before are not told again, pending ones stay open."""

    file: str
    dry_run: bool
    confirmed: int
    refused: int
    pending: int
    told_before: int
    settled: Settled | None


def apply_file(
    desk: Desk,
    actor: Actor,
    ref: str | UUID,
    path: Path,
    *,
    reference: str | None = None,
    dry_run: bool = False,
    report: Report | None = None,
) -> StatusRead:
    """Settle what the bank's file says of a batch. `reference`: for paid lines without one, with `-<position>`.

    Raises InvalidInput that names each bad line, and Refused when nothing in it is new, saying when and by whom the
    batch was settled.
    """
    actor.require(Right.EXECUTE)
    longest = REFERENCE_LENGTH - 6
    given = clean_text("reference", reference or "", max_length=longest, required=False)
    plan = desk.read(actor, _read_plan, ref, path, given)
    paid = sum(outcome.paid for outcome in plan.outcomes)
    counts = (paid, len(plan.outcomes) - paid, plan.pending, plan.told_before)
    if dry_run:
        return StatusRead(path.name, True, *counts, None)
    settled = bank_settling.settle(desk, actor, plan.batch, plan.outcomes, left=tuple(plan.left), report=report)
    return StatusRead(path.name, False, *counts, settled)


def read_lines(path: Path) -> Iterator[StatusLine]:
    """The lines of a status file as they come; its name ends in .csv or .xml. Raises InvalidInput."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xml"):
        raise InvalidInput.of(file=f"{path.name} must end in .csv, or in .xml for a pain.002 report")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidInput.of(file=f"{path.name} may have at most {LARGEST_FILE // 1024 // 1024} MiB")
        with path.open("rb") as file:
            yield from _from_csv(file, path.name) if suffix == ".csv" else _from_report(file, path.name)
    except OSError as error:
        raise InvalidInput.of(file=f"{path} cannot be read: {error.strerror}") from None


def _from_csv(file: BinaryIO, name: str) -> Iterator[StatusLine]:
    for line in csv_lines.read(file, name, required=COLUMNS[:2], columns=COLUMNS):
        if line.problem:
            yield StatusLine(line.where, "", "", problem=line.problem)
        else:
            yield StatusLine(line.where, **{column: line.cells[column] for column in COLUMNS if column in line.cells})


def _from_report(file: BinaryIO, name: str) -> Iterator[StatusLine]:
    """The transactions of a pain.002, whatever its version: the elements read here are the same in all of them.

    No entity is resolved and no document type is taken, so that a file can neither read others nor grow.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    number, is_report = 0, False
    try:
        for _, element in iterparse(file, events=("end",), forbid_dtd=True):
            kind = _local(element.tag)
            if kind == "TxInfAndSts":
                number += 1
                yield _transaction(element, number)
                element.clear()
            is_report = is_report or kind == "CstmrPmtStsRpt"
    except (ParseError, DefusedXmlException, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput.of(file=f"{name} must be an XML file without a document type: {_told(error)}") from None
    if not is_report:
        raise InvalidInput.of(file=f"{name} must be a payment status report (pain.002, CstmrPmtStsRpt)")


def _told(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:120] or type(error).__name__


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _transaction(element: Any, number: int) -> StatusLine:
    found = {"OrgnlEndToEndId": "", "TxSts": "", "AcctSvcrRef": "", "Cd": "", "Prtry": "", "AddtlInf": ""}
    for part in element.iter():
        kind = _local(part.tag)
        # The first of each: the reason's own code stands before what it may repeat of the original order.
        if kind in found and not found[kind]:
            found[kind] = (part.text or "").strip()
    reason = " ".join(found[part] for part in ("Cd", "Prtry", "AddtlInf") if found[part])
    return StatusLine(
        f"transfer {number}", found["OrgnlEndToEndId"], found["TxSts"], found["AcctSvcrRef"], reason[:500]
    )


def _read_plan(reading: Reading, ref: str | UUID, path: Path, reference: str) -> _Plan:
    batch = locate.bank_batch(reading, ref)
    plan = _Plan(batch, {line.conversation_id: line for line in bank_settling.lines_of(reading, batch.id)}, reference)
    bad = BadLines(path.name)
    for said in read_lines(path):
        try:
            plan.take(said, reading.actor)
        except InvalidInput as error:
            bad.add_all(said.where, error)
            # A file with more is no status file.
            if bad.is_full:
                break
    bad.raise_if_any("Nothing was settled.")
    if not plan.outcomes:
        raise Refused.because(*_nothing_new(reading, plan, path.name))
    return plan


class _Plan:
    """What a status file would do with a batch, line by line as it is read."""

    def __init__(self, batch: Row[Any], lines: dict[str, Row[Any]], reference: str) -> None:
        self.batch = batch
        self.outcomes: list[Outcome] = []
        self.left: list[RefusedLine] = []
        self.pending = self.told_before = 0
        self.told: Row[Any] | None = None
        self._lines = lines
        self._reference = reference
        self._seen: dict[str, str] = {}
        self._references: dict[str, str] = {}

    def take(self, said: StatusLine, actor: Actor) -> None:
        """Take one line of the file. Raises InvalidInput for a bad one."""
        line = self._line(said)
        outcome = _outcome(said, line, self._reference, self.batch.number)
        if outcome is None:
            self.pending += 1
        elif not bank_settling.is_open(line):
            self.told_before, self.told = self.told_before + 1, line
        elif line.requested_by_id == actor.id:
            self.left.append(RefusedLine(line.number, (bank_settling.own_reason(line),)))
        else:
            self._require_new(said, outcome)
            self.outcomes.append(outcome)

    def _line(self, said: StatusLine) -> Row[Any]:
        if said.problem:
            raise InvalidInput.of(**{WHOLE_LINE: said.problem})
        line = self._lines.get(said.end_to_end_id)
        if line is None:
            raise InvalidInput.of(end_to_end_id=f"{said.end_to_end_id[:40]!r} is no line of {self.batch.number}")
        if said.end_to_end_id in self._seen:
            raise InvalidInput.of(end_to_end_id=f"{said.end_to_end_id} stands on {self._seen[said.end_to_end_id]} too")
        self._seen[said.end_to_end_id] = said.where
        return line

    def _require_new(self, said: StatusLine, outcome: Outcome) -> None:
        if not outcome.paid:
            return
        on = self._references.setdefault(outcome.reference, said.where)
        if on != said.where:
            raise InvalidInput.of(reference=f"{outcome.reference} stands on {on} too; each is the bank's own")


def _outcome(said: StatusLine, line: Row[Any], reference: str, number: str) -> Outcome | None:
    """What a line of the file means for a line of the batch; None when the bank has not decided."""
    meaning = WORDS.get(said.status.lower())
    if meaning is None:
        raise InvalidInput.of(
            status=f"must be confirmed, refused or pending (or ACSC, RJCT, PDNG), not {said.status!r}"
        )
    if meaning == PENDING:
        return None
    if meaning == REFUSED:
        if line.status is OrderStatus.SUCCEEDED:
            raise InvalidInput.of(status=f"is {said.status}, but {line.number} was confirmed before, and paid")
        reason = clean_text("reason", said.reason or "refused by the bank", max_length=bank_settling.REASON_LENGTH)
        return Outcome(line, False, reason=reason)
    if line.status is OrderStatus.FAILED:
        raise InvalidInput.of(
            status=f"is {said.status}, but {line.number} was refused before; ask the bank which is so"
        )
    own = clean_text("reference", said.reference, max_length=REFERENCE_LENGTH, required=False)
    if not own and not reference:
        raise InvalidInput.of(reference=f"is missing; name the bank's, or one for all lines: --reference ({number})")
    own = own or f"{reference}-{line.position}"
    if line.status is OrderStatus.SUCCEEDED and line.gateway_reference != own:
        raise InvalidInput.of(reference=f"is {own}, but {line.number} was confirmed with {line.gateway_reference}")
    return Outcome(line, True, reference=own, code="confirmed")


def _nothing_new(reading: Reading, plan: _Plan, file: str) -> list[Reason]:
    reasons = [reason for line in plan.left for reason in line.reasons]
    if plan.told is not None:
        reasons.insert(0, bank_settling.settled_reason(reading, plan.batch, plan.told))
    number = plan.batch.number
    return reasons or [Reason("nothing_told", f"{file} says of no line of {number} that it was paid or refused.")]
