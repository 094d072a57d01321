"""`pettycash secret`: kept in the keyring, never shown, and the server key rotated."""

from __future__ import annotations

import io
from pathlib import Path

import building
import pytest
from cli_answer import Run
from keyring_kinds import USELESS
from signing import enrolled, give_passwords, hash_quickly

from pettycash_tui.services import checkpoints, key_in_force
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import fingerprint


def test_a_secret_is_kept_read_back_and_never_shown(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pettycash_tui.services import keyrings

    kept: dict[str, str] = {}
    monkeypatch.setattr(keyrings, "put", lambda name, value: kept.update({name: value}) is None)
    monkeypatch.setattr(keyrings, "get", kept.get)
    for options, typed in (((), "hunter2hunter2\n"), (("--stdin",), "two\nlines\n")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        answer = run("--home", str(home), "secret", "set", "smtp_password", *options, "--json")
        assert answer.document == {"name": "smtp_password", "where": "the keyring"}
        assert typed.strip() not in answer.out + answer.err
        assert kept == {"smtp_password": typed.removesuffix("\n")}
    assert run("--home", str(home), "secret", "where", "smtp_password", "--json").document["where"] == "the keyring"
    places = run("--home", str(home), "secret", "where", "--json").document["items"]
    assert {"name": "server_key", "where": "nowhere"} in places


def test_the_key_that_sealed_the_books_is_not_replaced(
    run: Run, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pettycash_tui.services import keyrings

    kept: dict[str, str] = {}
    monkeypatch.setattr(keyrings, "put", lambda name, value: kept.update({name: value}) is None)
    monkeypatch.setattr(keyrings, "get", kept.get)
    address = desk.url.render_as_string(hide_password=False)
    command = ("--home", str(desk.home), "--database", address, "secret")

    def put(key: str) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
        answer = run(*command, "set", "checkpoint_key", "--stdin", "--json")
        return "" if answer.code == 0 else str(answer.error["fields"])

    building.company(desk)
    first, second = "1a" * 32, "2b" * 32
    assert "64 hexadecimal digits" in put("hunter2")
    assert put(second) == "" and put(first) == "", "nothing was sealed yet"
    (desk.home / "checkpoint.key").unlink(missing_ok=True)
    checkpoints.make(desk, SYSTEM, output=tmp_path / "sealed.json")
    places = run(*command, "where", "--json").document["items"]
    assert {"name": "checkpoint_key", "where": "the keyring"} in places
    assert "sealed with another key, in the keyring" in put(second)
    assert kept["checkpoint_key"] == first
    assert put(first) == ""
    kept.clear()
    assert put(first) == "", "a copy is put back"


@pytest.mark.parametrize("matter", list(USELESS))
def test_without_a_keyring_one_is_told_what_to_do(
    matter: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    USELESS[matter](monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2hunter2\n"))
    refused = run("--home", str(home), "secret", "set", "smtp_password", "--json")

    assert (refused.code, refused.error["code"]) == (3, "no_keyring")
    assert "PETTYCASH_SMTP_PASSWORD_FILE" in refused.error["message"]
    assert "hunter2" not in refused.out + refused.err
    assert run("--home", str(home), "secret", "where", "smtp_password", "--json").document["where"] == "nowhere"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_lost_key_is_given_up_by_who_has_read_which_it_is(
    run: Run, home: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_quickly(monkeypatch)
    people = building.company(desk)
    give_passwords(desk, "admin")
    enrolled(desk, people["admin"])
    key = fingerprint(desk.secrets.server_key())
    desk.run(SYSTEM, key_in_force.note_first, desk.secrets.server_key())
    (desk.home / "server.key").unlink()
    monkeypatch.setenv("PETTYCASH_ALLOW_OWNER", "1")
    address = desk.url.render_as_string(hide_password=False)
    command = ("--home", str(desk.home), "--database", address, "secret", "rotate", "server_key", "--lost")

    unasked = run(*command, "--json")
    assert unasked.code == 2 and "--yes" in unasked.error["fields"]["yes"]
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    refused = run(*command)
    assert refused.code == 3 and key in refused.err and "by password alone then: admin" in refused.err
    assert not (desk.home / "server.key").exists()

    done = run(*command, "--yes", "--json")
    assert done.document["fingerprint"] == desk.read(SYSTEM, key_in_force.in_force) != key


def test_the_server_key_is_rotated_and_not_set(run: Run, home: Path) -> None:
    assert "rotate" in run("--home", str(home), "secret", "set", "server_key", "--json").error["fields"]["name"]
    assert "server_key" in run("--home", str(home), "secret", "rotate", "other", "--json").error["fields"]["name"]
