"""How the treasury screens look at 80x24 and 120x40. The clock stands still and the code is always the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import story
from desk_app import demo_company, desk_app, press, settled, type_text
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.app import PettyCashApp
from pettycash_tui.services import execution, otp
from pettycash_tui.services.desk import Desk

SMALL, LARGE = (80, 24), (120, 40)

Snapshot = Callable[..., bool]


@pytest.fixture(autouse=True)
def always_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo shows the code."""
    monkeypatch.setattr(otp.secrets, "randbelow", lambda limit: 271828)


def going(place: str, *keys: str, text: str = "") -> Callable[[Pilot[None]], Awaitable[None]]:
    """Go to a screen, press keys, type a text."""

    async def go(pilot: Pilot[None]) -> None:
        await settled(pilot)
        pilot.app.action_go(place)
        await settled(pilot)
        await press(pilot, *keys)
        await type_text(pilot, text)

    return go


@pytest.fixture
def queue(sqlite_desk: Desk, clock: SettableClock) -> PettyCashApp:
    """A branch manager with four requisitions, one overdue and one urgent."""
    staff = demo_company(sqlite_desk)["staff"]
    story.request(sqlite_desk, staff, "7800", payee="Mwangi Garage", purpose="Brake pads for KDA 417X")
    clock.advance(hours=20)
    story.request(sqlite_desk, staff, "4500")
    clock.advance(hours=3)
    story.request(
        sqlite_desk,
        staff,
        "1250.50",
        payee="Nairobi Water & Sewerage Company",
        purpose="Reconnection of the depot",
        is_urgent=True,
        urgency_reason="The depot has no water",
    )
    clock.advance(hours=2)
    story.request(sqlite_desk, staff, "120000", payee="Crown Paints", purpose="Repainting the shop front")
    return desk_app(sqlite_desk, "branch_manager")


@pytest.fixture
def paying(sqlite_desk: Desk) -> PettyCashApp:
    """A treasury officer with payments in every state."""
    people = demo_company(sqlite_desk)
    done = story.approved(sqlite_desk, people["staff"], "6000", payee="Text Book Centre")
    story.pay(sqlite_desk, done)
    failed = story.approved(sqlite_desk, people["staff"], "2500", payee="Safari Courier")
    officer = story.executor_of(sqlite_desk, failed)
    sqlite_desk.run(officer, execution.record_failure, failed, "the line was down")
    for amount, payee in (("4500", "Total Energies"), ("12750.25", "Mwangi Garage"), ("900", "Java House")):
        story.approved(sqlite_desk, people["staff"], amount, payee=payee, method="mpesa", destination="0712345678")
    story.approved(sqlite_desk, people["staff"], "95000", payee="Crown Paints")
    return desk_app(sqlite_desk, "treasury")


@pytest.fixture
def book(sqlite_desk: Desk, clock: SettableClock) -> PettyCashApp:
    """A branch manager and the cash book of their fund over some days."""
    staff = demo_company(sqlite_desk)["staff"]
    payees = ("Total Energies", "Mwangi Garage", "Text Book Centre", "Safari Courier", "Java House")
    for place in range(12):
        amount = str(1250 + 375 * place)
        story.pay(sqlite_desk, story.approved(sqlite_desk, staff, amount, payee=payees[place % 5]))
        clock.advance(hours=21)
    return desk_app(sqlite_desk, "branch_manager")


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_approvals(snap_compare: Snapshot, queue: PettyCashApp, size: tuple[int, int]) -> None:
    assert snap_compare(queue, run_before=going("approvals"), terminal_size=size)


def test_approving_together(snap_compare: Snapshot, queue: PettyCashApp) -> None:
    keys = ("space", "space", "G", "space", "a")
    assert snap_compare(queue, run_before=going("approvals", *keys), terminal_size=SMALL)


def test_rejecting(snap_compare: Snapshot, queue: PettyCashApp) -> None:
    assert snap_compare(queue, run_before=going("approvals", "j", "x", text="No budget"), terminal_size=SMALL)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_payments(snap_compare: Snapshot, paying: PettyCashApp, size: tuple[int, int]) -> None:
    assert snap_compare(paying, run_before=going("payments"), terminal_size=size)


def test_all_payments(snap_compare: Snapshot, paying: PettyCashApp) -> None:
    assert snap_compare(paying, run_before=going("payments", "F", "G"), terminal_size=SMALL)


def test_pay_dialog(snap_compare: Snapshot, paying: PettyCashApp) -> None:
    keys = ("j", "enter")
    assert snap_compare(paying, run_before=going("payments", *keys), terminal_size=SMALL)


def test_pay_dialog_refused(snap_compare: Snapshot, paying: PettyCashApp) -> None:
    async def refused(pilot: Pilot[None]) -> None:
        await going("payments", "j", "enter", text="111111")(pilot)
        await press(pilot, "tab")
        await type_text(pilot, "QKJ7TXL2")
        await press(pilot, "enter")

    assert snap_compare(paying, run_before=refused, terminal_size=SMALL)


def test_pay_dialog_paid(snap_compare: Snapshot, paying: PettyCashApp) -> None:
    async def paid(pilot: Pilot[None]) -> None:
        await going("payments", "j", "enter", text="271828")(pilot)
        await press(pilot, "tab")
        await type_text(pilot, "QKJ7TXL2")
        await press(pilot, "enter")

    assert snap_compare(paying, run_before=paid, terminal_size=SMALL)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_ledger(snap_compare: Snapshot, book: PettyCashApp, size: tuple[int, int]) -> None:
    assert snap_compare(book, run_before=going("ledger"), terminal_size=size)


def test_ledger_entry(snap_compare: Snapshot, book: PettyCashApp) -> None:
    assert snap_compare(book, run_before=going("ledger", "t", "k", "enter"), terminal_size=SMALL)
