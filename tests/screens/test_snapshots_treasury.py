"""How the screens of the treasury look."""

from __future__ import annotations

from picturing import LARGE, SMALL_AND_LARGE, Look, business, look, pictured_desk, typing

__all__ = ["business", "look", "pictured_desk"]

READY = "PAY-000016"


def test_payments(look: Look) -> None:
    assert look("treasury", "payments")


def test_payments_in_every_state(look: Look) -> None:
    assert look("treasury", "payments", "F", size=LARGE)


def test_payments_waiting_for_funds(look: Look) -> None:
    assert look("treasury", "payments", "f")


def test_payments_that_failed(look: Look) -> None:
    assert look("treasury", "payments", "f", "f")


def test_pay(look: Look) -> None:
    assert look("treasury", "payments", "enter", shows=READY)


def test_pay_refused(look: Look) -> None:
    assert look("treasury", "payments", "enter", shows=READY, then=typing("111111", "QKJ7TXL2", end="enter"))


def test_paid(look: Look) -> None:
    assert look("treasury", "payments", "enter", shows=READY, then=typing("271828", "QKJ7TXL2", end="enter"))


@SMALL_AND_LARGE
def test_ledger(look: Look, size: tuple[int, int]) -> None:
    assert look("branch_manager", "ledger", size=size)


def test_ledger_narrowed(look: Look) -> None:
    assert look("branch_manager", "ledger", "t")


def test_ledger_entry(look: Look) -> None:
    assert look("branch_manager", "ledger", "enter")


def test_ledger_asks_for_a_period(look: Look) -> None:
    assert look("branch_manager", "ledger", "p")


def test_ledger_asks_where_to_go(look: Look) -> None:
    assert look("branch_manager", "ledger", "J")


def test_payment_of_a_ledger_entry(look: Look) -> None:
    assert look("branch_manager", "ledger", "enter", "p")


def test_export(look: Look) -> None:
    assert look("branch_manager", "ledger", "E")


def test_replenishment(look: Look) -> None:
    assert look("cfo", "ledger", "R", shows="NBI")
