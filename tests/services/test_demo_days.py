"""Whatever day a demo is made on, the numbers that the pages of the documentation name are the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import demo, signin
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.work import Reading


def last_numbers(reading: Reading) -> tuple[str, str]:
    """The newest requisition and the newest payment of the main company."""
    found = []
    for table in (t.requisition, t.payment):
        newest = select(func.max(table.c.number)).where(table.c.company_id == reading.actor.company_id)
        found.append(reading.execute(newest).scalar_one())
    return found[0], found[1]


@pytest.mark.parametrize("today", [date(2026, 11, 20), date(2026, 6, 17), date(2026, 2, 28)], ids=str)
def test_the_next_numbers_of_a_demo_are_those_of_the_pages(today: date, tmp_path: Path) -> None:
    path = tmp_path / "pettycash.db"
    engines.make_file(path)
    desk = Desk(engines.sqlite_address(path), tmp_path)
    desk.upgrade()
    demo.build(desk, today=today)
    officer = signin.act_as(desk, "cfo", "a test")
    assert desk.read(officer, last_numbers) == ("REQ-000139", "PAY-000116")
    desk.close()
