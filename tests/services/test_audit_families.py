"""What an auditor chooses acts by, and how far a verification says it is."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from trading import Trading

import pettycash_tui.services
from pettycash_tui.services import audit_verify, audit_views
from pettycash_tui.services.audit_views import FAMILIES, AuditFilter

_RECORDED = re.compile(r"""(?:record\(|Told\(|_record\(work,|told_when_refused\()[^"]{0,80}"([a-z_]+\.[a-z_]+)\"""")


def test_every_act_that_is_recorded_is_in_one_family() -> None:
    beginnings = [each for family, _ in FAMILIES for each in family.split(",")]
    assert len(beginnings) == len(set(beginnings)) and all(each.endswith(".") for each in beginnings)
    folder = Path(pettycash_tui.services.__file__).parent
    actions = {action for path in folder.rglob("*.py") for action in _RECORDED.findall(path.read_text())}
    assert len(actions) > 50
    assert [action for action in sorted(actions) if not audit_views.family_of(action)] == []


def test_several_kinds_of_acts_are_listed_together(trading: Trading) -> None:
    trading.approved()
    given = AuditFilter(action="requisition., payment.created")
    found = trading.desk.read(trading["cfo"], audit_views.list_events, given, limit=200).items
    assert {each.action.partition(".")[0] for each in found} == {"requisition", "payment"}
    nothing = trading.desk.read(trading["cfo"], audit_views.list_events, AuditFilter(action="nothing."))
    assert nothing.items == ()


def test_a_window_is_done_when_all_that_it_holds_is_checked(trading: Trading) -> None:
    trading.approved()
    trading.clock.advance(days=20)
    trading.approved()
    told: list[tuple[int, int]] = []
    since = trading.clock.now - timedelta(days=1)
    done = trading.desk.read(
        trading["cfo"], audit_verify.verify, since=since, progress=lambda now, of: told.append((now, of))
    )
    whole = trading.desk.read(trading["cfo"], audit_verify.verify)
    assert done.ok and 0 < done.events < whole.events
    assert told[-1] == (done.events, done.events) and {of for _, of in told} == {done.events}
