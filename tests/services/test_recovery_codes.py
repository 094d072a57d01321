"""Recovery codes: shown once, good once, in place of the app at sign-in and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import building
import pytest
from settable_clock import SettableClock
from signing import PASSWORD, code_now, enrolled, enter, give_passwords, hash_quickly, refusal, told
from sqlalchemy import URL, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import key_rotation, recovery, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, Refused
from pettycash_tui.services.identity import SYSTEM, Actor


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

    desk.run(people["admin"], totp.reset, "treasury")
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


def test_guessed_codes_are_counted_and_lock(desk: Desk, people: dict[str, Actor]) -> None:
    _, codes = enrolled(desk, people["treasury"])
    guesses = [refusal(desk, "treasury", code="ABCDE-FGHJK").code for _ in range(11)]

    assert guesses == ["totp_wrong"] * 10 + ["signin_refused"]
    assert refusal(desk, "treasury", code=codes[0]).code == "signin_refused"


def test_another_app_is_enrolled_with_the_password_only(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    secret, _ = enrolled(desk, people["treasury"])
    clock.advance(minutes=1)
    here = enter(desk, "treasury", code=code_now(desk, secret)).actor

    with pytest.raises(NotAllowed) as refused:
        totp.enrol(desk, here)
    assert refused.value.code == "password_needed"
    with pytest.raises(NotAllowed):
        totp.enrol(desk, here, "not the password")
    assert totp.enrol(desk, here, PASSWORD).secret_base32


def test_a_wrong_code_at_enrolling_is_recorded(desk: Desk, people: dict[str, Actor]) -> None:
    officer = people["treasury"]
    totp.enrol(desk, officer)
    with pytest.raises(Refused):
        totp.confirm(desk, officer, "no code")

    assert [each["subject"] for each in told(desk, "totp.refused")] == ["treasury"]
