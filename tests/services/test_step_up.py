"""Whoever lets money go: an authenticator app where the company demands it, and a fresh code for every payment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import banking
import pytest
import story
from signing import PASSWORD, code_now, demand_apps, enrolled, enter, give_passwords, hash_quickly, told
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat
from pettycash_tui.services import (
    bank_batches,
    bulk,
    execution,
    otp,
    payment_views,
    requisition_views,
    schedules,
    signin,
    workflow,
)
from pettycash_tui.services.errors import NotAllowed, Refused


@pytest.fixture
def officer(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """The trading company; its people sign in by password."""
    hash_quickly(monkeypatch)
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    give_passwords(trading.desk, "treasury", "branch_manager", "cfo")
    return trading


def ways_to_pay(trading: Trading) -> tuple[list[str], dict[str, Callable[[Any], object]]]:
    """Transfers of one officer, and every way in which money leaves."""
    desk = trading.desk
    banking.give_accounts(desk, trading.people, "NBI")
    numbers = banking.transfers(desk, trading.people, "100", "200")
    day = (trading.clock.now + timedelta(days=2)).date()
    return numbers, {
        "pay": lambda actor: execution.execute(desk, actor, numbers[0], reference="R-1"),
        "list": lambda actor: bulk.pay_together(
            desk, actor, numbers, references={number: f"R-{number}" for number in numbers}
        ),
        "bank file": lambda actor: bank_batches.write(desk, actor, numbers, format=BatchFormat.PAIN001),
        "schedule": lambda actor: schedules.schedule(
            desk, actor, numbers, day, references={number: f"S-{number}" for number in numbers}
        ),
    }


def test_every_way_to_pay_asks_for_a_fresh_code_also_after_unlocking(officer: Trading) -> None:
    desk = officer.desk
    numbers, ways = ways_to_pay(officer)
    here = enter(desk, "treasury").actor
    otp.send(desk, here, numbers[0])
    otp.verify(desk, here, numbers[0], story.last_code(desk.home))

    signin.confirm_password(desk, here, PASSWORD)
    for way, pay in ways.items():
        with pytest.raises(Refused) as refused:
            pay(here)
        assert "code" in refused.value.message, way
    assert {officer.row(t.payment, number).status.value for number in numbers} == {"pending"}
    officer.clock.advance(minutes=2)
    otp.send(desk, here, numbers[0])
    assert execution.execute(desk, here, numbers[0], code=story.last_code(desk.home), reference="R-1").voucher_number


def test_who_has_not_enrolled_neither_approves_nor_pays_where_an_app_is_demanded(officer: Trading) -> None:
    desk = officer.desk
    numbers, ways = ways_to_pay(officer)
    number = officer.request()
    demand_apps(desk)
    manager = enter(desk, "branch_manager").actor
    assert manager.must_enrol
    with pytest.raises(Refused) as refused:
        desk.run(manager, workflow.approve, number)
    assert [reason.code for reason in refused.value.reasons] == ["totp_required"]
    explained = desk.read(manager, requisition_views.explain, number)
    assert "totp_required" in [reason.code for reason in explained.reasons]
    here = enter(desk, "treasury").actor
    why_not = desk.read(here, payment_views.explain, numbers[0]).reasons
    assert "totp_required" in [reason.code for reason in why_not]
    for pay in ways.values():
        with pytest.raises(NotAllowed) as not_allowed:
            pay(here)
        assert not_allowed.value.code == "totp_required"

    secret, _ = enrolled(desk, manager)
    officer.clock.advance(minutes=1)
    again = enter(desk, "branch_manager", code=code_now(desk, secret)).actor
    assert not again.must_enrol
    assert desk.run(again, workflow.approve, number).number == number
    assert [each["actor_name"] for each in told(desk, "totp.confirmed")] == ["branch_manager"]


def test_an_app_that_is_enrolled_counts_at_an_open_desk(officer: Trading) -> None:
    desk = officer.desk
    number = officer.request()
    demand_apps(desk)
    manager = enter(desk, "branch_manager").actor
    enrolled(desk, manager)

    assert desk.run(manager, workflow.approve, number).number == number
