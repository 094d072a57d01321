"""The first set-up: an installation, a company with its chart, categories and policy, and its admin.

Done again with the same answers it changes nothing and says so; with others it is refused, so that a script that runs
at every deployment can neither damage books nor silently be about another company.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row, insert, or_, select

from pettycash_tui.database import engine as engines
from pettycash_tui.database.schema import SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import key_in_force, listed, opening, passwords
from pettycash_tui.services.desk import DEMO, PRODUCTION, Desk
from pettycash_tui.services.errors import Overtaken, Reason, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.inputs import (
    Problems,
    clean_code,
    clean_currency,
    clean_email,
    clean_locale,
    clean_text,
    clean_timezone,
    clean_username,
)
from pettycash_tui.services.new_company import NewAdmin, NewCompany, add_admin, add_company, seed_company
from pettycash_tui.services.organisation import COMPANY, NAME_LENGTH
from pettycash_tui.services.refs import PersonRef, Ref
from pettycash_tui.services.secrets import SERVER_KEY
from pettycash_tui.services.work import Reading, Work

__all__ = [
    "NewAdmin",
    "NewCompany",
    "SetUp",
    "SetUpResult",
    "add_company",
    "check",
    "existing",
    "init",
    "open_or_make",
    "seed_company",
]


@dataclass(frozen=True, slots=True)
class SetUp:
    """The answers to the questions of `pettycash init`."""

    company_name: str
    company_code: str
    currency: str
    admin: NewAdmin
    timezone: str = "UTC"
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class SetUpResult:
    """What is there now. `is_new` is False when it was there before and nothing was changed."""

    is_new: bool
    company: Ref
    currency: str
    admin: PersonRef | None
    database: str
    server_key: str
    """Where it is kept, in words."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers, checked, so that a repeated set-up can be compared without a change."""

    name: str
    code: str
    currency: str
    username: str


def existing(database: str | None, home: Path | None) -> SetUpResult | None:
    """What is set up there already, for whom nothing needs to be asked; None when nothing is."""
    url = opening.address_of(database, home)
    if engines.is_embedded(url) and not Path(str(url.database)).is_file():
        return None
    with closing(opening.open_desk(database, home, require_current=False)) as desk:
        if desk.schema_status().state in (SchemaState.EMPTY, SchemaState.OLDER):
            return None
        desk.require_current()
        if not desk.kind:
            return None
        company = desk.read(SYSTEM, _first_company)
        ref = Ref(company.id, code=company.code, name=company.name)
        where = desk.secrets.where(SERVER_KEY)
        return SetUpResult(False, ref, company.currency, None, desk.shown_address, where)


def _first_company(reading: Reading) -> Row[Any]:
    return reading.execute(select(t.company).order_by(t.company.c.created_at, t.company.c.id).limit(1)).one()


def check(given: SetUp) -> None:
    """Raise InvalidInput with every answer that cannot be, before a database is made for it."""
    problems = Problems()
    problems.attempt(lambda: _checked(given))
    problems.attempt(lambda: passwords.check(given.admin.password, given.admin.username))
    problems.raise_if_any()


def open_or_make(database: str | None, home: Path | None) -> Desk:
    """A desk on the database to set up; an embedded file that is not there is made, readable by its owner alone."""
    url = opening.address_of(database, home)
    if engines.is_embedded(url):
        engines.make_file(Path(str(url.database)))
    return opening.open_desk(database, home, require_current=False)


def init(desk: Desk, given: SetUp) -> SetUpResult:
    """Migrate the database and set it up; idempotent.

    Raises InvalidInput with every refused answer, Refused when the installation is of other answers or is a demo,
    DatabaseUnavailable for a database that holds other data or is of a later version.
    """
    answers = _checked(given)
    if desk.schema_status().state in (SchemaState.EMPTY, SchemaState.OLDER):
        desk.upgrade()
    desk.require_current()
    secrets = desk.secrets
    there = desk.read(SYSTEM, _there, answers, desk.shown_address)
    if there is not None:
        return replace(there, server_key=secrets.where(SERVER_KEY))
    where = secrets.make_server_key()
    # Hashed before the transaction begins: it takes a tenth of a second, in which nobody else could write.
    hashed = passwords.hash_password(given.admin.password, answers.username)
    return replace(
        desk.run(SYSTEM, _install, given, hashed, desk.shown_address, secrets.server_key()), server_key=where
    )


def _checked(given: SetUp) -> _Answers:
    problems = Problems()
    name = problems.attempt(lambda: clean_text("company_name", given.company_name, max_length=NAME_LENGTH))
    code = problems.attempt(lambda: clean_code("company_code", given.company_code))
    currency = problems.attempt(lambda: clean_currency("company_currency", given.currency))
    username = problems.attempt(lambda: clean_username("admin_username", given.admin.username))
    problems.attempt(lambda: clean_email("admin_email", given.admin.email))
    problems.attempt(lambda: clean_timezone("company_timezone", given.timezone))
    problems.attempt(lambda: clean_locale("company_locale", given.locale))
    problems.raise_if_any()
    return _Answers(name or "", code or "", currency or "", username or "")


def _there(reading: Reading, answers: _Answers, database: str) -> SetUpResult | None:
    """What is set up already; None when nothing is. Raises Refused, naming each answer that differs."""
    kind = reading.execute(select(t.installation.c.kind)).scalar()
    if kind is None:
        return None
    if kind == DEMO:
        raise Refused(
            "This database holds the demo company. Choose another with --home or --database.", code="demo_database"
        )
    c, u = t.company.c, t.user.c
    company = reading.execute(select(t.company).where(c.code == answers.code)).first()
    if company is None:
        codes = ", ".join(reading.execute(select(c.code).order_by(c.created_at).limit(5)).scalars())
        raise Refused.because(
            Reason("set_up_already", f"This database is set up already, for {codes or 'no company'}."),
            Reason("other_company", "Another company is added with `pettycash org company add`."),
        )
    admin = reading.execute(
        select(t.user).where(u.username == answers.username, or_(u.company_id == company.id, u.company_id.is_(None)))
    ).first()
    reasons = _differences(company, admin, answers)
    if reasons:
        raise Refused.because(*reasons, opening=f"This database is set up already for {company.name} ({company.code}).")
    if admin is None:
        raise AssertionError("a difference")
    name = f"{admin.first_name} {admin.last_name}".strip() or admin.username
    return SetUpResult(
        is_new=False,
        company=Ref(company.id, code=company.code, name=company.name),
        currency=company.currency,
        admin=PersonRef(admin.id, admin.username, name),
        database=database,
        server_key="",
    )


def _differences(company: Row[Any], admin: Row[Any] | None, answers: _Answers) -> list[Reason]:
    reasons = []
    if company.name != answers.name:
        reasons.append(Reason("other_name", f"Its name is {company.name!r}, not {answers.name!r}."))
    if company.currency != answers.currency:
        reasons.append(Reason("other_currency", f"Its currency is {company.currency}, not {answers.currency}."))
    if admin is None or not (admin.role is Role.ADMIN or admin.is_superuser):
        sentence = f"{answers.username!r} is not an admin of it; add one with `pettycash user add --role admin`."
        reasons.append(Reason("other_admin", sentence))
    return reasons


def _install(work: Work, given: SetUp, hashed: str, database: str, key: bytes) -> SetUpResult:
    _claim(work)
    key_in_force.note_first(work, key)
    company = listed.add(
        work,
        COMPANY,
        {
            "name": given.company_name,
            "code": given.company_code,
            "currency": given.currency,
            "timezone": given.timezone,
            "locale": given.locale,
            "totp_required": "yes",
        },
    )
    seed_company(work, company.id)
    admin = add_admin(work, company.id, given.admin, hashed, is_superuser=True)
    return SetUpResult(
        is_new=True,
        company=Ref(company.id, code=company.code, name=company.name),
        currency=company.currency,
        admin=PersonRef(admin.id, admin.username, admin.name),
        database=database,
        server_key="",
    )


def _claim(work: Work) -> None:
    """Make the one row of the installation: of two set-ups at once, the second is told."""
    values = {"id": 1, "kind": PRODUCTION, "created_at": work.now}
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        statement = postgres_insert(t.installation).values(values).on_conflict_do_nothing()
        is_ours = work.execute(statement.returning(t.installation.c.id)).first() is not None
    else:
        is_ours = work.execute(select(t.installation.c.id)).first() is None
        if is_ours:
            work.execute(insert(t.installation).values(values))
    if not is_ours:
        raise Overtaken("Somebody has set this database up a moment ago. Run `pettycash init` again to compare.")
