"""What people read of the main story: lines that fit 80 cells, pages, quiet output, nothing that steers a terminal."""

from __future__ import annotations

import sys
from io import StringIO

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from sqlalchemy import update
from wcwidth import wcswidth

from pettycash_tui.cli import asking
from pettycash_tui.models import tables as t
from pettycash_tui.services.desk import Desk

LONG = "Ñandú & Söhne 株式会社 — a supplier with a rather long name that nobody ever shortens"


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


@pytest.fixture
def embedded(run: Run, sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    address = sqlite_desk.url.render_as_string(hide_password=False)
    return trading(run, address, sqlite_desk, clock, monkeypatch)


def test_every_list_and_view_fits_80_cells(embedded: Company) -> None:
    words = ["--payee", LONG, "--purpose", f"{LONG}. {LONG}", "--urgent", "--urgency-reason", LONG]
    number, payment, _ = _urgently_paid(embedded, "98765.43", words)
    asked = embedded.done("treasury", "fund", "replenish", "HQ", "--amount", "123456789", "--reason", LONG)["number"]
    open_one = embedded.requested("4500", *words)
    embedded.done("branch_manager", "req", "decline-urgency", open_one, "--comment", LONG)
    for who, command in (
        ("staff", ["req", "list"]),
        ("staff", ["req", "show", number]),
        ("staff", ["req", "explain", open_one]),
        ("branch_manager", ["req", "queue"]),
        ("cfo", ["pay", "list"]),
        ("cfo", ["pay", "show", payment]),
        ("cfo", ["pay", "explain", payment]),
        ("cfo", ["execution", "list"]),
        ("cfo", ["execution", "show", payment]),
        ("cfo", ["fund", "list"]),
        ("cfo", ["fund", "show", "NBI"]),
        ("cfo", ["fund", "ledger", "NBI"]),
        ("cfo", ["ledger", "show", "NBI:2"]),
        ("cfo", ["replenishment", "list"]),
        ("cfo", ["replenishment", "show", asked]),
        ("cfo", ["audit", "log"]),
        ("cfo", ["jobs", "list"]),
    ):
        answer = embedded.plain(who, *command)
        assert answer.code == 0, command
        # The balance of a fund is told beside its ledger.
        assert (answer.err == "") is (command[:2] != ["fund", "ledger"]), command
        assert max(wcswidth(line) for line in (answer.out + answer.err).splitlines()) <= 80, answer.out
        assert "\x1b" not in answer.out + answer.err
    ledger = embedded.plain("cfo", "fund", "ledger", "NBI").out.splitlines()
    assert ledger[0].split()[-5:] == ["Paid", "out", "Paid", "in", "Balance"]
    assert ledger[-1].split()[-2:] == ["98,765.43", "1,234.57"]


def _urgently_paid(company: Company, amount: str, words: list[str]) -> tuple[str, str, str]:
    number = company.requested(amount, *words)
    found = company.done("branch_manager", "req", "confirm-urgency", number)
    found = company.done(found["next_approver"]["username"], "req", "approve", number)
    payment = found["payment"]
    executor = company.done("cfo", "pay", "show", payment)["executor"]["username"]
    company.done(executor, "pay", "execute", payment, "--otp", company.code(executor, payment))
    return number, payment, executor


def test_an_action_is_one_sentence(embedded: Company) -> None:
    words = ["--amount", "4500", "--purpose", "Fuel", "--payee", "Total"]
    assert embedded.plain("staff", "req", "new", *words).out == "REQ-000001 written. Now: Draft.\n"
    submitted = embedded.plain("staff", "req", "submit", "1")
    assert submitted.out == "REQ-000001 submitted. Now: With branch manager (Branch Manager).\n"
    approved = embedded.plain("branch_manager", "req", "approve", "req-1").out
    assert approved == "REQ-000001 approved. Now: With treasury (Treasury Person).\n"
    validated = embedded.plain("treasury", "req", "approve", "REQ-1").out
    assert validated == "REQ-000001 validated. Now: Approved, to be paid as PAY-000001.\n"
    [row] = embedded.done("cfo", "pay", "list")["items"]
    executor = row["executor"]["username"]
    sent = embedded.plain(executor, "pay", "send-otp", "PAY-1").out
    code = sent[-8:-2]
    assert f"Demo: the code is {code}." in sent
    paid = embedded.plain(executor, "pay", "execute", "PAY-1", "--otp", code).out
    assert paid.startswith("PAY-000001 paid: KES 4,500.00 to Total, voucher PCV-NBI-2026-00001")
    refused = embedded.plain(executor, "pay", "execute", "PAY-1", "--otp", code)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err == "PAY-000001 is executed already, voucher PCV-NBI-2026-00001.\n"


def test_quiet_prints_the_number_that_a_script_goes_on_with(embedded: Company) -> None:
    made = embedded.plain("staff", "req", "new", "--amount", "9", "--purpose", "Tea", "--quiet", "--submit")
    assert made.out == "REQ-000001\n"
    assert embedded.plain("branch_manager", "req", "queue", "--quiet").out == "REQ-000001\n"
    assert embedded.plain("cfo", "fund", "list", "--quiet").out == "HQ\nMSA\nNBI\n"
    assert embedded.plain("cfo", "fund", "ledger", "NBI", "--quiet").out == "NBI:1\n"
    assert {"escalate-approvals", "settle-payments"} <= {*embedded.plain("cfo", "jobs", "list", "--quiet").out.split()}


def test_more_than_the_fund_has_is_noted_and_not_refused(embedded: Company) -> None:
    words = ["--amount", "100001", "--purpose", "Generator", "--submit"]

    said = embedded.plain("staff", "req", "new", *words)
    document = embedded("staff", "req", "new", *words)

    assert said.code == 0
    assert said.err.startswith("Note: ")
    short, twin = document.document["warnings"]
    assert short.startswith("Fund NBI has less available")
    assert twin.startswith("REQ-000001 asks for the same: KES 100,001.00")
    assert document.err == ""


@pytest.mark.parametrize(
    "command",
    [
        ["req", "list"],
        ["req", "queue"],
        ["pay", "list"],
        ["fund", "list"],
        ["fund", "ledger", "NBI"],
        ["fund", "ledger", "NBI", "--newest"],
        ["execution", "list"],
        ["audit", "log"],
    ],
    ids=" ".join,
)
def test_pages_follow_each_other_without_gap_or_repetition(company: Company, command: list[str]) -> None:
    company.paid()
    company.paid()
    who = "cfo"
    if command == ["req", "queue"]:
        who = "branch_manager"
        company.requested()
        company.requested()
    whole = company.done(who, *command, "--limit", "200")
    assert whole["next"] is None
    assert len(whole["items"]) > 1

    pages, after = [], list[str]()
    while True:
        page = company.done(who, *command, "--limit", "1", *after)
        pages += page["items"]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]

    assert pages == whole["items"]
    assert company.refused(2, who, *command, "--after", "bm90IGEgY3Vyc29y")["fields"].keys() == {"after"}


def test_lists_are_narrowed(company: Company) -> None:
    number, payment, executor = company.paid()
    company.requested("7000", "--payee", "Naivas")

    def count(who: str, *command: str) -> int:
        return len(company.done(who, *command)["items"])

    assert count("staff", "req", "list", "--status", "paid", "--fund", "NBI") == 1
    assert count("staff", "req", "list", "--search", "naivas") == 1
    assert count("staff", "req", "list", "--from", "2026-03-02", "--to", "2026-03-02") == 2
    assert count("staff", "req", "list", "--from", "2026-03-03") == 0
    assert count("branch_manager", "req", "list", "--mine") == 0
    assert count(executor, "pay", "list", "--mine", "--status", "success", "--search", number) == 1
    assert count("staff", "pay", "list") == count("branch_manager", "pay", "list") == 1
    assert count("staff", "execution", "list", "--search", payment) == 1
    assert count("cfo", "fund", "ledger", "NBI", "--type", "debit", "--search", "fuel") == 1
    assert count("cfo", "fund", "ledger", "NBI", "--from", "2026-03-03") == 0
    assert count("cfo", "audit", "log", "--action", "payment.executed", "--user", executor, "--fund", "NBI") == 1
    assert count("cfo", "audit", "log", "--action", "requisition.") == 6
    for noun in ("req", "pay"):
        assert "status" in company.refused(2, "cfo", noun, "list", "--status", "odd")["fields"]
    assert "type" in company.refused(2, "cfo", "fund", "ledger", "NBI", "--type", "odd")["fields"]


def test_a_fund_is_opened_changed_and_taken_out_of_use(company: Company) -> None:
    company.refused(5, "treasury", "fund", "add", "CEN", "--region", "CEN")
    made = company.done("cfo", "fund", "add", "FLD", "--region", "CEN", "--opening-balance", "60k")
    assert (made["current_balance"], made["reorder_level"], made["available"]) == ("60000.00", "50000.00", "60000.00")
    assert company.refused(3, "cfo", "fund", "add", "F2", "--region", "CEN")["code"] == "fund_exists"
    assert "code" in company.refused(2, "cfo", "fund", "add")["fields"]
    fields = company.refused(2, "cfo", "fund", "add", "F 2", "--currency", "USD", "--reorder-level", "x")["fields"]
    assert fields.keys() == {"code", "currency", "reorder_level"}

    edited = company.done("cfo", "fund", "edit", "fld", "--name", "Field", "--custodian", "regional_manager")
    assert (edited["name"], edited["custodian"]["username"]) == ("Field", "regional_manager")
    assert company.done("cfo", "fund", "deactivate", "FLD")["is_active"] is False
    assert "FLD" not in company.plain("cfo", "fund", "list", "--quiet").out.split()
    assert "FLD" in company.plain("cfo", "fund", "list", "--all", "--quiet").out.split()
    number = company.requested()
    stopped = company.plain("cfo", "fund", "deactivate", "NBI")
    assert "1 requisitions, 0 payments" in stopped.err
    assert company.refused(3, "cfo", "fund", "deactivate", "NBI")["code"] == "not_active"
    fields = company.refused(2, "staff", "req", "new", "--amount", "5", "--purpose", "x", "--fund", "NBI")["fields"]
    assert fields.keys() == {"fund"}
    assert company.done("cfo", "req", "show", number)["status"] == "pending_branch_approval"
    assert company.done("cfo", "fund", "activate", "NBI")["is_active"] is True


def test_jobs_run_without_anybody_signed_in(company: Company, clock: SettableClock) -> None:
    number = company.requested()
    clock.advance(days=9)
    given = ["--database", company.address, "--home", str(company.desk.home), "--json", "jobs"]
    run = [*given, "run", "escalate-approvals"]

    assert [line[:10] for line in company.run(*run, "--dry-run").document["done"]] == [number]
    assert [line[:10] for line in company.run(*run).document["done"]] == [number]
    assert company.run(*run).document["done"] == []
    jobs = {row["name"]: row for row in company.run(*given, "list").document["items"]}
    job = jobs["escalate-approvals"]
    assert (job["name"], job["last_result"]) == ("escalate-approvals", "0 done, 0 left")


def test_text_that_reached_the_table_another_way_does_not_steer_the_terminal(embedded: Company) -> None:
    number = embedded.requested()
    with embedded.desk.engine.begin() as connection:
        connection.execute(update(t.approval_step).values(escalation_reason="\x1b]0;owned\x07\u202eback"))

    for answer in (
        embedded.plain("staff", "req", "show", number),
        embedded.plain("staff", "req", "explain", number),
        embedded("staff", "req", "show", number),
    ):
        assert answer.code == 0
        assert answer.out.replace("\n", "").isprintable()


def test_at_a_terminal_the_code_is_asked_for_when_only_it_is_missing(
    embedded: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payment, executor = embedded.approved()
    code = embedded.code(executor, payment)
    monkeypatch.setattr(asking, "can_ask", lambda ctx: True)
    monkeypatch.setattr(sys, "stdin", StringIO(f"{code}\n"))

    paid = embedded.plain(executor, "pay", "execute", payment)

    assert paid.code == 0, paid
    assert paid.out.startswith(f"{payment} paid")
