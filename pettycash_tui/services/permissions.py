"""What each role may do and read: one table, asked by every service, screen and command.

Source: domain, section 1 (ten roles) and sections 2 and 3 (who approves, validates, pays, assigns, reviews).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pettycash_tui.models.enums import Role, StepKind


class Right(StrEnum):
    """Something a role may do."""

    SUBMIT = "submit requisitions"
    APPROVE = "approve requisitions"
    VALIDATE = "validate requisitions for payment"
    REVIEW = "review paid requisitions"
    EXECUTE = "execute payments"
    ASSIGN_EXECUTOR = "assign a payment's executor"
    CANCEL_PAYMENT = "cancel payments"
    COUNT = "count cash"
    RECONCILE = "reconcile payments"
    READ_LEDGER = "read fund ledgers"
    MANAGE_FUNDS = "manage funds"
    REQUEST_REPLENISHMENT = "request replenishments"
    APPROVE_REPLENISHMENT = "approve replenishments"
    COMPLETE_REPLENISHMENT = "complete replenishments"
    RECORD_VARIANCE = "record variances"
    APPROVE_VARIANCE = "approve variances"
    REQUEST_TRANSFER = "request transfers between funds"
    APPROVE_TRANSFER = "approve transfers between funds"
    CLOSE_PERIOD = "close and reopen periods"
    ADMINISTER = "administer people, organisation and policy"
    READ_AUDIT = "read the audit log"


class Scope(StrEnum):
    """Whose requisitions and payments a role reads, besides its own and those it has a step on."""

    OWN = "own"
    DEPARTMENT = "department"
    BRANCH = "branch"
    REGION = "region"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Allowance:
    """A role's rights and what it reads."""

    rights: frozenset[Right]
    scope: Scope


def _may(scope: Scope, *rights: Right) -> Allowance:
    # Everyone, from staff to CEO, may submit a requisition.
    return Allowance(frozenset({Right.SUBMIT, *rights}), scope)


ALLOWANCES: dict[Role, Allowance] = {
    Role.STAFF: _may(Scope.OWN),
    Role.DEPARTMENT_HEAD: _may(Scope.DEPARTMENT, Right.APPROVE),
    Role.BRANCH_MANAGER: _may(Scope.BRANCH, Right.APPROVE, Right.READ_LEDGER, Right.COUNT),
    Role.REGIONAL_MANAGER: _may(Scope.REGION, Right.APPROVE, Right.READ_LEDGER),
    Role.GROUP_FINANCE_MANAGER: _may(
        Scope.COMPANY,
        Right.APPROVE,
        Right.READ_LEDGER,
        Right.RECONCILE,
        Right.REQUEST_REPLENISHMENT,
        Right.APPROVE_REPLENISHMENT,
        Right.RECORD_VARIANCE,
        Right.REQUEST_TRANSFER,
        Right.APPROVE_TRANSFER,
        Right.READ_AUDIT,
    ),
    Role.TREASURY: _may(
        Scope.COMPANY,
        Right.VALIDATE,
        Right.EXECUTE,
        Right.COUNT,
        Right.RECONCILE,
        Right.READ_LEDGER,
        Right.REQUEST_REPLENISHMENT,
        Right.APPROVE_REPLENISHMENT,
        Right.RECORD_VARIANCE,
        Right.REQUEST_TRANSFER,
        Right.APPROVE_TRANSFER,
        Right.COMPLETE_REPLENISHMENT,
    ),
    Role.CFO: _may(
        Scope.COMPANY,
        Right.APPROVE,
        Right.VALIDATE,
        Right.REVIEW,
        Right.ASSIGN_EXECUTOR,
        Right.CANCEL_PAYMENT,
        Right.READ_LEDGER,
        Right.MANAGE_FUNDS,
        Right.RECONCILE,
        Right.REQUEST_REPLENISHMENT,
        Right.APPROVE_REPLENISHMENT,
        Right.RECORD_VARIANCE,
        Right.APPROVE_VARIANCE,
        Right.REQUEST_TRANSFER,
        Right.APPROVE_TRANSFER,
        Right.CLOSE_PERIOD,
        Right.COMPLETE_REPLENISHMENT,
        Right.READ_AUDIT,
    ),
    Role.FPA: _may(Scope.COMPANY, Right.REVIEW, Right.READ_LEDGER, Right.READ_AUDIT),
    Role.CEO: _may(Scope.COMPANY, Right.APPROVE, Right.REVIEW, Right.READ_LEDGER, Right.READ_AUDIT),
    Role.ADMIN: _may(
        Scope.COMPANY,
        # An admin approves, validates and reviews only a step that was routed to them for want of anybody else.
        Right.APPROVE,
        Right.VALIDATE,
        Right.REVIEW,
        Right.ASSIGN_EXECUTOR,
        Right.MANAGE_FUNDS,
        Right.READ_LEDGER,
        Right.ADMINISTER,
        Right.READ_AUDIT,
    ),
}


NEEDS_APP = frozenset(
    {
        Right.APPROVE,
        Right.VALIDATE,
        Right.EXECUTE,
        Right.APPROVE_REPLENISHMENT,
        Right.COMPLETE_REPLENISHMENT,
        Right.APPROVE_VARIANCE,
        Right.APPROVE_TRANSFER,
    }
)
"""What is done only with an authenticator app enrolled, where the company demands one: whatever lets money go."""

_SIGNS_IN_WITH_CODE = frozenset({Right.APPROVE, Right.VALIDATE, Right.EXECUTE})


def needs_app(role: Role) -> bool:
    """Whether people of this role approve, validate or pay, and so sign in with a code once they have enrolled."""
    return bool(_SIGNS_IN_WITH_CODE & ALLOWANCES[role].rights)


def rights_of(role: Role, *, is_superuser: bool = False) -> frozenset[Right]:
    """The rights of a role; a superuser administers besides."""
    rights = ALLOWANCES[role].rights
    return rights | {Right.ADMINISTER, Right.MANAGE_FUNDS, Right.READ_AUDIT} if is_superuser else rights


def kind_of(role: Role) -> StepKind:
    """What a role's step is for: treasury validates, FP&A reviews after payment, everybody else decides."""
    if role is Role.TREASURY:
        return StepKind.VALIDATE
    if role is Role.FPA:
        return StepKind.REVIEW
    return StepKind.APPROVE
