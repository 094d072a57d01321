"""A new company with what every company needs: accounts, categories, an approval policy, and a first admin."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pettycash_tui.models.enums import Role
from pettycash_tui.services import listed, passwords, people, policy_import
from pettycash_tui.services.accounts import ACCOUNT
from pettycash_tui.services.categories import CATEGORY
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.kinds import Given
from pettycash_tui.services.organisation import COMPANY, CompanyDetail
from pettycash_tui.services.people_views import UserDetail
from pettycash_tui.services.shipped import shipped_text
from pettycash_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """The first admin of a company. The password is text only here; what is stored is its hash."""

    username: str
    email: str
    password: str
    first_name: str = ""
    last_name: str = ""

    def __repr__(self) -> str:
        return f"NewAdmin(username={self.username!r})"


@dataclass(frozen=True, slots=True)
class NewCompany:
    """A company that was added, and its first admin."""

    company: CompanyDetail
    admin: UserDetail | None


def add_company(work: Work, given: Given, *, admin: NewAdmin | None = None) -> NewCompany:
    """Add a company with the default chart, categories and policy, and its first admin.

    Only a superuser may. Raises InvalidInput for `admin` when nobody could administer the company otherwise.
    """
    if admin is None and work.actor.company_id is not None:
        raise InvalidInput.of(
            admin_username="is missing: you belong to another company, so the new one needs an admin of its own"
        )
    hashed = passwords.hash_password(admin.password, admin.username) if admin is not None else None
    demanded = given.get("totp_required")
    company = listed.add(work, COMPANY, {**given, "totp_required": "yes" if demanded is None else demanded})
    # From here on it is the new company's own administration, whichever company the superuser belongs to.
    inside = work.as_actor(replace(work.actor, company_id=company.id))
    seed_company(inside, company.id)
    return NewCompany(company, add_admin(inside, company.id, admin, hashed) if admin is not None else None)


def seed_company(work: Work, company_id: UUID) -> None:
    """Give a new company the chart of accounts, the categories and the approval policy that ship with the program."""
    for entry in _entries("accounts.toml", "account"):
        listed.add(work, ACCOUNT, entry, company=company_id)
    for entry in _entries("categories.toml", "category"):
        listed.add(work, CATEGORY, entry, company=company_id)
    policy_import.replace_policy(work, shipped_text("policy.toml"), source="policy.toml", company=company_id)


def _entries(file: str, table: str) -> list[dict[str, str]]:
    found: list[dict[str, Any]] = tomllib.loads(shipped_text(file))[table]
    return [{name: "yes" if value is True else str(value) for name, value in entry.items()} for entry in found]


def add_admin(
    work: Work, company_id: UUID, admin: NewAdmin, hashed: str | None, *, is_superuser: bool = False
) -> UserDetail:
    """Add a company's first admin. The hash is made beforehand, so that no transaction waits for it."""
    given = {
        "username": admin.username,
        "email": admin.email,
        "first_name": admin.first_name,
        "last_name": admin.last_name,
        "role": Role.ADMIN.value,
        "is_superuser": "yes" if is_superuser else "no",
    }
    return people.add(work, given, company=company_id, password_hash=hashed, must_change_password=False)
