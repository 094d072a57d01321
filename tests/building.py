"""Builders of a company for tests: rows straight into the tables, in one unit of work with the events of people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import AccountPurpose, AccountType, OtpChannel, Role
from pettycash_tui.models.organisation import Account, Branch, Category, Company, Department, Region
from pettycash_tui.models.people import User
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import PRODUCTION, Desk
from pettycash_tui.services.identity import SYSTEM, Actor, actor_of
from pettycash_tui.services.work import Reading, Work

CURRENCY = "KES"
PASSWORD = "correct horse battery"

CHART: tuple[tuple[str, str, AccountType, AccountPurpose | None], ...] = (
    ("1000", "Bank", AccountType.ASSET, AccountPurpose.REPLENISHMENT_SOURCE),
    ("1100", "Petty cash", AccountType.ASSET, None),
    ("3000", "Opening balances", AccountType.EQUITY, AccountPurpose.OPENING_BALANCES),
    ("5000", "General expenses", AccountType.EXPENSE, None),
    ("5100", "Travel", AccountType.EXPENSE, None),
    ("5900", "Cash over and short", AccountType.EXPENSE, AccountPurpose.CASH_OVER_SHORT),
)

# username: role, region, branch, department (codes)
PEOPLE: dict[str, tuple[Role, str | None, str | None, str | None]] = {
    "admin": (Role.ADMIN, None, None, None),
    "staff": (Role.STAFF, "CEN", "NBI", "OPS"),
    "department_head": (Role.DEPARTMENT_HEAD, "CEN", "NBI", "OPS"),
    "branch_manager": (Role.BRANCH_MANAGER, "CEN", "NBI", "OPS"),
    "regional_manager": (Role.REGIONAL_MANAGER, "CEN", None, None),
    "group_finance_manager": (Role.GROUP_FINANCE_MANAGER, None, None, None),
    "treasury": (Role.TREASURY, None, None, None),
    "treasury2": (Role.TREASURY, None, None, None),
    "cfo": (Role.CFO, None, None, None),
    "fpa": (Role.FPA, None, None, None),
    "ceo": (Role.CEO, None, None, None),
}


def company(desk: Desk, code: str = "ACME", *, kind: str = PRODUCTION, prefix: str = "") -> dict[str, Actor]:
    """A company with accounts, categories, two regions and branches, departments and a person of every role.

    People are named after their role (`treasury2` is the second officer), with `prefix` before it for the second
    company of a test, because usernames are unique everywhere. Returns them as actors by username without the prefix.
    """

    def build(work: Work) -> UUID:
        company_id = _organisation(work, code)
        if work.execute(select(t.installation.c.id)).first() is None:
            work.execute(insert(t.installation).values(id=1, kind=kind, created_at=work.now))
        work.record(
            "company.added",
            "company",
            company_id,
            code,
            stream=company_stream(company_id),
            company_id=company_id,
            data={"code": code, "currency": CURRENCY},
        )
        _people(work, company_id, code, prefix)
        return company_id

    desk.run(SYSTEM, build)
    return {username: actor(desk, prefix + username) for username in PEOPLE}


def actor(desk: Desk, username: str) -> Actor:
    """The person as the services know them, from the table as it is now."""

    def found(reading: Reading) -> Actor:
        return actor_of(reading.execute(select(t.user).where(t.user.c.username == username)).one())

    return desk.read(SYSTEM, found)


def person(desk: Desk, username: str, role: Role, **columns: Any) -> Actor:
    """One more person; `columns` are those of the user table, such as `company_id` and `branch_id`."""

    def build(work: Work) -> None:
        _add_user(work, username, role, **columns)

    desk.run(SYSTEM, build)
    return actor(desk, username)


def id_of(desk: Desk, table: str, code: str) -> UUID:
    """The id of the row of an organisation table with this code: `id_of(desk, "branch", "NBI")`."""
    columns = t.metadata.tables[table].c
    found: UUID = desk.read(
        SYSTEM, lambda reading: reading.execute(select(columns.id).where(columns.code == code)).scalar_one()
    )
    return found


def _organisation(work: Work, code: str) -> UUID:
    made: dict[str, Any] = {"created_at": work.now, "updated_at": work.now}
    owner = Company(name=f"{code.capitalize()} Ltd", code=code, currency=CURRENCY, timezone="Africa/Nairobi", **made)
    work.add(owner)
    accounts = [
        Account(company_id=owner.id, code=number, name=name, type=kind, purpose=purpose, **made)
        for number, name, kind, purpose in CHART
    ]
    work.add_all([*accounts])
    account_ids = {account.code: account.id for account in accounts}
    work.add_all(
        [
            Category(
                company_id=owner.id,
                code=name,
                name=name.capitalize(),
                account_id=account_ids[number],
                is_default=name == "general",
                **made,
            )
            for name, number in (("general", "5000"), ("travel", "5100"))
        ]
    )
    central = Region(company_id=owner.id, name="Central", code="CEN", **made)
    coast = Region(company_id=owner.id, name="Coast", code="COA", **made)
    work.add_all([central, coast])
    work.add_all(
        [
            Branch(company_id=owner.id, region_id=central.id, name="Nairobi", code="NBI", **made),
            Branch(company_id=owner.id, region_id=coast.id, name="Mombasa", code="MSA", **made),
        ]
    )
    work.add_all(
        [
            Department(company_id=owner.id, name="Operations", code="OPS", **made),
            Department(company_id=owner.id, name="Finance", code="FIN", **made),
        ]
    )
    return owner.id


def _people(work: Work, company_id: UUID, code: str, prefix: str) -> None:
    places = {
        table.name: {
            row.code: row.id
            for row in work.execute(select(table.c.code, table.c.id).where(table.c.company_id == company_id))
        }
        for table in (t.region, t.branch, t.department)
    }
    for username, (role, region, branch, department) in PEOPLE.items():
        _add_user(
            work,
            prefix + username,
            role,
            company_id=company_id,
            region_id=places["region"].get(region),
            branch_id=places["branch"].get(branch),
            department_id=places["department"].get(department),
            is_superuser=role is Role.ADMIN,
            email=f"{prefix}{username}@{code.lower()}.example",
        )


def _add_user(work: Work, username: str, role: Role, **columns: Any) -> None:
    number = (work.execute(select(t.user.c.number).order_by(t.user.c.number.desc()).limit(1)).scalar() or 0) + 1
    words = username.replace("_", " ").title().split(" ")
    given: dict[str, Any] = {
        "id": new_id(),
        "number": number,
        "username": username,
        "first_name": words[0],
        "last_name": " ".join(words[1:]) or "Person",
        "email": f"{username}@test.example",
        "role": role,
        "otp_channel": OtpChannel.EMAIL,
        "created_at": work.now,
        "updated_at": work.now,
        **columns,
    }
    work.add(User(**given))
    work.record(
        "user.added",
        "user",
        given["id"],
        username,
        stream=company_stream(given.get("company_id")),
        company_id=given.get("company_id"),
        data={"role": role},
    )
