"""Each finding names the command that mends it: of a check that could not be made too, and where no database is."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pettycash_tui import services
from pettycash_tui.services import doctor, doctor_database, doctor_gateways, doctor_host, doctor_key, doctor_mail
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, Refused
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.opening import unopened_desk

TERMINAL = doctor.Terminal(is_terminal=True, term="xterm-256color", encoding="utf-8")

CHECKS = (
    (doctor_host, "files"),
    (doctor_database, "connection"),
    (doctor_database, "proofs"),
    (doctor_mail, "mail"),
    (doctor_mail, "undelivered"),
    (doctor_gateways, "examine"),
    (doctor_host, "server_key"),
    (doctor_key, "in_force"),
    (doctor_host, "secret_store"),
    (doctor_host, "looked_at"),
)


def without_command(found: list[Finding]) -> list[str]:
    return [one.code for one in found if one.severity is not Severity.NOTE and not one.command]


def made() -> Iterator[tuple[str, ast.Call]]:
    """Where the doctor makes a finding, and how."""
    for path in sorted(Path(services.__path__[0]).glob("doctor*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                yield f"{path.name}:{node.lineno}", node


def test_no_error_and_no_warning_is_made_without_a_command() -> None:
    findings = list(made())
    assert len(findings) > 40
    notes = {where for where, call in findings if isinstance(call.args[1], ast.Name) and call.args[1].id == "NOTE"}
    commands = {
        where for where, call in findings if len(call.args) == 4 and ast.unparse(call.args[3]) not in ("''", '""')
    }
    assert {where for where, _ in findings} - notes - commands == set()


@pytest.mark.parametrize("error", [ZeroDivisionError("what"), Refused("It is refused.")], ids=["fault", "refusal"])
def test_a_check_that_cannot_be_made_has_its_command(
    error: Exception, sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Iterator[Finding]:
        raise error

    for module, name in CHECKS:
        monkeypatch.setattr(module, name, broken)
    monkeypatch.setattr(doctor, "_READ", tuple((broken, name) for _, name in doctor._READ))
    found = doctor.examine(sqlite_desk, TERMINAL)
    assert len(found) == 1 + len(CHECKS) + len(doctor._READ)
    assert without_command(found) == []


@pytest.mark.parametrize("name", ["server.key", "named"])
def test_a_key_that_others_may_read_has_its_chmod(
    name: str, sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sqlite_desk.home / name
    path.write_text("00" * 32)
    path.chmod(0o644)
    if name == "named":
        monkeypatch.setenv("PETTYCASH_SERVER_KEY_FILE", str(path))
    found = {one.code: one for one in doctor.examine(sqlite_desk, TERMINAL)}["server_key_unsafe_file"]
    assert found.command == f"chmod 600 {path}"
    subprocess.run(["sh", "-c", found.command], check=True)
    assert "server_key_unsafe_file" not in {one.code for one in doctor.examine(sqlite_desk, TERMINAL)}
    path.unlink()
    if name == "named":
        gone = {one.code: one for one in doctor.examine(sqlite_desk, TERMINAL)}["server_key_unsafe_file"]
        assert gone.command == "export PETTYCASH_SERVER_KEY_FILE=PATH"


def test_without_a_database_the_host_is_looked_at_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "server.key.0123456789abcdef").write_text("00" * 32)
    (home / "server.key.0123456789abcdef").chmod(0o644)
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "smtp..example.com")
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "cash@example.com")
    desk = unopened_desk(None, home)
    found = doctor.examine_without(DatabaseUnavailable("Gone.", code="no_database"), desk, TERMINAL)
    desk.close()
    assert {"no_database", "permissions", "mail_unreachable", "server_key", "mpesa"} <= {one.code for one in found}
    assert not {"one_trust_domain"} & {one.code for one in found}
    assert without_command(found) == []
    assert not (home / "pettycash.db").exists()


def test_while_a_server_is_away_the_host_is_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "smtp..example.com")
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "cash@example.com")
    desk = unopened_desk("postgresql://nobody:word@127.0.0.1:1/nowhere", home)
    home.chmod(0o755)
    found = doctor.examine(desk, TERMINAL)
    desk.close()
    assert {"database_away", "permissions", "mail_unreachable", "no_server_key"} <= {one.code for one in found}
    assert without_command(found) == []
