"""Mail by SMTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pettycash_tui.notify.letter import letter
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed

if TYPE_CHECKING:
    from smtplib import SMTP
    from ssl import SSLContext

TIMEOUT_SECONDS = 10


class Tls(StrEnum):
    """How the connection is protected: not at all, upgraded after the greeting, or from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A mail server and who we are to it. The password is asked for only when there is a user.

    `ca` is a file of certificates to trust besides the computer's own; empty for a server that everybody knows.
    """

    host: str
    port: int
    tls: Tls
    sender: str
    user: str | None = None
    password: Callable[[], str | None] = field(default=lambda: None, repr=False)
    ca: str = ""


class Email:
    """Hands each message over to the mail server before it returns."""

    def __init__(self, settings: SmtpSettings, *, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._clock = clock

    def deliver(self, message: Message) -> None:
        """Send it. Raises DeliveryFailed, naming the server and what it refused, never the password."""
        import smtplib

        mail = letter(message, sender=self.settings.sender, sent_at=self._clock())
        server = f"The mail server {self.settings.host}:{self.settings.port}"
        try:
            self._send(mail)
        except smtplib.SMTPAuthenticationError:
            # The server's own words are left out: some repeat what they were sent.
            raise DeliveryFailed(f"{server} refuses the user {self.settings.user}. Check smtp_password.") from None
        except smtplib.SMTPRecipientsRefused:
            raise DeliveryFailed(f"{server} refuses the address {mail['To']}.") from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryFailed(f"{server} does not offer what is set (tls = {self.settings.tls}).") from None
        except smtplib.SMTPException as error:
            raise DeliveryFailed(f"{server} did not take the message ({type(error).__name__}).") from None
        except UnicodeError:
            raise DeliveryFailed(f"{server} takes user names and passwords in ASCII only.") from None
        except OSError as error:
            refused = _not_trusted(error)
            if refused:
                raise DeliveryFailed(
                    f"{server} shows a certificate that is not trusted ({refused}). Check the host's name, or set "
                    "PETTYCASH_SMTP_CA to the file of the authority that signed it."
                ) from None
            reason = error.strerror or type(error).__name__
            raise DeliveryFailed(f"{server} cannot be reached ({reason}).") from None

    def _send(self, mail: EmailMessage) -> None:
        with self._connect() as server:
            if self.settings.tls is Tls.STARTTLS:
                server.starttls(context=self._trusting())
            if self.settings.user:
                password = self.settings.password()
                if not password:
                    raise DeliveryFailed(
                        "The mail server needs a password: set PETTYCASH_SMTP_PASSWORD_FILE to an owner-only file."
                    )
                server.login(self.settings.user, password)
            server.send_message(mail)

    def _connect(self) -> SMTP:
        import smtplib

        host, port = self.settings.host, self.settings.port
        if self.settings.tls is Tls.TLS:
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=self._trusting())
        return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)

    def _trusting(self) -> SSLContext:
        import ssl

        context = ssl.create_default_context()
        if self.settings.ca:
            try:
                context.load_verify_locations(Path(self.settings.ca).expanduser())
            except OSError:
                raise DeliveryFailed(f"The file {self.settings.ca} holds no certificates (PEM) to trust.") from None
        return context


def _not_trusted(error: OSError) -> str:
    """Why a certificate was refused, in words; empty when the trouble is another."""
    import ssl

    if not isinstance(error, ssl.SSLCertVerificationError):
        return ""
    return (error.verify_message or "it cannot be verified").rstrip(".")
