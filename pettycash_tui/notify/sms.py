"""Text messages, by whichever gateway apprise knows: its URL names the gateway and holds the credentials."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from pettycash_tui.models.text import printable
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed

PLACE = "{to}"
"""Where the phone number goes in the URL: `twilio://SID:TOKEN@FROM/{to}`."""

LENGTH = 160
"""Characters of one text message (3GPP TS 23.038)."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SPACING = str.maketrans("", "", " -().\u00a0")


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The gateway. `url` is asked for when a message is sent; `country` stands for the 0 of national numbers."""

    url: Callable[[], str] = field(repr=False)
    country: str = ""


def international(number: str, country: str = "") -> str:
    """The number as E.164 writes it: `+254712345678`. Raises DeliveryFailed when it is none.

    `00` stands for +, and with a `country` such as 254 a first 0 for that country.
    """
    typed = number.translate(_SPACING)
    if typed.startswith("00"):
        typed = f"+{typed[2:]}"
    elif typed.startswith("0") and country:
        typed = f"+{country.removeprefix('+')}{typed[1:]}"
    if not _E164.fullmatch(typed):
        shown = printable(number) or "An empty text"
        raise DeliveryFailed(f"{shown} is not a phone number with its country, such as +254712345678.")
    return typed


class Sms:
    """Hands each text over to the gateway before it returns."""

    def __init__(self, settings: SmsSettings) -> None:
        self.settings = settings

    def deliver(self, message: Message) -> None:
        """Send the body, cut to one text message. Raises DeliveryFailed, which never holds the gateway's URL."""
        to = international(message.to_address, self.settings.country)
        url = self.settings.url()
        if PLACE not in url:
            raise DeliveryFailed(f"The setting sms_url must have {PLACE} where the phone number goes.")
        import logging

        import apprise

        # Both log URLs, and this one holds the gateway's password.
        logging.getLogger("apprise").disabled = True
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        gateway = apprise.Apprise()
        try:
            if not gateway.add(url.replace(PLACE, quote(to, safe=""))):
                raise DeliveryFailed("The setting sms_url is not a gateway's URL that apprise knows.")
            taken = gateway.notify(body=text_of(message), body_format=apprise.NotifyFormat.TEXT)
        except (TypeError, ValueError, OSError) as error:
            raise DeliveryFailed(f"The SMS gateway cannot be used ({type(error).__name__}).") from None
        if not taken:
            raise DeliveryFailed(f"The SMS gateway did not take the message to {to}.")


def text_of(message: Message) -> str:
    """What is sent: printable and no longer than one text message."""
    body = printable(message.body.strip(), multiline=True)
    return body if len(body) <= LENGTH else body[: LENGTH - 1] + "…"
