"""No row changes without an audit event of the same transaction that names it, whoever does what.

`changes.py` says which tables and columns need none, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import changes
import pytest
import signing
import story
from changes import Seen, watched
from signing import PASSWORD, WRONG, enrolled, enter, give_passwords, refusal
from sqlmodel import SQLModel
from trading import Trading
from world import World

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, NoticeTiming
from pettycash_tui.services import (
    alerts,
    audit_check,
    audit_views,
    bulk_import,
    checkpoints,
    delegations,
    escalation,
    execution,
    funds,
    key_rotation,
    listed,
    notice_choices,
    otp,
    payments,
    people,
    policy,
    reassigning,
    replenishments,
    requisitions,
    session_list,
    setup,
    signin,
    submission,
    totp,
    workflow,
)
from pettycash_tui.services.accounts import ACCOUNT
from pettycash_tui.services.categories import CATEGORY
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.organisation import BRANCH, COMPANY, COST_CENTER, DEPARTMENT, POSITION, REGION
from pettycash_tui.services.policy_import import replace_policy
from pettycash_tui.services.policy_rules import PolicyInput
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.shipped import shipped_text


@pytest.fixture
def watching(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Trading, Seen]]:
    """The company, looked at."""
    signing.hash_quickly(monkeypatch)
    with watched(trading.desk) as seen:
        yield trading, seen


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_whatever_is_done_with_requests_and_money_is_told(world: World) -> None:
    assert world.seen is not None
    assert not world.seen.untold, "\n".join(world.seen.untold)
    kept = {table.name for table in SQLModel.metadata.sorted_tables} - set(changes.UNTOLD)
    of_administration = {
        *("company", "region", "branch", "department", "cost_center", "position", "account", "category"),
        *("approval_threshold", "delegation", "alert_acknowledgement"),
    }
    assert kept - world.seen.tables <= of_administration


@pytest.mark.parametrize("trading", ["sqlite"], indirect=True)
def test_whatever_is_done_by_administration_is_told(watching: tuple[Trading, Seen], tmp_path: Path) -> None:
    trading, seen = watching
    desk, admin = trading.desk, trading["admin"]
    for kind, given, ref, change in (
        (REGION, {"code": "WST", "name": "West"}, "WST", {"name": "Far west"}),
        (BRANCH, {"code": "KSM", "name": "Kisumu", "region": "CEN"}, "KSM", {"name": "Port"}),
        (DEPARTMENT, {"code": "LAB", "name": "Lab"}, "LAB", {"name": "Works"}),
        (COST_CENTER, {"code": "C1", "name": "One"}, "C1", {"name": "Two"}),
        (POSITION, {"title": "Cashier", "level": "5"}, "Cashier", {"level": "4"}),
        (ACCOUNT, {"code": "5200", "name": "Fuel", "type": "expense"}, "5200", {"name": "Oil"}),
        (CATEGORY, {"code": "fuel", "name": "Fuel", "account": "5000"}, "fuel", {"name": "Oil"}),
    ):
        desk.run(admin, listed.add, kind, given)
        desk.run(admin, listed.edit, kind, ref, change)
        desk.run(admin, listed.deactivate, kind, ref)
        desk.run(admin, listed.activate, kind, ref)
    desk.run(admin, listed.edit, CATEGORY, "fuel", {"is_default": "yes"})
    desk.run(admin, listed.edit, COMPANY, "ACME", {"otp_max_attempts": "4"})
    row = PolicyInput(tier=1, origin_type="branch", min_amount="77", roles=("branch_manager", "treasury"))
    desk.run(admin, policy.set_row, "Small change", row)
    desk.run(admin, policy.deactivate, "Small change")
    desk.run(admin, replace_policy, shipped_text("policy.toml"))
    file = tmp_path / "people.csv"
    file.write_text("username,first_name,role,branch\njane,Jane,staff,NBI\n")
    bulk_import.import_file(desk, admin, file, default="user")
    desk.run(admin, people.edit, "jane", {"email": "jane@example.com"})
    day = trading.clock.now.date().isoformat()
    desk.run(trading["ceo"], delegations.add, "cfo", ends_on=day)
    desk.run(trading["ceo"], delegations.end, "ceo")
    desk.run(trading["branch_manager"], delegations.add, "regional_manager", ends_on=day)
    desk.run(admin, people.deactivate, "branch_manager")
    desk.run(admin, people.activate, "branch_manager")
    desk.run(trading["cfo"], funds.edit, "NBI", FundInput(name="Nairobi"))
    desk.run(trading["cfo"], funds.deactivate, "MSA")
    desk.run(trading["cfo"], funds.activate, "MSA")
    desk.run(trading["staff"], notice_choices.choose, NoticeKind.PAID, NoticeTiming.DAILY)
    trading.set_person("admin", is_superuser=True)
    first = setup.NewAdmin("new.admin", "a@new.example", "several words of mine")
    given = {"code": "NEW", "name": "New Ltd", "currency": "UGX"}
    desk.run(trading["admin"], setup.add_company, given, admin=first)
    checkpoints.make(desk, SYSTEM, output=tmp_path / "checkpoint.json")
    audit_check.check(desk, SYSTEM, audit_check.Asked(full=True))
    assert seen.untold == []
    assert {"category.edited", "policy.deactivated", "delegation.ended", "audit.sealed"} <= seen.actions
    assert [action for action in seen.actions if not audit_views.family_of(action)] == []


@pytest.mark.parametrize("trading", ["sqlite"], indirect=True)
def test_whatever_is_done_to_get_in_and_to_try_codes_is_told(watching: tuple[Trading, Seen]) -> None:
    trading, seen = watching
    desk, admin = trading.desk, trading["admin"]
    give_passwords(desk, "staff", "treasury", "treasury2", "admin")
    here = enter(desk, "staff")
    refusal(desk, "staff", WRONG)
    refusal(desk, "nobody", WRONG)
    signin.change_password(desk, here.actor, PASSWORD, "several words of mine")
    signin.sign_out(desk, here.actor)
    for _ in range(11):
        trading.clock.advance(minutes=1)
        refusal(desk, "staff", WRONG)
    desk.run(admin, signin.unlock, "staff")
    officer = trading["treasury"]
    _, recovery = enrolled(desk, officer)
    totp.new_recovery_codes(desk, officer)
    refusal(desk, "treasury", code=recovery[0])
    totp.reset(desk, admin, "treasury")
    first, second = enter(desk, "treasury").actor, enter(desk, "treasury").actor
    session_list.revoke_all(desk, first)
    with pytest.raises(PettyCashError):
        session_list.revoke(desk, first, str(second.session_id))
    number = trading.approved()
    payer = story.executor_of(desk, number)
    assert payer.username == "treasury"
    otp.send(desk, first, number)
    with pytest.raises(PettyCashError):
        execution.execute(desk, first, number, code="000000")
    otp.verify(desk, first, number, story.last_code(desk.home))
    signin.confirm_password(desk, first, PASSWORD)
    trading.clock.advance(minutes=2)
    otp.send(desk, first, number)
    key_rotation.rotate(desk, SYSTEM)
    assert seen.untold == []
    assert {"otp.tried", "otp.refused", "otp.voided", "signin.locked", "secret.rotated"} <= seen.actions
    assert [action for action in seen.actions if not audit_views.family_of(action)] == []


@pytest.mark.parametrize("trading", ["sqlite"], indirect=True)
def test_whatever_goes_another_way_is_told(watching: tuple[Trading, Seen]) -> None:
    trading, seen = watching
    desk, staff, chief = trading.desk, trading["staff"], trading["cfo"]
    trading.request(amount="12000", is_urgent=True, urgency_reason="now")
    trading.act("branch_manager", workflow.decline_urgency, "REQ-000001", "tomorrow")
    trading.act("branch_manager", workflow.request_changes, "REQ-000001", "which van?")
    desk.run(staff, requisitions.edit, "REQ-000001", RequisitionInput(amount="2000"))
    trading.act("staff", submission.submit, "REQ-000001")
    trading.act("admin", reassigning.reassign, "REQ-000001", "ceo", "ill")
    trading.act("ceo", workflow.reject, "REQ-000001", "no")
    trading.request("fpa", "3000", origin="hq")
    trading.clock.advance(hours=27)
    (late,) = desk.read(trading["department_head"], alerts.alerts)[:1]
    desk.run(trading["department_head"], alerts.acknowledge, late.key)
    desk.run(trading["department_head"], alerts.take_back, late.key)
    for step in desk.read(SYSTEM, escalation.overdue):
        desk.run(SYSTEM, escalation.escalate, step)
    trading.act("fpa", submission.withdraw, "REQ-000002")
    # Two of which the fund can hold one; the other waits until the first is given up.
    first, second = trading.approved(amount="60000"), trading.approved(amount="60000")
    desk.run(chief, payments.assign, first, "treasury2")
    desk.run(SYSTEM, execution.record_failure, first, "no network")
    desk.run(trading["treasury2"], payments.retry, first)
    desk.run(chief, payments.cancel, first, "bought twice")
    assert trading.row(t.payment, second).is_held
    (asked,) = trading.rows(t.replenishment)
    desk.run(chief, replenishments.approve, asked.number)
    desk.run(trading["treasury"], replenishments.complete, asked.number, "BANK-1")
    assert seen.untold == []
