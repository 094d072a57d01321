"""`pettycash audit verify|checkpoint|export|key`, and the jobs that seal and verify."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from sqlalchemy import text

from pettycash_tui.cli import progress_line
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import audit_state, messages
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    return trading(run, database_address, desk, clock, monkeypatch)


def broken(company: Company) -> None:
    """Change a row behind the program's back."""
    with company.desk.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'treasury_fund'"
            for trigger in connection.execute(text(named)).scalars().all():
                connection.execute(text(f'DROP TRIGGER "{trigger}"'))
        else:
            connection.execute(text("SET LOCAL session_replication_role = 'replica'"))
        connection.execute(text("UPDATE treasury_fund SET held_amount = held_amount + 1 WHERE code = 'NBI'"))


def test_what_is_sealed_exported_and_verified(company: Company, tmp_path: Path, run: Run) -> None:
    company.paid()
    found = company.done("admin", "audit", "verify", "--full")
    assert (found["ok"], found["problems"]) == (True, [])
    sealed, key, events = (str(tmp_path / name) for name in ("c.json", "key.pem", "events.jsonl"))
    made = company.done("admin", "audit", "checkpoint", "--output", sealed)
    assert [place["error"] for place in made["places"]] == [""]
    assert Path(sealed).stat().st_mode & 0o777 == 0o600
    company.done("admin", "audit", "key", "--output", key)
    exported = company.done("admin", "audit", "export", "--output", events)
    assert Path(events).stat().st_mode & 0o777 == 0o600
    assert company.done("admin", "audit", "verify", "--checkpoint", sealed, "--key", key)["ok"] is True
    actions = [event["action"] for event in company.done("admin", "audit", "log", "--action", "audit.")["items"]]
    assert set(actions) == {"audit.verified", "audit.sealed", "audit.exported"}
    state = company.desk.read(SYSTEM, audit_state.integrity)
    assert (state.ok, state.problems) == (None, 0), "the company's own is not that of all companies"

    nowhere = ("--database", "postgresql://127.0.0.1:1/nothing", "--json", "audit", "verify", "--key", key)
    answer = run(*nowhere, "--export", events)
    assert (answer.code, answer.document["ok"]) == (0, True)
    assert answer.document["events"] == exported["events"]
    lines = Path(events).read_text().splitlines()
    cases: dict[str, tuple[list[str], str]] = {
        "cut": (lines[:-1], "truncated"),
        "shorter": ([*lines[:-2], lines[-1]], "truncated"),
        "changed": ([lines[0], lines[1].replace("ACME", "ACNE", 1), *lines[2:]], "changed"),
        "gone": ([*lines[:3], *lines[4:]], "deleted"),
        "swapped": ([*lines[:3], lines[4], lines[3], *lines[5:]], "reordered"),
        "sealed anew": ([*lines[:-1], _resealed(lines[-1])], "rewritten"),
        "garbage": ([*lines[:2], "[1]", *lines[2:]], "changed"),
    }
    for name, (content, kind) in cases.items():
        (tmp_path / "other.jsonl").write_text("\n".join(content) + "\n")
        answer = run(*nowhere, "--export", str(tmp_path / "other.jsonl"))
        assert answer.code == 3, name
        assert kind in [problem["kind"] for problem in answer.document["problems"]], (name, answer.document)


def _resealed(line: str) -> str:
    found: dict[str, Any] = json.loads(line)
    found["made_at"] = found["made_at"].replace("2026", "2027")
    return json.dumps(found, separators=(",", ":"))


def test_what_is_wrong_is_told_by_mail_and_by_the_exit_code(company: Company) -> None:
    broken(company)
    answer = company("admin", "audit", "verify", "--full", "--alert", "--email", "auditor@example.com")
    assert answer.code == 3
    (problem,) = answer.document["problems"]
    assert set(problem) == {"stream", "sequence", "kind", "message", "stream_name"}
    assert problem["stream_name"].startswith("fund "), problem
    assert problem["kind"] == "business_row"
    letter = company.outbox()[-1]
    assert letter["To"] == "auditor@example.com"
    body = letter.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert b"holds another amount" in body
    assert "holds another amount" in company.plain("admin", "audit", "verify").out
    ran = company("admin", "jobs", "run", "verify-audit")
    assert (ran.code, ran.document["ok"]) == (3, False)
    assert "business_row" in ran.document["left"][0]
    state = company.desk.read(SYSTEM, audit_state.integrity)
    assert (state.ok, state.problems) == (False, 1)


def test_a_checkpoint_goes_to_each_place_and_says_where_it_did_not_arrive(
    company: Company, clock: SettableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert company.refused(3, "admin", "audit", "checkpoint")["code"] == "no_checkpoint_place"
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(tmp_path))
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_EMAIL", "vault@example.com")
    with receiving(200) as (url, got):
        monkeypatch.setenv("PETTYCASH_CHECKPOINT_URL", url)
        ran = company.done("admin", "jobs", "run", "checkpoint")
        assert company.done("admin", "jobs", "run", "verify-audit")["ok"] is True
    assert (len(ran["done"]), ran["left"]) == (3, [])
    (written,) = tmp_path.glob("checkpoint-*.json")
    assert json.loads(written.read_text()) == json.loads(got[0])
    mailed = company.outbox()[-1]
    body = mailed.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert json.loads(body.decode().partition("\n\n")[2]) == json.loads(got[0])
    assert company.desk.read(SYSTEM, audit_state.integrity).checkpoint_at is not None
    with receiving(500) as (url, got):
        monkeypatch.setenv("PETTYCASH_CHECKPOINT_URL", url)
        # The directory's files are named by their moment.
        clock.advance(hours=1)
        answer = company("admin", "audit", "checkpoint")
        clock.advance(hours=1)
        ran = company("admin", "jobs", "run", "checkpoint")
    assert answer.code == 1
    errors = {place["kind"]: place["error"] for place in answer.document["places"]}
    assert errors == {"directory": "", "email": "", "webhook": "it answered 500"}
    assert (ran.code, ran.document["ok"], len(ran.document["done"])) == (3, False, 2)
    assert ran.document["left"][0].endswith("it answered 500")


def test_a_script_sees_that_no_mail_told_anybody(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    told = company("admin", "audit", "verify", "--alert")
    assert (told.code, told.document["untold"]) == (0, []), "nothing was wrong, and nobody to be told"
    broken(company)

    def away(desk: object) -> NoReturn:
        raise DeliveryFailed("the mail server cannot be reached")

    monkeypatch.setattr(messages, "channel_for", away)
    asked = ("audit", "verify", "--full", "--alert", "--email", "auditor@example.com")
    answer = company("admin", *asked)
    (untold,) = answer.document["untold"]
    assert answer.code == 3 and untold == "auditor@example.com could not be told: the mail server cannot be reached"
    assert "auditor@example.com could not be told" in company.plain("admin", *asked, "--quiet").out


def test_who_looks_on_sees_how_far_a_verification_is(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line, "is_wanted", lambda _: True)
    monkeypatch.setattr(progress_line, "TELL_AFTER", 0.0)
    monkeypatch.setattr(progress_line, "_TELL_EVERY", 0.0)
    answer = company.plain("admin", "audit", "verify", "--full")
    told = re.findall(r"\[(#*)\.*\] ([\d,]+) of ([\d,]+) events", answer.err)
    assert [int(done.replace(",", "")) for _, done, _ in told] == sorted(int(n.replace(",", "")) for _, n, _ in told)
    assert told[-1][0] == "#" * 20 and told[-1][1] == told[-1][2]
    assert f"{told[-1][1]} events in" in answer.out


def test_options_that_do_not_go_together_and_people_without_the_right(company: Company, tmp_path: Path) -> None:
    for arguments in (
        ("--full", "--since", "2026-01-01"),
        ("--email", "a@example.com"),
        ("--key", "k"),
        ("--export", "e"),
        ("--since", "2026-02-01", "--until", "2026-01-01"),
        ("--checkpoint", str(tmp_path / "none")),
    ):
        company.refused(2, "admin", "audit", "verify", *arguments)
    for verb in (("verify",), ("key",), ("export", "--output", str(tmp_path / "e")), ("checkpoint", "--output", "c")):
        company.refused(5, "staff", "audit", *verb)
    assert not (tmp_path / "e").exists()


@contextmanager
def receiving(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A web server on the loopback that takes one POST."""
    got: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/seal", got
    finally:
        server.shutdown()
        server.server_close()
