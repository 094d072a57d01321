"""The only admin of a company is let in again by who works at the treasury host, and nobody else is."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator

import building
import pytest
from signing import WRONG, enter, give_passwords, hash_quickly, refusal, told
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.services import at_host, forced, host_unlock, ssh_keys
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import Actor

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f cfo"


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """Two companies, whose one admin each has a password."""
    hash_quickly(monkeypatch)
    building.company(desk, "OTHER", prefix="o.")
    found = building.company(desk)
    give_passwords(desk, "admin", "staff")
    return found


@pytest.fixture
def served(desk: Desk) -> Iterator[None]:
    """Under a forced command."""
    forced.begin(forced.Served("staff", "token", "ssh 192.0.2.7", desk.home))
    yield
    forced.end()


def change(desk: Desk, username: str, **values: object) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(t.user).where(t.user.c.username == username).values(values))


def lock(desk: Desk, username: str) -> None:
    for _ in range(10):
        refusal(desk, username, WRONG)
        desk.clock.advance(minutes=1)  # type: ignore[attr-defined]
    assert refusal(desk, username, WRONG).code == "signin_refused", "whose name waits now, too"


def refused(desk: Desk, username: str) -> str:
    with pytest.raises(Refused) as error:
        host_unlock.unlock(desk, username, source="local")
    return error.value.code


def test_the_only_admin_is_unlocked_at_the_host(desk: Desk, people: dict[str, Actor]) -> None:
    lock(desk, "admin")
    assert host_unlock.unlock(desk, "admin", source="local") == "admin"

    assert enter(desk, "admin").token
    (event,) = told(desk, "user.unlocked")
    host_user = pwd.getpwuid(os.getuid()).pw_name
    assert (event["actor_name"], event["subject"], event["data"]) == ("system", "admin", {"at_the_host": host_user})


def test_nobody_else_is(desk: Desk, people: dict[str, Actor]) -> None:
    change(desk, "admin", is_superuser=False)
    lock(desk, "staff")
    assert refused(desk, "staff") == "not_admin"
    assert refused(desk, "admin") == "not_locked"
    with pytest.raises(NotFound):
        host_unlock.unlock(desk, "nobody", source="local")
    change(desk, "cfo", role="admin")
    give_passwords(desk, "cfo")
    lock(desk, "admin")
    assert refused(desk, "admin") == "other_admin"
    # Neither one who is locked as well nor, for a superuser, one who is none could do it.
    change(desk, "cfo", locked_at=desk.clock())
    change(desk, "ceo", role="admin")
    give_passwords(desk, "ceo")
    change(desk, "admin", is_superuser=True)
    assert host_unlock.unlock(desk, "admin", source="local") == "admin"


def test_not_by_ssh(desk: Desk, people: dict[str, Actor], served: None) -> None:
    change(desk, "admin", locked_at=desk.clock())
    with pytest.raises(NotAllowed) as error:
        host_unlock.unlock(desk, "admin", source="ssh 192.0.2.7")
    assert error.value.code == "not_by_ssh"
    assert told(desk, "user.unlocked") == []
    (event,) = told(desk, "account.refused")
    assert (event["data"]["reason"], event["data"]["by_key_of"]) == ("not_by_ssh", "staff")


@pytest.mark.parametrize("with_key", [False, True], ids=["nothing to sign in with", "an SSH key"])
def test_another_admin_counts_who_has_something_to_sign_in_with(
    with_key: bool, desk: Desk, people: dict[str, Actor]
) -> None:
    change(desk, "admin", is_superuser=False)
    change(desk, "cfo", role="admin")
    admin = building.actor(desk, "admin")
    key = desk.run(admin, ssh_keys.add_key, "cfo", KEY)
    if not with_key:
        desk.run(admin, ssh_keys.remove_key, "cfo", key.fingerprint)
    lock(desk, "admin")

    if with_key:
        assert refused(desk, "admin") == "other_admin"
    else:
        assert host_unlock.unlock(desk, "admin", source="local") == "admin"


def test_what_is_refused_at_the_host_is_on_record_without_what_was_typed(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(desk, "staff") == "not_admin"
    with pytest.raises(NotFound):
        host_unlock.unlock(desk, "hunter2hunter2", source="local")

    host_user = pwd.getpwuid(os.getuid()).pw_name
    events = {event["data"]["reason"]: event for event in told(desk, "account.refused")}
    assert set(events) == {"not_admin", "not_found"}
    for event in events.values():
        assert (event["actor_name"], event["data"]["act"]) == ("system", "user.unlocked")
        assert event["data"]["at_the_host"] == host_user
        assert "hunter2" not in str(event)
    assert (events["not_admin"]["subject"], events["not_admin"]["data"]["asked"]) == ("staff", "staff")
    assert events["not_admin"]["stream"] == f"company:{people['staff'].company_id}"

    # A database that takes nothing keeps nobody from being told why.
    with monkeypatch.context() as patched:
        patched.setattr(at_host, "_record", away)
        assert refused(desk, "staff") == "not_admin"


def away(*_: object) -> None:
    raise DatabaseUnavailable("read-only", code="database_read_only")
