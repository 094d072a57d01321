"""How the treasury's month looks: what is to be reconciled, the variances and how they go."""

from __future__ import annotations

import pytest
from desk_app import demo_company
from picturing import LARGE, Look, business, look, pictured_desk, typing

from pettycash_tui.services import reconciliation, replenishments, transfers, variances
from pettycash_tui.services.desk import Desk

__all__ = ["business", "look", "pictured_desk"]


@pytest.fixture
def month(pictured_desk: Desk) -> Desk:
    """What the treasury did with the payments of two weeks."""
    desk, people = pictured_desk, demo_company(pictured_desk)
    treasury, cfo = people["treasury"], people["cfo"]
    desk.run(cfo, reconciliation.reconcile, ["PAY-000001", "PAY-000002"])
    for payment, adjusted, reason in (
        ("PAY-000003", "3750", "The tyres were dearer"),
        ("PAY-000004", "4150", "Two receipt books came back"),
    ):
        desk.run(cfo, variances.approve, desk.run(treasury, variances.record, payment, adjusted, reason).number)
    desk.run(treasury, variances.record, "PAY-000006", "5900", "A second parcel was weighed")
    desk.run(treasury, variances.record, "PAY-000005", "4800", "One guest less for breakfast")
    desk.run(treasury, replenishments.request, "MSA", "35000", "")
    desk.run(treasury, transfers.request, "HQ", "NBI", "150000", "The shop front is to be paid")
    return desk


def test_to_reconcile(month: Desk, look: Look) -> None:
    assert look("group_finance_manager", "treasury", shows="reconciling")


def test_variances(month: Desk, look: Look) -> None:
    assert look("cfo", "treasury", shows="variances")


def test_trend_of_variances(month: Desk, look: Look) -> None:
    assert look("cfo", "treasury", "t", shows="variances")


def test_variance_is_recorded(month: Desk, look: Look) -> None:
    assert look("treasury", "treasury", "v", shows="PAY-000007", then=typing("6850", "The tyres were dearer"))


def test_transfers_wide(month: Desk, look: Look) -> None:
    assert look("cfo", "treasury", shows="transfers", size=LARGE)


def test_check_list_of_a_month(month: Desk, look: Look) -> None:
    assert look("cfo", "treasury", shows="periods")


def test_float_of_a_fund(month: Desk, look: Look) -> None:
    assert look("branch_manager", "ledger", "i")


def test_claim(month: Desk, look: Look) -> None:
    assert look("cfo", "treasury", "C", shows="RPL-000001")
