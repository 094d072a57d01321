"""One execution with its code check, and one submission, beside a bare script that writes the same rows.

The script speaks psycopg or sqlite3, knows every value beforehand, checks nothing, and writes in one transaction with
the same constraints and triggers in force. One client; then 8 processes on one fund, and on 50 funds.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url, select

from benchmarks.ground import NOW, Ground, find, grounds, open_desk, trading_company
from benchmarks.measuring import Ratio
from benchmarks.same_rows import Bare, PaymentRows, SubmissionRows
from pettycash_tui.models import tables as t
from pettycash_tui.services import execution, otp, requisitions, submission, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Reading, Work

PROCESSES = 8
FUNDS = 50
WARM = 5


@dataclass(frozen=True)
class Ready:
    """A payment that waits for its code, with what both sides need."""

    number: str
    executor: str
    code: str
    rows: PaymentRows


def submit(work: Work, branch: str) -> str:
    """Write and submit one requisition."""
    given = RequisitionInput(
        origin="branch", branch=branch, amount="100", purpose="Fuel for the delivery van", payee="Total Energies"
    )
    written = requisitions.create(work, given)
    submission.submit(work, written.id)
    return written.number


def approved(desk: Desk, people: dict[str, Actor], branch: str) -> tuple[str, str]:
    """An approved payment of this branch's fund, and who is to execute it."""
    number = desk.run(people["clerk"], submit, branch)
    desk.run(people["manager"], workflow.approve, number)
    officer = people[desk.read(SYSTEM, _next_approver, number)]
    payment = desk.run(officer, workflow.approve, number).payment
    assert payment is not None
    return payment, desk.read(SYSTEM, _executor, payment)


def prepared(desk: Desk, people: dict[str, Actor], branches: list[str]) -> list[Ready]:
    """One approved payment with a sent code for each branch named."""
    made = []
    for branch in branches:
        payment, executor = approved(desk, people, branch)
        code = otp.send(desk, people[executor], payment).demo_code
        assert code is not None
        made.append(Ready(payment, executor, code, desk.read(SYSTEM, rows_of, payment)))
    return made


def _next_approver(reading: Reading, number: str) -> str:
    r, u = t.requisition.c, t.user.c
    return str(
        reading.execute(
            select(u.username).join_from(t.requisition, t.user, u.id == r.next_approver_id).where(r.number == number)
        ).scalar_one()
    )


def _executor(reading: Reading, payment: str) -> str:
    p, u = t.payment.c, t.user.c
    return str(
        reading.execute(
            select(u.username).join_from(t.payment, t.user, u.id == p.executor_id).where(p.number == payment)
        ).scalar_one()
    )


def rows_of(reading: Reading, payment: str) -> PaymentRows:
    p, r, f, o = t.payment.c, t.requisition.c, t.treasury_fund.c, t.otp_challenge.c
    row = reading.execute(
        select(
            p.id, p.company_id, p.requisition_id, p.revision, p.fund_id, p.amount, p.currency, p.executor_id, p.payee,
            p.number, f.account_id, f.code, t.category.c.account_id.label("contra_id"), o.id.label("code_id"),
        )
        .select_from(t.payment)
        .join(t.requisition, r.id == p.requisition_id)
        .join(t.treasury_fund, f.id == p.fund_id)
        .join(t.category, t.category.c.id == r.category_id)
        .outerjoin(t.otp_challenge, o.payment_id == p.id)
        .where(p.number == payment)
    ).one()  # fmt: skip
    return PaymentRows(**row._mapping)


# --- the two sides ----------------------------------------------------------------------------------------------------


def product_pays(address: str, home: str, share: list[Ready], start: Any, spans: Any) -> None:
    """Our side: the service, as a screen or command calls it."""
    desk = open_desk(_url(address), Path(home))
    officers = {name: desk.read(SYSTEM, find, name) for name in ("officer1", "officer2")}
    warm(desk)
    start.wait()
    began = time.perf_counter()
    for ready in share:
        execution.execute(desk, officers[ready.executor], ready.number, code=ready.code)
    spans.put((began, time.perf_counter()))
    desk.close()


def script_pays(address: str, home: str, share: list[Ready], start: Any, spans: Any) -> None:
    """Their side: the same rows through the driver."""
    bare = Bare(connect(_url(address)), NOW)
    start.wait()
    began = time.perf_counter()
    for ready in share:
        bare.pay(ready.rows)
    spans.put((began, time.perf_counter()))
    bare.close()


def product_submits(address: str, home: str, count: int, start: Any, spans: Any) -> None:
    """Our side of submissions."""
    desk = open_desk(_url(address), Path(home))
    clerk = desk.read(SYSTEM, find, "clerk")
    warm(desk)
    for _ in range(WARM):
        desk.run(clerk, submit, "B00")
    start.wait()
    began = time.perf_counter()
    for _ in range(count):
        desk.run(clerk, submit, "B00")
    spans.put((began, time.perf_counter()))
    desk.close()


def script_submits(address: str, home: str, count: int, start: Any, spans: Any) -> None:
    """Their side of submissions: the rows of one that the product wrote, with new ids."""
    desk = open_desk(_url(address), Path(home))
    number = desk.run(desk.read(SYSTEM, find, "clerk"), submit, "B00")
    rows = desk.read(SYSTEM, _submission, number)
    desk.close()
    bare = Bare(connect(_url(address)), NOW)
    for _ in range(WARM):
        bare.submit(rows)
    start.wait()
    began = time.perf_counter()
    for _ in range(count):
        bare.submit(rows)
    spans.put((began, time.perf_counter()))
    bare.close()


def _submission(reading: Reading, number: str) -> SubmissionRows:
    r, s, a = t.requisition.c, t.approval_step.c, t.approval_trail.c
    row = reading.execute(select(t.requisition).where(r.number == number)).one()
    steps = reading.execute(select(t.approval_step).where(s.requisition_id == row.id).order_by(s.position)).all()
    trail = reading.execute(select(t.approval_trail).where(a.requisition_id == row.id)).one()
    return SubmissionRows(dict(row._mapping), [dict(step._mapping) for step in steps], dict(trail._mapping))


def warm(desk: Desk) -> None:
    """Connect, import and read the key before the clock runs."""
    desk.secrets.derive("otp")
    for _ in range(WARM):
        desk.read(SYSTEM, find, "clerk")


def _url(address: str) -> URL:
    return make_url(address)


def connect(url: URL) -> Any:
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(url.database), timeout=15, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


# --- measuring --------------------------------------------------------------------------------------------------------


def per_second(side: Callable[..., None], url: URL, home: Path, shares: list[Any]) -> float:
    """How many acts a second the processes do together, from the first start to the last end."""
    context = mp.get_context("spawn")
    start, spans = context.Barrier(len(shares)), context.Queue()
    address = url.render_as_string(hide_password=False)
    processes = [context.Process(target=side, args=(address, str(home), share, start, spans)) for share in shares]
    for process in processes:
        process.start()
    found = [spans.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0, "a payment failed"
    acts = sum(share if isinstance(share, int) else len(share) for share in shares)
    return acts / (max(end for _, end in found) - min(began for began, _ in found))


def compare(
    ground: Ground, template: URL, what: str, sides: tuple[Any, Any], shares: list[Any], bound: float, rounds: int
) -> Ratio:
    """Both sides in turns, each on a fresh copy."""
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, kept in zip(sides, figures, strict=True):
            url = ground.copy(template)
            kept.append(per_second(side, url, ground.folder, shares))
            ground.drop(url)
    ours, theirs = (statistics.median(kept) for kept in figures)
    return Ratio(f"{ground.name}: {what}", ours, theirs, "/s", bound, at_most=False)


def measure(ground: Ground, count: int = 240, rounds: int = 3) -> list[Ratio]:
    """The ratios on one database."""
    template = ground.new()
    desk = open_desk(template, ground.folder)
    people = trading_company(desk, FUNDS)
    one = prepared(desk, people, ["B00"] * count)
    fifty = prepared(desk, people, [f"B{i % FUNDS:02}" for i in range(count)])
    desk.close()
    paying = (product_pays, script_pays)
    made = [
        compare(ground, template, "execution : script, 1 client", paying, [one], 0.2, rounds),
        compare(
            ground, template, "submission : script, 1 client", (product_submits, script_submits), [count], 0.2, rounds
        ),
    ]
    for what, ready in (("one fund", one), ("50 funds", fifty)):
        shares = [ready[i::PROCESSES] for i in range(PROCESSES)]
        made.append(compare(ground, template, f"execution : script, 8 processes, {what}", paying, shares, 0.25, rounds))
    ground.drop(template)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgres"], default="both")
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with grounds(given.database) as found:
        for one_ground in found:
            print(*measure(one_ground, given.count, given.rounds), sep="\n", flush=True)
