"""Anything that people may do, in any order: the books hold after every step (hypothesis draws the orders)."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Set
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import banking
import books
import building
import pytest
import story
from books import Books
from doing_bank_files import DoingBankFiles
from doing_books import DoingBooks
from doing_imports import DoingImports
from doing_imprest import DoingImprest
from doing_notices import DoingNotices
from doing_orders import DoingOrders
from doing_schedules import DoingSchedules
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from settable_clock import MONDAY_MORNING, SettableClock
from sqlalchemy import URL, Row, update

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    IN_APPROVAL,
    OPEN_REPLENISHMENTS,
    PaymentMethod,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
)
from pettycash_tui.services import (
    escalation,
    execution,
    otp,
    payments,
    reassigning,
    replenishments,
    requisitions,
    submission,
    workflow,
)
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput

OPEN = (PaymentStatus.PENDING, PaymentStatus.FAILED)

which = st.integers(0, 9)
anybody = st.sampled_from(sorted(building.PEOPLE))
somebody_or_the_right_one = st.one_of(st.none(), st.none(), st.none(), anybody)
typed_codes = st.sampled_from(["right", "right", "right", "wrong", "none"])
amounts = st.sampled_from(["0.01", "4500", "10000.01", "30000", "60000", "95000", "130000", "260000"])


class Company(
    DoingOrders,
    DoingSchedules,
    DoingBankFiles,
    DoingBooks,
    DoingImprest,
    DoingImports,
    DoingNotices,
    RuleBasedStateMachine,
):
    """A company whose people do what they like. A refusal in words is fine; books that do not hold are not."""

    fresh: ClassVar[Callable[[], tuple[URL, Path]]]
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock(MONDAY_MORNING)
        url, home = type(self).fresh()
        self.desk = Desk(url, home, clock=self.clock, pool_size=1)
        self.people: dict[str, Actor] = {name: building.actor(self.desk, name) for name in building.PEOPLE}
        self.names = {actor.id: name for name, actor in self.people.items()}
        self.references = count(1)
        self.codes: dict[str, str] = {}
        self.handed: Counter[tuple[str, str, str]] = Counter()
        self.deaths: Counter[tuple[str, str, str]] = Counter()
        self.books: Books = books.check(self.desk)

    def teardown(self) -> None:
        # Whatever was done, every row is what its events say.
        problems = self.desk.read(SYSTEM, verify).problems
        self.desk.close()
        assert problems == ()

    # --- asking -------------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from(["staff", "staff", "branch_manager", "treasury", "cfo"]), amount=amounts, how=which)
    def submit(self, who: str, amount: str, how: int) -> None:
        given: dict[str, Any] = {"amount": amount, "purpose": "Fuel", "payee": "Total", "fund": "NBI"}
        if how % 5 == 0:
            given |= {"is_urgent": True, "urgency_reason": "the van stands"}
        if how % 3 == 0:
            given |= {"method": "mpesa", "destination": "+254700000001"}
        elif how % 3 == 1:
            given |= {"method": "bank_transfer", "destination": banking.ACCOUNT}
        written = self.act(who, requisitions.create, RequisitionInput(**given))
        if written is not None:
            self.act(who, submission.submit, written.id)

    @precondition(lambda self: self.requisitions(RequisitionStatus.PENDING_CHANGES, RequisitionStatus.DRAFT))
    @rule(index=which, amount=st.one_of(st.none(), amounts))
    def resubmit(self, index: int, amount: str | None) -> None:
        row = self.one(self.requisitions(RequisitionStatus.PENDING_CHANGES, RequisitionStatus.DRAFT), index)
        requester = self.names[row.requested_by_id]
        if amount is not None:
            self.act(requester, requisitions.edit, row.number, RequisitionInput(amount=amount))
        self.act(requester, submission.submit, row.number)

    @precondition(lambda self: self.books.requisitions)
    @rule(index=which, who=somebody_or_the_right_one)
    def withdraw(self, index: int, who: str | None) -> None:
        row = self.one(self.books.requisitions, index)
        self.act(who or self.names[row.requested_by_id], submission.withdraw, row.number)

    # --- deciding -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.current_steps())
    @rule(
        index=which,
        how=st.sampled_from(["approve", "approve", "approve", "confirm_urgency", "decline_urgency"]),
        who=somebody_or_the_right_one,
    )
    def decide(self, index: int, how: str, who: str | None) -> None:
        step = self.one(self.current_steps(), index)
        self.act(who or self.names[step.approver_id], getattr(workflow, how), step.requisition_id)

    @precondition(lambda self: self.current_steps())
    @rule(
        index=which,
        how=st.sampled_from(["reject", "request_changes", "request_changes"]),
        who=somebody_or_the_right_one,
    )
    def send_back(self, index: int, how: str, who: str | None) -> None:
        step = self.one(self.current_steps(), index)
        self.act(who or self.names[step.approver_id], getattr(workflow, how), step.requisition_id, "not like this")

    @precondition(lambda self: self.requisitions(*IN_APPROVAL))
    @rule(index=which)
    def approve_to_the_end(self, index: int) -> None:
        number = self.one(self.requisitions(*IN_APPROVAL), index).number
        for _ in range(6):
            row = books.read(self.desk).requisition(number)
            if row.status not in IN_APPROVAL:
                return
            urgent = row.status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
            service = workflow.confirm_urgency if urgent else workflow.approve
            self.act(self.names[row.next_approver_id], service, number)

    @precondition(lambda self: self.current_steps())
    @rule(index=which, to=anybody)
    def reassign(self, index: int, to: str) -> None:
        step = self.one(self.current_steps(), index)
        self.act("admin", reassigning.reassign, step.requisition_id, to, "away")

    @rule(hours=st.sampled_from([0, 1, 30, 200]))
    def escalate(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        for late in self.desk.read(SYSTEM, escalation.overdue):
            self.attempt(lambda late=late: self.desk.run_unaudited(SYSTEM, escalation.escalate, late))

    # --- paying -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.open_payments())
    @rule(index=which, code=typed_codes, who=somebody_or_the_right_one)
    def try_to_pay(self, index: int, code: str, who: str | None) -> None:
        self.pay(self.one(self.open_payments(), index), code, who)

    @precondition(lambda self: self.open_payments())
    @rule(indices=st.lists(which, min_size=1, max_size=3))
    def pay_properly(self, indices: list[int]) -> None:
        for payment in dict.fromkeys(self.one(self.open_payments(), index) for index in indices):
            self.pay(payment, "right", None)

    def pay(self, payment: Row[Any], code: str, who: str | None) -> None:
        """Ask for a code and try to pay with it, with another, or with none."""
        officer = who or self.names.get(payment.executor_id, "treasury")
        self.clock.advance(seconds=61)
        # Every example has the same home: its clock may be behind that of an earlier one's mail.
        shutil.rmtree(self.desk.home / "outbox", ignore_errors=True)
        if self.attempt(lambda: otp.send(self.desk, self.people[officer], payment.number)) is not None:
            self.codes[payment.number] = story.last_code(self.desk.home)
        known = self.codes.get(payment.number, "000000")
        typed = {"right": known, "wrong": f"{(int(known) + 1) % 10**6:06d}", "none": None}[code]
        reference = f"R{next(self.references)}" if payment.method is not PaymentMethod.CASH else None

        def execute() -> execution.Executed | execution.Awaited:
            return execution.execute(self.desk, self.people[officer], payment.number, code=typed, reference=reference)

        done = self.attempt(execute)
        assert done is None or code == "right"
        self.done["paid"] += done is not None

    @precondition(lambda self: self.open_payments())
    @rule(index=which, times=st.sampled_from([1, 3]))
    def fail(self, index: int, times: int) -> None:
        payment = self.one(self.open_payments(), index)
        for _ in range(times):
            self.act(self.names.get(payment.executor_id, "treasury"), execution.record_failure, payment.id, "no answer")

    @precondition(lambda self: self.open_payments())
    @rule(index=which)
    def retry(self, index: int) -> None:
        self.act("treasury", payments.retry, self.one(self.open_payments(), index).number)

    @precondition(lambda self: self.books.payments)
    @rule(index=which, who=somebody_or_the_right_one)
    def cancel(self, index: int, who: str | None) -> None:
        self.act(who or "cfo", payments.cancel, self.one(self.books.payments, index).number, "not needed")

    @precondition(lambda self: self.open_payments())
    @rule(index=which, to=st.sampled_from(["treasury", "treasury2", "treasury2", "cfo", "staff"]))
    def assign(self, index: int, to: str) -> None:
        self.act("cfo", payments.assign, self.one(self.open_payments(), index).number, to)

    @precondition(lambda self: any(row.otp_locked_at for row in self.officers()))
    @rule()
    def unlock(self) -> None:
        with self.desk.engine.begin() as connection:
            connection.execute(update(t.user).values(otp_locked_at=None, otp_failures=0))

    # --- money coming in ----------------------------------------------------------------------------------------------

    @rule(who=somebody_or_the_right_one, amount=st.one_of(st.none(), amounts))
    def request_money(self, who: str | None, amount: str | None) -> None:
        self.act(who or "group_finance_manager", replenishments.request, "NBI", amount)

    @precondition(lambda self: self.open_replenishments())
    @rule(who=somebody_or_the_right_one, how=which)
    def decide_money(self, who: str | None, how: int) -> None:
        number = self.open_replenishments()[0].number
        if how == 0:
            self.act(who or "cfo", replenishments.reject, number, "no")
        else:
            self.act(who or "cfo", replenishments.approve, number)

    @precondition(lambda self: self.open_replenishments())
    @rule(who=somebody_or_the_right_one, amount=st.one_of(st.none(), st.none(), amounts))
    def complete_money(self, who: str | None, amount: str | None) -> None:
        number = self.open_replenishments()[0].number
        if self.open_replenishments()[0].status is ReplenishmentStatus.PENDING:
            self.act("cfo", replenishments.approve, number)
        self.act(who or "treasury2", replenishments.complete, number, f"FT{next(self.references)}", amount)

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def the_books_hold(self) -> None:
        self.books = books.check(self.desk)
        assert self.books.waiting_with_money() == []

    # --- choosing -----------------------------------------------------------------------------------------------------

    def act(self, who: str, service: Callable[..., Any], *arguments: Any) -> Any:
        """Let somebody use a service."""

        def act() -> Any:
            result = self.desk.run(self.people[who], service, *arguments)
            self.done[service.__name__] += 1
            return result

        return self.attempt(act)

    def attempt(self, act: Callable[[], Any]) -> Any:
        """What came of it; None when it was refused in words. Anything else is a fault."""
        try:
            return act()
        except PettyCashError as refused:
            assert refused.message
            assert refused.code not in ("fault", "rule", "database_busy", "database_away"), refused.message
            return None

    def one(self, rows: list[Row[Any]], index: int) -> Row[Any]:
        return rows[index % len(rows)]

    def requisitions(self, *statuses: RequisitionStatus) -> list[Row[Any]]:
        return [row for row in self.books.requisitions if row.status in statuses]

    def current_steps(self) -> list[Row[Any]]:
        return [step for step in self.books.steps if step.status == "current"]

    def open_payments(self) -> list[Row[Any]]:
        return [payment for payment in self.books.payments if payment.status in OPEN]

    def open_replenishments(self) -> list[Row[Any]]:
        return [row for row in self.books.replenishments if row.status in OPEN_REPLENISHMENTS]

    def officers(self) -> list[Row[Any]]:
        with self.desk.engine.connect() as connection:
            return list(connection.execute(t.user.select()).all())


TOGETHER = 4
"""Examples from one seed, which are the same at every run."""

MUST_HAPPEN = {
    *("paid", "complete", "cancel", "withdraw", "request_changes", "reassign"),
    *("sent", "file written", "line one", "line all", "line refused"),
    *("notice delivers", "notice fails", "notice dies after"),
    *DoingBooks.HAPPEN,
    *DoingImports.HAPPEN,
    *DoingSchedules.HAPPEN,
}


def explore(fresh: Callable[[], tuple[URL, Path]], least: int, most: int, must_happen: Set[str]) -> None:
    """Let people act in at least so many companies, and in more until all that must happen has happened."""
    machine = type("Company", (Company,), {"fresh": staticmethod(fresh), "done": Counter()})
    for start in range(0, most, TOGETHER):
        run_state_machine_as_test(
            # Of what is drawn from one seed much is the same once more.
            seed(start)(machine),
            settings=settings(
                max_examples=TOGETHER,
                stateful_step_count=30,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                # A failure is told as it was found: making it smaller would take minutes.
                phases=[Phase.generate],
            ),
        )
        if start + TOGETHER >= least and must_happen <= set(+machine.done):
            break
    print(dict(machine.done))
    # What was never done was never tried.
    assert must_happen <= set(+machine.done)


@pytest.fixture
def prepared(desk: Desk) -> Desk:
    """A company in the middle of its day: two payments hold their money, one waits for some, two are to be decided."""
    people = story.trading_company(desk)
    banking.give_accounts(desk, people)
    ways = {
        "30000": {"method": "mpesa", "destination": "+254700000001"},
        "60000": {"method": "bank_transfer", "destination": banking.ACCOUNT},
        "45000": {},
    }
    for amount, way in ways.items():
        story.approved(desk, people["staff"], amount, **way)
    for amount in ("4500", "60000"):
        story.request(desk, people["staff"], amount, is_urgent=amount == "4500", urgency_reason="the van stands")
    banking.write(desk, people["treasury"], banking.transfers(desk, people, "500", "600", "700"))
    # Others on the same books, who are never told of anything.
    building.company(desk, "BETA", prefix="b_")
    desk.close()
    return desk


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_books_hold_whatever_people_do_on_sqlite(prepared: Desk, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir=prepared.home))
    copy = folder / "copy.db"

    def fresh() -> tuple[URL, Path]:
        for path in folder.glob("copy.db*"):
            path.unlink()
        shutil.copyfile(str(prepared.url.database), copy)
        return engines.sqlite_address(copy), prepared.home

    explore(fresh, least=28, most=100, must_happen=MUST_HAPPEN)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_the_books_hold_whatever_people_do_on_postgres(prepared: Desk, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres_server")
    names: list[str] = []

    def fresh() -> tuple[URL, Path]:
        for name in names:
            server.drop(name)
        names[:] = [f"copy_{uuid4().hex[:12]}"]
        server.copy(str(prepared.url.database), names[0])
        return prepared.url.set(database=names[0]), prepared.home

    try:
        explore(fresh, least=8, most=8, must_happen={"paid", "approve"})
    finally:
        for name in names:
            server.drop(name)
