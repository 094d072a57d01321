"""The demo companies of `data/demo.toml`: their units, people and funds, founded through the services."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel
from pettycash_tui.models.money import Money
from pettycash_tui.services import funds, listed, people, policy_import, setup
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import Actor, actor_of
from pettycash_tui.services.kinds import Kind
from pettycash_tui.services.organisation import BRANCH, COMPANY, COST_CENTER, DEPARTMENT, POSITION, REGION
from pettycash_tui.services.passwords import hash_password
from pettycash_tui.services.shipped import shipped_text
from pettycash_tui.services.work import Work

_UNITS: dict[str, Kind[Any]] = {
    "region": REGION,
    "branch": BRANCH,
    "department": DEPARTMENT,
    "cost_center": COST_CENTER,
    "position": POSITION,
}
_DEFAULT_REORDER = funds.DEFAULT_REORDER_MAJOR


@dataclass(frozen=True, slots=True)
class DemoFund:
    """A fund as the history needs it: whose, its opening balance (minor units), the target of the last review."""

    id: UUID
    code: str
    company_id: UUID
    opening: int
    currency: str
    new_target: str | None


@dataclass(frozen=True, slots=True)
class Founded:
    """The companies as they are on their first day. People by username, funds by code."""

    people: dict[str, Actor]
    funds: dict[str, DemoFund]
    zone: ZoneInfo


def read_book() -> dict[str, Any]:
    """The shipped description of the demo companies and of their history."""
    return tomllib.loads(shipped_text("demo.toml"))


def found(work: Work, book: dict[str, Any]) -> Founded:
    """Found every company of the book. `work` is the system's, at the first day's moment."""
    # Hashed once and shared: nineteen argon2 hashes would be most of the build's time, and the password is no secret.
    hashed = hash_password(book["password"], "demo", demo=True)
    made = Founded({}, {}, ZoneInfo(book["company"][0]["timezone"]))
    moment = work.now
    for entry in book["company"]:
        moment += timedelta(minutes=30)
        _company(work, entry, hashed, made, moment)
    return made


def _company(work: Work, entry: dict[str, Any], hashed: str, made: Founded, moment: datetime) -> None:
    work = work.as_actor(work.actor, moment)
    company = listed.add(
        work, COMPANY, {name: entry[name] for name in ("code", "name", "currency", "timezone", "locale")}
    )
    setup.seed_company(work, company.id)
    for name, kind in _UNITS.items():
        for unit in entry.get(name, ()):
            listed.add(work, kind, unit, company=company.id)
    for person in entry["person"]:
        _person(work, person, entry["mail"], company.id, hashed)
    u = t.user.c
    for row in work.execute(select(t.user).where(u.company_id == company.id)):
        made.people[row.username] = actor_of(row)
    admin = next(actor for actor in made.people.values() if actor.company_id == company.id and actor.role == "admin")
    if "policy" in entry:
        later = work.as_actor(admin, moment + timedelta(minutes=5))
        policy_import.replace_policy(later, entry["policy"], source="policy.toml", company=company.id)
    holder = made.people[entry["holder"]]
    opening = work.as_actor(holder, moment + timedelta(minutes=10))
    for fund in entry["fund"]:
        made.funds[fund["code"]] = _fund(opening, fund, company.id)


def _person(work: Work, person: dict[str, Any], mail: str, company_id: UUID, hashed: str) -> None:
    first, _, last = person["name"].partition(" ")
    given = {
        "first_name": first,
        "last_name": last,
        "email": f"{person['username']}@{mail}",
        # Codes by mail reach the outbox, where everybody who tries the demo can read them.
        "otp_channel": OtpChannel.EMAIL.value,
        **{name: _typed(value) for name, value in person.items() if name != "name"},
    }
    people.add(work, given, company=company_id, password_hash=hashed, must_change_password=False)


def _typed(value: Any) -> str:
    return "yes" if value is True else str(value)


def _fund(work: Work, fund: dict[str, Any], company_id: UUID) -> DemoFund:
    reorder = fund.get("reorder", _DEFAULT_REORDER)
    view = funds.add(
        work,
        FundInput(
            code=fund["code"],
            name=fund["name"],
            branch=fund.get("branch"),
            region=fund.get("region"),
            custodian=fund["custodian"],
            reorder_level=reorder,
            # An imprest at first: filled up to what it opened with. The target of the book comes with a later review.
            target_balance=fund["opening"],
            opening_balance=fund["opening"],
            bank_account=fund.get("bank_account"),
            bank_code=fund.get("bank_code"),
        ),
    )
    opening: Money = view.current_balance
    target = fund["target"] if fund["target"] != fund["opening"] else None
    return DemoFund(view.id, view.code, company_id, opening.minor, view.currency, target)
