"""A new server key: open codes are void, nobody enrols again, and a rotation that is cut short is finished."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import keyring
import pyotp
import pytest
from keyring_kinds import Locked, Remembering
from settable_clock import SettableClock
from sqlalchemy import URL, func, select
from story import approved, code_for, executor_of, trading_company

from pettycash_tui.models import tables as t
from pettycash_tui.services import (
    audit_check,
    audit_export,
    checkpoints,
    execution,
    export_files,
    key_in_force,
    key_rotation,
    otp,
    recovery,
    totp,
)
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Overtaken, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.secrets import Place, Secrets, fingerprint


def enrolled(desk: Desk, who: Actor, clock: SettableClock) -> bytes:
    made = totp.enrol(desk, who)
    totp.confirm(desk, who, pyotp.TOTP(made.secret_base32).at(clock.now))
    return base64.b32decode(made.secret_base32)


def in_force(desk: Desk, who: Actor) -> bytes:
    stored = desk.read(SYSTEM, lambda r: r.execute(select(t.user.c.totp_secret).where(t.user.c.id == who.id)).scalar())
    return totp.current_secret(stored, who.person_id, desk.secrets)


def open_codes(desk: Desk) -> int:
    o = t.otp_challenge.c
    count = select(func.count()).where(o.voided_at.is_(None), o.consumed_at.is_(None))
    return int(desk.read(SYSTEM, lambda reading: reading.execute(count).scalar_one()))


def told(desk: Desk) -> list[dict[str, str]]:
    a = t.audit_event.c
    bodies = select(a.body).where(a.action == key_in_force.ACTION).order_by(a.sequence)
    return [
        json.loads(body)["data"] for body in desk.read(SYSTEM, lambda reading: list(reading.execute(bodies).scalars()))
    ]


def test_codes_are_void_and_enrolments_go_on(desk: Desk, clock: SettableClock) -> None:
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    payment = approved(desk, people["staff"])
    officer = executor_of(desk, payment)
    code = code_for(desk, payment)
    old = desk.secrets.server_key()

    done = key_rotation.rotate(desk, SYSTEM)

    new = desk.secrets.server_key()
    assert new != old
    assert new.hex() == (desk.home / "server.key").read_text().strip()
    assert (done.in_place, done.codes_voided, done.enrolments, done.unreadable) == (True, 1, 1, 0)
    assert not (desk.home / "server.key.next").exists()
    assert open_codes(desk) == 0
    with pytest.raises(Refused):
        execution.execute(desk, officer, payment, code=code)
    assert in_force(desk, people["cfo"]) == secret
    event = told(desk)[-1]
    assert (event["from"], event["to"]) == (fingerprint(old), fingerprint(new))
    assert old.hex() not in str(event) and new.hex() not in str(event)

    clock.advance(seconds=61)
    code = code_for(desk, payment)
    execution.execute(desk, officer, payment, code=code)
    assert open_codes(desk) == 0


def test_recovery_codes_are_void_and_who_had_some_is_named(
    desk: Desk, clock: SettableClock, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = trading_company(desk, kind=DEMO)
    for who in ("treasury", "cfo"):
        enrolled(desk, people[who], clock)
    stale = open_desk(desk.url)
    stale.secrets.server_key()

    done = key_rotation.rotate(desk, SYSTEM)

    assert done.recovery_voided_for == ("cfo", "treasury")
    assert told(desk)[-1]["recovery_voided_for"] == ["cfo", "treasury"]
    a = t.audit_event.c
    voided = select(a.subject, a.stream).where(a.action == "recovery.voided").order_by(a.sequence)
    with desk.engine.connect() as connection:
        stream = f"company:{people['cfo'].company_id}"
        assert [tuple(row) for row in connection.execute(voided)] == [("cfo", stream), ("treasury", stream)]
    assert desk.read(people["cfo"], totp.status).recovery_codes_left == 0

    # A desk that has the old key at hand takes the new one; one that is changed meanwhile makes none.
    code = totp.new_recovery_codes(stale, people["cfo"])[0].replace("-", "")
    hmac = recovery.mac(desk.secrets, people["cfo"].person_id, code)
    assert desk.run_unaudited(SYSTEM, recovery.spend, people["cfo"].person_id, hmac)
    key_rotation.rotate(desk, SYSTEM)
    monkeypatch.setattr(key_in_force, "require", lambda _: False)
    with pytest.raises(Overtaken, match="server key"):
        totp.new_recovery_codes(stale, people["treasury"])
    assert key_rotation.rotate(desk, SYSTEM).recovery_voided_for == ()


def test_what_was_sealed_and_exported_before_still_verifies(desk: Desk, tmp_path: Path) -> None:
    people = trading_company(desk, kind=DEMO)
    sealed = checkpoints.sealed_now(desk, SYSTEM)
    key = checkpoints.public_key(desk).public_key
    with export_files.at_path(tmp_path / "events.jsonl", replace=False) as draft:
        audit_export.export(desk, people["cfo"], draft)

    key_rotation.rotate(desk, SYSTEM)

    assert checkpoints.public_key(desk).public_key == key
    found = audit_check.check(desk, SYSTEM, audit_check.Asked(full=True, checkpoint=sealed))
    assert (found.problems, found.sealed_events) == ((), sealed.events)
    assert audit_export.verify_file(tmp_path / "events.jsonl", key).ok


def test_only_a_superuser_rotates(sqlite_desk: Desk) -> None:
    people = trading_company(sqlite_desk)
    key = sqlite_desk.secrets.server_key()

    with pytest.raises(NotAllowed):
        key_rotation.rotate(sqlite_desk, people["treasury"])
    assert sqlite_desk.secrets.server_key() == key


@pytest.mark.parametrize("finishes", ["the next rotation", "the next desk that needs the key"])
def test_a_rotation_cut_short_behind_the_database_is_finished(
    finishes: str, desk: Desk, clock: SettableClock, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    old = desk.secrets.server_key()

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Secrets, "put_next_in_place", cut)
        with pytest.raises(KeyboardInterrupt):
            key_rotation.rotate(desk, SYSTEM)
    assert (desk.home / "server.key").read_text().strip() == old.hex()
    waiting = (desk.home / "server.key.next").read_text().strip()
    later = open_desk(desk.url)

    if finishes == "the next rotation":
        assert key_rotation.rotate(later, SYSTEM).was_finished
    else:
        assert key_in_force.require(later)

    assert later.secrets.server_key().hex() == waiting
    assert not (desk.home / "server.key.next").exists()
    assert in_force(later, people["cfo"]) == secret


def test_a_rotation_cut_short_before_the_database_changes_nothing(
    desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    approved_payment = approved(desk, people["staff"])
    code_for(desk, approved_payment)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(key_rotation, "_encrypt_anew", cut)
        with pytest.raises(KeyboardInterrupt):
            key_rotation.rotate(desk, SYSTEM)
    assert open_codes(desk) == 1
    assert in_force(desk, people["cfo"]) == secret
    assert not key_in_force.require(desk)
    done = key_rotation.rotate(desk, SYSTEM)

    assert (done.was_finished, done.codes_voided) == (False, 1)
    assert in_force(desk, people["cfo"]) == secret


def test_a_desk_with_the_old_key_takes_the_new_one_and_a_right_code_is_right(
    desk: Desk, open_desk: Callable[[URL], Desk]
) -> None:
    people = trading_company(desk, kind=DEMO)
    payment = approved(desk, people["staff"])
    officer = executor_of(desk, payment)
    stale = open_desk(desk.url)
    stale.secrets.server_key()
    key_rotation.rotate(desk, SYSTEM)
    code = code_for(desk, payment)

    # It compares under the old key first.
    assert otp.verify(stale, officer, payment, code).payment == payment
    assert stale.secrets.server_key() == desk.secrets.server_key()


def test_a_host_without_the_new_key_says_so_and_locks_nobody(desk: Desk, clock: SettableClock, tmp_path: Path) -> None:
    people = trading_company(desk, kind=DEMO)
    payment = approved(desk, people["staff"])
    officer = executor_of(desk, payment)
    elsewhere = Desk(desk.url, tmp_path / "elsewhere", clock=clock)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "elsewhere" / "server.key").write_text(desk.secrets.server_key().hex())
    (tmp_path / "elsewhere" / "server.key").chmod(0o600)
    try:
        key_rotation.rotate(desk, SYSTEM)
        code = code_for(desk, payment)
        for act in (
            lambda: otp.send(elsewhere, officer, payment),
            lambda: otp.verify(elsewhere, officer, payment, code),
            lambda: totp.enrol(elsewhere, officer),
            lambda: key_rotation.rotate(elsewhere, SYSTEM),
        ):
            with pytest.raises(Refused, match="rotated") as refusal:
                act()
            assert refusal.value.code == "server_key_changed"
        failures = select(t.user.c.otp_failures).where(t.user.c.id == officer.id)
        assert desk.read(SYSTEM, lambda reading: reading.execute(failures).scalar_one()) == 0
        assert otp.verify(desk, officer, payment, code).payment == payment
    finally:
        elsewhere.close()


def test_a_key_in_a_named_file_is_rotated_in_three_steps(
    desk: Desk, clock: SettableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = trading_company(desk, kind=DEMO)
    named = tmp_path / "named"
    named.write_text(desk.secrets.server_key().hex())
    named.chmod(0o600)
    monkeypatch.setenv("PETTYCASH_SERVER_KEY_FILE", str(named))
    secret = enrolled(desk, people["cfo"], clock)

    with pytest.raises(Refused, match="In this order") as refusal:
        key_rotation.rotate(desk, SYSTEM)
    assert refusal.value.code == "key_elsewhere"
    with pytest.raises(InvalidInput, match="in use already"):
        key_rotation.rotate(desk, SYSTEM, into=named)
    done = key_rotation.rotate(desk, SYSTEM, into=tmp_path / "new")
    assert (done.in_place, done.enrolments) == (False, 1)
    with pytest.raises(PettyCashError):
        key_in_force.require(desk)
    named.write_bytes((tmp_path / "new").read_bytes())

    assert key_in_force.require(desk) is False or desk.secrets.server_key()
    assert fingerprint(desk.secrets.server_key()) == done.fingerprint
    assert in_force(desk, people["cfo"]) == secret


def test_a_key_in_the_keyring_is_rotated_there(
    sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, backend = sqlite_desk, Remembering()
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    backend.kept["pettycash", "server_key"] = (desk.home / "server.key").read_text().strip()
    (desk.home / "server.key").unlink()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    old = backend.kept["pettycash", "server_key"]
    found = desk.secrets.found_key()
    assert found and found[1].place is Place.KEYRING

    # One that is read and cannot be written: the new key waits, and is put there once it can be.
    with monkeypatch.context() as patched:
        patched.setattr(Remembering, "set_password", Locked.set_password)
        with pytest.raises(Refused, match="no keyring"):
            key_rotation.rotate(desk, SYSTEM)
    assert backend.kept["pettycash", "server_key"] == old
    done = key_rotation.rotate(desk, SYSTEM)

    assert (done.where, done.was_finished) == ("the keyring", True)
    assert backend.kept["pettycash", "server_key"] not in ("", old)
    assert not (desk.home / "server.key.next").exists()
    assert in_force(desk, people["cfo"]) == secret


def test_a_lost_key_is_followed_only_when_told(sqlite_desk: Desk, clock: SettableClock) -> None:
    desk = sqlite_desk
    people = trading_company(desk, kind=DEMO)
    enrolled(desk, people["cfo"], clock)
    (desk.home / "server.key").unlink()
    desk.secrets.forget_key()

    with pytest.raises(Refused, match="--lost") as refusal:
        key_rotation.rotate(desk, SYSTEM)
    assert refusal.value.code == "no_server_key"
    assert not (desk.home / "server.key").exists()
    done = key_rotation.rotate(desk, SYSTEM, lost=True)

    assert (done.enrolments, done.unreadable) == (0, 1)
    assert enrolled(desk, people["cfo"], clock)


def test_an_app_that_is_enrolled_anew_while_the_key_changes_is_not_lost(
    desk: Desk, clock: SettableClock, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    look = key_in_force.require

    def meanwhile(here: Desk) -> bool:
        found = look(here)
        key_rotation.rotate(open_desk(desk.url), SYSTEM)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(key_in_force, "require", meanwhile)
        with pytest.raises(Overtaken):
            totp.enrol(desk, people["cfo"])
    look(desk)
    assert in_force(desk, people["cfo"]) == secret
    assert enrolled(desk, people["cfo"], clock) == in_force(desk, people["cfo"])


def test_a_key_that_was_left_waiting_is_not_the_next_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have copied it with the home, which may be why there is to be another key."""
    trading_company(desk, kind=DEMO)
    desk.run(SYSTEM, key_in_force.note_first, desk.secrets.server_key())

    def refuse(*_: object, **__: object) -> None:
        raise Refused("No.", code="totp_unreadable")

    with monkeypatch.context() as patched:
        patched.setattr(key_rotation, "change_over", refuse)
        with pytest.raises(Refused):
            key_rotation.rotate(desk, SYSTEM)
    waiting = (desk.home / "server.key.next").read_text().strip()
    key_rotation.rotate(desk, SYSTEM)
    assert desk.secrets.server_key().hex() != waiting
    assert not (desk.home / "server.key.next").exists()
    assert (desk.home / f"server.key.{fingerprint(bytes.fromhex(waiting))}").exists(), "a backup might go by it"


@pytest.mark.parametrize("name", ["server.key", "server.key.next", "server.key.copy"])
def test_the_new_key_of_another_place_is_not_put_into_the_home(
    name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading_company(desk, kind=DEMO)
    key = desk.secrets.server_key()
    (desk.home / "server.key").unlink()
    monkeypatch.setenv("PETTYCASH_SERVER_KEY", key.hex())
    desk.secrets.forget_key()
    with pytest.raises(InvalidInput, match="name another file"):
        key_rotation.rotate(desk, SYSTEM, into=desk.home / name)
    assert not (desk.home / name).exists()


def test_what_is_no_key_beside_the_key_keeps_nobody_out(desk: Desk, clock: SettableClock) -> None:
    people = trading_company(desk, kind=DEMO)
    secret = enrolled(desk, people["cfo"], clock)
    for name, content in (("gpg", b"\x85\x01\x0c\x03\xff"), ("note", b"in the safe\n")):
        path = desk.home / f"server.key.{name}"
        path.write_bytes(content)
        path.chmod(0o600)
    key_in_force.require(desk)
    key_rotation.rotate(desk, SYSTEM)
    assert in_force(desk, people["cfo"]) == secret
