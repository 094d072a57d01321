"""The payments and their dialog: the code, the reference, a second press, a slow database, and who may do what."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text
from settable_clock import SettableClock
from slow_desk import SlowDesk, begun
from sqlalchemy import update
from textual import events
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.pay_dialog import PayDialog
from pettycash_tui.screens.payments import PaymentsScreen
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import execution, otp, payment_views, payments, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.payment_views import PaymentFilter, PaymentView


@pytest.fixture(autouse=True)
def no_time_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment without a code is paid by the first key."""
    monkeypatch.setattr(PayDialog, "look_seconds", 0)


MPESA = {"method": "mpesa", "destination": "0712345678"}


def a_payment(desk: Desk, amount: str = "4500", **fields: str) -> tuple[str, str]:
    """A payment ready to be paid, and its executor's username."""
    number = story.approved(desk, demo_company(desk)["staff"], amount, **fields)
    return number, story.executor_of(desk, number).username


def shown(desk: Desk, number: str) -> PaymentView:
    return desk.read(demo_company(desk)["cfo"], payment_views.show, number)


def screen_of(pilot: Pilot[None]) -> PaymentsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PaymentsScreen)
    return screen


def dialog_of(pilot: Pilot[None]) -> PayDialog:
    screen = pilot.app.screen
    assert isinstance(screen, PayDialog)
    return screen


def code_of(pilot: Pilot[None]) -> str:
    """The code as the demo shows it."""
    line = next(line for line in screen_text(pilot).splitlines() if "Demo: the code is" in line)
    return line.partition("the code is ")[2][:6]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_the_dialog_says_what_leaves_and_pays_with_the_right_code(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk, payee="Total [b]Energies[/b]")
    async with running(sqlite_desk, executor, go="payments") as pilot:
        text = screen_text(pilot)
        assert "Payments: ready" in text and "● ready" in text and "KES 4,500.00" in text
        assert "You can pay it now" in text
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert f"Pay {number}" in text and "Total [b]Energies[/b]" in text
        assert "KES 4,500.00" in text
        assert "100,000.00" in text and "95,500.00" in text, "the fund before and after"
        assert "good for 5:00" in text and "5 tries left" in text and "new code in 60 s" in text
        code = code_of(pilot)
        await type_text(pilot, code)
        assert "Code" in text and f"Code            {code}" not in screen_text(pilot), "the field is masked"
        await press(pilot, "enter")
        paid = shown(sqlite_desk, number)
        assert paid.status is PaymentStatus.SUCCESS
        text = screen_text(pilot)
        assert f"{number} is paid" in text
        assert paid.voucher_number and paid.voucher_number in text
        assert f"CASH-{number}" in text
        assert "KES 95,500.00 in fund NBI" in text
        await press(pilot, "enter")
        assert "Nothing is ready to be paid." in screen_text(pilot)


async def test_a_wrong_code_says_how_many_tries_are_left_and_is_no_failed_payment(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        code = code_of(pilot)
        await type_text(pilot, wrong(code))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "The code is wrong; 4 tries are left." in text and "4 tries left" in text
        assert dialog_of(pilot).query(Input).first().value == "", "the next try begins empty"
        assert shown(sqlite_desk, number).retry_count == 0
        await press(pilot, "enter")
        assert "Must be the 6 digits" in screen_text(pilot)
        assert "4 tries left" in screen_text(pilot), "an empty code costs no try"
        await type_text(pilot, code)
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.SUCCESS


async def test_after_five_wrong_codes_a_new_one_is_asked_for(sqlite_desk: Desk, clock: SettableClock) -> None:
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        code = code_of(pilot)
        for _ in range(5):
            await type_text(pilot, wrong(code))
            await press(pilot, "enter")
        text = screen_text(pilot)
        assert "The code is wrong, and the code for" in text
        assert "There is no code that is good now: ^r sends one in 60 s." in text
        clock.advance(seconds=61)
        await press(pilot, "ctrl+r")
        assert "5 tries left" in screen_text(pilot)
        await type_text(pilot, code_of(pilot))
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.SUCCESS


async def test_a_new_code_waits_for_its_time_and_an_expired_one_says_so(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    _, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        first = code_of(pilot)
        await press(pilot, "ctrl+r")
        assert "A new code can be sent in 60 s" in screen_text(pilot)
        assert code_of(pilot) == first
        clock.advance(seconds=270)
        dialog_of(pilot).tick()
        await settled(pilot)
        assert "! good for 0:30" in screen_text(pilot)
        clock.advance(seconds=30)
        dialog_of(pilot).tick()
        await settled(pilot)
        assert "The code has expired" in screen_text(pilot)
        await type_text(pilot, first)
        await press(pilot, "enter")
        assert "has expired" in screen_text(pilot)
        await press(pilot, "ctrl+r")
        assert "good for 5:00" in screen_text(pilot)


async def test_opening_the_dialog_again_keeps_the_code_that_was_sent(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "o")
        assert f"A code for {number} is on its way to " in notices(pilot)[-1]
        await press(pilot, "p")
        code = code_of(pilot)
        assert code in notices(pilot)[-1]
        await type_text(pilot, wrong(code))
        await press(pilot, "enter", "escape", "p")
        assert code_of(pilot) == code and "4 tries left" in screen_text(pilot)
        await type_text(pilot, code)
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.SUCCESS


async def test_a_code_is_pasted_as_it_stands_in_a_message(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        code = code_of(pilot)
        dialog_of(pilot).query(Input).first().post_message(events.Paste(f"Code: {code[:3]} {code[3:]}\nThank you"))
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.SUCCESS


async def test_a_missing_reference_stands_beside_its_field_and_costs_no_try(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk, **MPESA)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        code = code_of(pilot)
        await type_text(pilot, code)
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "✖ Is missing; enter the M-Pesa transaction code" in text and "5 tries left" in text
        assert pilot.app.focused is dialog_of(pilot).query(Input).last()
        await type_text(pilot, "QKJ7TXL2")
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).gateway_reference == "QKJ7TXL2"


async def test_enter_pressed_twice_pays_once(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, executor = a_payment(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    calls = []
    execute = execution.execute
    monkeypatch.setattr(execution, "execute", lambda *args, **options: calls.append(1) or execute(*args, **options))
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        await type_text(pilot, code_of(pilot))
        with slow.slow():
            await pilot.press("enter")
            await begun(pilot, slow)
            await pilot.press("enter", "enter")
            await pilot.pause()
            assert "It is being paid; wait for the result." in screen_text(pilot)
        await settled(pilot)
        assert len(calls) == 1
        assert "is paid" in screen_text(pilot)
        fund = shown(sqlite_desk, number).fund_balance
        assert fund.plain() == "95500.00"


async def test_esc_leaves_at_once_and_the_result_becomes_a_notice(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, executor = a_payment(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        await type_text(pilot, code_of(pilot))
        with slow.slow():
            await pilot.press("enter")
            await begun(pilot, slow)
            await pilot.press("escape")
            await pilot.pause()
            assert isinstance(pilot.app.screen, PaymentsScreen)
            assert f"{number} is still being paid" in notices(pilot)[-1]
            await pilot.press("f")
            await pilot.pause()
            assert screen_of(pilot).state.name == "waiting for funds", "the keys are alive"
        await settled(pilot)
        voucher = shown(sqlite_desk, number).voucher_number
        assert any(f"{number} is paid: voucher {voucher}" in notice for notice in notices(pilot))


async def test_one_who_may_not_pay_it_is_not_offered_to_and_is_told_every_reason(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    other = "treasury2" if executor == "treasury" else "treasury"
    async with running(sqlite_desk, other, go="payments") as pilot:
        assert "Pay" not in screen_text(pilot).splitlines()[-1]
        assert f"{number} is assigned to another officer." in screen_text(pilot)
        await press(pilot, "p")
        assert isinstance(pilot.app.screen, PaymentsScreen)
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, TextWindow)
        assert "assigned to another officer" in pilot.app.screen.text


async def test_nobody_is_offered_to_pay_their_own_request(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    number = story.approved(sqlite_desk, people["treasury"], "4500")
    assert story.executor_of(sqlite_desk, number).username == "treasury2"
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        assert "is your own request: nobody pays their own." in screen_text(pilot)
        await press(pilot, "p", "enter")
        assert isinstance(pilot.app.screen, PaymentsScreen)


async def test_what_was_paid_by_another_desk_is_refused_and_can_only_be_closed(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PayDialog, "books_changed", lambda dialog: None)
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        code = code_of(pilot)
        execution.execute(sqlite_desk, demo_company(sqlite_desk)[executor], number, code=code)
        await type_text(pilot, code)
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert f"{number} is paid already" in text and "Nothing was paid from here." in text
        assert (shown(sqlite_desk, number).voucher_number or "?") in text
        await press(pilot, "ctrl+r", "enter")
        assert isinstance(pilot.app.screen, PaymentsScreen)
        assert shown(sqlite_desk, number).fund_balance.plain() == "95500.00", "it left once"


@pytest.mark.parametrize("what", ["paid", "cancelled", "assigned"])
async def test_an_open_dialog_says_what_somebody_else_did_and_only_closes(sqlite_desk: Desk, what: str) -> None:
    number, executor = a_payment(sqlite_desk)
    people = demo_company(sqlite_desk)
    other = "treasury2" if executor == "treasury" else "treasury"
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        dialog = dialog_of(pilot)
        dialog.books_changed()
        await settled(pilot)
        assert not dialog.is_over, "nothing that concerns it has changed"
        if what == "paid":
            execution.execute(sqlite_desk, people[executor], number, code=code_of(pilot))
        elif what == "cancelled":
            sqlite_desk.run(people["cfo"], payments.cancel, number, "Paid by card")
        else:
            sqlite_desk.run(people["cfo"], payments.assign, number, other)
        dialog.books_changed()
        await settled(pilot)
        text = screen_text(pilot)
        said = {"paid": "is paid already", "cancelled": "is cancelled already", "assigned": "is assigned to "}[what]
        assert f"{number} {said}" in text and "Nothing was paid from here." in text
        assert not dialog.query(Input)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PaymentsScreen)


async def test_what_somebody_else_took_stays_marked_in_the_list_and_no_key_acts_on_it(sqlite_desk: Desk) -> None:
    first, _ = a_payment(sqlite_desk, "1000")
    people = demo_company(sqlite_desk)
    sqlite_desk.run(people["cfo"], payments.assign, first, "treasury")
    second, _ = a_payment(sqlite_desk, "2000")
    sqlite_desk.run(people["cfo"], payments.assign, second, "treasury")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        story.pay(sqlite_desk, first)
        screen_of(pilot).books_changed()
        await settled(pilot)
        text = screen_text(pilot)
        assert first in text and "− paid by Treasury" in text and "Payments: ready 1, KES 2,000.00" in text
        await press(pilot, "p")
        assert isinstance(pilot.app.screen, PaymentsScreen)
        assert notices(pilot)[-1] == f"{first} is not here any more: paid by Treasury Person."
        await press(pilot, "j", "p")
        assert dialog_of(pilot).payment.number == second


async def test_the_states_are_filters(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    paid, executor = a_payment(sqlite_desk, "1000")
    story.pay(sqlite_desk, paid)
    ready, _ = a_payment(sqlite_desk, "90000")
    waiting, _ = a_payment(sqlite_desk, "60000")
    async with running(sqlite_desk, executor, go="payments") as pilot:
        assert ready in screen_text(pilot) and waiting not in screen_text(pilot)
        assert "Payments: ready 1, KES 90,000.00" in screen_text(pilot)
        await press(pilot, "f")
        text = screen_text(pilot)
        assert waiting in text and "… waiting for funds" in text
        assert "needs KES 60,000.00" in text and "KES 51,000.00 in fund NBI" in text
        await press(pilot, "f")
        assert "Nothing has failed." in screen_text(pilot)
        await press(pilot, "f")
        assert "Nothing was sent without an answer." in screen_text(pilot)
        await press(pilot, "f")
        assert "Nothing is confirmed for a later day." in screen_text(pilot)
        await press(pilot, "f")
        assert paid in screen_text(pilot) and "✔ paid" in screen_text(pilot)
        assert (shown(sqlite_desk, paid).voucher_number or "?") in screen_text(pilot)
        await press(pilot, "F", "F", "F", "F", "F", "F")
        assert screen_of(pilot).state.name == "all"
        assert all(number in screen_text(pilot) for number in (paid, ready, waiting))


async def test_a_filter_that_matches_no_payment_says_how_one_gets_back(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "slash")
        await type_text(pilot, "nobody")
        await press(pilot, "enter")
        assert "Nothing matches “nobody”; esc shows all." in screen_text(pilot)
        assert "Payments: ready 0" in screen_text(pilot)
        await press(pilot, "slash", "escape")
        assert number in screen_text(pilot)


async def test_a_payment_is_shown_wherever_it_is(sqlite_desk: Desk) -> None:
    paid, executor = a_payment(sqlite_desk, "1000")
    story.pay(sqlite_desk, paid)
    first, _ = a_payment(sqlite_desk, "2000")
    second, _ = a_payment(sqlite_desk, "3000")
    async with running(sqlite_desk, executor, go="payments") as pilot:
        screen = screen_of(pilot)
        screen.show_object(second)
        await settled(pilot)
        assert (screen.value.number, screen.filter_text) == (second, "")
        assert first in screen_text(pilot)
        screen.show_object(paid)
        await settled(pilot)
        assert screen.state.name == "done" and screen.value.number == paid
        await press(pilot, "slash", "escape")
        screen.show_object("PAY-999999")
        await settled(pilot)
        assert "PAY-999999" in notices(pilot)[-1]


async def test_the_detail_says_what_the_fund_lacks_who_approved_and_how_often_it_failed(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    a_payment(sqlite_desk, "90000")
    _, executor = a_payment(sqlite_desk, "60000")
    a_payment(sqlite_desk, "70000")
    number, _ = a_payment(sqlite_desk, "500")
    sqlite_desk.run(people["cfo"], payments.assign, number, executor)
    sqlite_desk.run(people[executor], execution.record_failure, number, "line was down")
    async with running(sqlite_desk, executor, go="payments", size=(120, 40)) as pilot:
        await press(pilot, "f", "j")
        text = screen_of(pilot).pane.text
        assert "Lacks       KES 60,500.00 in fund NBI" in text
        assert "Before it   1 payment waits for KES 60,000.00 of the same fund" in text
        assert "Approved    by Branch Manager, 2026-03-02 12:00" in text
        await press(pilot, "f")
        text = screen_of(pilot).pane.text
        assert "line was down" in text and "1 of 3 used" in text and "t makes it ready again." in text


async def test_the_voucher_is_shown_as_text_and_copied(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk, payee="Njoroge & Sons")
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p", "ctrl+y")
        window = pilot.app.screen
        assert isinstance(window, TextWindow)
        assert f"Payment {number}" in screen_text(pilot) and "PAYMENT, NOT PAID" in window.text
        await press(pilot, "escape")
        await type_text(pilot, code_of(pilot))
        await press(pilot, "enter", "f6")
        window = pilot.app.screen
        assert isinstance(window, TextWindow)
        voucher = shown(sqlite_desk, number).voucher_number
        assert voucher and voucher in window.text and "Njoroge & Sons" in window.text
        assert pilot.app.clipboard == window.text
        await press(pilot, "escape", "enter")
        assert isinstance(pilot.app.screen, PaymentsScreen)


async def test_a_failed_payment_is_retried_and_cancelled_with_a_reason(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    sqlite_desk.run(demo_company(sqlite_desk)[executor], execution.record_failure, number, "line was down")
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "f", "f")
        assert "line was down" in screen_text(pilot)
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, PaymentsScreen), "cancelling is the CFO's"
        await press(pilot, "t")
        assert shown(sqlite_desk, number).status is PaymentStatus.PENDING
    async with running(sqlite_desk, "cfo", go="payments") as pilot:
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        assert "KES 4,500.00 to Total Energies" in screen_text(pilot)
        await type_text(pilot, "Paid by card")
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.CANCELLED


async def test_the_cfo_assigns_another_officer_from_a_list(sqlite_desk: Desk) -> None:
    number, executor = a_payment(sqlite_desk)
    other = "treasury2" if executor == "treasury" else "treasury"
    async with running(sqlite_desk, "cfo", go="payments") as pilot:
        await press(pilot, "i")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        assert "(treasury)" in screen_text(pilot) and "(treasury2)" in screen_text(pilot)
        await type_text(pilot, f"({other})")
        await press(pilot, "enter")
        assigned = shown(sqlite_desk, number).executor
        assert assigned is not None and assigned.username == other


async def test_without_a_code_below_the_threshold_enter_pays(
    sqlite_desk: Desk,
) -> None:
    people = demo_company(sqlite_desk)
    with sqlite_desk.work(people["admin"], audited=False) as work:
        work.execute(update(t.company).values(otp_threshold=10**6))
    number, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "p")
        assert "No code is needed" in screen_text(pilot)
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).status is PaymentStatus.SUCCESS


async def test_a_database_that_is_slow_from_the_start_leaves_the_keys_alive(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_payment(sqlite_desk)
    _, executor = a_payment(sqlite_desk, "300")
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, executor, go="requisitions") as pilot:
        with slow.slow():
            await pilot.app.action_go("payments")
            await begun(pilot, slow)
            await pilot.press("f", "f", "question_mark")
            await pilot.pause()
            assert "goes through ready, waiting for funds" in screen_text(pilot)
            await pilot.press("escape", "F", "F")
            await pilot.pause(0.2)
            assert "loading…" in screen_text(pilot) and "reading…" in screen_text(pilot)
        await settled(pilot)
        assert "● ready" in screen_text(pilot)


def test_a_standing_code_is_only_its_officers(desk: Desk, clock: SettableClock) -> None:
    number, executor = a_payment(desk)
    people = demo_company(desk)
    officer, other = people[executor], people["treasury2" if executor == "treasury" else "treasury"]
    assert desk.read(officer, otp.standing, number) is None
    sent = otp.send(desk, officer, number)
    standing = desk.read(officer, otp.standing, number)
    assert standing is not None and standing.demo_code is None
    assert (standing.expires_at, standing.resend_after, standing.attempts_left, standing.sent_to) == (
        sent.expires_at,
        sent.resend_after,
        sent.attempts_left,
        sent.sent_to,
    )
    assert desk.read(other, otp.standing, number) is None
    clock.advance(minutes=5)
    assert desk.read(officer, otp.standing, number) is None


def test_the_done_ones_are_those_whose_money_has_left(desk: Desk) -> None:
    paid, executor = a_payment(desk, "1000")
    a_payment(desk, "2000")
    story.pay(desk, paid)
    found = desk.read(demo_company(desk)[executor], payment_views.list_payments, PaymentFilter(done=True))
    assert [payment.number for payment in found.items] == [paid]


def test_the_officers_who_may_pay_are_neither_requester_nor_approver(desk: Desk) -> None:
    number = story.approved(desk, demo_company(desk)["treasury"], "4500")
    officers = desk.read(demo_company(desk)["cfo"], payments.eligible_executors, number)
    assert [officer.username for officer in officers] == ["treasury2"]


def test_the_usual_replenishment_is_what_asking_would_ask_for(desk: Desk) -> None:
    treasury = demo_company(desk)["treasury"]
    usual = desk.read(treasury, replenishments.usual_amount, "MSA")
    assert usual == Money(12_000_000, "KES")
    assert desk.run(treasury, replenishments.request, "MSA").amount == usual


@pytest.mark.parametrize("name", ["Nairobi Water and Sewerage ", "水", "x"])
async def test_names_of_any_length_leave_all_that_one_pays_by_in_view(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    payee, account = (f"{begin} {name * 200}"[:200].strip() for begin in ("Payee", "Account"))
    number, executor = a_payment(
        sqlite_desk, payee=payee, purpose="Water " * 60, method="bank_transfer", destination=account
    )
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "enter")
        await type_text(pilot, wrong(code_of(pilot)))
        await press(pilot, "tab", *"REF", "enter")
        assert dialog_of(pilot).query_one(Vertical).max_scroll_y == 0
        text = screen_text(pilot)
        assert len(text.splitlines()) == 24
        for part in (f"Pay {number}", "KES 4,500.00", "Payee       Payee", "To          Bank transfer Account"):
            assert part in text
        assert "For         REQ-000001" in text and "balance KES" in text and "95,500.00" in text
        assert "Demo: the code is" in text and "tries left" in text and "✖ " in text
        assert "Code   " in text and "Reference" in text and "esc leaves without paying" in text

        await press(pilot, "f6")
        assert isinstance(pilot.app.screen, TextWindow)
        copied = "".join(pilot.app.screen.text.split())
        assert "".join(payee.split()) in copied and "".join(account.split()) in copied
