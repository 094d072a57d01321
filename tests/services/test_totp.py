"""Codes of an authenticator app: the standard, enrolment, and that a step counts once."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import building
import pyotp
import pytest
from settable_clock import SettableClock
from sqlalchemy import URL, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.secrets import Secrets

RFC_SECRET = b"12345678901234567890"


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return building.company(desk)


def row_of(desk: Desk, actor: Actor) -> object:
    return desk.read(SYSTEM, lambda reading: reading.execute(select(t.user).where(t.user.c.id == actor.id)).one())


def code_of(secret_base32: str, clock: SettableClock) -> str:
    return pyotp.TOTP(secret_base32).at(clock.now)


def secret_in_force(desk: Desk, actor: Actor) -> bytes:
    return totp.current_secret(row_of(desk, actor).totp_secret, actor.person_id, desk.secrets)  # type: ignore[attr-defined]


def events(desk: Desk, action: str) -> list[str]:
    a = t.audit_event.c
    return desk.read(SYSTEM, lambda reading: list(reading.execute(select(a.body).where(a.action == action)).scalars()))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert totp.matching_step(RFC_SECRET, code, now) == seconds // 30
    assert totp.matching_step(RFC_SECRET, f"{code[:3]} {code[3:]}", now) == seconds // 30


def test_a_code_of_the_step_before_and_after_matches_and_no_other() -> None:
    step = 50_000_000
    now = datetime.fromtimestamp(step * 30 + 7, UTC)
    matching = [totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step + far), now) for far in range(-3, 4)]

    assert matching == [None, None, step - 1, step, step + 1, None, None]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "２８７０８２", "28708²", "-28708"])
def test_what_is_not_six_ascii_digits_matches_nothing(typed: str) -> None:
    assert totp.matching_step(RFC_SECRET, typed, datetime.fromtimestamp(59, UTC)) is None


def test_an_enrolment_counts_once_it_is_confirmed(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    officer = people["treasury"]
    enrolment = totp.enrol(desk, officer)

    with pytest.raises(Refused) as refusal:
        secret_in_force(desk, officer)
    assert refusal.value.code == "totp_not_enrolled"
    totp.confirm(desk, officer, code_of(enrolment.secret_base32, clock))

    assert secret_in_force(desk, officer) == base64.b32decode(enrolment.secret_base32)
    assert building.actor(desk, "treasury").id == officer.id
    assert enrolment.uri.startswith("otpauth://totp/Pettycash:treasury?secret=")


def test_a_wrong_code_confirms_nothing(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    officer = people["treasury"]
    enrolment = totp.enrol(desk, officer)
    right = code_of(enrolment.secret_base32, clock)

    with pytest.raises(Refused) as refusal:
        totp.confirm(desk, officer, f"{(int(right) + 1) % 1_000_000:06d}")
    assert refusal.value.code == "totp_wrong"
    with pytest.raises(Refused):
        secret_in_force(desk, officer)
    with pytest.raises(Refused, match="nothing to confirm"):
        totp.confirm(desk, people["cfo"], right)


def test_the_old_app_counts_until_the_new_one_is_confirmed(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    officer = people["treasury"]
    old = totp.enrol(desk, officer)
    totp.confirm(desk, officer, code_of(old.secret_base32, clock))

    new = totp.enrol(desk, officer)
    assert secret_in_force(desk, officer) == base64.b32decode(old.secret_base32)
    with pytest.raises(Refused):
        totp.confirm(desk, officer, code_of(old.secret_base32, clock))
    totp.confirm(desk, officer, code_of(new.secret_base32, clock))

    assert secret_in_force(desk, officer) == base64.b32decode(new.secret_base32)


def test_a_step_is_accepted_once(desk: Desk, people: dict[str, Actor]) -> None:
    officer = people["treasury"]

    def use(step: int) -> bool:
        return desk.run_unaudited(officer, totp.accept_step, officer.person_id, step)

    assert use(100)
    assert not use(100)
    assert not use(99)
    assert use(101)


def test_the_code_that_confirmed_cannot_be_used_again(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    officer = people["treasury"]
    enrolment = totp.enrol(desk, officer)
    code = code_of(enrolment.secret_base32, clock)
    totp.confirm(desk, officer, code)
    step = totp.matching_step(secret_in_force(desk, officer), code, clock.now)

    assert step is not None
    assert not desk.run_unaudited(officer, totp.accept_step, officer.person_id, step)


def test_the_stored_secret_is_bound_to_its_person_and_to_the_server_key(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    officer, other = people["treasury"], people["treasury2"]
    enrolment = totp.enrol(desk, officer)
    totp.confirm(desk, officer, code_of(enrolment.secret_base32, clock))
    stored: bytes = row_of(desk, officer).totp_secret  # type: ignore[attr-defined]
    elsewhere = Secrets(tmp_path_factory.mktemp("elsewhere"), embedded=True)

    assert base64.b32decode(enrolment.secret_base32) not in stored
    for user_id, secrets in ((other.person_id, desk.secrets), (officer.person_id, elsewhere)):
        with pytest.raises(Refused) as refusal:
            totp.current_secret(stored, user_id, secrets)
        assert refusal.value.code == "totp_unreadable"


def test_the_trail_tells_of_enrolments_and_not_the_secret(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    officer = people["treasury"]
    enrolment = totp.enrol(desk, officer)
    code = code_of(enrolment.secret_base32, clock)
    totp.confirm(desk, officer, code)
    told = events(desk, "totp.enrolled") + events(desk, "totp.confirmed")

    assert len(told) == 2
    assert not any(enrolment.secret_base32 in body or code in body for body in told)
    assert enrolment.secret_base32 not in repr(enrolment)


def test_an_admin_resets_the_codes_of_others_in_the_company(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    strangers = building.company(desk, "OTHER", prefix="o.")
    officer = people["treasury"]
    totp.confirm(desk, officer, code_of(totp.enrol(desk, officer).secret_base32, clock))

    with pytest.raises(NotAllowed):
        totp.reset(desk, people["cfo"], "treasury")
    with pytest.raises(NotFound):
        totp.reset(desk, strangers["admin"], "treasury")
    with pytest.raises(Refused, match="another admin"):
        totp.reset(desk, people["admin"], "admin")
    totp.reset(desk, people["admin"], "treasury")

    with pytest.raises(Refused):
        secret_in_force(desk, officer)


def test_enrolling_works_again_after_the_server_key_was_lost(
    sqlite_url: URL, open_desk: Callable[[URL], Desk], clock: SettableClock
) -> None:
    desk = open_desk(sqlite_url)
    officer = building.company(desk)["treasury"]
    totp.confirm(desk, officer, code_of(totp.enrol(desk, officer).secret_base32, clock))
    (desk.home / "server.key").unlink()
    later = open_desk(sqlite_url)

    again = totp.enrol(later, officer)
    totp.confirm(later, officer, code_of(again.secret_base32, clock))

    assert secret_in_force(later, officer) == base64.b32decode(again.secret_base32)


@pytest.mark.parametrize("username", ["ann", "treasury2", "a.person.with.a.long.name@company"])
def test_the_qr_code_fits_a_terminal_and_is_the_link(username: str) -> None:
    import segno

    uri = pyotp.TOTP(base64.b32encode(RFC_SECRET).decode()).provisioning_uri(name=username, issuer_name=totp.ISSUER)
    lines = totp.qr_lines(uri)
    pixels = [[block in (" ", "▄" if upper else "▀") for block in line] for line in lines for upper in (True, False)]
    matrix = [[bool(cell) for cell in row] for row in segno.make(uri, error="l", micro=False).matrix]
    border = (len(lines[0]) - len(matrix)) // 2

    assert len(lines) <= 24
    assert len(lines[0]) <= 80
    assert border >= 1
    assert [row[border:-border] for row in pixels[border : border + len(matrix)]] == matrix
