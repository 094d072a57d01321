"""The demo company: the contract of cli.md, and that its year of history is as sound as any other books."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import books
import pytest
from building import actor as find_actor
from building import company as build_company
from settable_clock import MONDAY_MORNING, SettableClock
from sqlalchemy import URL, func, select
from story import approved, pay, request

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    EntryType,
    OtpChannel,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
    Role,
    StepStatus,
    TrailAction,
)
from pettycash_tui.services import demo, escalation, funds, passwords, token_file
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotFound, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisition_views import RequisitionFilter, list_requisitions
from pettycash_tui.services.work import Reading

# One process builds the demos of these tests once.
pytestmark = pytest.mark.xdist_group("demo")

# username: role, region, branch, department
PEOPLE = {
    "clerk.nbi": (Role.STAFF, "Central", "NBI", "Operations"),
    "manager.nbi": (Role.BRANCH_MANAGER, "Central", "NBI", "Operations"),
    "dept.head": (Role.DEPARTMENT_HEAD, "Central", "NBI", "Operations"),
    "regional": (Role.REGIONAL_MANAGER, "Central", None, None),
    "finance": (Role.GROUP_FINANCE_MANAGER, None, None, None),
    "treasury1": (Role.TREASURY, None, None, None),
    "treasury2": (Role.TREASURY, None, None, None),
    "cfo": (Role.CFO, None, None, None),
    "fpa": (Role.FPA, None, None, None),
    "ceo": (Role.CEO, None, None, None),
    "admin": (Role.ADMIN, None, None, None),
    "clerk.msa": (Role.STAFF, "Coast", "MSA", "Operations"),
    "manager.msa": (Role.BRANCH_MANAGER, "Coast", "MSA", "Operations"),
}
LAST_NUMBERS = ("REQ-000139", "PAY-000116")
"""The pages of the documentation name what comes next."""
OPENING = {"NBI": 100_000_00, "MSA": 80_000_00, "FLD": 60_000_00, "HQ": 300_000_00}


@pytest.fixture(scope="module")
def sqlite_demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a demo."""
    path = tmp_path_factory.mktemp("demo") / "pettycash.db"
    shutil.copyfile(sqlite_template, path)
    desk = Desk(engines.sqlite_address(path), path.parent, clock=SettableClock())
    demo.build(desk)
    desk.close()
    return path


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A demo that the tests of this module read and never change."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_demo")
        desk = Desk(engines.sqlite_address(path), path.parent, clock=SettableClock())
        yield desk
        desk.close()
        return
    server = request.getfixturevalue("postgres_server")
    name = f"demo_{uuid4().hex[:12]}"
    server.copy(request.getfixturevalue("postgres_template"), name)
    desk = Desk(server.url.set(database=name), tmp_path_factory.mktemp("demo"), clock=SettableClock())
    demo.build(desk)
    yield desk
    desk.close()
    server.drop(name)


def rows(desk: Desk, statement: Any) -> list[Any]:
    return desk.read(SYSTEM, lambda reading: list(reading.execute(statement).all()))


def fund_rows(desk: Desk) -> dict[str, Any]:
    return {row.code: row for row in rows(desk, select(t.treasury_fund))}


# --- the contract -----------------------------------------------------------------------------------------------------


def test_the_people_are_those_of_the_contract(built: Desk) -> None:
    u, region, branch, department = t.user.c, t.region.c, t.branch.c, t.department.c
    found = rows(
        built,
        select(t.user, region.name.label("region"), branch.code.label("branch"), department.name.label("department"))
        .select_from(t.user)
        .join(t.company, t.company.c.id == u.company_id)
        .outerjoin(t.region, region.id == u.region_id)
        .outerjoin(t.branch, branch.id == u.branch_id)
        .outerjoin(t.department, department.id == u.department_id)
        .where(t.company.c.code == "SAVANNA"),
    )

    assert {row.username: (row.role, row.region, row.branch, row.department) for row in found} == PEOPLE
    assert [row.username for row in found if row.is_superuser] == ["admin"]
    assert [row.username for row in found if row.is_centralized_approver] == ["regional"]
    assert {row.otp_channel for row in found} == {OtpChannel.EMAIL}
    assert all(row.email.endswith(".example") for row in found)
    clerk = next(row for row in found if row.username == "clerk.nbi")
    assert (clerk.first_name, clerk.last_name) == ("Nairobi", "Clerk")
    assert passwords.verify(clerk.password_hash, "demo")
    assert not clerk.must_change_password


def test_every_row_of_it_is_what_its_events_tell(built: Desk) -> None:
    with built.reading(SYSTEM) as reading:
        assert verify(reading).problems == ()
        assert verify(reading, since=built.clock() - timedelta(days=30)).problems == ()


def test_the_company_has_its_places(built: Desk) -> None:
    company = rows(built, select(t.company).where(t.company.c.code == "SAVANNA"))[0]

    assert (company.currency, company.timezone, company.otp_threshold) == ("KES", "Africa/Nairobi", 0)
    branches = rows(
        built,
        select(t.branch.c.code, t.region.c.name)
        .join_from(t.branch, t.region, t.region.c.id == t.branch.c.region_id)
        .where(t.branch.c.company_id == company.id),
    )
    assert {row.code: row.name for row in branches} == {"NBI": "Central", "NKR": "Central", "MSA": "Coast"}


def test_every_fund_opened_with_and_stands_at_the_figure_of_the_contract(built: Desk) -> None:
    e, account = t.ledger_entry.c, t.account.c
    found = fund_rows(built)
    for code, opening in OPENING.items():
        fund = found[code]
        first = rows(
            built,
            select(e.amount, e.balance_after, e.entry_type, account.type)
            .join_from(t.ledger_entry, t.account, account.id == e.contra_account_id)
            .where(e.fund_id == fund.id, e.sequence == 1),
        )[0]
        assert (first.amount, first.balance_after, first.entry_type, first.type) == (
            opening,
            opening,
            EntryType.CREDIT,
            "equity",
        )
        assert fund.current_balance == opening
        assert fund.current_balance - fund.held_amount >= opening * 6 // 10
    assert {code: found[code].held_amount for code in ("NBI", "MSA", "FLD")} == {"NBI": 0, "MSA": 0, "FLD": 0}
    assert [(found[code].reorder_level, found[code].target_balance) for code in ("NBI", "MSA", "FLD")] == [
        (50_000_00, 200_000_00)
    ] * 3
    r = t.replenishment.c
    assert not rows(
        built, select(r.id).where(r.status.in_([ReplenishmentStatus.PENDING, ReplenishmentStatus.APPROVED]))
    )


def test_nobody_has_more_than_three_things_waiting(built: Desk) -> None:
    s, r, p, u = t.approval_step.c, t.requisition.c, t.payment.c, t.user.c
    waiting: Counter[str] = Counter()
    for row in rows(
        built,
        select(u.username)
        .join_from(t.approval_step, t.user, u.id == s.approver_id)
        .where(s.status == StepStatus.CURRENT),
    ):
        waiting[row.username] += 1
    for row in rows(
        built,
        select(u.username).join_from(t.payment, t.user, u.id == p.executor_id).where(p.status == PaymentStatus.PENDING),
    ):
        waiting[row.username] += 1
    for row in rows(
        built,
        select(u.username)
        .join_from(t.requisition, t.user, u.id == r.requested_by_id)
        .where(r.status.in_([RequisitionStatus.DRAFT, RequisitionStatus.PENDING_CHANGES])),
    ):
        waiting[row.username] += 1

    assert waiting == {
        "clerk.nbi": 3,
        "manager.nbi": 2,
        "dept.head": 1,
        "regional": 1,
        "finance": 1,
        "treasury1": 2,
        "treasury2": 2,
        "cfo": 1,
        "fpa": 1,
        "manager.msa": 1,
    }


def test_one_of_them_is_overdue(built: Desk) -> None:
    late = built.read(SYSTEM, escalation.overdue)

    assert [found.approver for found in late] == ["manager.nbi"]


# --- as sound as any books --------------------------------------------------------------------------------------------


def test_the_books_are_in_order(built: Desk) -> None:
    # Balance = sum of the ledger, no gap, held = open holds, every payment once and with its code, steps and trails.
    found = books.check(built)

    moments = defaultdict(list)
    for entry in sorted(found.entries, key=lambda entry: entry.sequence):
        moments[entry.fund_id].append(entry.created_at)
    assert all(times == sorted(times) for times in moments.values())
    assert not found.waiting_with_money()


def test_the_audit_chains_recompute_and_run_in_time(built: Desk) -> None:
    a = t.audit_event.c
    heads = {row.stream: row for row in rows(built, select(t.stream_head))}
    events = rows(built, select(t.audit_event).order_by(a.stream, a.sequence))
    last: dict[str, Any] = {}
    for event in events:
        before = last.get(event.stream)
        previous = before.event_hash if before else "0" * 64
        assert event.sequence == (before.sequence if before else 0) + 1
        assert event.previous_hash == previous
        assert event.event_hash == sha256(f"{previous}\n{event.body}".encode()).hexdigest()
        assert before is None or before.created_at <= event.created_at
        last[event.stream] = event

    assert {stream: (event.sequence, event.event_hash) for stream, event in last.items()} == {
        stream: (head.length, head.head_hash) for stream, head in heads.items()
    }
    assert max(event.created_at for event in events) <= MONDAY_MORNING


def test_every_payment_was_confirmed_by_a_code_of_its_executor(built: Desk) -> None:
    o = t.otp_challenge.c
    executions = rows(built, select(t.payment_execution))

    assert all(row.otp_verified_at and row.otp_verified_by_id == row.executor_id for row in executions)
    line = t.payment_bundle_line.c
    spent = rows(built, select(o.payment_id, o.executor_id).where(o.consumed_at.is_not(None), o.bundle_id.is_(None)))
    # One code confirms the lines of the bank file.
    spent += rows(built, select(line.payment_id, o.executor_id).join(t.otp_challenge, o.bundle_id == line.bundle_id))
    assert {(row.payment_id, row.executor_id) for row in spent} == {
        (row.payment_id, row.executor_id) for row in executions
    }
    assert not rows(built, select(o.id).where(o.consumed_at.is_(None), o.voided_at.is_(None)))


def test_the_year_has_something_of_everything(built: Desk) -> None:
    r, a, p = t.requisition.c, t.approval_trail.c, t.payment.c
    statuses = Counter(row.status for row in rows(built, select(r.status)))
    actions = Counter(row.action for row in rows(built, select(a.action)))
    methods = Counter(row.method for row in rows(built, select(p.method)))
    first, last = rows(built, select(func.min(r.created_at), func.max(r.created_at)))[0]
    payees = {row.payee for row in rows(built, select(r.payee))}

    assert sum(statuses.values()) >= 140
    assert statuses[RequisitionStatus.PAID] + statuses[RequisitionStatus.REVIEWED] >= 105
    assert statuses[RequisitionStatus.REJECTED] >= 5
    assert statuses[RequisitionStatus.WITHDRAWN] >= 3
    assert statuses[RequisitionStatus.REVIEWED] >= 5
    assert set(actions) >= set(TrailAction) - {TrailAction.REASSIGNED}
    assert len(methods) == 3
    assert {row.tier for row in rows(built, select(r.tier).where(r.tier.is_not(None)))} == {1, 2, 3, 4}
    assert last - first > timedelta(days=340)
    assert any(not payee.isascii() for payee in payees)
    assert "株式会社ハラダ" in payees


def test_each_list_of_treasury_has_something_to_show(built: Desk) -> None:
    v, m, o, p = t.variance.c, t.fund_transfer.c, t.payment_order.c, t.payment.c

    assert sorted(rows(built, select(v.status)), key=str) == [("approved",), ("pending",), ("rejected",)]
    assert sorted(rows(built, select(m.status)), key=str) == [("completed",), ("pending",)]
    lines = rows(built, select(o.status, p.status).join(t.payment, p.id == o.payment_id).order_by(o.position))
    assert [line for line, _ in lines] == ["succeeded", "succeeded", "failed"]
    # What the bank refused was paid by hand.
    assert {payment for _, payment in lines} == {"success"}
    held = rows(
        built,
        select(t.bank_batch.c.created_at, p.created_at)
        .join(t.payment_order, o.batch_id == t.bank_batch.c.id)
        .join(t.payment, p.id == o.payment_id),
    )
    assert all(written - asked < timedelta(days=31) for written, asked in held)
    assert PaymentStatus.RECONCILED in {row.status for row in rows(built, select(p.status))}


def test_each_origin_is_paid_from_its_own_fund(built: Desk) -> None:
    r, f, b = t.requisition.c, t.treasury_fund.c, t.branch.c
    found = rows(
        built,
        select(r.origin_type, b.code.label("branch"), f.code)
        .select_from(t.requisition)
        .join(t.treasury_fund, f.id == r.fund_id)
        .join(t.company, t.company.c.id == r.company_id)
        .outerjoin(t.branch, b.id == r.branch_id)
        .where(t.company.c.code == "SAVANNA")
        .distinct(),
    )

    assert {(row.origin_type.value, row.branch): row.code for row in found} == {
        ("branch", "NBI"): "NBI",
        ("branch", "MSA"): "MSA",
        ("branch", "NKR"): "FLD",
        ("field", None): "FLD",
        ("hq", None): "HQ",
    }


def test_the_second_company_is_another_world(built: Desk) -> None:
    stranger, chief = find_actor(built, "cfo.nile"), find_actor(built, "ceo")

    everything = RequisitionFilter()
    theirs = built.read(stranger, list_requisitions, everything, limit=500).items
    ours = built.read(chief, list_requisitions, everything, limit=500).items

    assert 0 < len(theirs) < 15 < len(ours)
    assert {row.id for row in theirs}.isdisjoint({row.id for row in ours})
    assert [fund.code for fund in built.read(stranger, funds.list_funds).items] == ["JIN"]
    with pytest.raises(NotFound):
        built.read(stranger, funds.show, "NBI")


# --- using it ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo_file(request: pytest.FixtureRequest, sqlite_url: URL, open_desk: Callable[[URL], Desk]) -> Desk:
    """A copy of a demo, to be changed."""
    demo_of_module: Path = request.getfixturevalue("sqlite_demo")
    with sqlite3.connect(demo_of_module) as source, sqlite3.connect(str(sqlite_url.database)) as target:
        source.backup(target)
    return open_desk(sqlite_url)


def test_a_new_request_goes_its_way_in_the_demo(demo_file: Desk) -> None:
    clerk = find_actor(demo_file, "clerk.nbi")

    done = pay(demo_file, approved(demo_file, clerk, "60000", payee="Jabali Garage"), reference="")

    assert (done.fund, done.balance_after.minor) == ("NBI", 40_000_00)
    assert done.replenishment is not None


@pytest.mark.parametrize(
    "now",
    [datetime(2026, 2, 28, 5, 7), datetime(2026, 6, 17, 23, 7), datetime(2026, 7, 12, 20, 7)],
    ids=["a Saturday that ends a month", "a Wednesday night", "a Sunday"],
)
def test_it_is_the_same_whatever_day_it_is_made_on(now: datetime, sqlite_desk: Desk, clock: SettableClock) -> None:
    clock.now = now.replace(tzinfo=UTC)

    demo.build(sqlite_desk)

    found = fund_rows(sqlite_desk)
    assert {code: found[code].current_balance for code in OPENING} == OPENING
    assert [code for code, fund in found.items() if fund.held_amount] == ["HQ"]
    s, u = t.approval_step.c, t.user.c
    waiting = Counter(
        row.username
        for row in rows(
            sqlite_desk,
            select(u.username)
            .join_from(t.approval_step, t.user, u.id == s.approver_id)
            .where(s.status == StepStatus.CURRENT),
        )
    )
    assert (waiting["manager.nbi"], waiting["treasury1"], waiting["treasury2"]) == (2, 2, 0)
    latest = rows(sqlite_desk, select(func.max(t.audit_event.c.created_at)))[0][0]
    assert latest <= clock.now
    assert last_numbers(sqlite_desk) == LAST_NUMBERS


def last_numbers(desk: Desk) -> tuple[str, ...]:
    """The newest requisition and the newest payment of the main company."""
    company = select(t.company.c.id).where(t.company.c.code == "SAVANNA").scalar_subquery()
    tables = (t.requisition, t.payment)
    return tuple(rows(desk, select(func.max(x.c.number)).where(x.c.company_id == company))[0][0] for x in tables)


def test_two_demos_of_one_day_have_the_same_year(built: Desk, sqlite_desk: Desk, clock: SettableClock) -> None:
    clock.now = MONDAY_MORNING + timedelta(hours=6)
    demo.build(sqlite_desk)

    def year(reading: Reading) -> list[Any]:
        e, f = t.ledger_entry.c, t.treasury_fund.c
        return list(
            reading.execute(
                select(f.code, e.sequence, e.amount, e.balance_after)
                .join_from(t.ledger_entry, t.treasury_fund, f.id == e.fund_id)
                .order_by(f.code, e.sequence)
            ).all()
        )

    assert [tuple(row) for row in sqlite_desk.read(SYSTEM, year)] == [tuple(row) for row in built.read(SYSTEM, year)]


# --- where it may be made ---------------------------------------------------------------------------------------------


def test_a_demo_is_made_once_and_made_anew_only_when_told(desk: Desk) -> None:
    class Killed(BaseException):
        pass

    def stop(done: float) -> None:
        if done > 0.1:
            raise Killed

    with pytest.raises(Killed):
        demo.make(desk, progress=stop)
    assert desk.kind == ""
    assert not rows(desk, select(t.company.c.id))

    first = demo.make(desk)
    number = request(desk, find_actor(desk, "clerk.nbi"))
    again = demo.make(desk)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.accounts == first.accounts
    assert rows(desk, select(t.requisition.c.id).where(t.requisition.c.number == number))

    token_file.write(desk.home, token_file.KeptSession("a token", desk.shown_address))
    anew = demo.make(desk, reset=True)

    assert anew.is_new
    company = rows(desk, select(t.company.c.id).where(t.company.c.code == "SAVANNA"))[0].id
    r = t.requisition.c
    assert not rows(desk, select(r.id).where(r.company_id == company, r.number == number))
    assert token_file.read(desk.home) is None


@pytest.mark.parametrize("reset", [False, True])
def test_where_real_books_are_it_is_refused_and_nothing_is_touched(desk: Desk, reset: bool) -> None:
    build_company(desk)
    events = rows(desk, select(func.count()).select_from(t.audit_event))

    with pytest.raises(Refused) as refusal:
        demo.make(desk, reset=reset)

    assert refusal.value.code == "other_data"
    assert rows(desk, select(func.count()).select_from(t.audit_event)) == events
    with pytest.raises(Refused):
        demo.erase(desk)


@pytest.mark.parametrize("reset", [False, True])
def test_beside_tables_of_somebody_else_it_is_refused(postgres_server: Any, home: Path, reset: bool) -> None:
    name = f"foreign_{uuid4().hex[:12]}"
    postgres_server.run(f'CREATE DATABASE "{name}"')
    desk = Desk(postgres_server.url.set(database=name), home)
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE payroll (id integer)")
    try:
        with pytest.raises(Refused):
            demo.make(desk, reset=reset)
        assert desk.schema_status().state.value == "foreign"
    finally:
        desk.close()
        postgres_server.drop(name)
