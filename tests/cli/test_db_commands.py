"""`pettycash db`: backup, restore, check and the roles as commands, with what they print for scripts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import story
from cli_answer import Answer, Run
from postgres_roles import address_of, named_roles, with_passwords
from sqlalchemy import URL

from pettycash_tui.database import schema
from pettycash_tui.services import backup_file, forced
from pettycash_tui.services import people as people_service
from pettycash_tui.services.desk import DEMO, Desk


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def desk(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs a command line in a home that is set up."""
    for name, value in {
        "COMPANY_NAME": "Acme Ltd",
        "COMPANY_CODE": "ACME",
        "COMPANY_CURRENCY": "KES",
        "ADMIN_USERNAME": "boss",
        "ADMIN_EMAIL": "boss@acme.example",
        "ADMIN_PASSWORD": "several words of mine",
    }.items():
        monkeypatch.setenv(name, value)
    assert run("--home", str(home), "init", "--non-interactive").code == 0
    return lambda *arguments: run("--home", str(home), *arguments)


def test_backup_restore_and_check_tell_scripts_what_came_of_it(
    desk: Callable[..., Answer], run: Run, tmp_path: Path, home: Path
) -> None:
    file = tmp_path / "books.db"
    done = desk("db", "backup", str(file), "--json").document
    assert done["ok"] is True and done["file"] == str(file) and len(done["sha256"]) == 64 and done["rows"] > 10
    assert done["findings"] == [] and done["size"] == file.stat().st_size
    taken = desk("db", "backup", str(file), "--json")
    assert taken.code == 3 and taken.error["code"] == "file_exists"
    assert "server key" in desk("db", "backup", str(tmp_path / "second.db")).out
    refused = desk("db", "restore", str(file), "--json")
    assert refused.code == 3 and refused.error["code"] == "has_data"
    replaced = desk("db", "restore", str(file), "--replace", "--json").document
    assert replaced["ok"] is True and Path(replaced["aside"]).is_file()
    other = tmp_path / "other"
    made = run("--home", str(other), "db", "restore", str(file), "--json").document
    assert made["aside"] is None and (other / "pettycash.db").stat().st_mode & 0o777 == 0o600
    assert run("--home", str(other), "db", "check", "--json").document == {"ok": True, "findings": []}
    with closing(sqlite3.connect(other / "pettycash.db")) as raw:
        raw.execute("DROP TRIGGER payment_no_delete")
    wrong = run("--home", str(other), "db", "check", "--json")
    assert wrong.code == 3 and '"rule_missing"' in wrong.out
    mended = run("--home", str(other), "db", "upgrade", "--rules")
    assert mended.code == 0 and mended.out == f"Every rule of {schema.HEAD} is in force.\n"
    assert run("--home", str(other), "db", "check").out == "The books are whole.\n"
    assert run("--home", str(home), "db", "restore", str(tmp_path / "missing"), "--json").code == 2


def test_a_backup_of_books_that_take_no_event_is_told_with_its_name_and_digest(
    desk: Callable[..., Answer], home: Path, tmp_path: Path
) -> None:
    assert desk("db", "backup", str(tmp_path / "first.db"), "--json").document["recorded"] is True
    with closing(sqlite3.connect(home / "pettycash.db", isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
        raw.execute("DELETE FROM stream_head WHERE stream = 'group'")
    told = desk("db", "backup", str(tmp_path / "second.db"))
    digest = backup_file.digest_of(tmp_path / "second.db")[1]
    assert told.code == 3 and f"to {tmp_path / 'second.db'}" in told.out and f"SHA-256: {digest}" in told.out
    assert "This backup is not recorded" in told.out
    as_json = desk("db", "backup", str(tmp_path / "third.db"), "--json")
    assert as_json.code == 3 and '"recorded": false' in as_json.out and "third.db" in as_json.out


def test_rules_are_put_in_force_and_what_cannot_be_is_named(
    desk: Callable[..., Answer], home: Path, tmp_path: Path
) -> None:
    assert desk("db", "backup", str(tmp_path / "books.db")).code == 0
    with closing(sqlite3.connect(home / "pettycash.db")) as raw:
        raw.execute("DROP TRIGGER payment_no_delete")
        raw.execute("DROP INDEX ux_treasury_fund_scope")
    assert desk("db", "check").code == 3
    done = desk("db", "upgrade", "--rules", "--json")
    assert done.code == 0 and done.document["ok"] is True and done.document["findings"] == []
    assert desk("db", "upgrade", "--rules").out == f"Every rule of {done.document['head']} is in force.\n"
    with closing(sqlite3.connect(home / "pettycash.db")) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_master SET sql = replace(sql, 'held_amount >= 0', 'held_amount >= -9')")
        raw.commit()
    left = desk("db", "upgrade", "--rules", "--json")
    (finding,) = left.document["findings"]
    assert left.code == 3 and finding["code"] == "table_changed" and "treasury_fund" in finding["message"]
    assert finding["command"] == "pettycash db restore FILE --replace"
    # The command that is named mends it.
    assert desk("db", "restore", str(tmp_path / "books.db"), "--replace").code == 0
    assert desk("db", "check").code == 0


def test_a_damaged_database_is_mended_by_the_command_that_the_check_names(
    desk: Callable[..., Answer], tmp_path: Path, home: Path
) -> None:
    good = tmp_path / "books.db"
    assert desk("db", "backup", str(good)).code == 0
    (home / "pettycash.db").write_bytes(b"no database " * 1000)
    checked = desk("db", "check", "--json")
    assert checked.code == 3
    command = "pettycash db restore FILE --replace"
    assert f'"{command}"' in checked.out
    assert command in desk("whoami", "--json").error["message"]
    restored = desk(*command.replace("FILE", str(good)).split()[1:], "--json").document
    assert Path(restored["aside"]).read_bytes() == b"no database " * 1000
    assert desk("db", "check").out == "The books are whole.\n"


def test_the_roles_are_granted_by_one_command_and_the_program_refuses_the_owner(
    run: Run,
    postgres_url: URL,
    open_desk: Callable[[URL], Desk],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
    address = postgres_url.render_as_string(hide_password=False)
    here = ("--database", address, "--home", str(tmp_path))
    with named_roles(open_desk(postgres_url), "program", "owner", "verifier") as (role, owner, verifier):
        made = run(*here, "db", "grant", role, "--owner", owner, "--verifier", verifier, "--json").document
        assert (made["role"], made["owner"], made["verifier"]) == (role, owner, verifier)
        assert run(*here, "db", "grant", "--verifier", verifier).code == 0
        with monkeypatch.context() as of_the_verifier:
            _verifies_without_signing_in(run, open_desk(postgres_url), verifier, tmp_path, of_the_verifier)
        assert run(*here, "db", "grant", "--json").error["fields"].keys() == {"role"}
        refused = run(*here, "whoami", "--json")
        assert refused.code == 3 and refused.error["code"] == "superuser"
        assert run(*here, "--allow-owner", "whoami", "--json").code == 5
        monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
        assert run(*here, "db", "status").code == 0


def test_a_demo_that_no_rule_binds_warns_beside_the_result(
    run: Run, postgres_url: URL, open_desk: Callable[[URL], Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
    story.trading_company(open_desk(postgres_url), kind=DEMO)
    here = ("--database", postgres_url.render_as_string(hide_password=False), "--home", str(tmp_path), "--as", "staff")
    warned = run(*here, "req", "list")
    assert warned.code == 0 and warned.err.startswith("Warning: This demo is worked on as ")
    assert warned.err.count("\n") == 1 and "Warning" not in warned.out
    for silent in ("--quiet", "--json"):
        assert run(*here, "req", "list", silent).err == ""


def _verifies_without_signing_in(
    run: Run, desk: Desk, verifier: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who the database lets only read is known by that, and what they do is told not to be recorded."""
    people = story.trading_company(desk)
    desk.run(people["admin"], people_service.edit, "staff", {"email": "new@example.com"})
    with_passwords(desk, verifier)
    address = address_of(desk, verifier).render_as_string(hide_password=False)
    monkeypatch.setenv("PETTYCASH_DATABASE_URL", address)
    here = ("--home", str(home))
    found = run(*here, "audit", "verify", "--full", "--json")
    assert found.code == 0, found
    assert (found.code, found.document["ok"], found.document["recorded"]) == (0, True, False), found
    assert "not recorded" in run(*here, "audit", "verify").out
    assert run(*here, "audit", "log", "--json").error["code"] == "not_signed_in"
    forced.begin(forced.Served("staff", "no token", "ssh", home))
    try:
        assert run(*here, "audit", "verify", "--json").code != 0
    finally:
        forced.end()
