"""`pettycash db`: backup, restore, check and the roles as commands, with what they print for scripts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli_answer import Answer, Run
from postgres_roles import named_roles
from sqlalchemy import URL

from pettycash_tui.services.desk import Desk


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
    assert mended.code == 0 and mended.out.endswith("Every rule is in force.\n") and "nothing to do" not in mended.out
    assert run("--home", str(other), "db", "check").out == "The books are whole.\n"
    assert run("--home", str(home), "db", "restore", str(tmp_path / "missing"), "--json").code == 2


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
        assert run(*here, "db", "grant", "--json").error["fields"].keys() == {"role"}
        refused = run(*here, "whoami", "--json")
        assert refused.code == 3 and refused.error["code"] == "superuser"
        assert run(*here, "--allow-owner", "whoami", "--json").code == 5
        monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
        assert run(*here, "db", "status").code == 0
