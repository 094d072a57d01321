"""Rows of the books that were changed behind the program's back differ from what their events say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import story
from sqlalchemy import delete, insert, select, update
from tampering import owner
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import people, policy
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.policy_rules import PolicyInput


def wrong_after(trading: Trading, *statements: Any) -> list[str]:
    """What is told after these statements, which are undone."""
    with owner(trading) as reading:
        for statement in statements:
            reading.execute(statement)
        whole = verify(reading)
        assert all(each.kind == "business_row" for each in whole.problems)
        return [each.message for each in whole.problems]


def test_each_kind_of_row_is_compared_with_its_events(trading: Trading) -> None:
    paid = trading.approved()
    story.pay(trading.desk, paid)
    waiting = trading.approved(amount="2000")
    asked = trading.request(amount="1000")
    trading.desk.run(trading["admin"], people.edit, "staff", {"email": "new@example.com"})
    with owner(trading) as reading:
        assert verify(reading).problems == ()
        assert verify(reading, since=trading.clock.now - timedelta(days=1)).problems == ()
        entry = reading.execute(select(t.ledger_entry).where(t.ledger_entry.c.payment_id.is_not(None))).one()
    p, r, f, e = t.payment.c, t.requisition.c, t.treasury_fund.c, t.ledger_entry.c
    fund = update(t.treasury_fund).where(f.id == entry.fund_id)
    of_entry = update(t.ledger_entry).where(e.id == entry.id)
    of_paid, of_waiting = update(t.payment).where(p.number == paid), update(t.payment).where(p.number == waiting)
    of_asked = update(t.requisition).where(r.number == asked)
    (opening,) = trading.rows(t.ledger_entry, e.fund_id == entry.fund_id, e.sequence == 1)
    copied = {**opening._mapping, "id": new_id(), "sequence": entry.sequence + 1}
    number = entry.sequence
    for statement, message in (
        (of_entry.values(amount=entry.amount + 1), f"ledger entry {number} has another amount than was sealed"),
        (of_entry.values(description="x"), f"ledger entry {number} has another description than was sealed"),
        (delete(t.ledger_entry).where(e.id == entry.id), f"ledger entry {number} is missing"),
        (insert(t.ledger_entry).values(copied), f"ledger entry {number + 1} has no event"),
        (fund.values(current_balance=entry.balance_after + 1), f"fund {_code(trading, entry)} does not stand where"),
        (fund.values(held_amount=f.held_amount + 1), f"fund {_code(trading, entry)} holds another amount"),
        (of_paid.values(status="pending"), f"{paid} is pending, which does not follow from the event payment.executed"),
        (of_waiting.values(status="cancelled", is_held=False), f"{waiting} is cancelled, which does not follow"),
        (of_paid.values(payee="Somebody else"), f"{paid} does not agree with its requisition"),
        (of_asked.values(amount=100), f"{asked} has another amount than the event requisition.created says"),
        (of_asked.values(status="approved"), f"{asked} is approved, which does not follow from"),
        (delete(t.payment_execution), f"{paid} is paid and has no ledger entry or no execution"),
        (
            update(t.user).where(t.user.c.username == "staff").values(email="old@example.com"),
            "staff has another email than was set last",
        ),
    ):
        found = wrong_after(trading, statement)
        assert found, message
        assert message in found[0], found


def test_a_threshold_that_was_moved_is_found(trading: Trading) -> None:
    given = PolicyInput(tier=1, origin_type="branch", min_amount="77", roles=("branch_manager", "treasury"))
    trading.desk.run(trading["admin"], policy.set_row, "Small change", given)
    moved = update(t.approval_threshold).where(t.approval_threshold.c.name == "Small change")
    assert wrong_after(trading, moved.values(min_amount=9_000_000)) == [
        "Small change has another min_amount than was set last"
    ]


def _code(trading: Trading, entry: Any) -> str:
    (row,) = trading.rows(t.treasury_fund, t.treasury_fund.c.id == entry.fund_id)
    return str(row.code)
