"""Payments over a network by command lines, and the listener as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import books
import daraja as vendor
import pytest
import story
from cli_answer import Run
from cli_company import Company, trading
from daraja import Daraja
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services import execution, gateway_settings, settling
from pettycash_tui.services.desk import Desk

PHONE = ("--method", "mpesa", "--destination", "0712345678")


@pytest.fixture
def daraja() -> Iterator[Daraja]:
    with Daraja() as server:
        yield server


@pytest.fixture
def company(
    run: Run,
    sqlite_url: str,
    sqlite_desk: Desk,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    daraja: Daraja,
    tmp_path: Path,
) -> Company:
    vendor.use(monkeypatch, daraja, tmp_path)
    # A demo, so that `--as` is allowed, but with M-Pesa as elsewhere.
    monkeypatch.setattr(gateway_settings, "is_any", lambda desk: bool(gateway_settings.given(desk.home)["short_code"]))
    return trading(run, str(sqlite_desk.url), sqlite_desk, clock, monkeypatch)


def test_a_payment_is_sent_asked_about_and_settled(company: Company, daraja: Daraja, clock: SettableClock) -> None:
    _, payment, officer = company.approved("4500", *PHONE)
    code = company.code(officer, payment)

    done = company.done(officer, "pay", "execute", payment, "--otp", code, "--idempotency-key", "once")

    assert (done["status"], done["repeated"], done["balance_after"]) == ("executing", False, None)
    assert (done["gateway"], done["attempt"], done["conversation_id"]) == ("mpesa", 1, daraja.last.key)
    assert (done["voucher_number"], done["gateway_reference"], done["held"]) == (None, None, True)
    again = company.done(officer, "pay", "execute", payment, "--idempotency-key", "once")
    assert (again["repeated"], again["conversation_id"]) == (True, daraja.last.key)
    told = company.plain(officer, "pay", "execute", payment, "--idempotency-key", "once")
    assert told.code == 0
    assert "its result is awaited" in told.out
    (order,) = company.done(officer, "pay", "show", payment)["orders"]
    assert (order["status"], order["gateway_conversation_id"]) == ("sent", daraja.last.conversation)
    assert "M-Pesa" in company.plain(officer, "pay", "show", payment).out
    explained = company.done(officer, "pay", "explain", payment)
    assert [reason["code"] for reason in explained["reasons"]] == ["in_doubt"]
    assert len(explained["orders"]) == 1
    for words in (("retry",), ("cancel", "--reason", "no")):
        error = company.refused(3, "cfo" if words[0] == "cancel" else officer, "pay", words[0], payment, *words[1:])
        assert error["code"] == "in_doubt"
    asked = company.done(officer, "pay", "ask", payment)
    assert (asked["status"], "was asked" in asked["answer"]) == ("executing", True)
    clock.advance(minutes=3)
    dry = company.done(officer, "jobs", "run", "settle-payments", "--dry-run")
    assert (dry["dry_run"], [payment in line for line in dry["done"]]) == (True, [True])
    settling.handle_result(company.desk, daraja.result(daraja.last), daraja.last.key)
    assert company.done(officer, "pay", "execute", payment, "--idempotency-key", "once")["status"] == "success"
    assert company.refused(3, officer, "pay", "ask", payment)["code"] == "not_in_doubt"
    assert books.check(company.desk).payment(payment).status is PaymentStatus.SUCCESS


def test_no_answer_is_said_in_words(company: Company, daraja: Daraja) -> None:
    _, payment, officer = company.approved("4500", *PHONE)
    code = company.code(officer, payment)
    daraja.state.behaviour = vendor.DROPPED
    told = company.plain(officer, "pay", "execute", payment, "--otp", code)
    assert told.code == 0
    assert "nobody knows yet whether the money left" in told.out
    assert f"pettycash pay ask {payment}" in told.out
    (alert,) = [row for row in company.done("cfo", "alert", "list")["items"] if row["subject"] == payment]
    assert (alert["kind"], alert["severity"]) == ("unknown", "critical")


def test_cents_are_refused_with_the_field(company: Company, daraja: Daraja) -> None:
    _, payment, officer = company.approved("4500.50", *PHONE)
    error = company.refused(2, officer, "pay", "execute", payment, "--otp", company.code(officer, payment))
    assert set(error["fields"]) == {"amount"}
    assert daraja.orders == []


def test_the_gateway_is_shown_without_secrets_and_checked(
    company: Company, daraja: Daraja, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = company.done("admin", "gateway", "show")
    assert (shown["is_configured"], shown["settings"]["short_code"]) == (True, vendor.SHORT_CODE)
    plain = company.plain("admin", "gateway", "show").out
    for secret in (vendor.KEY, vendor.SECRET, vendor.PASSWORD, shown["callback_path"]):
        assert secret not in plain
    assert company.done("admin", "gateway", "check") == {"base_url": daraja.address, "token_seconds": 3599}
    monkeypatch.setenv("PETTYCASH_MPESA_SHORT_CODE", "abc")
    assert "short_code" in company.done("admin", "gateway", "show")["problem"]
    assert company.refused(3, "admin", "gateway", "check")["code"] == "gateway_settings"


def test_the_listener_takes_results_until_it_is_stopped(
    sqlite_desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vendor.use(monkeypatch, daraja, tmp_path)
    people = story.trading_company(sqlite_desk)
    with sqlite_desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    command = [sys.executable, "-m", "pettycash_tui", "--home", str(sqlite_desk.home), "--json"]
    process = subprocess.Popen(
        [*command, "gateway", "listen", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        assert address.startswith("http://127.0.0.1:")
        monkeypatch.setenv("PETTYCASH_MPESA_CALLBACK_URL", address)
        payment = story.approved(sqlite_desk, people["staff"], method="mpesa", destination="0712345678")
        execution.execute(sqlite_desk, story.executor_of(sqlite_desk, payment), payment)
        daraja.pay(daraja.last, times=2)
        assert books.check(sqlite_desk).payment(payment).status is PaymentStatus.SUCCESS
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    assert "Traceback" not in told
