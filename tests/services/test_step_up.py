"""Whoever lets money go: an authenticator app where the company demands it, and a fresh code for every payment."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial

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
    bundles,
    execution,
    otp,
    payment_views,
    requisition_views,
    schedules,
    signin,
    ssh_keys,
    workflow,
)
from pettycash_tui.services.errors import NotAllowed, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Work

KEY = "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()


@pytest.fixture
def officer(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """The trading company; its people sign in by password."""
    hash_quickly(monkeypatch)
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    give_passwords(trading.desk, "treasury", "branch_manager", "cfo")
    return trading


def ways_to_pay(trading: Trading) -> tuple[list[str], dict[str, Callable[..., object]]]:
    """Transfers of one officer, and every way in which money leaves."""
    desk = trading.desk
    banking.give_accounts(desk, trading.people, "NBI")
    numbers = banking.transfers(desk, trading.people, "100", "200")
    day = (trading.clock.now + timedelta(days=2)).date()
    return numbers, {
        "pay": lambda actor, code=None: execution.execute(desk, actor, numbers[0], code=code, reference="R-1"),
        "list": lambda actor, code=None: bulk.pay_together(
            desk, actor, numbers, code=code, references={number: f"R-{number}" for number in numbers}
        ),
        "bank file": lambda actor, code=None: bank_batches.write(
            desk, actor, numbers, format=BatchFormat.PAIN001, code=code
        ),
        "schedule": lambda actor, code=None: schedules.schedule(
            desk, actor, numbers, day, code=code, references={number: f"S-{number}" for number in numbers}
        ),
    }


def verified(officer: Trading, here: Actor, number: str) -> None:
    """A code of the payment, sent to and verified by who is here."""
    otp.send(officer.desk, here, number)
    otp.verify(officer.desk, here, number, story.last_code(officer.desk.home))


def refused_codes(pay: Callable[[], object]) -> set[str]:
    """Why it was not paid."""
    with pytest.raises(Refused) as refused:
        pay()
    return {reason.code for reason in refused.value.reasons}


def test_unlocking_ends_what_was_verified_before_it(officer: Trading) -> None:
    desk = officer.desk
    numbers, _ = ways_to_pay(officer)
    here = enter(desk, "treasury").actor
    verified(officer, here, numbers[0])
    assert desk.read(here, payment_views.explain, numbers[0]).allowed

    signin.confirm_password(desk, here, PASSWORD)
    assert refused_codes(lambda: execution.execute(desk, here, numbers[0], reference="R-1")) == {"code_not_verified"}
    assert len(told(desk, "otp.voided")) == 1
    officer.clock.advance(minutes=2)
    otp.send(desk, here, numbers[0])
    assert execution.execute(desk, here, numbers[0], code=story.last_code(desk.home), reference="R-1").voucher_number


def test_a_desk_is_not_unlocked_when_what_was_verified_cannot_be_ended(
    officer: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = officer.desk
    numbers, _ = ways_to_pay(officer)
    here = enter(desk, "treasury").actor
    verified(officer, here, numbers[0])

    def killed(work: Work) -> None:
        raise RuntimeError

    monkeypatch.setattr(signin, "_void_confirmed_codes", killed)
    with pytest.raises(RuntimeError):
        signin.confirm_password(desk, here, PASSWORD)
    assert told(desk, "signin.confirmed") == []


def test_a_verified_code_pays_in_the_session_that_verified_it_only(officer: Trading) -> None:
    desk = officer.desk
    numbers, _ = ways_to_pay(officer)
    here, elsewhere = enter(desk, "treasury").actor, enter(desk, "treasury", source="ssh 192.0.2.7").actor
    key = desk.run(officer["admin"], ssh_keys.add_key, "treasury", KEY)
    by_key, _ = ssh_keys.enter(desk, key.id, source="ssh 192.0.2.8")
    verified(officer, here, numbers[0])

    for other in (elsewhere, by_key, officer["treasury"]):
        pay = partial(execution.execute, desk, other, numbers[0], reference="R-1")
        assert refused_codes(pay) == {"code_not_verified"}
        assert not desk.read(other, payment_views.explain, numbers[0]).allowed
    signin.sign_out(desk, here)
    later = enter(desk, "treasury").actor
    pay = partial(execution.execute, desk, later, numbers[0], reference="R-1")
    assert refused_codes(pay) == {"code_not_verified"}
    # The same code, verified again, is then the later session's.
    otp.verify(desk, later, numbers[0], story.last_code(desk.home))
    assert execution.execute(desk, later, numbers[0], reference="R-1").voucher_number


@pytest.mark.parametrize("way", ["list", "bank file", "schedule"])
def test_a_list_is_confirmed_by_a_code_that_is_typed_with_it(officer: Trading, way: str) -> None:
    desk = officer.desk
    numbers, ways = ways_to_pay(officer)
    day = (officer.clock.now + timedelta(days=2)).date() if way == "schedule" else None
    here, elsewhere = enter(desk, "treasury").actor, enter(desk, "treasury", source="ssh 192.0.2.7").actor
    sent = bundles.send_code(desk, here, numbers, day)
    bundles.prove(desk, here, sent.bundle_id, story.last_code(desk.home))

    signin.confirm_password(desk, here, PASSWORD)
    for actor in (here, elsewhere):
        assert "code" in str(refused_codes(partial(ways[way], actor)))
    assert {officer.row(t.payment, number).status.value for number in numbers} == {"pending"}
    assert {officer.row(t.payment, number).scheduled_for for number in numbers} == {None}
    ways[way](elsewhere, code=story.last_code(desk.home))
    changed = [officer.row(t.payment, number) for number in numbers]
    assert {row.status.value for row in changed} in ({"success"}, {"executing"}) or changed[0].scheduled_for == day


@pytest.mark.parametrize("way", ["pay", "list", "bank file", "schedule"])
def test_who_is_locked_after_wrong_codes_confirms_nothing_in_a_session_that_goes_on(officer: Trading, way: str) -> None:
    desk = officer.desk
    numbers, ways = ways_to_pay(officer)
    here = enter(desk, "treasury").actor
    verified(officer, here, numbers[0])
    officer.set_person("treasury", otp_locked_at=officer.clock.now)

    assert "code_locked" in refused_codes(partial(ways[way], here))
    with_code = partial(ways[way], here, code=story.last_code(desk.home))
    assert "code_locked" in refused_codes(with_code)


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
