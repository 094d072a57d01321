"""Exit codes, and errors as one sentence or one JSON document on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_answer import Run

EXIT_CODES = {
    "PettyCashError": (1, "fault"),
    "InvalidInput": (2, "invalid_input"),
    "Refused": (3, "refused"),
    "NotFound": (4, "not_found"),
    "NotAllowed": (5, "not_allowed"),
    "NotSignedIn": (5, "not_signed_in"),
    "Overtaken": (6, "overtaken"),
    "DatabaseUnavailable": (7, "database_unavailable"),
}


@pytest.mark.parametrize(("name", "expected"), EXIT_CODES.items())
def test_every_error_has_its_exit_code_and_is_one_sentence(name: str, expected: tuple[int, str], run: Run) -> None:
    plain = run("example", "fail", name)
    as_json = run("example", "fail", name, "--json")

    assert (plain.code, plain.out, plain.err) == (expected[0], "", "It went as it went.\n")
    assert as_json.code == expected[0]
    assert as_json.error == {"code": expected[1], "message": "It went as it went.", "fields": {}, "reasons": []}


def test_every_error_of_the_services_is_covered_here() -> None:
    from pettycash_tui.services import errors

    family = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert family == set(EXIT_CODES)


def test_fields_and_reasons_are_in_the_json_of_an_error(run: Run) -> None:
    assert run("example", "fail", "fields", "--json").error["fields"] == {"amount": "must be above zero"}
    refused = run("example", "fail", "reasons", "--json")
    assert refused.code == 3
    assert refused.error["code"] == "own_requisition"
    assert [reason["code"] for reason in refused.error["reasons"]] == ["own_requisition", "fund_dormant"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["nope"], None),
        (["example", "nope"], None),
        (["example"], None),
        (["--nope", "example", "list"], None),
        (["example", "list", "--nope"], None),
        (["example", "list", "--limit", "many"], "limit"),
        (["example", "list", "--limit", "0"], "limit"),
        (["example", "show"], "number"),
        (["example", "new"], "purpose"),
        (["example", "new", "--purpose"], None),
        (["example", "show", "REQ-000001", "REQ-000002"], None),
        (["--home", ""], "home"),
    ],
)
def test_usage_errors_are_a_sentence_or_json_and_exit_2(arguments: list[str], field: str | None, run: Run) -> None:
    plain = run(*arguments)
    before = run("--json", *arguments)

    assert (plain.code, plain.out) == (2, "")
    assert plain.err.splitlines()[-1].endswith((".", "?"))
    assert "Traceback" not in plain.err
    assert before.code == 2
    assert before.error["code"] in ("usage", "invalid_input")
    assert list(before.error["fields"]) == ([field] if field else [])
    if arguments[-1] != "--purpose" and arguments[-1]:
        assert run(*arguments, "--json").error == before.error


def test_a_noun_without_verb_shows_its_help_on_stderr(run: Run) -> None:
    answer = run("example")

    assert (answer.code, answer.out) == (2, "")
    assert "Usage: pettycash example" in answer.err
    assert answer.err.endswith("pettycash example needs one of: list, show, approve, new, fail, inner.\n")


def test_a_slip_in_a_noun_is_answered_with_the_near_one(run: Run) -> None:
    assert "Did you mean example?" in run("exampel", "list").err


@pytest.mark.parametrize("date", ["2026-11-22", "22.11.2026", "20261122", "2026-02-30", "2026-W47-6", ""])
def test_a_date_is_iso_or_an_error_that_names_the_option(date: str, run: Run) -> None:
    answer = run("example", "list", "--from", date, "--json")

    if date == "2026-11-22":
        assert [item["number"] for item in answer.document["items"]] == ["REQ-000002"]
    else:
        assert answer.code == 2
        assert answer.error["fields"] == {
            "from": "must be a day such as 2026-11-21, or today, yesterday, fri (the last one), -3d (days ago)",
        }


def test_today_and_yesterday_are_dates(run: Run) -> None:
    assert run("example", "list", "--from", "yesterday", "--to", "today").code == 0


@pytest.mark.parametrize("how", ["abort", "interrupt", "eof"])
def test_an_interruption_is_a_short_word_and_130(how: str, run: Run) -> None:
    plain = run("example", "fail", how)

    assert (plain.code, plain.out, plain.err) == (130, "", "Interrupted.\n")
    assert run("example", "fail", how, "--json").error["code"] == "interrupted"


def test_a_fault_is_ours_and_tells_nothing_of_what_it_met(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run("example", "fail", "fault")

    assert plain.code == 1
    assert len(plain.err.splitlines()) == 1
    assert "fault of ours" in plain.err
    assert "secret-of-somebody" not in plain.err
    assert run("example", "fail", "fault", "--json").error["code"] == "fault"

    monkeypatch.setenv("PETTYCASH_DEBUG", "1")
    assert "Traceback" in run("example", "fail", "fault").err
    traced = run("example", "fail", "fault", "--json").error
    assert any("example_noun.py" in line for line in traced["traceback"])


def test_a_command_may_choose_its_exit_code(run: Run) -> None:
    assert run("example", "fail", "exit") == run("--quiet", "example", "fail", "exit")
    assert run("example", "fail", "exit").code == 3


def test_an_error_cannot_steer_the_terminal(run: Run) -> None:
    assert run("example", "fail", "hostile").err == "There is no \ufffd[31mred\ufffd thing.\n"
    assert "\x1b" not in run("example", "show", "\x1b]0;title\x07").err
    assert "\x1b" not in run("example", "list", "--\x1b[2J").err
    raw = run("example", "fail", "hostile", "--json").err
    assert "\x1b" not in raw
    assert json.loads(raw)["error"]["message"] == "There is no \ufffd[31mred\ufffd thing."


def test_a_reader_that_leaves_is_no_error_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = subprocess.Popen(
        [sys.executable, "-m", "pettycash_tui", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    os.close(writing)
    _, errors = program.communicate(timeout=60)

    assert (program.returncode, errors) == (141, b"")


def test_a_full_disk_is_said_and_is_not_success() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pettycash_tui", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "The output could not be written: No space left on device.\n")
