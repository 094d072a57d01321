"""Where secrets come from, in which order, and which places count as none."""

from __future__ import annotations

import multiprocessing
import os
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from keyring_kinds import USELESS, Remembering, chain_of, use

from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused
from pettycash_tui.services.secrets import Secrets, hkdf_sha256

KEY = "ab" * 32


@pytest.fixture
def secrets(home: Path) -> Secrets:
    return Secrets(home, embedded=True)


def owner_only(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(0o600)
    return path


def test_the_places_are_asked_in_their_order(secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    backend = Remembering()
    backend.kept["pettycash", "smtp_password"] = "of the keyring"
    use(monkeypatch, backend)
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD", "of the environment")
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD_FILE", str(owner_only(tmp_path / "named", "of the file\n")))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    (credentials / "smtp_password").write_text("of systemd\n")

    assert secrets.get("smtp_password") == "of systemd"
    (credentials / "smtp_password").unlink()
    assert secrets.get("smtp_password") == "of the file"
    monkeypatch.delenv("PETTYCASH_SMTP_PASSWORD_FILE")
    assert secrets.get("smtp_password") == "of the keyring"
    assert secrets.where("smtp_password") == "the keyring"
    assert secrets.warnings == []
    backend.kept.clear()
    assert secrets.get("smtp_password") == "of the environment"
    assert len(secrets.warnings) == 1
    assert "PETTYCASH_SMTP_PASSWORD_FILE" in secrets.warnings[0]
    assert "of the environment" not in secrets.warnings[0]
    monkeypatch.delenv("PETTYCASH_SMTP_PASSWORD")
    assert secrets.get("smtp_password") is None
    assert secrets.where("smtp_password") == "nowhere"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_named_file_that_others_can_touch_is_refused(
    mode: int, secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = owner_only(tmp_path / "named", "secret")
    path.chmod(mode)
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD_FILE", str(path))

    with pytest.raises(Refused, match="chmod 600"):
        secrets.get("smtp_password")


def test_a_named_file_of_somebody_else_is_refused(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD_FILE", str(owner_only(tmp_path / "named", "secret")))
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    with pytest.raises(Refused, match="another user"):
        secrets.get("smtp_password")


def test_a_named_file_must_be_a_file_with_something_in_it(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    owner_only(tmp_path / "empty", "\n")
    for name, why in (("pipe", "regular"), ("folder", "regular"), ("empty", "empty"), ("absent", "not there")):
        monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD_FILE", str(tmp_path / name))
        with pytest.raises(Refused, match=why):
            secrets.get("smtp_password")


@pytest.mark.parametrize("matter", list(USELESS))
def test_a_keyring_that_keeps_nothing_counts_as_none(
    matter: str, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    USELESS[matter](monkeypatch)

    assert secrets.get("smtp_password") is None
    with pytest.raises(Refused, match="no keyring") as refused:
        secrets.keep("smtp_password", "hunter2hunter2")
    assert "hunter2" not in str(refused.value)
    assert len(secrets.server_key()) == 32
    assert secrets.where("server_key") == f"the file {secrets.home / 'server.key'}"


def test_a_secret_put_into_the_keyring_is_found_there(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, chain_of(Remembering()))

    assert secrets.keep("smtp_password", "hunter2hunter2") == "the keyring"
    assert secrets.get("smtp_password") == "hunter2hunter2"


def test_the_embedded_default_makes_its_own_key_for_its_owner_alone(secrets: Secrets) -> None:
    key = secrets.server_key()

    path = secrets.home / "server.key"
    assert bytes.fromhex(path.read_text()) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in secrets.home.iterdir()] == ["server.key"]
    assert Secrets(secrets.home, embedded=True).server_key() == key


def test_a_key_of_the_home_is_found_without_asking_the_keyring(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Remembering()
    use(monkeypatch, backend)
    secrets.server_key()
    asked = backend.asked

    Secrets(secrets.home, embedded=True).server_key()

    assert asked == 1
    assert backend.asked == asked


def test_a_key_that_another_place_has_is_not_made_again(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Remembering()
    backend.kept["pettycash", "server_key"] = KEY
    use(monkeypatch, backend)

    assert secrets.server_key() == bytes.fromhex(KEY)
    assert list(secrets.home.iterdir()) == []


def test_a_key_of_the_environment_beside_another_in_the_home_is_said_to_be_unused(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = secrets.server_key()
    monkeypatch.setenv("PETTYCASH_SERVER_KEY", KEY)
    again = Secrets(secrets.home, embedded=True)

    assert again.server_key() == key
    assert "not used" in again.warnings[0]
    assert KEY not in again.warnings[0]


@pytest.mark.parametrize("matter", ["locked", "hanging"])
@pytest.mark.parametrize("embedded", [True, False])
def test_no_checkpoint_key_is_made_while_a_locked_keyring_may_hold_one(
    embedded: bool, matter: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, kept = Secrets(home, embedded), Remembering()
    kept.kept["pettycash", "checkpoint_key"] = KEY
    with monkeypatch.context() as patched:
        USELESS[matter](patched)
        # A new installation gets its server key all the same.
        assert secrets.make_server_key() == f"the file {home / 'server.key'}"
        with pytest.raises(Refused, match="Unlock it") as refusal:
            secrets.checkpoint_key()
    assert refusal.value.code == "keyring_silent"
    assert not (home / "checkpoint.key").exists()

    use(monkeypatch, kept)
    assert secrets.checkpoint_key().hex() == KEY


def test_no_checkpoint_key_is_made_where_another_has_signed(home: Path) -> None:
    secrets = Secrets(home, embedded=True, is_sealed=lambda: True)

    secrets.make_server_key()
    with pytest.raises(Refused, match="your copy of it") as refusal:
        secrets.checkpoint_key()

    assert refusal.value.code == "no_checkpoint_key"
    assert not (home / "checkpoint.key").exists()
    owner_only(home / "checkpoint.key", KEY)
    assert secrets.checkpoint_key().hex() == KEY


def test_a_shared_database_without_its_key_is_refused_until_set_up(home: Path) -> None:
    secrets = Secrets(home, embedded=False)

    with pytest.raises(Refused, match="PETTYCASH_SERVER_KEY_FILE") as refusal:
        secrets.server_key()
    assert refusal.value.code == "no_server_key"
    assert secrets.make_server_key() == f"the file {home / 'server.key'}"
    assert Secrets(home, embedded=False).server_key() == secrets.server_key()


@pytest.mark.parametrize("content", ["short", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_key_that_is_none_is_refused(content: str, secrets: Secrets) -> None:
    owner_only(secrets.home / "server.key", content)

    with pytest.raises(InvalidInput, match="64 hexadecimal digits") as refusal:
        secrets.server_key()
    assert content not in str(refusal.value)


def test_a_key_of_the_home_that_others_can_read_is_refused(secrets: Secrets) -> None:
    secrets.server_key()
    (secrets.home / "server.key").chmod(0o644)

    with pytest.raises(Refused, match="chmod 600"):
        Secrets(secrets.home, embedded=True).server_key()


def test_a_home_that_cannot_be_written_is_a_refusal_not_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PettyCashError, match=r"cannot be (written|read)"):
        Secrets(tmp_path / "file" / "home", embedded=True).server_key()


def _make_key(home: Path, barrier: Barrier, answers: multiprocessing.Queue[bytes]) -> None:
    secrets = Secrets(home, embedded=True)
    barrier.wait(30)
    answers.put(secrets.server_key())


def test_processes_that_make_the_first_key_at_once_agree_on_one(home: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(6), context.Queue()
    processes = [context.Process(target=_make_key, args=(home, barrier, answers)) for _ in range(6)]
    for process in processes:
        process.start()
    keys = {answers.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)

    assert len(keys) == 1
    assert [entry.name for entry in home.iterdir()] == ["server.key"]


def test_each_purpose_has_a_key_of_its_own(secrets: Secrets) -> None:
    assert len({secrets.derive("otp"), secrets.derive("totp"), secrets.server_key()}) == 3
    assert secrets.derive("otp") == Secrets(secrets.home, embedded=True).derive("otp")


def test_derivation_gives_the_vectors_of_rfc_5869() -> None:
    first = hkdf_sha256(bytes([0x0B] * 22), salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA)), length=42)
    third = hkdf_sha256(bytes([0x0B] * 22), salt=b"", info=b"", length=42)

    assert first.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    assert third.hex() == ("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")


def test_a_secret_does_not_show_in_the_text_of_its_objects(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD", "hunter2hunter2")

    assert "hunter2" not in repr(secrets._find("smtp_password"))
    assert secrets.server_key().hex() not in repr(secrets)


@pytest.mark.parametrize("name", ["", "../server.key", "SMTP", "a b", "x" * 80])
def test_a_name_that_is_none_is_refused(name: str, secrets: Secrets) -> None:
    with pytest.raises(InvalidInput):
        secrets.get(name)
