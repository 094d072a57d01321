"""`pettycash notice`: what one was told, how one wants to be told, what did not arrive; no command waits for mail."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    return trading(run, database_address, desk, clock, monkeypatch)


def test_a_command_tells_who_is_next_and_they_read_it(company: Company) -> None:
    number = company.requested()
    (found,) = company.done("branch_manager", "notice", "list")["items"]
    assert (found["kind"], found["subject_number"], found["channel"]) == ("waits_for_you", number, "email")
    assert (found["status"], found["attempts"], found["last_error"]) == ("sent", 1, "")
    shown = company.done("branch_manager", "notice", "show", found["id"])
    assert f"pettycash req approve {number}" in shown["body"]
    text = company.plain("branch_manager", "notice", "show", found["id"]).out
    assert number in text and "Status" in text
    assert company.done("staff", "notice", "list")["items"] == []
    (mine,) = company.done("cfo", "notice", "list", "--all", "--kind", "waits_for_you", "--status", "sent")["items"]
    assert mine["person"]["username"] == "branch_manager"
    assert found["id"] in company.plain("branch_manager", "notice", "list").out
    company.refused(4, "staff", "notice", "show", found["id"])


def test_a_choice_holds_from_then_on(company: Company) -> None:
    done = company.done("branch_manager", "notice", "choose", "waits_for_you", "--how", "off")
    assert done == {"kind": "waits_for_you", "how": "off", "channel": "email", "is_default": False}
    company.requested()
    assert company.done("branch_manager", "notice", "list")["items"] == []
    rows = {row["kind"]: row for row in company.done("branch_manager", "notice", "choices")["items"]}
    assert rows["waits_for_you"]["how"] == "off" and rows["paid"]["is_default"]
    assert "digest" not in rows
    for words in (["waits_for_you"], ["nonsense", "--how", "off"], ["paid", "--how", "sometimes"]):
        company.refused(2, "branch_manager", "notice", "choose", *words)
    company.refused(2, "branch_manager", "notice", "choose", "paid", "--how", "at_once", "--channel", "pigeon")


def test_a_test_message_and_what_cannot_be_tried_again(company: Company) -> None:
    sent = company.done("cfo", "notice", "test")
    assert sent["channel"] == "email" and "@" in sent["sent_to"]
    assert list((company.desk.home / "outbox" / "notices").glob("*-test-*.eml"))
    company.requested()
    (found,) = company.done("branch_manager", "notice", "list")["items"]
    assert company("branch_manager", "notice", "retry", found["id"]).error["code"] == "not_failed"


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A mail server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_a_command_does_not_wait_for_the_mail_server(
    company: Company, silent_server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = company.requested()
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    monkeypatch.setattr("pettycash_tui.services.messages.writes_to_outbox", lambda desk: False)
    for name, value in (("HOST", "127.0.0.1"), ("PORT", str(silent_server.getsockname()[1])), ("TLS", "none")):
        monkeypatch.setenv(f"PETTYCASH_SMTP_{name}", value)
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "cash@example.com")
    company.done("branch_manager", "req", "approve", number)
    with pytest.raises(BlockingIOError):
        silent_server.accept()
