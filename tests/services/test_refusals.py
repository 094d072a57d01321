"""Refused acts on accounts are on record, and nothing of what was typed but whom it was about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import building
import pytest
from signing import PASSWORD, enter, give_passwords, hash_quickly, told

from pettycash_tui.services import people, session_list, signin, ssh_keys, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM, Actor

NEW = "another long enough one"
ACTS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "password.set": (signin.set_password, (NEW,)),
    "user.unlocked": (signin.unlock, ()),
    "totp.reset": (totp.reset, ()),
    "ssh.key_added": (ssh_keys.add_key, ("ssh-ed25519 AAAA",)),
    "ssh.key_removed": (ssh_keys.remove_key, ("SHA256:x",)),
    "user.edited": (people.edit, ({"first_name": "Eve"},)),
    "user.deactivated": (people.deactivate, ()),
    "user.activated": (people.activate, ()),
}


def run(desk: Desk, actor: Actor, service: Callable[..., Any], *given: Any) -> None:
    """Do an act; one that sends a letter afterwards opens its own work."""
    if service is totp.reset:
        totp.reset(desk, actor, *given)
    else:
        desk.run(actor, service, *given)


def events(desk: Desk) -> list[tuple[str, str, str, str]]:
    """Who was refused what, why, and about whom."""
    return [
        (event["actor_name"], event["data"]["act"], event["data"]["reason"], event["data"]["asked"])
        for event in told(desk, "account.refused")
    ]


def test_each_refused_act_on_an_account_is_on_record(desk: Desk) -> None:
    who = building.company(desk)
    for act, (service, more) in ACTS.items():
        with pytest.raises(NotAllowed) as refused:
            run(desk, who["staff"], service, "cfo", *more)
        assert refused.value.is_on_record
        assert events(desk)[-1] == ("staff", act, "not_allowed", "cfo")
    with pytest.raises(NotAllowed):
        desk.run(who["staff"], people.add, {"username": NEW})
    assert events(desk)[-1] == ("staff", "user.added", "not_allowed", "")
    for service in (signin.unlock, totp.reset):
        with pytest.raises(Refused):
            run(desk, who["admin"], service, "admin")
        assert events(desk)[-1][0::2] == ("admin", "own_account")
    assert len(events(desk)) == len(ACTS) + 3


def test_only_whom_one_sees_is_named(desk: Desk) -> None:
    who, others = building.company(desk), building.company(desk, "OTHER", prefix="o.")
    # The last is what `openssl rand -hex 16` gives: an id to look at, a password to somebody.
    for typed in (PASSWORD, "staff", "\udcff", "9f86d081884c7d659a2feaa0c55ad015", str(who["staff"].id)):
        with pytest.raises(NotFound):
            desk.run(others["admin"], signin.unlock, typed)
    assert [event[3] for event in events(desk)] == [""] * 5
    with pytest.raises(NotAllowed):
        desk.run(who["staff"], people.deactivate, who["cfo"].person_id)
    assert [event[3] for event in events(desk) if event[0] == "staff"] == [str(who["cfo"].id)]


def test_what_no_rule_refused_is_no_refusal(desk: Desk) -> None:
    who = building.company(desk)
    with pytest.raises(InvalidInput):
        desk.run(who["admin"], signin.set_password, "staff", "short")
    with pytest.raises(NotFound):
        desk.run(SYSTEM, signin.unlock, "nobody")
    assert events(desk) == []


def test_who_was_signed_out_meanwhile_is_told_of_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)
    who = building.company(desk)
    give_passwords(desk, "admin")
    here = enter(desk, "admin").actor
    session_list.revoke_all(desk, who["admin"], "admin")
    with pytest.raises(NotSignedIn):
        desk.run(here, signin.unlock, "staff")
    assert events(desk) == [("admin", "user.unlocked", "not_signed_in", "staff")]
