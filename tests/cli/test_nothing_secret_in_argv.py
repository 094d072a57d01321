"""What a process list shows to every user of the host, and what a process that dies leaves behind."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from cli_answer import Run

from pettycash_tui.cli import asking
from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.services import opening
from pettycash_tui.services.errors import InvalidInput


@pytest.mark.parametrize(
    "address", ["postgresql://app:s3cret@db/pettycash", "postgresql://app@db/pettycash?sslmode=require&password=s3cret"]
)
def test_a_password_in_the_address_on_the_command_line_is_refused(address: str, run: Run, home: Path) -> None:
    refused = run("--json", "--home", str(home), "--database", address, "whoami")

    assert refused.code == 2
    assert "pettycash secret set database_password" in refused.error["fields"]["database"]
    assert "PETTYCASH_DATABASE_URL" in refused.error["fields"]["database"]
    assert "s3cret" not in refused.out + refused.err


def test_the_environment_may_hold_it(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_DATABASE_URL", "postgresql://app:s3cret@127.0.0.1:1/pettycash?sslmode=verify-full")

    answer = run("--home", str(home), "whoami", "--json")

    assert answer.code == 7
    assert "s3cret" not in answer.out + answer.err


def test_a_server_reached_over_the_network_gets_the_password_that_is_kept(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("hunter2hunter2\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PETTYCASH_DATABASE_PASSWORD_FILE", str(kept))

    def password(address: str) -> str | None:
        found = opening.address_of(address, home).password
        return None if found is None else str(found)

    assert password("postgresql://app@127.0.0.1/pettycash") == "hunter2hunter2"
    assert password("postgresql://app:own@127.0.0.1/pettycash") == "own"
    # By its socket one is known as the user of the system.
    assert password("postgresql:///pettycash") is None
    assert password("postgresql:///pettycash?host=/run/postgresql") is None
    monkeypatch.delenv("PETTYCASH_DATABASE_PASSWORD_FILE")
    assert password("postgresql://app@127.0.0.1/pettycash") is None


def test_a_code_is_read_from_standard_input_where_a_hyphen_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("012345\n"))

    assert asking.given_code(GlobalOptions(), "-") == "012345"
    assert asking.given_code(GlobalOptions(), "543210") == "543210"
    with pytest.raises(InvalidInput):
        asking.given_code(GlobalOptions(), "-")


def test_a_process_that_dies_leaves_no_image_of_its_memory() -> None:
    program = (
        "import resource, sys\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "sys.argv[1:] = ['--version']\n"
        "from pettycash_tui.cli.entry import main\n"
        "main()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "(0, 0)"
