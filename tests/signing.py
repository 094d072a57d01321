"""Signing in, for tests: hashes that cost next to nothing, people with passwords, an app's codes, and what is told."""

from __future__ import annotations

import json
from base64 import b32decode
from typing import Any

import building
import pytest
from sqlalchemy import select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services import passwords, signin, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.signin import SignedIn

PASSWORD = building.PASSWORD
WRONG = "incorrect horse battery"


def hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing, nobody's among them."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    nobodys = quick.hash("nobody at all")
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: nobodys)


def give_passwords(desk: Desk, *usernames: str) -> None:
    """Give them the password of the builders."""
    for username in usernames:
        desk.run(SYSTEM, signin.set_password, username, PASSWORD, must_change=False)


def enter(
    desk: Desk, username: str, password: str = PASSWORD, code: str | None = None, source: str = "local"
) -> SignedIn:
    """Sign in at the desk."""
    return signin.sign_in(desk, username, password, client="tui", source=source, code=code)


def refusal(desk: Desk, *arguments: Any, **named: Any) -> NotAllowed:
    """What somebody is told who is not let in."""
    with pytest.raises(NotAllowed) as refused:
        enter(desk, *arguments, **named)
    return refused.value


def enrolled(desk: Desk, actor: Actor) -> tuple[bytes, tuple[str, ...]]:
    """The secret of somebody's app, confirmed, and their recovery codes; by the builders' password."""
    secret = b32decode(totp.enrol(desk, actor, PASSWORD).secret_base32)
    return secret, totp.confirm(desk, actor, code_now(desk, secret))


def code_now(desk: Desk, secret: bytes) -> str:
    """The app's code of this moment."""
    return totp.code_at(secret, int(desk.clock().timestamp()) // totp.STEP_SECONDS)


def demand_apps(desk: Desk) -> None:
    """Every company demands an authenticator app from now on."""
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(totp_required=True))


def told(desk: Desk, *actions: str) -> list[dict[str, Any]]:
    """The audit events of these actions, in order."""
    a = t.audit_event.c
    with desk.engine.connect() as connection:
        found = connection.execute(select(a.body).where(a.action.in_(actions)).order_by(a.stream, a.sequence))
        return [json.loads(body) for body in found.scalars()]
