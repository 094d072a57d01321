"""The doctor's look at the companies: their admins and how those are protected, their policy, their accounts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import policy
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.standing import has_a_way_in
from pettycash_tui.services.work import Reading

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def companies(reading: Reading) -> Iterator[Finding]:
    c, u = t.company.c, t.user.c
    owners = reading.execute(select(c.id, c.code).where(c.is_active).order_by(c.code)).all()
    if not owners:
        yield Finding("no_company", ERROR, "There is no active company.", "pettycash init")
    for owner in owners:
        here = or_(u.company_id == owner.id, u.company_id.is_(None))
        admins = select(u.username).where(u.is_active, here, or_(u.role == Role.ADMIN, u.is_superuser))
        found = list(reading.execute(admins.where(has_a_way_in()).limit(2)).scalars())
        add = "pettycash user add USERNAME --role admin"
        if not found:
            idle = reading.execute(admins.order_by(u.username).limit(1)).scalar()
            sentence = f"{owner.code} has no active admin" + (" who has a password or an SSH key." if idle else ".")
            yield Finding("no_admin", ERROR, sentence, f"pettycash user set-password {idle}" if idle else add)
        if len(found) == 1:
            sentence = (
                f"{owner.code} has one admin only who can sign in, {found[0]}: ten wrong passwords lock out the last."
            )
            yield Finding("one_admin", WARNING, sentence, add)
        for finding in policy.check(reading, owner.id):
            code = f"policy_{finding.code}"
            yield Finding(code, finding.severity, f"{owner.code}: {finding.message}", finding.command)
    yield from _funds(reading)
    superuser = select(u.id).where(u.is_active, u.is_superuser).limit(1)
    if owners and reading.execute(superuser).first() is None:
        yield Finding(
            "no_superuser",
            WARNING,
            "Nobody active is a superuser: no company can be added.",
            "pettycash user list --all",
        )


def _funds(reading: Reading) -> Iterator[Finding]:
    f, a, c = t.treasury_fund.c, t.account.c, t.company.c
    source = t.treasury_fund.join(t.account, a.id == f.account_id).join(t.company, c.id == f.company_id)
    rows = reading.execute(
        select(f.code, a.code.label("account"), c.code.label("company"))
        .select_from(source)
        .where(f.is_active, a.is_active.is_(False))
        .order_by(c.code, f.code)
    )
    for row in rows:
        yield Finding(
            "fund_account",
            ERROR,
            f"{row.company}: the fund {row.code} posts to the account {row.account}, which is inactive.",
            f"pettycash account edit {row.account} --activate",
        )


def admins(reading: Reading) -> Iterator[Finding]:
    """Active admins whose account opens with a password alone, or with one that somebody else chose."""
    u = t.user.c
    is_admin = or_(u.role == Role.ADMIN, u.is_superuser)
    rows = reading.execute(
        select(u.username, u.totp_confirmed_at, u.must_change_password, u.password_hash)
        .where(u.is_active, is_admin, u.password_hash.is_not(None))
        .order_by(u.username)
    ).all()
    for row in rows:
        if row.totp_confirmed_at is None:
            sentence = f"The admin {row.username} signs in with a password alone: no authenticator is enrolled."
            yield Finding("admin_unprotected", WARNING, sentence, "pettycash totp enrol")
        if row.must_change_password:
            sentence = f"The admin {row.username} still has the password that somebody else gave them."
            yield Finding("admin_first_password", WARNING, sentence, "pettycash passwd")
