"""The doctor's look at M-Pesa: whether its settings are there, whole and safe. Nobody is asked over the network."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shlex import quote

from sqlalchemy import func, select

from pettycash_tui.database.schema import SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_ORDERS, GatewayName
from pettycash_tui.services import gateway_settings
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

LATE = timedelta(minutes=15)
"""How long after its time a question to a gateway may be asked before nobody seems to ask."""

_EXAMPLES = {
    "short_code": "600997",
    "initiator": "NAME",
    "environment": "sandbox",
    "command": "BusinessPayment",
    "callback_url": "https://pay.example.com/mpesa",
    "base_url": "https://sandbox.safaricom.co.ke",
    "timeout_seconds": "30",
    "certificate": "PATH",
}


def examine(desk: Desk, state: SchemaState | None) -> Iterator[Finding]:
    """What is set up of M-Pesa, and all that is wrong with it."""
    found = gateway_settings.given(desk.home)
    yield from _config_file(desk)
    if state is SchemaState.CURRENT and desk.is_demo:
        yield Finding("mpesa", NOTE, "This is a demo: M-Pesa is paid by hand, whatever is set.")
        return
    if found["short_code"]:
        yield from _settings(desk, found)
    else:
        others = [name for name, value in found.items() if value]
        if others:
            sentence = f"M-Pesa is paid by hand, because no short code is set; {', '.join(others)} are set for nothing."
            yield Finding("mpesa_short_code", WARNING, sentence, _setting("short_code"))
        else:
            yield Finding("mpesa", NOTE, "M-Pesa is paid by hand: no short code is set (PETTYCASH_MPESA_SHORT_CODE).")
    if state is SchemaState.CURRENT:
        yield from desk.read(SYSTEM, lambda reading: list(_unanswered(reading, bool(found["short_code"]))))


def _settings(desk: Desk, found: dict[str, str]) -> Iterator[Finding]:
    wrong = gateway_settings.problems(desk)
    for name, sentence in wrong:
        code = name if name.startswith("mpesa_") else f"mpesa_{name}"
        yield Finding(code, ERROR, sentence, _mending(name))
    environment, base_url = found["environment"] or "sandbox", found["base_url"]
    if environment == "production":
        told = "M-Pesa is paid over Daraja in production: money moves."
        yield Finding("mpesa", NOTE, told, "pettycash gateway check")
    elif environment == "sandbox":
        told = "M-Pesa is paid over Daraja in the sandbox: payments are booked, and no money moves."
        yield Finding("mpesa_sandbox", WARNING, told, "export PETTYCASH_MPESA_ENVIRONMENT=production")
    if base_url and not any(name == "base_url" for name, _ in wrong):
        told = f"Daraja is asked at {base_url}, not at the address of {environment}."
        yield Finding("mpesa_base_url", WARNING, told, "unset PETTYCASH_MPESA_BASE_URL")
    if gateway_settings.is_local(found["callback_url"]):
        told = f"M-Pesa cannot post results to {found['callback_url']}: it is an address of this computer only."
        command = _setting("callback_url")
        yield Finding("mpesa_callback_local", ERROR if environment == "production" else WARNING, told, command)


def _config_file(desk: Desk) -> Iterator[Finding]:
    """The file of settings: who writes it says where payments are sent to, and it may hold a gateway's password."""
    path = desk.home / "config.toml"
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        sentence = f"{path}, the settings of mail and gateways, may be read or written by others (mode {mode:04o})."
        yield Finding("config_file", ERROR if mode & 0o022 else WARNING, sentence, f"chmod 600 {quote(str(path))}")


def _unanswered(reading: Reading, is_set_up: bool) -> Iterator[Finding]:
    o = t.payment_order.c
    waiting = select(func.count()).where(o.gateway == GatewayName.MPESA, o.status.in_(list(OPEN_ORDERS)))
    late = waiting.where(o.next_ask_at <= reading.now - LATE)
    count = reading.execute(late if is_set_up else waiting).scalar_one()
    if not count:
        return
    things = "1 payment" if count == 1 else f"{count} payments"
    if is_set_up:
        told = f"{things} sent by M-Pesa should have been asked about {LATE // timedelta(minutes=1)} minutes ago."
        yield Finding(
            "mpesa_unasked", WARNING, f"{told} Run the job each minute.", "pettycash jobs run settle-payments"
        )
    else:
        told = f"{things} sent by M-Pesa had no answer, and M-Pesa is not set up here, so nobody asks."
        yield Finding("mpesa_unasked", WARNING, told, _setting("short_code"))


def _mending(name: str) -> str:
    """What to run for a setting or secret that is wrong."""
    if name not in gateway_settings.SECRETS:
        return _setting(name)
    variable = f"PETTYCASH_{name.upper()}_FILE"
    path = os.environ.get(variable)
    return f"chmod 600 {quote(path)}" if path and Path(path).exists() else f"export {variable}=PATH"


def _setting(name: str) -> str:
    return f"export PETTYCASH_MPESA_{name.upper()}={_EXAMPLES[name]}"
