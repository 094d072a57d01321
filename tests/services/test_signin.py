"""Signing in and out: who gets in, what is counted, when a session ends, and what the trail says of it."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import building
import pyotp
import pytest
from settable_clock import SettableClock
from sqlalchemy import URL, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import opening, passwords, signin, token_file, totp
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import (
    DatabaseUnavailable,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
)
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.people import edit
from pettycash_tui.services.signin import SignedIn

PASSWORD = building.PASSWORD
WRONG = "incorrect horse battery"

_HASHER = passwords._hasher
Try = Callable[..., SignedIn]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing: what one costs matters to one test only."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)


@pytest.fixture
def real_hashes(quick_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as the program makes them."""
    monkeypatch.setattr(passwords, "_hasher", _HASHER)


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company in which `staff`, `treasury` and `admin` have passwords."""
    actors = building.company(desk)
    for username in ("staff", "treasury", "admin"):
        desk.run(SYSTEM, signin.set_password, username, PASSWORD, must_change=False)
    return actors


@pytest.fixture
def attempt(desk: Desk, people: dict[str, Actor]) -> Try:
    """Signs in from the command line."""

    def attempt(username: str, password: str = PASSWORD, code: str | None = None) -> SignedIn:
        return signin.sign_in(desk, username, password, client="cli", source="local", code=code)

    return attempt


def user_row(desk: Desk, username: str) -> Any:
    u = t.user
    return desk.read(SYSTEM, lambda reading: reading.execute(select(u).where(u.c.username == username)).one())


def trail(desk: Desk) -> list[dict[str, Any]]:
    a = t.audit_event.c
    bodies = desk.read(
        SYSTEM,
        lambda reading: (
            reading.execute(
                select(a.body).where(a.action.like("signin.%")).order_by(a.created_at, a.stream, a.sequence)
            )
            .scalars()
            .all()
        ),
    )
    return [json.loads(body) for body in bodies]


def change(desk: Desk, username: str, **columns: Any) -> None:
    desk.run_unaudited(
        SYSTEM, lambda work: work.execute(update(t.user).where(t.user.c.username == username).values(**columns))
    )


def refusal_of(attempt: Try, *arguments: Any) -> NotAllowed:
    with pytest.raises(NotAllowed) as refusal:
        attempt(*arguments)
    return refusal.value


# --- who gets in ------------------------------------------------------------------------------------------------------


def test_the_right_password_begins_a_session(desk: Desk, attempt: Try, clock: SettableClock) -> None:
    signed = attempt("staff")

    assert signed.actor.username == "staff"
    assert signed.expires_at == clock.now + timedelta(hours=12)
    resumed = signin.resume(desk, signed.token, client="cli", source="local")
    assert resumed == signed.actor
    assert resumed.session_id is not None


def test_the_token_itself_is_nowhere_in_the_database(desk: Desk, attempt: Try) -> None:
    signed = attempt("staff")
    rows = desk.read(SYSTEM, lambda reading: reading.execute(select(t.sign_in_session)).all())

    assert len(rows) == 1
    assert signed.token not in str(rows)
    assert signed.token not in repr(signed)


def test_every_refusal_answers_alike(desk: Desk, attempt: Try) -> None:
    change(desk, "admin", is_active=False)
    change(desk, "treasury", locked_at=desk.clock())
    refusals = [
        refusal_of(attempt, "staff", WRONG),
        refusal_of(attempt, "nobody", PASSWORD),
        refusal_of(attempt, "cfo", PASSWORD),
        refusal_of(attempt, "admin"),
        refusal_of(attempt, "treasury"),
        refusal_of(attempt, "", ""),
        refusal_of(attempt, "a\0b", "\udcff\0"),
    ]

    assert {(error.code, error.message, type(error)) for error in refusals} == {
        ("signin_refused", refusals[0].message, NotAllowed)
    }
    assert [event["data"]["reason"] for event in trail(desk) if event["action"] == "signin.refused"] != []


def test_an_unknown_person_takes_as_long_as_a_wrong_password(real_hashes: None, sqlite_desk: Desk) -> None:
    building.company(sqlite_desk)
    sqlite_desk.run(SYSTEM, signin.set_password, "staff", PASSWORD)

    def took(username: str) -> float:
        # What the processor did for it: the embedded database and the hash wait for nobody.
        begun = process_time()
        with pytest.raises(NotAllowed):
            signin.sign_in(sqlite_desk, username, WRONG, client="cli", source="local")
        return process_time() - begun

    took("warm-up")
    known, unknown = map(median, zip(*[(took("staff"), took("nobody")) for _ in range(11)], strict=True))

    # Without the comparison with nobody's hash it would be a tenth.
    assert known / 1.5 < unknown < known * 1.5


def test_each_refusal_is_recorded_with_its_reason_and_no_password(desk: Desk, attempt: Try) -> None:
    refusal_of(attempt, "staff", WRONG)
    refusal_of(attempt, PASSWORD, PASSWORD)
    attempt("staff")

    told = trail(desk)
    assert sorted((event["action"], event["subject"]) for event in told) == [
        ("signin.refused", "staff"),
        ("signin.refused", "unknown"),
        ("signin.succeeded", "staff"),
    ]
    assert {event["data"].get("reason") for event in told} == {"wrong_password", "unknown", None}
    assert WRONG not in str(told)
    assert PASSWORD not in str(told)
    assert {event["stream"].partition(":")[0] for event in told} == {"company", "group"}


# --- counting and locking ---------------------------------------------------------------------------------------------


def test_too_many_wrong_tries_lock_until_an_admin_unlocks(
    desk: Desk, people: dict[str, Actor], attempt: Try, clock: SettableClock
) -> None:
    for _ in range(10):
        clock.advance(minutes=1)
        assert refusal_of(attempt, "staff", WRONG).code == "signin_refused"
    assert user_row(desk, "staff").locked_at == clock.now

    clock.advance(days=3)
    assert refusal_of(attempt, "staff").code == "signin_refused"
    desk.run(people["admin"], signin.unlock, "staff")

    assert attempt("staff").actor.username == "staff"
    assert [event["action"] for event in trail(desk)].count("signin.locked") == 1


def test_a_right_password_forgets_the_wrong_ones(desk: Desk, attempt: Try, clock: SettableClock) -> None:
    def fail_nine_times() -> None:
        for _ in range(9):
            refusal_of(attempt, "staff", WRONG)
            clock.advance(minutes=1)

    fail_nine_times()
    attempt("staff")
    fail_nine_times()

    assert attempt("staff").actor.username == "staff"


def test_parallel_guesses_add_up_to_no_more_tries_than_allowed(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    reach = threading.Barrier(8)

    def compare(hashed: str | None, password: str) -> bool:
        compared.append(password)
        return False

    monkeypatch.setattr(passwords, "verify", compare)
    change(desk, "staff", failed_logins=7)
    reasons: list[str] = []

    def guess() -> None:
        reach.wait(30)
        with pytest.raises(NotAllowed):
            signin.sign_in(desk, "staff", WRONG, client="cli", source="local")

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    reasons = [event["data"]["reason"] for event in trail(desk) if event["action"] == "signin.refused"]

    # The fifth makes the name wait, so that the others are not compared; those who were before it find none left.
    assert len(compared) == 5
    assert sorted(reasons) == ["locked"] * 2 + ["throttled"] * 3 + ["wrong_password"] * 3
    assert user_row(desk, "staff").failed_logins == 10


def test_a_try_is_counted_even_if_the_comparing_never_ends(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(hashed: str | None, password: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(passwords, "verify", die)
    with pytest.raises(KeyboardInterrupt):
        signin.sign_in(desk, "staff", WRONG, client="cli", source="local")

    assert user_row(desk, "staff").failed_logins == 1


def test_who_is_made_another_while_they_sign_in_comes_in_as_what_they_are(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = passwords.verify

    def meanwhile(hashed: str | None, password: str) -> bool:
        desk.run(people["admin"], edit, "treasury", {"role": "staff"})
        return compare(hashed, password)

    monkeypatch.setattr(passwords, "verify", meanwhile)
    assert user_row(desk, "treasury").role != "staff"
    assert signin.sign_in(desk, "treasury", PASSWORD, client="cli", source="local").actor.role == "staff"


def test_who_enrols_an_app_while_their_password_is_tried_is_asked_for_its_code(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = passwords.verify

    def meanwhile(hashed: str | None, password: str) -> bool:
        secret = totp.enrol(desk, people["treasury"]).secret_base32
        totp.confirm(desk, people["treasury"], pyotp.TOTP(secret).at(clock.now))
        return compare(hashed, password)

    monkeypatch.setattr(passwords, "verify", meanwhile)
    with pytest.raises(NotAllowed) as refusal:
        signin.sign_in(desk, "treasury", PASSWORD, client="cli", source="local")
    assert refusal.value.code == "signin_refused"
    assert trail(desk)[-1]["data"]["reason"] == "changed_meanwhile"


def test_only_an_admin_of_the_company_unlocks_and_never_oneself(desk: Desk, people: dict[str, Actor]) -> None:
    strangers = building.company(desk, "OTHER", prefix="o.")
    with pytest.raises(NotAllowed):
        desk.run(people["cfo"], signin.unlock, "staff")
    with pytest.raises(NotFound):
        desk.run(strangers["admin"], signin.unlock, "staff")
    with pytest.raises(Refused, match="another admin"):
        desk.run(people["admin"], signin.unlock, "admin")
    with pytest.raises(Refused, match="`pettycash passwd`") as refused:
        desk.run(people["admin"], signin.set_password, "admin", "another long enough one")
    assert refused.value.code == "own_account"


# --- the code of those who approve or pay -----------------------------------------------------------------------------


@pytest.fixture
def enrolled(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> pyotp.TOTP:
    """The authenticator app of `treasury`, with a fresh code."""
    secret = totp.enrol(desk, people["treasury"]).secret_base32
    app = pyotp.TOTP(secret)
    totp.confirm(desk, people["treasury"], app.at(clock.now))
    clock.advance(minutes=2)
    return app


def test_an_officer_who_enrolled_signs_in_with_a_code_once(
    desk: Desk, attempt: Try, enrolled: pyotp.TOTP, clock: SettableClock
) -> None:
    assert refusal_of(attempt, "treasury").code == "totp_needed"
    assert refusal_of(attempt, "treasury", WRONG).code == "signin_refused"
    code = enrolled.at(clock.now)

    assert attempt("treasury", PASSWORD, code).actor.username == "treasury"
    assert refusal_of(attempt, "treasury", PASSWORD, code).code == "totp_wrong"
    clock.advance(seconds=30)
    assert attempt("treasury", PASSWORD, enrolled.at(clock.now)).token


def test_guessing_the_code_with_the_right_password_locks_as_well(
    desk: Desk, attempt: Try, enrolled: pyotp.TOTP, clock: SettableClock
) -> None:
    wrong = f"{(int(enrolled.at(clock.now)) + 1) % 1_000_000:06d}"
    codes = []
    for _ in range(11):
        codes.append(refusal_of(attempt, "treasury", PASSWORD, wrong).code)
        clock.advance(minutes=1)

    assert codes[0] == "totp_wrong"
    assert codes[-1] == "signin_refused"
    assert user_row(desk, "treasury").locked_at is not None


def test_staff_who_enrolled_are_asked_for_a_code_too(
    desk: Desk, people: dict[str, Actor], attempt: Try, clock: SettableClock
) -> None:
    app = pyotp.TOTP(totp.enrol(desk, people["staff"]).secret_base32)
    totp.confirm(desk, people["staff"], app.at(clock.now))

    assert refusal_of(attempt, "staff").code == "totp_needed"
    clock.advance(seconds=31)
    assert attempt("staff", PASSWORD, app.at(clock.now)).token


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_twelve_hours_even_in_use(desk: Desk, attempt: Try, clock: SettableClock) -> None:
    token = attempt("staff").token
    for _ in range(72):
        signin.resume(desk, token, client="cli", source="local")
        clock.advance(minutes=10)

    with pytest.raises(NotSignedIn, match="come to its end"):
        signin.resume(desk, token, client="cli", source="local")


def test_a_session_ends_after_fifteen_idle_minutes(desk: Desk, attempt: Try, clock: SettableClock) -> None:
    token = attempt("staff").token
    clock.advance(minutes=15)
    signin.resume(desk, token, client="cli", source="local")
    clock.advance(minutes=15, seconds=1)

    with pytest.raises(NotSignedIn, match="idle for more than 15 minutes"):
        signin.resume(desk, token, client="cli", source="local")


def test_resuming_writes_at_most_once_a_minute(desk: Desk, attempt: Try, clock: SettableClock) -> None:
    begun = clock.now
    token = attempt("staff").token
    seen = select(t.sign_in_session.c.last_seen_at)

    def last_seen() -> Any:
        signin.resume(desk, token, client="cli", source="local")
        return desk.read(SYSTEM, lambda reading: reading.execute(seen).scalar_one())

    clock.advance(seconds=59)
    assert last_seen() == begun
    clock.advance(seconds=1)
    assert last_seen() == clock.now


def test_signing_out_ends_the_session(desk: Desk, attempt: Try) -> None:
    signed = attempt("staff")
    other = attempt("staff")

    assert signin.sign_out(desk, signed.actor)
    with pytest.raises(NotSignedIn, match="has ended"):
        signin.resume(desk, signed.token, client="cli", source="local")
    assert signin.resume(desk, other.token, client="cli", source="local").username == "staff"
    assert trail(desk)[-1]["action"] == "signin.ended"


def test_a_made_up_token_is_nobodys(desk: Desk, people: dict[str, Actor]) -> None:
    for token in ("", "x", "as:1", "\udcff"):
        with pytest.raises(NotSignedIn):
            signin.resume(desk, token, client="cli", source="local")


def test_a_deactivated_person_is_out_at_once(desk: Desk, attempt: Try) -> None:
    token = attempt("staff").token
    change(desk, "staff", is_active=False)

    with pytest.raises(NotSignedIn, match="not active"):
        signin.resume(desk, token, client="cli", source="local")


def test_a_resumed_actor_has_the_role_of_now(desk: Desk, attempt: Try) -> None:
    token = attempt("staff").token
    change(desk, "staff", role=Role.CFO)

    assert signin.resume(desk, token, client="cli", source="local").role is Role.CFO


def test_a_group_wide_officer_signs_in_too(desk: Desk, attempt: Try) -> None:
    building.person(desk, "group.cfo", Role.CFO)
    desk.run(SYSTEM, signin.set_password, "group.cfo", PASSWORD)
    signed = attempt("group.cfo")

    assert signed.must_change_password
    assert signin.resume(desk, signed.token, client="cli", source="local").company_id is None


# --- passwords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "password1234",
        "PassWord1234",
        "aaaaaaaaaaaaa",
        "my-wanjiku-word",
        "x" * 1025,
        "abc\ndefghijklm",
    ],
)
def test_a_weak_password_is_refused_by_name_of_the_field(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        passwords.hash_password(password, "wanjiku")
    assert list(refusal.value.fields) == ["password"]


@pytest.mark.parametrize("password", [PASSWORD, "naïve Schlüssel 雨", "nnnnnnnnnnnn but longer", " twelve space "])
def test_any_other_password_of_twelve_characters_will_do(real_hashes: None, password: str) -> None:
    hashed = passwords.hash_password(password, "wanjiku")

    assert hashed.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert passwords.verify(hashed, password)
    assert not passwords.verify(hashed, password + "x")
    assert not passwords.verify(None, password)
    assert not passwords.verify("no hash at all", password)
    assert not passwords.needs_rehash(hashed)


def test_a_password_is_the_same_however_the_keyboard_composes_it() -> None:
    assert passwords.verify(passwords.hash_password("caf\u00e9 au lait noir", "x"), "cafe\u0301 au lait noir")


def test_the_password_of_a_demo_account_may_be_weak() -> None:
    assert passwords.verify(passwords.hash_password("demo", "demo", demo=True), "demo")


def test_an_old_hash_is_made_anew_on_signing_in(real_hashes: None, desk: Desk, attempt: Try) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    change(desk, "staff", password_hash=weak)
    attempt("staff")

    assert user_row(desk, "staff").password_hash != weak
    assert not passwords.needs_rehash(user_row(desk, "staff").password_hash)
    assert attempt("staff").token


def test_changing_the_password_signs_out_everywhere_else(desk: Desk, attempt: Try) -> None:
    here, elsewhere = attempt("staff"), attempt("staff")
    signin.change_password(desk, here.actor, PASSWORD, "another long enough one")

    assert signin.resume(desk, here.token, client="cli", source="local")
    with pytest.raises(NotSignedIn):
        signin.resume(desk, elsewhere.token, client="cli", source="local")
    refusal_of(attempt, "staff", PASSWORD)
    assert attempt("staff", "another long enough one").token


def test_the_old_password_is_needed_and_its_tries_are_counted(desk: Desk, attempt: Try) -> None:
    actor = attempt("staff").actor

    with pytest.raises(NotAllowed):
        signin.change_password(desk, actor, WRONG, "another long enough one")
    assert user_row(desk, "staff").failed_logins == 1
    with pytest.raises(InvalidInput):
        signin.change_password(desk, actor, PASSWORD, "short")
    with pytest.raises(InvalidInput):
        signin.change_password(desk, actor, PASSWORD, PASSWORD)


def test_an_admin_sets_passwords_in_the_own_company_only(desk: Desk, people: dict[str, Actor], attempt: Try) -> None:
    strangers = building.company(desk, "OTHER", prefix="o.")
    building.person(desk, "clerk.admin", Role.ADMIN, company_id=people["admin"].company_id)
    signed = attempt("staff")

    with pytest.raises(NotAllowed):
        desk.run(people["cfo"], signin.set_password, "staff", "another long enough one")
    with pytest.raises(NotFound):
        desk.run(strangers["admin"], signin.set_password, "staff", "another long enough one")
    with pytest.raises(NotAllowed, match="superuser"):
        desk.run(building.actor(desk, "clerk.admin"), signin.set_password, "admin", "another long enough one")
    desk.run(people["admin"], signin.set_password, "staff", "another long enough one")

    with pytest.raises(NotSignedIn):
        signin.resume(desk, signed.token, client="cli", source="local")
    assert attempt("staff", "another long enough one").must_change_password


# --- acting as somebody in a demo -------------------------------------------------------------------------------------


@pytest.fixture
def demo(desk: Desk) -> Desk:
    building.company(desk, kind=DEMO)
    return desk


def test_the_commands_of_one_person_in_one_home_share_a_session(demo: Desk) -> None:
    first = signin.act_as(demo, "treasury", "home-a")
    again = signin.act_as(demo, "treasury", "home-a")
    other_home = signin.act_as(demo, "treasury", "home-b")
    other_person = signin.act_as(demo, "cfo", "home-a")

    assert first == again
    assert len({first.session_id, other_home.session_id, other_person.session_id}) == 3


def test_acting_as_somebody_writes_once(demo: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    signin.act_as(demo, "treasury", "home-a")
    monkeypatch.setattr(demo, "work", None)

    assert signin.act_as(demo, "treasury", "home-a").username == "treasury"


def test_first_commands_at_once_share_one_session(demo: Desk) -> None:
    start = threading.Barrier(6)
    sessions: list[Any] = []

    def act() -> None:
        start.wait(30)
        sessions.append(signin.act_as(demo, "treasury", "home-a").session_id)

    threads = [threading.Thread(target=act) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(sessions) == 6
    assert len(set(sessions)) == 1
    count = select(func.count()).select_from(t.sign_in_session)
    assert demo.read(SYSTEM, lambda reading: reading.execute(count).scalar_one()) == 1
    assert [event["action"] for event in trail(demo)] == ["signin.acted_as"]


def test_nobody_acts_as_somebody_outside_a_demo(desk: Desk, people: dict[str, Actor]) -> None:
    with pytest.raises(NotAllowed, match="demo databases only"):
        signin.act_as(desk, "treasury", "home-a")


@pytest.mark.parametrize("username", ["nobody", "", "treasury'--", "a\0b", "\udcff"])
def test_acting_as_somebody_unknown_is_not_allowed(username: str, demo: Desk) -> None:
    with pytest.raises(NotAllowed):
        signin.act_as(demo, username, "home-a")


# --- opening ----------------------------------------------------------------------------------------------------------


def test_the_home_knows_who_signed_in(desk: Desk, attempt: Try) -> None:
    with pytest.raises(NotSignedIn, match="pettycash login"):
        opening.identify(desk, None)
    signed = attempt("staff")
    token_file.write(desk.home, token_file.KeptSession(signed.token, desk.shown_address))

    assert opening.identify(desk, None).username == "staff"
    assert stat.S_IMODE((desk.home / "session").stat().st_mode) == 0o600
    assert signed.token not in repr(token_file.read(desk.home))


def test_a_session_of_another_database_or_open_to_others_is_none(desk: Desk, attempt: Try) -> None:
    signed = attempt("staff")
    token_file.write(desk.home, token_file.KeptSession(signed.token, "postgresql://elsewhere/books"))
    with pytest.raises(NotSignedIn, match="elsewhere"):
        opening.identify(desk, None)
    token_file.write(desk.home, token_file.KeptSession(signed.token, desk.shown_address))
    (desk.home / "session").chmod(0o644)
    with pytest.raises(NotSignedIn, match="chmod 600"):
        opening.identify(desk, None)
    (desk.home / "session").chmod(0o600)
    (desk.home / "session").write_text("[]")
    with pytest.raises(NotSignedIn, match="damaged"):
        opening.identify(desk, None)


def test_as_is_the_person_it_names_in_a_demo(demo: Desk) -> None:
    first = opening.identify(demo, "treasury")

    assert first.username == "treasury"
    assert opening.identify(demo, "treasury").session_id == first.session_id


def test_a_desk_opens_on_the_file_of_its_home(sqlite_url: URL, home: Path) -> None:
    desk = opening.open_desk(None, home)

    assert str(desk.url.database) == str(home / "pettycash.db")
    desk.close()


def test_a_missing_database_is_said_and_not_made(tmp_path: Path) -> None:
    home = tmp_path / "nothing-here"
    for database in (None, f"sqlite:///{tmp_path}/absent.db"):
        with pytest.raises(DatabaseUnavailable, match="pettycash init"):
            opening.open_desk(database, home)
    assert not home.exists()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_opened_by_set_up_only(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch(0o600)

    with pytest.raises(DatabaseUnavailable, match="is empty"):
        opening.open_desk(f"sqlite:///{path}", tmp_path)
    opening.open_desk(f"sqlite:///{path}", tmp_path, require_current=False).close()


@pytest.mark.parametrize("address", ["mysql://host/books", "books", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_none_names_the_field(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        opening.open_desk(address, tmp_path)
    assert list(refusal.value.fields) == ["database"]


def test_an_ssh_address_is_noted_only_if_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22")
    assert opening.source_here() == "ssh 192.0.2.7"
    monkeypatch.setenv("SSH_CONNECTION", "\x1b[2J 1 2 3")
    assert opening.source_here() == "local"
