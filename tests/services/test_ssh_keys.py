"""SSH keys: which lines are taken, whose a key is, and whom one lets in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import building
import pytest
from signing import told
from sqlalchemy import select
from textual.app import App
from textual.dom import DOMNode

from pettycash_tui.app import PettyCashApp
from pettycash_tui.models import tables as t
from pettycash_tui.models.ssh import SshKey
from pettycash_tui.services import forced, opening, people, signin, ssh_keys, ssh_lines
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work


def _key(*parts: bytes) -> str:
    blob = b"".join(len(part).to_bytes(4) + part for part in parts)
    return f"{parts[0].decode()} {b64encode(blob).decode()} me@home"


GOOD = _key(b"ssh-ed25519", b"k" * 32)
BAD = {
    "nothing": "",
    "two keys": f"{GOOD}\n{GOOD}",
    "options": f'command="sh" {GOOD}',
    "a short RSA key": _key(b"ssh-rsa", b"\1\0\1", b"\x7f" * 256),
    "a DSA key": _key(b"ssh-dss", b"1"),
    "a cut key": GOOD[:40],
    "another kind inside": GOOD.replace("ssh-ed25519", "ssh-rsa", 1),
    "one byte too many": _key(b"ssh-ed25519", b"k" * 33),
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "an escape in its comment": f"{GOOD}\x1b[2J",
}


LEADING_OUT = {
    "deliver_binary",
    "deliver_screenshot",
    "deliver_text",
    "open_url",
    "save_screenshot",
    "screenshot",
    "suspend_process",
}
"""Actions of Textual that start another program, or write a file to a place of their own."""


@pytest.fixture
def left() -> Iterator[None]:
    """Whatever a test was forced to be ends with it."""
    yield
    forced.end()


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_key_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput):
        ssh_lines.read_line(line)


def test_good_keys_are_taken() -> None:
    for line in (
        GOOD,
        _key(b"ssh-rsa", b"\1\0\1", b"\x7f" * 512),
        _key(b"ecdsa-sha2-nistp256", b"nistp256", b"\4" * 65),
    ):
        assert len(ssh_lines.read_line(line).fingerprint) == 50


def test_who_has_no_password_is_told_so_and_locks_nothing_by_trying(desk: Desk, left: None) -> None:
    who = building.company(desk)
    key = desk.run(who["admin"], ssh_keys.add_key, "staff", GOOD)
    here, _ = ssh_keys.enter(desk, key.id, source="ssh 192.0.2.7")
    tries = (
        lambda: signin.confirm_password(desk, here, "no password of theirs"),
        lambda: signin.change_password(desk, here, "no password of theirs", building.PASSWORD),
    )
    for number in range(12):
        with pytest.raises(NotAllowed, match="You have no password") as refused:
            tries[number % 2]()
        assert refused.value.code == "password_missing"
    person = desk.read(SYSTEM, lambda reading: reading.execute(select(t.user).where(t.user.c.id == here.id)).one())
    assert (person.failed_logins, person.locked_at) == (0, None)
    assert ssh_keys.enter(desk, key.id, source="ssh 192.0.2.7")[0].username == "staff"
    # Whoever asks from outside learns nothing of it.
    with pytest.raises(NotAllowed) as stranger:
        signin.sign_in(desk, "staff", "no password of theirs", client="cli", source="local")
    assert stranger.value.code == "signin_refused"


def test_a_key_is_one_persons_until_it_is_removed_for_ever(desk: Desk, left: None) -> None:
    who = building.company(desk)
    added = desk.run(who["admin"], ssh_keys.add_key, "staff", GOOD)
    for other in ("staff", "treasury"):
        with pytest.raises(Refused):
            desk.run(who["admin"], ssh_keys.add_key, other, GOOD)
    with pytest.raises(NotAllowed):
        desk.run(who["staff"], ssh_keys.remove_key, "staff", added.fingerprint)
    with pytest.raises(NotFound):
        desk.run(who["admin"], ssh_keys.remove_key, "treasury", added.fingerprint)
    assert desk.read(who["treasury"], ssh_keys.list_keys).items == ()
    assert desk.read(who["staff"], ssh_keys.list_keys).items == (added,)

    actor, token = ssh_keys.enter(desk, added.id, source="ssh 192.0.2.1")
    assert actor.id == who["staff"].id
    forced.begin(forced.Served(actor.username, token, "ssh 192.0.2.1", desk.home))
    assert opening.identify(desk, None).username == "staff"
    for become in (
        lambda: opening.identify(desk, "treasury"),
        lambda: signin.sign_in(desk, "treasury", building.PASSWORD, client="tui", source="local"),
    ):
        with pytest.raises(NotAllowed):
            become()

    desk.run(who["admin"], ssh_keys.remove_key, "staff", added.fingerprint)
    with pytest.raises(NotSignedIn):
        opening.identify(desk, None)
    with pytest.raises(NotAllowed):
        ssh_keys.enter(desk, added.id, source="ssh 192.0.2.1")
    assert desk.read(who["admin"], ssh_keys.in_force) == []
    with pytest.raises(Refused):
        desk.run(who["admin"], ssh_keys.add_key, "staff", GOOD)


def test_somebody_who_left_is_not_let_in(sqlite_desk: Desk) -> None:
    who = building.company(sqlite_desk)
    key = sqlite_desk.run(who["admin"], ssh_keys.add_key, "staff", GOOD)
    sqlite_desk.run(who["admin"], people.deactivate, "staff")
    assert sqlite_desk.read(who["admin"], ssh_keys.in_force) == []
    with pytest.raises(NotAllowed):
        ssh_keys.enter(sqlite_desk, key.id, source="ssh 192.0.2.1")


def test_nothing_leads_out_of_the_desk() -> None:
    app = PettyCashApp()
    for refused in (app.deliver_text, app.deliver_binary, app.deliver_screenshot, app.save_screenshot):
        with pytest.raises(PermissionError):
            refused()
    with pytest.raises(PermissionError), app.suspend():
        pass
    for name in ("open_url", "action_suspend_process", "action_screenshot"):
        assert getattr(type(app), name) is not getattr(App, name)
    for name in _modules_of("screens", "widgets"):
        import_module(name)
    seen = set(_all_below(DOMNode))
    ours = {kind for kind in seen if kind.__module__.startswith("pettycash_tui.")}
    assert {"PettyCashApp", "SignInScreen", "TreasuryScreen", "VirtualTable"} <= {kind.__name__ for kind in ours}
    for kind in seen:
        actions = {
            binding.action.partition("(")[0].rpartition(".")[2]
            for bindings in kind._merge_bindings().key_to_bindings.values()
            for binding in bindings
        }
        assert not actions & LEADING_OUT, kind
        if kind in ours and kind.__name__ != "Confined":
            assert not {f"action_{name}" for name in LEADING_OUT} & set(vars(kind)), kind


def _modules_of(*packages: str) -> Iterator[str]:
    for package in packages:
        found = import_module(f"pettycash_tui.{package}")
        yield from (module.name for module in walk_packages(found.__path__, f"{found.__name__}."))


def _all_below(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all_below(below)


def test_what_slips_past_the_check_is_told_alike_and_any_bytes_can_be_put_on_record(desk: Desk) -> None:
    who = building.company(desk)
    others = building.company(desk, "OTHER", prefix="o.")
    added = desk.run(who["admin"], ssh_keys.add_key, "staff", GOOD)
    with pytest.raises(Refused) as refused:
        desk.run(others["admin"], ssh_keys.add_key, "o.staff", GOOD)
    assert refused.value.code == "key_used"

    def unasked(work: Work) -> None:
        key = ssh_lines.read_line(GOOD)
        row = SshKey(
            user_id=who["treasury"].person_id,
            fingerprint=key.fingerprint,
            kind=key.kind,
            body=key.body,
            added_by_id=work.actor.person_id,
            created_at=work.now,
        )
        ssh_keys.record_refusal(work, work.actor, "unasked", "test")
        work.add(row)

    with pytest.raises(Refused) as refused:
        desk.run(who["admin"], unasked)
    assert (refused.value.code, refused.value.fields) == ("key_used", {"key": "must be new"})
    assert [row.id for row in desk.read(others["admin"], ssh_keys.list_keys).items] == []
    assert [row.id for row in desk.read(who["admin"], ssh_keys.list_keys).items] == [added.id]

    desk.run(SYSTEM, ssh_keys.record_refusal, who["staff"], "x" * 197 + " \udcff\x00 more", "not_by_ssh")
    (event,) = told(desk, "ssh.refused")
    assert (event["actor_name"], event["data"]["asked"]) == ("staff", "x" * 197 + " \ufffd\ufffd")
