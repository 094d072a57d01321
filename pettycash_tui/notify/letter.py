"""A message as an e-mail (RFC 5322)."""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pettycash_tui.models.text import printable
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed


def letter(message: Message, *, sender: str, sent_at: datetime) -> EmailMessage:
    """The e-mail for a message, from the address `sender`. Raises DeliveryFailed for an address that is none.

    Names and subjects are what people typed: control characters are replaced, so that none can begin a header of its
    own, and EmailMessage refuses a line break besides.
    """
    mail = EmailMessage()
    try:
        mail["From"] = _address("Petty cash", sender)
        mail["To"] = _address(message.to_name, message.to_address)
        mail["Subject"] = printable(message.subject)
        mail["Date"] = format_datetime(sent_at)
        mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        # An answer to a code is of no use to anybody, and an out-of-office reply to it even less (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
    except (MessageError, ValueError, IndexError):
        raise DeliveryFailed(
            f"{printable(message.to_address) or 'An empty address'} or the sender is not an e-mail address."
        ) from None
    # Quoted-printable leaves a line of plain text as it is, so that a code stays readable in the stored file.
    mail.set_content(printable(message.body, multiline=True), charset="utf-8", cte="quoted-printable")
    return mail


def _address(name: str, address: str) -> Address:
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain):
        raise ValueError("no e-mail address")
    return Address(display_name=printable(name), addr_spec=address.strip())
