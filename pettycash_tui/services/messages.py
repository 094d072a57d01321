"""What people are told, and by which channel.

Demo databases write to the home's outbox, because their people have no mailboxes, and so does a test home
(PETTYCASH_OUTBOX=1). Everybody else needs a mail server: PETTYCASH_SMTP_HOST, _PORT, _TLS, _USER, _FROM and _CA, or
the section `[smtp]` of `<home>/config.toml` with host, port, tls, user, from and ca (a file of certificates to trust).
Text messages need a gateway: the secret `sms_url`, or `url` in the section `[sms]`; `country` there (or
PETTYCASH_SMS_COUNTRY) is the country of numbers that begin with 0.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from pettycash_tui.models.enums import NoticeChannel
from pettycash_tui.models.money import Money
from pettycash_tui.models.text import printable
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import Channel, DeliveryFailed
from pettycash_tui.services.errors import PettyCashError, Refused
from pettycash_tui.services.shipped import shipped_text

if TYPE_CHECKING:
    from pettycash_tui.notify.email import SmtpSettings
    from pettycash_tui.notify.sms import SmsSettings
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor

OUTBOX_VARIABLE = "PETTYCASH_OUTBOX"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"none": 25, "starttls": 587, "tls": 465}


def channel_for(desk: Desk) -> Channel:
    """The channel that reaches the people of this desk. Raises DeliveryFailed with the setting to make."""
    if writes_to_outbox(desk):
        from pettycash_tui.notify.outbox import Outbox

        return Outbox(desk.home, clock=desk.clock)
    settings = smtp_settings(desk)
    if settings is None:
        raise DeliveryFailed(
            "No mail server is set up, so no message can be sent. Set PETTYCASH_SMTP_HOST and PETTYCASH_SMTP_FROM, "
            f"or host and from in the section [smtp] of {desk.home / 'config.toml'}."
        )
    from pettycash_tui.notify.email import Email

    return Email(settings, clock=desk.clock)


def writes_to_outbox(desk: Desk) -> bool:
    """Whether messages are files of this home: quick, and nobody's mailbox."""
    return os.environ.get(OUTBOX_VARIABLE) == "1" or desk.is_demo


def notice_channel(desk: Desk, channel: NoticeChannel) -> Channel:
    """The channel for notices of that kind. Raises DeliveryFailed with the setting to make."""
    if writes_to_outbox(desk):
        from pettycash_tui.notify.outbox import NOTICES, Outbox, SmsOutbox

        kind = Outbox if channel is NoticeChannel.EMAIL else SmsOutbox
        return kind(desk.home, clock=desk.clock, folder=NOTICES)
    return channel_for(desk) if channel is NoticeChannel.EMAIL else sms_channel(desk)


def notice_channels(desk: Desk) -> dict[NoticeChannel, Channel]:
    """The channels that are set up here."""
    found = {}
    for channel in NoticeChannel:
        try:
            found[channel] = notice_channel(desk, channel)
        except DeliveryFailed:
            continue
    return found


def sms_channel(desk: Desk) -> Channel:
    """The gateway for text messages. Raises DeliveryFailed with the setting to make."""
    if writes_to_outbox(desk):
        from pettycash_tui.notify.outbox import SmsOutbox

        return SmsOutbox(desk.home, clock=desk.clock)
    settings = sms_settings(desk)
    if settings is None:
        raise DeliveryFailed(
            "No SMS gateway is set up. Set PETTYCASH_SMS_URL_FILE to an owner-only file with the gateway's URL, or url "
            f"in the section [sms] of {desk.home / 'config.toml'}."
        )
    from pettycash_tui.notify.sms import Sms

    return Sms(settings)


def sms_settings(desk: Desk) -> SmsSettings | None:
    """The SMS gateway to use, or None when none is set. Raises DeliveryFailed for a file that cannot be read."""
    section = _section(desk.home / "config.toml", "sms")
    url = _secret(desk, "sms_url") or str(section.get("url", "")).strip()
    if not url:
        return None
    country = os.environ.get("PETTYCASH_SMS_COUNTRY") or str(section.get("country", "")).strip()
    if country and not (country.removeprefix("+").isascii() and country.removeprefix("+").isdigit()):
        raise DeliveryFailed("PETTYCASH_SMS_COUNTRY must be a country's dialling code, such as 254.")
    from pettycash_tui.notify.sms import SmsSettings

    return SmsSettings(lambda: url, country)


def deliver(desk: Desk, message: Message) -> None:
    """Hand a message over now. Raises Refused (code `delivery_failed`) with the reason in a sentence.

    A network call, so never inside a unit of work.
    """
    try:
        channel_for(desk).deliver(message)
    except DeliveryFailed as error:
        raise Refused(str(error), code="delivery_failed") from error


def has_sms(desk: Desk) -> bool:
    """Whether text messages can be sent from here."""
    try:
        sms_channel(desk)
    except DeliveryFailed:
        return False
    return True


def send_code(desk: Desk, officer: Actor, facts: Any, code: str, *, by_sms: bool = False) -> None:
    """Send the one-time code of a payment to its executor, and return once it is handed over.

    `facts` has the payment's number, amount, currency and payee, the officer's addresses and the time a code is valid.
    Raises Refused (`delivery_failed`).
    """
    message = otp_code(
        to_name=officer.name,
        to_address=facts.actor_phone if by_sms else facts.actor_email,
        code=code,
        amount=str(Money(facts.amount, facts.currency)),
        payee=facts.payee,
        payment=facts.number,
        minutes=max(1, facts.otp_expiry_seconds // 60),
        by_sms=by_sms,
    )
    if not by_sms:
        deliver(desk, message)
        return
    try:
        sms_channel(desk).deliver(message)
    except DeliveryFailed as error:
        raise Refused(str(error), code="delivery_failed") from error


def otp_code(
    *,
    to_name: str,
    to_address: str,
    code: str,
    amount: str,
    payee: str,
    payment: str,
    minutes: int,
    by_sms: bool = False,
) -> Message:
    """The message with a one-time code for one payment; `amount` with its currency, `minutes` until it expires."""
    texts = {
        "name": to_name,
        "amount": amount,
        # A text message has room for the code and what it is for, whatever the payee is called.
        "payee": payee if not by_sms or len(payee) <= 40 else f"{payee[:39]}…",
        "payment": payment,
        "code": code,
        "minutes": f"{minutes} minute" if minutes == 1 else f"{minutes} minutes",
    }
    # One line each: a payee with line breaks could put a false code on a line of its own.
    body = Template(shipped_text(f"messages/otp_code{'.sms' if by_sms else ''}.txt")).substitute(
        {name: printable(text) for name, text in texts.items()}
    )
    return Message(to_name, to_address, f"Your code for {printable(payment)}", body, "otp_code")


def smtp_settings(desk: Desk) -> SmtpSettings | None:
    """The mail server to use, or None when none is set. Raises DeliveryFailed naming a setting that is wrong."""
    given = _given(desk.home)
    host = given.get("host", "")
    if not host:
        return None
    from pettycash_tui.notify.email import SmtpSettings, Tls

    tls = given.get("tls", "") or ("tls" if given.get("port") == "465" else "starttls")
    if tls not in _PORTS:
        raise DeliveryFailed("PETTYCASH_SMTP_TLS must be none, starttls or tls.")
    port = given.get("port", "") or str(_PORTS[tls])
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise DeliveryFailed("PETTYCASH_SMTP_PORT must be a number from 1 to 65535.")
    sender = given.get("from", "")
    if "@" not in sender:
        raise DeliveryFailed("PETTYCASH_SMTP_FROM must be the address that messages come from.")
    user = given.get("user", "") or None
    ca = given.get("ca", "")
    if ca and not Path(ca).expanduser().is_file():
        raise DeliveryFailed(f"PETTYCASH_SMTP_CA names {ca}, which is no file.")
    if user and tls == "none" and host not in _LOOPBACK:
        raise DeliveryFailed("PETTYCASH_SMTP_TLS is none: the password would cross the network unprotected.")
    return SmtpSettings(host, int(port), Tls(tls), sender, user, lambda: _secret(desk, "smtp_password"), ca)


def _secret(desk: Desk, name: str) -> str | None:
    try:
        return desk.secrets.get(name)
    except PettyCashError as error:
        raise DeliveryFailed(error.message) from error


def _given(home: Path) -> dict[str, str]:
    """The settings of the file, each replaced by the environment's where that has one."""
    section = _section(home / "config.toml", "smtp")
    names = ("host", "port", "tls", "user", "from", "ca")
    return {
        name: os.environ.get(f"PETTYCASH_SMTP_{name.upper()}") or str(section.get(name, "")).strip() for name in names
    }


def _section(path: Path, name: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file).get(name, {})
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DeliveryFailed(f"The file {path} cannot be read ({error}).") from None
    if not isinstance(found, dict):
        raise DeliveryFailed(f"In {path}, {name} must be a section: [{name}].")
    return found
