"""Who sees which requisitions and payments: one SQL condition per kind, for lists and single objects alike.

A person sees their own requisitions, those of their role's scope, and those on which they have or had a step (their
own, or one that they hold for somebody who is away). Nobody sees another company's rows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, exists, false, or_, select, true
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import Right, Scope
from pettycash_tui.services.work import Reading


def of_company(column: ColumnElement[Any], actor: Actor) -> ColumnElement[bool]:
    """The tenant boundary as a condition."""
    return true() if actor.company_id is None else column == actor.company_id


def requisitions(reading: Reading) -> ColumnElement[bool]:
    """The requisitions that the reader may see."""
    actor, r = reading.actor, t.requisition.c
    if actor.scope is Scope.COMPANY:
        return of_company(r.company_id, actor)
    return and_(of_company(r.company_id, actor), or_(r.requested_by_id == actor.id, _scope(actor), _has_step(reading)))


def payments(reading: Reading) -> ColumnElement[bool]:
    """The payments that the reader may see: those of the requisitions they see."""
    actor, p, r = reading.actor, t.payment.c, t.requisition.c
    if actor.scope is Scope.COMPANY:
        return of_company(p.company_id, actor)
    # Correlated by name: a list that joins the requisition itself would take its table out of the subquery.
    seen = exists().where(r.id == p.requisition_id, requisitions(reading)).correlate(t.payment)
    return and_(
        of_company(p.company_id, actor),
        or_(p.executor_id == actor.id, seen),
    )


def variances(reading: Reading) -> ColumnElement[bool]:
    """The variances that the reader may see: those of the payments they see."""
    actor, v, p = reading.actor, t.variance.c, t.payment.c
    if actor.scope is Scope.COMPANY:
        return of_company(v.company_id, actor)
    return v.payment_id.in_(select(p.id).where(payments(reading)))


def transfers(actor: Actor) -> ColumnElement[bool]:
    """The transfers that the reader may see: those of the funds whose ledger they see."""
    m, f = t.fund_transfer.c, t.treasury_fund.c
    if actor.may(Right.READ_LEDGER) and actor.scope is Scope.COMPANY:
        return of_company(m.company_id, actor)
    seen = select(f.id).where(ledgers(actor))
    return or_(m.from_fund_id.in_(seen), m.to_fund_id.in_(seen))


def ledgers(actor: Actor) -> ColumnElement[bool]:
    """The funds whose ledger the reader may see."""
    f = t.treasury_fund.c
    mine = f.custodian_id == actor.id
    if not actor.may(Right.READ_LEDGER):
        return and_(of_company(f.company_id, actor), mine)
    if actor.scope is Scope.COMPANY:
        return of_company(f.company_id, actor)
    scoped: dict[Scope, ColumnElement[bool]] = {
        Scope.BRANCH: f.branch_id == actor.branch_id,
        Scope.REGION: or_(
            f.region_id == actor.region_id,
            f.branch_id.in_(select(t.branch.c.id).where(t.branch.c.region_id == actor.region_id)),
        ),
    }
    return and_(of_company(f.company_id, actor), or_(mine, scoped.get(actor.scope, false())))


def bank_batches(actor: Actor) -> ColumnElement[bool]:
    """The bank files that the reader may see: those of the funds whose ledger they read."""
    b = t.bank_batch.c
    return and_(of_company(b.company_id, actor), b.fund_id.in_(select(t.treasury_fund.c.id).where(ledgers(actor))))


def _scope(actor: Actor) -> ColumnElement[bool]:
    r = t.requisition.c
    if actor.scope is Scope.DEPARTMENT and actor.department_id:
        return r.department_id == actor.department_id
    if actor.scope is Scope.BRANCH and actor.branch_id:
        return r.branch_id == actor.branch_id
    if actor.scope is Scope.REGION and actor.region_id:
        return r.region_id == actor.region_id
    return false()


def _has_step(reading: Reading) -> ColumnElement[bool]:
    s, d, me = t.approval_step.c, t.delegation.c, reading.actor.id
    # A day's slack either way serves every time zone; acting itself checks the company's own day.
    today, slack = reading.now.date(), timedelta(days=1)
    away = select(d.approver_id).where(
        d.delegate_id == me, d.is_active, d.starts_on <= today + slack, d.ends_on >= today - slack
    )
    return t.requisition.c.id.in_(
        select(s.requisition_id).where(
            or_(s.approver_id == me, s.acted_by_id == me, s.on_behalf_of_id == me, s.approver_id.in_(away))
        )
    )
