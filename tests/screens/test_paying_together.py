"""Paying marked payments with one code: the list, references, wrong codes, stopping, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import banking
import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until, while_it_works
from settable_clock import SettableClock
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.gateways.protocol import Accepted, GatewayUnanswered, Order
from pettycash_tui.models.enums import GatewayName, PaymentStatus
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.screens.pay_dialog import PayDialog
from pettycash_tui.screens.paying_together import PayTogether
from pettycash_tui.screens.payments import PaymentsScreen
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import bulk, bulk_views, bundle_views, gateway_settings, payment_views, payments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.payment_views import PaymentView

MPESA = {"method": "mpesa", "destination": "0712345678"}


def for_treasury(desk: Desk, *amounts: str, who: str = "staff", **fields: str) -> list[str]:
    """Payments that the officer `treasury` is to pay."""
    people = demo_company(desk)
    made = []
    for amount in amounts:
        number = story.approved(desk, people[who], amount, **fields)
        if story.executor_of(desk, number).username != "treasury":
            desk.run(people["cfo"], payments.assign, number, "treasury")
        made.append(number)
    return made


def shown(desk: Desk, number: str) -> PaymentView:
    return desk.read(demo_company(desk)["cfo"], payment_views.show, number)


def window_of(pilot: Pilot[None]) -> PayTogether:
    screen = pilot.app.screen
    assert isinstance(screen, PayTogether)
    return screen


def code_of(pilot: Pilot[None]) -> str:
    return screen_text(pilot).partition("the code is ")[2][:6]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_marked_ones_are_paid_with_one_code_and_the_refused_are_listed(sqlite_desk: Desk) -> None:
    numbers = for_treasury(sqlite_desk, "1000", "2500.50", "300", payee="Total [b]Energies[/b]")
    people = demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "space")
        assert "✓ 3 marked, KES 3,800.50 · p pays · b bank file · d schedules" in screen_text(pilot)
        await press(pilot, "p")
        text = screen_text(pilot)
        assert "Pay 3 payments" in text and "Fund NBI: 3, KES 3,800.50; balance 100,000.00, then 96,199.50" in text
        assert all(number in text for number in numbers) and "Total [b]Energies[/b]" in text
        assert "Together KES 3,800.50 in 3 payments: 3 Cash" in text
        assert "good for 5:00" in text and "5 tries left" in text and "enter pays them" in text
        code = code_of(pilot)
        await type_text(pilot, wrong(code))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "The code is wrong; 4 tries are left." in text and "4 tries left" in text
        assert window_of(pilot).query(Input).last().value == "", "the next try begins empty"
        sqlite_desk.run(people["cfo"], payments.cancel, numbers[1], "Paid by card")
        await type_text(pilot, code)
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "2 of 3 payments paid" in text and "✔ 2 payments paid, KES 1,300.00" in text
        assert "✖ 1 not paid; what is in the list still stays marked" in text and f"{numbers[1]} is cancelled." in text
        for number in (numbers[0], numbers[2]):
            found = shown(sqlite_desk, number)
            assert found.status is PaymentStatus.SUCCESS and (found.voucher_number or "?") in text
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, PaymentsScreen)
        assert not screen.marked, "the cancelled one is not in the list any more"


async def test_what_cannot_be_paid_is_told_before_the_code_and_holds_nothing_up(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    good = for_treasury(sqlite_desk, "1000")
    (other,) = for_treasury(sqlite_desk, "2000")
    sqlite_desk.run(people["cfo"], payments.assign, other, "treasury2")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "p")
        text = screen_text(pilot)
        assert "! 1 is left out: the reasons stand at the end of the list" in text
        assert f"{other} is assigned to another officer." in text
        await type_text(pilot, code_of(pilot))
        await press(pilot, "enter")
        assert "1 of 2 payments paid" in screen_text(pilot) and "assigned to another officer" in screen_text(pilot)
        assert shown(sqlite_desk, good[0]).status is PaymentStatus.SUCCESS
        assert shown(sqlite_desk, other).status is PaymentStatus.PENDING
        await press(pilot, "escape")
        screen = pilot.app.screen
        assert isinstance(screen, PaymentsScreen)
        assert [payment.number for payment in screen.marked] == [other] and "✓ 1 marked" in screen_text(pilot)


async def test_nothing_can_be_confirmed_where_none_can_be_paid(sqlite_desk: Desk) -> None:
    (other,) = for_treasury(sqlite_desk, "2000")
    async with running(sqlite_desk, "treasury2", go="payments") as pilot:
        await press(pilot, "space", "p")
        text = screen_text(pilot)
        assert "✖ 1 is left out" in text and f"{other} is assigned to another officer." in text
        assert not window_of(pilot).query(Input) and "enter or esc closes" in text
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PaymentsScreen)


async def test_references_are_typed_one_after_the_other_and_kept_when_one_is_refused(sqlite_desk: Desk) -> None:
    numbers = for_treasury(sqlite_desk, "100", "200", **MPESA) + for_treasury(sqlite_desk, "300")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "space", "p")
        text = screen_text(pilot)
        assert f"Ref. {numbers[0]}" in text and "1 of 2: of the M-Pesa" in text
        assert "reference missing, M-Pesa 0712345678" in text
        await press(pilot, "enter")
        assert f"Is missing; enter the one of {numbers[0]}" in screen_text(pilot)
        await type_text(pilot, "QX1")
        await press(pilot, "enter")
        assert f"Ref. {numbers[1]}" in screen_text(pilot) and "reference QX1, M-Pesa" in screen_text(pilot)
        await press(pilot, "ctrl+t")
        assert f"Ref. {numbers[0]}" in screen_text(pilot)
        await press(pilot, "enter")
        await type_text(pilot, "QX1")
        await press(pilot, "enter")
        await type_text(pilot, code_of(pilot))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "2 of 3 payments paid" in text and "the reference 'QX1' is on" in text
        assert shown(sqlite_desk, numbers[0]).gateway_reference == "QX1"
        assert shown(sqlite_desk, numbers[1]).status is PaymentStatus.PENDING


async def test_without_a_code_a_key_pays_only_what_was_looked_at(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_company(sqlite_desk)
    banking.without_codes(sqlite_desk)
    numbers = for_treasury(sqlite_desk, "1000", "2000")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        monkeypatch.setattr(PayTogether, "look_seconds", 60)
        await press(pilot, "space", "space", "p", "enter")
        text = screen_text(pilot)
        assert "No code is needed" in text and "Look at the list and its total, then press enter." in text
        assert shown(sqlite_desk, numbers[0]).status is PaymentStatus.PENDING
        monkeypatch.setattr(PayTogether, "look_seconds", 0)
        await press(pilot, "enter")
        assert "2 payments paid" in screen_text(pilot)


class Halting:
    """Pays for the screen, and waits after each fund until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        real = bulk.pay_together

        def pay(*args: Any, report: Callable[[int, int], bool], **options: Any) -> Any:
            def wait(done: int, count: int) -> bool:
                self.reached.set()
                assert self.go_on.wait(20)
                return report(done, count)

            return real(*args, report=wait, **options)

        monkeypatch.setattr(bulk, "pay_together", pay)


async def test_esc_stops_between_two_funds_and_says_what_was_not_paid(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_treasury(sqlite_desk, "1000")
    for_treasury(sqlite_desk, "3000", who="fpa", origin="hq")
    halting = Halting(monkeypatch)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "p")
        await type_text(pilot, code_of(pilot))
        await pilot.press("enter")
        await while_it_works(pilot, halting.reached.is_set)
        await pilot.press("escape")
        await while_it_works(
            pilot, lambda: "Stopping after this fund…" in screen_text(pilot) and "0 of 2" in screen_text(pilot)
        )
        halting.go_on.set()
        await until(pilot, lambda: "1 of 2 payments paid" in screen_text(pilot))
        assert "because it was stopped before its turn" in " ".join(screen_text(pilot).split())


async def test_a_window_that_was_left_goes_on_and_what_came_of_it_is_told(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = for_treasury(sqlite_desk, "1000", "2000")
    halting = Halting(monkeypatch)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "p")
        await type_text(pilot, code_of(pilot))
        await pilot.press("enter")
        await while_it_works(pilot, halting.reached.is_set)
        await pilot.press("enter", "escape", "escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PaymentsScreen)
        halting.go_on.set()
        await settled(pilot)
        assert any("2 payments paid, KES 3,000.00." in notice for notice in notices(pilot))
        assert not pilot.app.screen.marked
        assert all(shown(sqlite_desk, number).status is PaymentStatus.SUCCESS for number in numbers)


async def test_what_somebody_else_does_meanwhile_is_shown_and_a_locked_desk_tells_nothing(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    numbers = for_treasury(sqlite_desk, "1000", "2000")
    halting = Halting(monkeypatch)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "p")
        window, code = window_of(pilot), code_of(pilot)
        sqlite_desk.run(people["cfo"], payments.cancel, numbers[1], "Paid by card")
        window.books_changed()
        await settled(pilot)
        text = screen_text(pilot)
        assert "Together KES 1,000.00 in 1 payment: 1 Cash" in text and f"{numbers[1]} is cancelled." in text
        await type_text(pilot, code)
        await pilot.press("enter")
        await while_it_works(pilot, halting.reached.is_set)
        await pilot.app.push_screen(LockScreen(window.context, idle_minutes=15))
        halting.go_on.set()
        await settled(pilot)
        assert "paid" not in screen_text(pilot) and isinstance(pilot.app.screen, LockScreen)
        pilot.app.screen.dismiss(None)
        await settled(pilot)
        assert "1 of 2 payments paid" in screen_text(pilot)


async def test_opening_the_same_list_again_keeps_its_code_and_enter_still_pays_one(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    numbers = for_treasury(sqlite_desk, "1000", "2000")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "p")
        code = code_of(pilot)
        await type_text(pilot, wrong(code))
        await press(pilot, "enter", "escape", "p")
        assert "4 tries left" in screen_text(pilot) and "new code in 60 s" in screen_text(pilot)
        await press(pilot, "ctrl+y")
        window = pilot.app.screen
        assert isinstance(window, TextWindow) and numbers[1] in window.text and "Together KES 3,000.00" in window.text
        await press(pilot, "escape")
        clock.advance(seconds=61)
        await press(pilot, "ctrl+r")
        assert "5 tries left" in screen_text(pilot)
        await press(pilot, "escape", "home", "enter")
        assert isinstance(pilot.app.screen, PayDialog) and pilot.app.screen.payment.number == numbers[0]


async def test_marks_are_forgotten_with_another_list(sqlite_desk: Desk) -> None:
    for_treasury(sqlite_desk, "1000")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space")
        assert "✓ 1 marked, KES 1,000.00" in screen_text(pilot)
        await press(pilot, "f", "F")
        assert "marked" not in screen_text(pilot)


def test_the_plan_says_by_fund_what_is_paid_and_what_asks_for_a_reference(desk: Desk) -> None:
    people = demo_company(desk)
    cash, transfer = for_treasury(desk, "1000") + for_treasury(desk, "200", **MPESA)
    found = bulk_views.plan(desk, people["treasury"], [transfer, cash])
    (share,) = found.funds
    assert [(each.payment, each.asks_reference) for each in found.payments] == [(cash, False), (transfer, True)]
    assert (share.fund, share.total.plain(), share.balance_after.plain()) == ("NBI", "1200.00", "98800.00")
    assert share.available_after.plain() == "98800.00", "both are held already"
    assert found.needs_code and found.total == share.total
    none = bulk_views.plan(desk, people["treasury2"], [cash])
    assert none.total is None and [each.payment for each in none.refused] == [cash]


def test_a_standing_code_of_a_list_is_of_exactly_that_list_and_its_officers(desk: Desk, clock: SettableClock) -> None:
    people = demo_company(desk)
    first, second = for_treasury(desk, "1000", "2000")
    ids = [story.id_of_payment(desk, number) for number in (first, second)]
    officer = people["treasury"]
    assert desk.read(officer, bundle_views.standing, ids) is None
    sent = bulk.send_code(desk, officer, [first, second]).sent
    standing = desk.read(officer, bundle_views.standing, ids)
    assert sent is not None and standing is not None and standing.demo_code is None
    assert (standing.bundle_id, standing.payments, standing.total) == (sent.bundle_id, sent.payments, sent.total)
    assert (standing.expires_at, standing.resend_after, standing.sent_to, standing.attempts_left) == (
        sent.expires_at,
        sent.resend_after,
        sent.sent_to,
        sent.attempts_left,
    )
    assert desk.read(officer, bundle_views.standing, ids[:1]) is None
    assert desk.read(people["treasury2"], bundle_views.standing, ids) is None
    clock.advance(minutes=5)
    assert desk.read(officer, bundle_views.standing, ids) is None


class TakesEverything:
    """M-Pesa, as far as sending goes."""

    name = GatewayName.MPESA

    def check(self, order: Order) -> None:
        """Everything can be sent."""

    def send(self, order: Order) -> Accepted:
        """Take it, or lose the connection over the one of 300."""
        if order.amount == 300_00:
            raise GatewayUnanswered("no answer")
        return Accepted(f"AG-{order.payment_number}")


async def test_what_goes_over_a_network_is_sent_after_the_funds_and_told_apart(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = TakesEverything()
    monkeypatch.setattr(gateway_settings, "is_any", lambda desk: True)
    monkeypatch.setattr(gateway_settings, "named", lambda desk, name: gateway if name is gateway.name else None)
    (cash,) = for_treasury(sqlite_desk, "1000")
    phones = for_treasury(sqlite_desk, "200", "300", **MPESA)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "space", "p")
        assert "Reference" not in screen_text(pilot), "nobody types a reference for what is sent from here"
        await type_text(pilot, code_of(pilot))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "3 payments sent or paid" in text and "✔ 1 payment paid, KES 1,000.00" in text
        assert "▶ 2 payments sent, KES 500.00; the results come by themselves" in text
        assert [shown(sqlite_desk, number).status for number in (cash, *phones)] == [
            PaymentStatus.SUCCESS,
            PaymentStatus.EXECUTING,
            PaymentStatus.UNKNOWN,
        ]
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, PaymentsScreen)
        assert not screen.marked
