"""Books with rows in every state, to be attacked around the services on both databases."""

from __future__ import annotations

import re
from base64 import b32decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import banking
import building
import changes
import pytest
import story
from raw import Raw
from settable_clock import SettableClock
from sqlalchemy import select, update
from trading import Trading, copied
from vouchers import file_of, numbered

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import GatewayName, NoticeChannel, NoticeKind, NoticeTiming, OtpChannel
from pettycash_tui.services import (
    bundles,
    courier,
    notice_choices,
    orders,
    otp,
    payment_facts,
    periods,
    reconciliation,
    replenishments,
    requisitions,
    schedules,
    signin,
    ssh_keys,
    ssh_lines,
    totp,
    transfers,
    variances,
    voucher_import,
    workflow,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.posting import Confirmed
from pettycash_tui.services.work import Work

KEYS = tuple(
    "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32).decode() for number in (1, 2)
)


@dataclass
class World:
    """Books with rows in every state, and a connection around the services."""

    trading: Trading
    raw: Raw
    seen: changes.Seen | None
    """What was changed while the books were made; on SQLite only."""

    def sql(self, text: str) -> str:
        """`<cfo>`, `<REQ-000002>`, `<fund NBI>` as subqueries for their ids."""
        text = re.sub(
            r"<fund (\w+)>", r"(SELECT id FROM treasury_fund WHERE code = '\1' AND company_id = :company)", text
        )
        text = re.sub(r"<(REQ-\d+)>", r"(SELECT id FROM requisition WHERE number = '\1')", text)
        text = re.sub(r"<(PAY-\d+)>", r"(SELECT id FROM payment WHERE number = '\1')", text)
        text = re.sub(r"<(BAT-\d+)>", r"(SELECT id FROM bank_batch WHERE number = '\1')", text)
        text = re.sub(r"<(RPL-\d+)>", r"(SELECT id FROM replenishment WHERE number = '\1')", text)
        text = re.sub(r"<(VAR-\d+)>", r"(SELECT id FROM variance WHERE number = '\1')", text)
        text = re.sub(r"<(TRF-\d+)>", r"(SELECT id FROM fund_transfer WHERE number = '\1')", text)
        return re.sub(r"<(\w+)>", r"""(SELECT id FROM "user" WHERE username = '\1')""", text)

    @property
    def values(self) -> dict[str, Any]:
        """What every statement may name."""
        company = self.trading.company_id
        (other,) = [row.id for row in self.trading.rows(t.company) if row.id != company]
        return {"company": company, "other": other, "new": new_id(), "now": self.trading.clock.now}


def _order(trading: Trading, payment: str, gateway: GatewayName) -> UUID:
    officer = story.executor_of(trading.desk, payment)

    def open_one(work: Work) -> UUID:
        facts = payment_facts.read(work, story.id_of_payment(trading.desk, payment), lock=True)
        confirmed = Confirmed(officer.person_id, work.now, OtpChannel.EMAIL, "local", "")
        return orders.open_order(
            work, facts, gateway, conversation_id=f"C-{payment}", confirmed=confirmed, key=f"K-{payment}"
        )

    return trading.desk.run(officer, open_one)


def _orders(trading: Trading) -> None:
    """REQ-8 and 9, PAY-5 and 6: sent by M-Pesa, and refused by M-Pesa."""
    desk = trading.desk
    phone = {"method": "mpesa", "destination": "+254700000001"}
    sent, refused = trading.approved(**phone), trading.approved(**phone)
    desk.run(SYSTEM, orders.mark_sent, _order(trading, sent, GatewayName.MPESA), "AG-1")
    desk.run(SYSTEM, orders.fail, _order(trading, refused, GatewayName.MPESA), "1", "no money")


def _bank_file(trading: Trading) -> None:
    """REQ-10 to 12, PAY-7 to 9: the lines of BAT-1, confirmed by one code, and a list whose code is open."""
    banking.give_accounts(trading.desk, trading.people, "NBI")
    *numbers, waiting = banking.transfers(trading.desk, trading.people, "1500", "2500", "3500")
    banking.write(trading.desk, trading["treasury"], numbers)
    bundles.send_code(trading.desk, trading["treasury"], [waiting])


def _schedules(trading: Trading) -> None:
    """REQ-13 to 15, PAY-10 to 12: confirmed for a day by one code; PAY-10 has lost its day again."""
    desk, officer, day = trading.desk, trading["treasury"], date(2026, 3, 6)
    numbers = banking.transfers(desk, trading.people, "100", "200", "300")
    trading.clock.advance(minutes=2)
    schedules.send_code(desk, officer, numbers, day)
    code = story.last_code(desk.home)
    references = {number: f"SO-{number}" for number in numbers}
    schedules.schedule(desk, officer, numbers, day, code=code, references=references)
    desk.run(officer, schedules.unschedule, numbers[:1], "paid another way")


def _sign_ins(trading: Trading) -> None:
    """Two sessions of the staff, of which the older has ended, two apps, and recovery codes: one used, one void."""
    desk, staff = trading.desk, trading["staff"]
    desk.run(trading["admin"], signin.set_password, "staff", building.PASSWORD, must_change=False)
    older = signin.sign_in(desk, "staff", building.PASSWORD, client="cli", source="local")
    signin.sign_in(desk, "staff", building.PASSWORD, client="tui", source="local")
    signin.sign_out(desk, older.actor)
    for person in (staff, trading["fpa"]):
        secret = b32decode(totp.enrol(desk, person).secret_base32)
        totp.confirm(desk, person, totp.code_at(secret, int(trading.clock.now.timestamp()) // totp.STEP_SECONDS))

    def spend(work: Work) -> None:
        r = t.recovery_code.c
        first, second = work.execute(select(r.id).where(r.user_id == staff.id).order_by(r.code_hmac).limit(2)).scalars()
        work.execute(update(t.recovery_code).where(r.id == first).values(used_at=work.now))
        work.execute(update(t.recovery_code).where(r.id == second).values(voided_at=work.now))

    trading.change(spend)


def _history(trading: Trading) -> None:
    desk = trading.desk
    paid = trading.approved(amount="60000")  # REQ-1, PAY-1: leaves NBI under its reorder level, RPL-1
    story.pay(desk, paid)
    trading.approve("REQ-000001", "fpa")
    pending = trading.approved()  # REQ-2, PAY-2: held, with a code
    otp.send(desk, story.executor_of(desk, pending), pending)
    trading.request(amount="12000")  # REQ-3: one of two approved
    trading.approve("REQ-000003", "branch_manager")
    desk.run(trading["staff"], requisitions.attach, "REQ-000003", "offer.pdf", b"%PDF")
    given = requisitions.RequisitionInput(amount="700", purpose="Pens", payee="Shop")
    desk.run(trading["staff"], requisitions.create, given)  # REQ-4: a draft
    trading.request(amount="12000")  # REQ-5: sent back
    trading.approve("REQ-000005", "branch_manager")
    trading.act("department_head", workflow.request_changes, "REQ-000005", "more")
    from_hq = trading.approved("fpa", "3000", origin="hq")  # REQ-6, PAY-3: another fund, with a code
    otp.send(desk, story.executor_of(desk, from_hq), from_hq)
    story.pay(desk, trading.approved())  # REQ-7, PAY-4
    for fund, reference in (("HQ", None), ("MSA", "BANK-1")):  # RPL-2 approved, RPL-3 completed
        number = desk.run(trading["cfo"], replenishments.request, fund, "1000").number
        desk.run(trading["group_finance_manager"], replenishments.approve, number)
        if reference:
            desk.run(trading["treasury"], replenishments.complete, number, reference)
    _books(trading)
    _orders(trading)
    _bank_file(trading)
    desk.run(trading["cfo"], replenishments.reject, "RPL-000001", "ask again")
    desk.run(trading["cfo"], replenishments.request, "NBI")  # RPL-4: pending, claims two vouchers
    _schedules(trading)
    for month in ("2026-01", "2026-02"):
        desk.run(trading["cfo"], periods.close, month, "all settled")
    desk.run(trading["cfo"], periods.reopen, "2026-02", "a late invoice")
    _sign_ins(trading)
    voucher_import.import_file(desk, trading["staff"], file_of(desk.home, *numbered(2)))  # PV-1, PV-2
    courier.run(desk)
    kind, daily = NoticeKind.PAID, NoticeTiming.DAILY
    for who in ("staff", "fpa"):
        desk.run(trading[who], notice_choices.choose, kind, daily, NoticeChannel.EMAIL)
    _ssh_keys(trading)
    trading.away("ceo", "cfo")
    trading.away("admin", "cfo", starts_in=9)


def _ssh_keys(trading: Trading) -> None:
    """Two keys of staff, of which the older was removed."""
    for line in KEYS:
        trading.desk.run(trading["admin"], ssh_keys.add_key, "staff", line)
    removed = ssh_lines.read_line(KEYS[0]).fingerprint
    trading.desk.run(trading["admin"], ssh_keys.remove_key, "staff", removed)


def _books(trading: Trading) -> None:
    desk, finance, cfo = trading.desk, trading["group_finance_manager"], trading["cfo"]
    desk.run(finance, reconciliation.reconcile, ["PAY-000001", "PAY-000004"])
    desk.run(finance, reconciliation.undo, "PAY-000001", "another line")  # reconciled stays PAY-4
    desk.run(finance, variances.record, "PAY-000001", "59999", "a note too many")  # VAR-1 pending
    wrong = desk.run(finance, variances.record, "PAY-000004", "4600", "a guess").number  # VAR-2 rejected
    desk.run(cfo, variances.reject, wrong, "no receipt")
    right = desk.run(finance, variances.record, "PAY-000004", "4400", "change came back").number  # VAR-3 approved
    desk.run(cfo, variances.approve, right)
    desk.run(finance, transfers.request, "HQ", "NBI", "100")  # TRF-1 pending
    moved = desk.run(finance, transfers.request, "HQ", "MSA", "50").number  # TRF-2 completed
    desk.run(cfo, transfers.approve, moved)
    refused = desk.run(finance, transfers.request, "HQ", "MSA", "60").number  # TRF-3 rejected
    desk.run(cfo, transfers.reject, refused, "no need")


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for each database: whatever an attack does is undone."""
    folder: Path = tmp_path_factory.mktemp("rules")
    for url, people in copied(request, request.param, folder):
        desk = Desk(url, folder, clock=SettableClock())
        desk.secrets.make_server_key()
        trading = Trading(desk, desk.clock, people)  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PETTYCASH_OUTBOX", "1")
            if request.param == "sqlite":
                with changes.watched(desk) as seen:
                    _history(trading)
            else:
                seen = None
                _history(trading)
            # Others, whose rows are made without a service.
            story.trading_company(desk, "BETA", prefix="b_")
        made = World(trading, Raw(desk), seen)
        yield made
        made.raw.close()
        desk.close()
