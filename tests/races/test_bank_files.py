"""Bank files under races and kill -9: one batch, one file, and each line's money once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import banking
import books
import pytest
import story
from building import actor
from crew import Crew, Outcome
from killing import Killing

from pettycash_tui.models.enums import BatchFormat, OrderStatus, PaymentStatus
from pettycash_tui.services import bank_batches, bank_settling, export_files, payments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import Actor

ROUNDS = 2


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades, its fund NBI at a bank, and payments that need no code."""
    made = story.trading_company(desk)
    banking.give_accounts(desk, made)
    banking.without_codes(desk)
    return made


def write(desk: Desk, who: str, numbers: Sequence[str]) -> str:
    return bank_batches.write(desk, actor(desk, who), numbers, format=BatchFormat.PAIN001).number


def confirm(desk: Desk, who: str, batch: str, numbers: Sequence[str] | None, reference: str) -> int:
    return len(bank_settling.confirm(desk, actor(desk, who), batch, numbers, reference).lines)


def refuse(desk: Desk, who: str, batch: str, numbers: Sequence[str]) -> int:
    return len(bank_settling.refuse(desk, actor(desk, who), batch, numbers, "Account closed").lines)


def cancel(desk: Desk, who: str, number: str) -> str:
    return desk.run(actor(desk, who), payments.cancel, number, "not needed").status.value


def only_winner(outcomes: list[Outcome]) -> Outcome:
    lost = [outcome for outcome in outcomes if not outcome.won]
    assert all(outcome.error in ("Refused", "Overtaken") and outcome.message for outcome in lost), lost
    (winner,) = [outcome for outcome in outcomes if outcome.won]
    return winner


# --- at once ----------------------------------------------------------------------------------------------------------


def test_a_file_confirmed_by_two_officers_at_once_is_confirmed_once(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for count in range(1, ROUNDS + 1):
        batch = write(desk, "treasury", banking.transfers(desk, people, "1000", "2000"))

        outcomes = crew.race(
            desk,
            [(confirm, "treasury", batch, None, f"A{count}"), (confirm, "treasury2", batch, None, f"B{count}")],
        )

        assert only_winner(outcomes).value == 2
        (lost,) = [outcome for outcome in outcomes if not outcome.won]
        assert "was confirmed on 2026-03-02 12:00 by Treasury" in lost.message
        assert len(books.check(desk).executions) == 2 * count


def test_a_line_confirmed_and_refused_at_once_is_one_of_them(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for count in range(ROUNDS):
        (number,) = banking.transfers(desk, people, "1000")
        batch = write(desk, "treasury", [number])

        outcomes = crew.race(
            desk,
            [
                (confirm, "treasury", batch, None, f"A{count}"),
                (refuse, "treasury2", batch, [number]),
                (cancel, "cfo", number),
            ],
        )

        only_winner(outcomes[:2])
        confirmed, refused, cancelled = outcomes
        # Once refused by the bank a payment has left nobody and may be cancelled; on its way it may not.
        assert refused.won or not cancelled.won
        expected = PaymentStatus.CANCELLED if cancelled.won else PaymentStatus.FAILED
        found = books.check(desk)
        assert found.payment(number).status is (PaymentStatus.SUCCESS if confirmed.won else expected)
        assert {line.status for line in found.lines} <= {OrderStatus.SUCCEEDED, OrderStatus.FAILED}


def test_a_payment_goes_into_one_of_two_files_that_are_written_at_once(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for count in range(1, ROUNDS + 1):
        first, both, second = banking.transfers(desk, people, "1000", "2000", "3000")

        outcomes = crew.race(desk, [(write, "treasury", [first, both]), (write, "treasury", [both, second])])

        only_winner(outcomes)
        found = books.check(desk)
        assert len(found.batches) == count
        left = first if found.payment(first).status is PaymentStatus.PENDING else second
        assert found.payment(left).status is PaymentStatus.PENDING
        desk.run(people["cfo"], payments.cancel, left, "not needed")


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def test_a_file_killed_while_it_is_written_is_there_with_its_batch_or_not_at_all(
    desk: Desk, people: dict[str, Actor], tmp_path: Path
) -> None:
    def prepare() -> tuple[list[str], Path]:
        numbers = banking.transfers(desk, people, "100", "200")
        return numbers, tmp_path / f"{numbers[0]}.xml"

    def make(here: Desk, subject: tuple[list[str], Path]) -> str:
        numbers, path = subject
        officer = people["treasury"]
        with export_files.at_path(path, replace=False) as draft:
            made = bank_batches.write(here, officer, numbers, format=BatchFormat.PAIN001)
            bank_batches.put(here, officer, made.id, draft)
        return made.number

    killing = Killing(desk, prepare, make)
    for subject, found in killing.points():
        numbers, path = subject
        killing.done.append(found.payment(numbers[0]).status is PaymentStatus.EXECUTING)
        assert {found.payment(number).status for number in numbers} == {found.payment(numbers[0]).status}
        assert len(found.batches) == len(killing.done) - (not killing.done[-1])
        if not killing.done[-1]:
            assert not path.exists()
            make(desk, subject)
        elif path.exists():
            assert path.read_bytes() == found.batches[-1].content
        else:
            with export_files.at_path(path, replace=False) as draft:
                bank_batches.put(desk, people["treasury"], found.batches[-1].number, draft)
            assert path.read_bytes() == found.batches[-1].content
        with pytest.raises(Refused):
            bank_batches.write(desk, people["treasury"], numbers, format=BatchFormat.PAIN001)
        books.check(desk)


def test_a_confirmation_killed_anywhere_pays_each_line_once_in_the_end(desk: Desk, people: dict[str, Actor]) -> None:
    def prepare() -> str:
        return write(desk, "treasury", banking.transfers(desk, people, "100", "200"))

    def settle(here: Desk, batch: str) -> int:
        return len(bank_settling.confirm(here, people["treasury2"], batch, None, f"FT-{batch}").lines)

    killing = Killing(desk, prepare, settle)
    for batch, found in killing.points():
        (row,) = [each for each in found.batches if each.number == batch]
        paid = {line.status is OrderStatus.SUCCEEDED for line in found.lines if line.batch_id == row.id}
        assert len(paid) == 1
        killing.done.append(paid == {True})
        if killing.done[-1]:
            with pytest.raises(Refused, match="is settled already"):
                settle(desk, batch)
        else:
            assert settle(desk, batch) == 2
        assert len(books.check(desk).executions) == 2 * len(killing.done)
