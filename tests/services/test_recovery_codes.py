"""Recovery codes: shown once, good once, in place of the app at sign-in and nowhere else."""

from __future__ import annotations

import shutil
from base64 import b32decode, b32encode, b64encode
from collections.abc import Callable
from pathlib import Path

import building
import pytest
from settable_clock import SettableClock
from signing import PASSWORD, code_now, enrolled, enter, give_passwords, hash_quickly, refusal, told
from sqlalchemy import URL, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeChannel
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import key_rotation, messages, recovery, ssh_keys, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor

KEY = "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which both officers have passwords."""
    hash_quickly(monkeypatch)
    found = building.company(desk)
    give_passwords(desk, "treasury", "treasury2")
    return found


def test_ten_codes_are_made_and_only_what_they_hash_to_is_kept(desk: Desk, people: dict[str, Actor]) -> None:
    _, codes = enrolled(desk, people["treasury"])

    assert len(set(codes)) == recovery.HOW_MANY
    with desk.engine.connect() as connection:
        kept = str(connection.execute(select(t.recovery_code)).all())
    kept += str(told(desk, "recovery.made"))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert desk.read(people["treasury"], totp.status).recovery_codes_left == 10


def test_a_code_opens_a_session_once_however_it_is_typed(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    secret, codes = enrolled(desk, people["treasury"])
    clock.advance(minutes=1)
    signed = enter(desk, "treasury", code=f" {codes[0].lower().replace('-', ' ')} ")

    assert signed.recovery_codes_left == 9
    assert refusal(desk, "treasury", code=codes[0]).code == "totp_wrong"
    assert refusal(desk, "treasury", code="ABCDE-FGHJK").code == "totp_wrong"
    assert enter(desk, "treasury", code=code_now(desk, secret)).recovery_codes_left is None
    assert [each["data"]["left"] for each in told(desk, "recovery.used")] == [9]
    assert [each["data"]["recovery"] for each in told(desk, "signin.succeeded")] == ["true", "false"]


def test_a_code_is_its_persons_only_and_needs_the_password(desk: Desk, people: dict[str, Actor]) -> None:
    _, codes = enrolled(desk, people["treasury"])
    enrolled(desk, people["treasury2"])

    assert refusal(desk, "treasury2", code=codes[0]).code == "totp_wrong"
    assert refusal(desk, "treasury", "not the password", codes[0]).code == "signin_refused"
    assert enter(desk, "treasury", code=codes[0]).token


def test_new_codes_void_those_before_and_so_does_a_reset(desk: Desk, people: dict[str, Actor]) -> None:
    officer = people["treasury"]
    _, codes = enrolled(desk, officer)
    newer = totp.new_recovery_codes(desk, officer)
    assert refusal(desk, "treasury", code=codes[0]).code == "totp_wrong"
    session = enter(desk, "treasury", code=newer[0])

    totp.reset(desk, people["admin"], "treasury")
    assert desk.read(officer, totp.status).recovery_codes_left == 0
    with pytest.raises(NotAllowed):
        desk.run(session.actor, lambda work: None)
    with pytest.raises(Refused, match="Enrol one first"):
        totp.new_recovery_codes(desk, officer)


def test_the_key_was_changed_elsewhere_so_nothing_counts_as_a_guess(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, open_desk: Callable[[URL], Desk], tmp_path: Path
) -> None:
    secret, codes = enrolled(desk, people["treasury"])
    clock.advance(minutes=1)
    here = open_desk(desk.url)
    here.secrets.server_key()
    elsewhere = Desk(desk.url, tmp_path / "elsewhere", clock=clock)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    shutil.copy(desk.home / "server.key", tmp_path / "elsewhere")
    try:
        key_rotation.rotate(desk, SYSTEM)
        for code in (codes[0], code_now(desk, secret)):
            with pytest.raises(Refused) as refused:
                enter(elsewhere, "treasury", code=code)
            assert refused.value.code == "server_key_changed"
    finally:
        elsewhere.close()
    row = select(t.user.c.failed_logins, t.user.c.locked_at).where(t.user.c.username == "treasury")
    assert desk.read(SYSTEM, lambda reading: tuple(reading.execute(row).one())) == (0, None)
    assert [event["data"]["reason"] for event in told(desk, "signin.refused")] == ["server_key_changed"] * 2
    # In the same home the new key is found.
    assert enter(here, "treasury", code=code_now(desk, secret)).token


def test_a_key_that_cannot_be_read_makes_no_guess_of_a_right_code(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    secret, _ = enrolled(desk, people["treasury"])
    clock.advance(minutes=1)
    path = desk.home / "server.key"
    kept = path.read_bytes()
    path.write_bytes(kept[:10])
    desk.secrets.forget_key()
    for _ in range(12):
        with pytest.raises(PettyCashError) as refused:
            enter(desk, "treasury", code=code_now(desk, secret))
        assert refused.value.code == "bad_server_key"
    path.write_bytes(kept)
    clock.advance(minutes=1)
    assert enter(desk, "treasury", code=code_now(desk, secret)).token
    assert [event["data"]["reason"] for event in told(desk, "signin.refused")] == ["bad_server_key"] * 12


def test_guessed_codes_are_counted_and_lock(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    _, codes = enrolled(desk, people["treasury"])
    guesses = []
    for _ in range(11):
        guesses.append(refusal(desk, "treasury", code="ABCDE-FGHJK").code)
        clock.advance(minutes=1)

    assert guesses == ["totp_wrong"] * 10 + ["signin_refused"]
    assert refusal(desk, "treasury", code=codes[0]).code == "signin_refused"


@pytest.mark.parametrize("has_app", [False, True], ids=["a first app", "another app"])
def test_an_app_and_recovery_codes_are_made_with_the_password_only(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, has_app: bool
) -> None:
    code = None
    if has_app:
        secret, _ = enrolled(desk, people["treasury"])
        clock.advance(minutes=1)
        code = code_now(desk, secret)
    here = enter(desk, "treasury", code=code).actor

    for make in (totp.enrol, totp.new_recovery_codes):
        with pytest.raises(NotAllowed) as refused:
            make(desk, here)
        assert refused.value.code == "password_needed"
        with pytest.raises(NotAllowed) as refused:
            make(desk, here, "not the password")
        assert refused.value.code == "signin_refused"
    made = b32decode(totp.enrol(desk, here, PASSWORD).secret_base32)
    totp.confirm(desk, here, code_now(desk, made))
    assert len(totp.new_recovery_codes(desk, here, PASSWORD)) == recovery.HOW_MANY


def test_who_came_by_key_and_has_no_password_is_told_how_to_get_one(desk: Desk, people: dict[str, Actor]) -> None:
    key = desk.run(people["admin"], ssh_keys.add_key, "cfo", KEY)
    here, _ = ssh_keys.enter(desk, key.id, source="ssh 192.0.2.7")

    for make in (totp.enrol, totp.new_recovery_codes):
        with pytest.raises(NotAllowed, match=r"`pettycash user set-password cfo`.*`pettycash passwd`") as refused:
            make(desk, here, PASSWORD)
        assert refused.value.code == "password_missing"


def test_the_person_is_told_of_an_app_of_its_reset_and_of_new_recovery_codes(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    secret, codes = enrolled(desk, people["treasury"])
    newer = totp.new_recovery_codes(desk, people["treasury"])
    totp.reset(desk, people["admin"], "treasury")

    letters = [path.read_text() for path in sorted((desk.home / "outbox" / "notices").iterdir())]
    assert len(letters) == 3
    told_of = ("app was put in force for treasury", "recovery codes of treasury were replaced", "has reset the")
    for words in told_of:
        assert len([letter for letter in letters if words in " ".join(letter.split())]) == 1, words
    everything = "".join(letters)
    assert everything.count("pettycash user deactivate treasury") == 3
    secrets = (b32encode(secret).decode(), code_now(desk, secret), *codes, *newer)
    assert not any(each in everything for each in secrets)


def test_an_app_is_confirmed_while_the_mail_server_is_away(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def deliver(self, message: Message) -> None:
            raise DeliveryFailed("away")

    monkeypatch.setattr(messages, "notice_channels", lambda _: dict.fromkeys(NoticeChannel, Away()))
    assert len(enrolled(desk, people["treasury"])[1]) == recovery.HOW_MANY


def test_a_wrong_code_at_enrolling_is_recorded(desk: Desk, people: dict[str, Actor]) -> None:
    officer = people["treasury"]
    totp.enrol(desk, officer)
    with pytest.raises(Refused):
        totp.confirm(desk, officer, "no code")

    assert [each["subject"] for each in told(desk, "totp.refused")] == ["treasury"]
