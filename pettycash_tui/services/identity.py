"""Who is acting: the person as the services know them during one unit of work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pettycash_tui.models.enums import Role
from pettycash_tui.services import forced
from pettycash_tui.services.errors import NotAllowed, Reason
from pettycash_tui.services.permissions import ALLOWANCES, NEEDS_APP, Right, Scope, rights_of


def enrol_first() -> str:
    """What somebody is told who may not approve or pay before an authenticator app is enrolled."""
    return (
        "Your company asks an authenticator app of everybody who approves or pays, and you have not enrolled one. Do it"
        f" at the desk, under your account, or run {forced.command('totp enrol')}, then"
        f" {forced.command('totp verify')} and sign in again at a desk that is open."
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, or the system (jobs, set-up) when `id` is None."""

    id: UUID | None
    username: str
    name: str
    role: Role | None
    company_id: UUID | None = None
    region_id: UUID | None = None
    branch_id: UUID | None = None
    department_id: UUID | None = None
    cost_center_id: UUID | None = None
    is_superuser: bool = False
    is_centralized_approver: bool = False
    session_id: UUID | None = None
    source: str = "local"
    client: str = ""
    must_enrol: bool = False
    """Whether the company demands an authenticator app that this person has not enrolled."""
    must_change_password: bool = False
    """Whether the password is one that an admin gave: until it is changed nothing else is done."""

    @property
    def is_system(self) -> bool:
        """Whether no person acts."""
        return self.id is None

    @property
    def person_id(self) -> UUID:
        """The person's id. Raises NotAllowed for the system, which may not do what only people do."""
        if self.id is None:
            raise NotAllowed("Only a signed-in person can do this. Sign in with `pettycash login USER`.")
        return self.id

    @property
    def rights(self) -> frozenset[Right]:
        """What this person's role allows."""
        return rights_of(self.role, is_superuser=self.is_superuser) if self.role else frozenset(Right)

    @property
    def without_app(self) -> tuple[Reason, ...]:
        """Why this person may not let money go before an app is enrolled; nothing where they may."""
        return (Reason("totp_required", enrol_first()),) if self.must_enrol else ()

    @property
    def scope(self) -> Scope:
        """Whose requisitions this person reads."""
        if self.role is None or self.is_centralized_approver:
            return Scope.COMPANY
        return ALLOWANCES[self.role].scope

    def may(self, right: Right) -> bool:
        """Whether the role allows it."""
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raise NotAllowed unless the role allows it, and (`totp_required`) unless the app it needs is enrolled."""
        if not self.may(right):
            role = self.role.label if self.role else "system"
            raise NotAllowed(f"Your role ({role}) may not {right.value}. Ask somebody whose role may.")
        if self.must_enrol and right in NEEDS_APP:
            raise NotAllowed(enrol_first(), code="totp_required")

    def sees_company(self, company_id: UUID | None) -> bool:
        """The tenant boundary: one's own company, or every company for a group-wide officer."""
        return self.company_id is None or self.company_id == company_id

    def at(self, source: str, client: str = "", session_id: UUID | None = None) -> Actor:
        """The same person, acting from there."""
        return replace(self, source=source, client=client, session_id=session_id)


SYSTEM = Actor(id=None, username="system", name="System", role=None, source="job")


def actor_of(
    row: Any,
    *,
    source: str = "local",
    client: str = "",
    session_id: UUID | None = None,
    must_enrol: bool = False,
    must_change_password: bool = False,
) -> Actor:
    """The actor for a row of the user table."""
    return Actor(
        id=row.id,
        username=row.username,
        name=f"{row.first_name} {row.last_name}".strip() or row.username,
        role=row.role,
        company_id=row.company_id,
        region_id=row.region_id,
        branch_id=row.branch_id,
        department_id=row.department_id,
        cost_center_id=row.cost_center_id,
        is_superuser=row.is_superuser,
        is_centralized_approver=row.is_centralized_approver,
        session_id=session_id,
        source=source,
        client=client,
        must_enrol=must_enrol,
        must_change_password=must_change_password,
    )
