"""The rotation of a lost server key at the host: not while the key may be found, and stopped anywhere it goes on."""

from __future__ import annotations

import os
import pwd
from contextlib import closing
from pathlib import Path

import building
import pytest
from keyring_kinds import USELESS, Remembering, use
from settable_clock import SettableClock
from signing import enrolled, enter, give_passwords, hash_quickly, told
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.services import (
    audit_check,
    audit_state,
    checkpoints,
    doctor_key,
    former_keys,
    key_in_force,
    key_rotation,
    lost_key,
    totp,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, NotAllowed, NotSignedIn, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.secrets import Secrets, fingerprint


@pytest.fixture
def people(desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company whose one superuser and whose treasury sign in with an app, under a key that the database names."""
    hash_quickly(monkeypatch)
    found = building.company(desk)
    give_passwords(desk, "admin", "treasury")
    for username in ("admin", "treasury"):
        enrolled(desk, found[username])
    desk.run(SYSTEM, key_in_force.note_first, desk.secrets.server_key())
    return found


def lose(desk: Desk) -> str:
    """Take the key away; what it was."""
    path = desk.home / "server.key"
    key = path.read_text().strip()
    path.unlink()
    desk.secrets.forget_key()
    return key


def rotate(desk: Desk, into: Path | None = None) -> key_rotation.Rotated:
    return lost_key.rotate(desk, lost_key.at_stake(desk).in_force, into=into)


def cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def away(*_: object, **__: object) -> None:
    raise DatabaseUnavailable("The database is away.", code="database_away")


def keys_in(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if path.name.startswith("server.key") and "lock" not in path.name}


@pytest.mark.parametrize("matter", ["locked", "chain of locked ones", "hanging"])
def test_a_key_that_a_locked_keyring_may_hold_is_not_lost(
    matter: str, desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Remembering()
    in_force = fingerprint(desk.secrets.server_key())
    kept.kept["pettycash", "server_key"] = lose(desk)
    with monkeypatch.context() as patched:
        USELESS[matter](patched)
        for act in (
            lambda: lost_key.at_stake(desk),
            lambda: lost_key.rotate(desk, in_force),
            lambda: key_rotation.rotate(desk, people["admin"], lost=True),
        ):
            with pytest.raises(Refused, match="Unlock it") as refusal:
                act()
            assert refusal.value.code == "keyring_silent"
    assert keys_in(desk.home) == set()

    use(monkeypatch, kept)
    with pytest.raises(NotAllowed) as needed:
        enter(desk, "admin")
    assert needed.value.code == "totp_needed"
    with pytest.raises(NotSignedIn, match="admin can sign in"):
        lost_key.rotate(desk, in_force)


def test_the_key_that_is_given_up_has_to_be_named(desk: Desk, people: dict[str, Actor]) -> None:
    key = lose(desk)
    stake = lost_key.at_stake(desk)
    assert stake == lost_key.AtStake(fingerprint(bytes.fromhex(key)), ("admin",))

    for other in (None, "0" * 16):
        with pytest.raises(Refused) as refusal:
            lost_key.rotate(desk, other)
        assert refusal.value.code == "server_key_changed"
    assert told(desk, "totp.reset") == []


@pytest.mark.parametrize("stopped", ["--to", "no database"])
def test_a_rotation_that_is_refused_leaves_no_key_before_the_lost_one(
    stopped: str, desk: Desk, people: dict[str, Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Remembering()
    key = lose(desk)

    if stopped == "--to":
        with pytest.raises(InvalidInput, match="not needed"):
            rotate(desk, tmp_path / "new")
        assert not (tmp_path / "new").exists()
    else:
        with monkeypatch.context() as patched:
            patched.setattr(key_rotation, "change_over", away)
            with pytest.raises(DatabaseUnavailable):
                rotate(desk)
    assert "server.key" not in keys_in(desk.home)

    kept.kept["pettycash", "server_key"] = key
    use(monkeypatch, kept)
    assert desk.secrets.server_key().hex() == key
    with pytest.raises(NotSignedIn, match="admin can sign in"):
        lost_key.at_stake(desk)


@pytest.mark.parametrize("where", ["before the database", "behind it", "before the apps"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_cut_short_anywhere_the_same_command_goes_on(
    how: str, where: str, desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(desk)
    if how == "damaged":
        write(desk, "ab" * 10)
    place = {
        "before the database": (key_rotation, "_encrypt_anew"),
        "behind it": (Secrets, "put_next_in_place"),
        "before the apps": (lost_key, "_free_superusers"),
    }[where]
    with monkeypatch.context() as patched:
        patched.setattr(*place, cut)
        with pytest.raises(KeyboardInterrupt):
            rotate(desk)

    rotate(desk)

    assert enter(desk, "admin").actor.is_superuser
    assert key_in_force.is_settled(desk)
    assert not (desk.home / "server.key.next").exists()


def test_one_cut_short_behind_the_database_is_finished_by_the_next_desk(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(desk)
    with monkeypatch.context() as patched:
        patched.setattr(Secrets, "put_next_in_place", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate(desk)
    with closing(Desk(desk.url, desk.home, clock=desk.clock)) as later:
        assert key_in_force.is_reachable(later)
        assert key_in_force.require(later)
        assert key_in_force.is_settled(later)
    assert keys_in(desk.home) == {"server.key"}


def write(desk: Desk, content: str | bytes) -> None:
    path = desk.home / "server.key"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    desk.secrets.forget_key()


@pytest.mark.parametrize("content", [b"ab" * 10, b"", b"\xff\xfe", b"zz" * 32], ids=["cut", "empty", "bytes", "text"])
def test_a_damaged_key_is_kept_and_followed_by_another(content: bytes, desk: Desk, people: dict[str, Actor]) -> None:
    lose(desk)
    write(desk, content)

    done = rotate(desk)

    assert (done.where, done.in_place) == (f"the file {desk.home / 'server.key'}", True)
    assert enter(desk, "admin").actor.is_superuser
    (damaged,) = desk.home.glob("damaged-server.key-*")
    assert damaged.read_bytes() == content
    assert former_keys.before(desk.secrets) == {}


def test_a_damaged_key_of_the_keyring_is_kept_too(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(desk)
    backend = Remembering()
    backend.kept["pettycash", "server_key"] = "odd"
    use(monkeypatch, backend)

    done = rotate(desk)

    assert done.where == "the keyring"
    assert fingerprint(bytes.fromhex(backend.kept["pettycash", "server_key"])) == done.fingerprint
    (damaged,) = desk.home.glob("damaged-server.key-*")
    assert damaged.read_text() == "odd\n"


@pytest.mark.parametrize("kind", ["environment", "named file"])
def test_a_damaged_key_that_is_not_written_here_is_followed_by_one_in_a_file(
    kind: str, desk: Desk, people: dict[str, Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(desk)
    if kind == "environment":
        monkeypatch.setenv("PETTYCASH_SERVER_KEY", "odd")
    else:
        (tmp_path / "named").touch(0o600)
        monkeypatch.setenv("PETTYCASH_SERVER_KEY_FILE", str(tmp_path / "named"))
    with pytest.raises(Refused) as refusal:
        rotate(desk)
    assert refusal.value.code == "key_elsewhere"

    done = rotate(desk, tmp_path / "new")

    assert not done.in_place
    assert enter(desk, "admin").actor.is_superuser
    assert keys_in(desk.home) == set()


def test_a_key_that_others_can_read_is_not_lost(desk: Desk, people: dict[str, Actor]) -> None:
    (desk.home / "server.key").chmod(0o644)
    desk.secrets.forget_key()

    with pytest.raises(Refused, match="chmod 600"):
        lost_key.at_stake(desk)


def test_refusals_are_on_record_with_who_asked(desk: Desk, people: dict[str, Actor], tmp_path: Path) -> None:
    with pytest.raises(NotSignedIn):
        lost_key.at_stake(desk)
    with pytest.raises(NotAllowed):
        key_rotation.rotate(desk, people["treasury"], into=tmp_path / "typed")
    with closing(Desk(desk.url, tmp_path / "elsewhere", clock=desk.clock)) as other, pytest.raises(Refused):
        key_rotation.rotate(other, people["admin"])

    events = {event["actor_name"]: event for event in told(desk, "secret.refused")}
    assert set(events) == {"system", "treasury", "admin"}
    assert {event["data"]["act"] for event in events.values()} == {"secret.rotated"}
    host = events["system"]
    assert (host["data"]["reason"], host["stream"]) == ("not_signed_in", "group")
    assert host["data"]["at_the_host"] == pwd.getpwuid(os.getuid()).pw_name
    assert events["treasury"]["data"]["reason"] == "not_allowed"
    assert events["treasury"]["stream"] == f"company:{people['treasury'].company_id}"
    assert "typed" not in str(events)
    # The stream of the key itself still ends with which one is in force.
    assert desk.read(SYSTEM, key_in_force.in_force) == fingerprint(desk.secrets.server_key())


def test_an_app_put_back_by_hand_after_the_key_was_lost_is_found(desk: Desk, people: dict[str, Actor]) -> None:
    lose(desk)
    rotate(desk)
    (event,) = told(desk, "totp.reset")
    assert event["data"] == {"reason": "server_key", "totp_sha256": "", "totp_confirmed_at": ""}
    assert audit_check.check(desk, SYSTEM, audit_check.Asked(full=True)).ok

    with desk.engine.begin() as connection:
        connection.execute(
            update(t.user)
            .where(t.user.c.username == "admin")
            .values(totp_secret=bytes(48), totp_confirmed_at=desk.clock())
        )

    (problem,) = audit_check.check(desk, SYSTEM, audit_check.Asked(full=True)).problems
    assert (problem.kind, "admin has another totp" in problem.message) == ("business_row", True)


def test_what_was_sealed_with_another_key_lets_none_be_made(
    desk: Desk, people: dict[str, Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not desk.read(SYSTEM, audit_state.is_sealed)
    checkpoints.make(desk, people["cfo"], output=tmp_path / "sealed")
    assert desk.read(SYSTEM, audit_state.is_sealed)
    key = (desk.home / "checkpoint.key").rename(tmp_path / "key")

    with pytest.raises(Refused) as refusal:
        checkpoints.make(desk, people["cfo"], output=tmp_path / "again")
    assert refusal.value.code == "no_checkpoint_key"
    assert not (desk.home / "checkpoint.key").exists()

    key.rename(desk.home / "checkpoint.key")
    checkpoints.make(desk, people["cfo"], output=tmp_path / "again")


def test_a_superuser_who_began_to_enrol_anew_and_went_is_let_in_again(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    """The app of before is under the lost key, and the one that was begun was never confirmed."""
    lose(desk)
    key_rotation.rotate(desk, people["admin"], lost=True)
    totp.enrol(desk, people["admin"])
    (found,) = [one for one in doctor_key.in_force(desk) if one.command.endswith(" admin")]
    assert found.code == "totp_unreadable"
    clock.advance(minutes=20)
    rotate(desk)
    assert enter(desk, "admin").token
