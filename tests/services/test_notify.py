"""Messages: what is written to an outbox, what goes to a mail server, and what people read when it fails."""

from __future__ import annotations

import email
import email.policy
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import building
import pytest
from settable_clock import SettableClock

from pettycash_tui.notify.email import Email, SmtpSettings, Tls
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.outbox import Outbox
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import messages
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import Refused

CODE = "048213"


def code_message(**changes: str | int) -> Message:
    texts = {
        "to_name": "Anne Müller",
        "to_address": "anne@example.com",
        "code": CODE,
        "amount": "KES 1,250.00",
        "payee": "Café Zoë = 5",
        "payment": "PAY-000088",
    }
    minutes = 5
    return messages.otp_code(**{**texts, **changes}, minutes=minutes)  # type: ignore[arg-type]


def written(home: Path) -> list[EmailMessage]:
    paths = sorted((home / "outbox").glob("*.eml"))
    found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


class MailServer:
    """As much of an SMTP server as a message needs, on the loopback."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.received: list[bytes] = []
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        # Closing alone would not wake the thread that waits in accept.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as stream:
            self._say(stream, "220 here")
            while line := stream.readline():
                command = line.decode().strip()
                self.commands.append(command)
                verb = command.split(" ")[0].upper().split(":")[0]
                if self.refuse and verb == self.refuse:
                    self._say(stream, "550 no, and I repeat what you sent")
                elif verb == "EHLO":
                    self._say(stream, "250-here\r\n250 AUTH PLAIN")
                elif verb == "AUTH":
                    self._say(stream, "235 welcome")
                elif verb == "DATA":
                    self._say(stream, "354 go on")
                    body = b""
                    while (part := stream.readline()) != b".\r\n":
                        body += part
                    self.received.append(body)
                    self._say(stream, "250 taken")
                elif verb == "QUIT":
                    self._say(stream, "221 bye")
                    return
                else:
                    self._say(stream, "250 ok")

    @staticmethod
    def _say(stream: object, text: str) -> None:
        stream.write(f"{text}\r\n".encode())  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def settings_for(server: MailServer, **changes: object) -> SmtpSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "tls": Tls.NONE,
        "sender": "desk@acme.example",
    }
    return SmtpSettings(**{**values, **changes})  # type: ignore[arg-type]


def test_the_code_stands_alone_on_its_own_line_of_the_file(home: Path, clock: SettableClock) -> None:
    Outbox(home, clock=clock).deliver(code_message())

    (path,) = (home / "outbox").iterdir()
    assert path.read_bytes().decode("ascii").split("\n").count(CODE) == 1
    assert path.name.startswith("20260302T090000.000000Z-otp_code-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_message_says_what_the_code_is_for(home: Path, clock: SettableClock) -> None:
    Outbox(home, clock=clock).deliver(code_message())

    (mail,) = written(home)
    body = mail.get_content()
    for said in ("Anne Müller", "KES 1,250.00", "Café Zoë = 5", "PAY-000088", "5 minutes"):
        assert said in body
    assert mail["To"] == "Anne Müller <anne@example.com>"
    assert CODE not in mail["Subject"]
    assert mail["Date"].datetime == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert mail["Message-ID"]
    assert mail.defects == []


def test_messages_lie_in_the_order_they_were_sent(home: Path, clock: SettableClock) -> None:
    outbox = Outbox(home, clock=clock)
    for number in ("PAY-000003", "PAY-000001", "PAY-000002"):
        outbox.deliver(code_message(payment=number))
        clock.advance(seconds=1)

    assert [mail["Subject"][-1] for mail in written(home)] == ["3", "1", "2"]


@pytest.mark.parametrize("text", ["x\r\nBcc: thief@example.com", "x\nBcc: thief@example.com", "x\x00\x1b[2J"])
def test_no_header_can_be_smuggled_in(text: str, home: Path, clock: SettableClock) -> None:
    message = Message(text, "anne@example.com", text, "body", "../../otp code")
    Outbox(home, clock=clock).deliver(message)

    (mail,) = written(home)
    assert mail["Bcc"] is None
    assert "\x1b" not in mail["Subject"]
    with pytest.raises(DeliveryFailed):
        Outbox(home, clock=clock).deliver(Message("A", f"anne@example.com{text}", "s", "b", "k"))


def test_a_payee_cannot_put_a_code_on_a_line_of_its_own(home: Path, clock: SettableClock) -> None:
    Outbox(home, clock=clock).deliver(code_message(payee="Shop\n\n999999\n\n$code"))

    (mail,) = written(home)
    assert [line for line in mail.get_content().splitlines() if line.isdigit()] == [CODE]


@pytest.mark.parametrize("address", ["", "anne", "@example.com", "anne@", "a b@example.com"])
def test_an_address_that_is_none_is_refused_in_a_sentence(address: str, home: Path, clock: SettableClock) -> None:
    with pytest.raises(DeliveryFailed, match="not an e-mail address"):
        Outbox(home, clock=clock).deliver(code_message(to_address=address))


def test_an_outbox_that_cannot_be_written_fails_with_the_folder(home: Path, clock: SettableClock) -> None:
    (home / "outbox").write_text("a file in its place")

    with pytest.raises(DeliveryFailed, match="outbox"):
        Outbox(home, clock=clock).deliver(code_message())


def test_a_message_hides_its_body_in_a_traceback() -> None:
    assert CODE not in repr(code_message())


def test_mail_is_handed_to_the_server_before_it_returns(mail_server: MailServer, clock: SettableClock) -> None:
    settings = settings_for(mail_server, user="desk", password=lambda: "hunter2hunter2")
    Email(settings, clock=clock).deliver(code_message())

    (content,) = mail_server.received
    assert content.split(b"\r\n").count(CODE.encode()) == 1
    assert any(command.startswith("AUTH PLAIN") for command in mail_server.commands)
    assert "rcpt TO:<anne@example.com>" in mail_server.commands


@pytest.mark.parametrize(
    ("refuse", "expected"),
    [("AUTH", "refuses the user desk"), ("RCPT", "refuses the address"), ("DATA", "did not take the message")],
)
def test_what_a_server_refuses_is_said_without_a_secret(refuse: str, expected: str, clock: SettableClock) -> None:
    server = MailServer(refuse)
    settings = settings_for(server, user="desk", password=lambda: "hunter2hunter2")

    with pytest.raises(DeliveryFailed, match=expected) as failure:
        Email(settings, clock=clock).deliver(code_message())
    server.close()
    assert "hunter2" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert CODE not in str(failure.value)


def test_a_server_without_the_protection_that_is_set_gets_nothing(
    mail_server: MailServer, clock: SettableClock
) -> None:
    with pytest.raises(DeliveryFailed, match="starttls"):
        Email(settings_for(mail_server, tls=Tls.STARTTLS), clock=clock).deliver(code_message())
    assert mail_server.received == []


def test_a_server_that_is_not_there_is_named(clock: SettableClock) -> None:
    server = MailServer()
    server.close()

    with pytest.raises(DeliveryFailed, match=f"127.0.0.1:{server.port} cannot be reached"):
        Email(settings_for(server), clock=clock).deliver(code_message())


def test_a_demo_desk_always_writes_to_its_outbox(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    building.company(sqlite_desk, kind=DEMO)
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "mail.acme.example")

    messages.deliver(sqlite_desk, code_message())

    assert len(written(sqlite_desk.home)) == 1


def test_a_desk_without_a_mail_server_says_which_setting_is_missing(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    building.company(sqlite_desk)

    with pytest.raises(Refused, match="PETTYCASH_SMTP_HOST") as refusal:
        messages.deliver(sqlite_desk, code_message())
    assert refusal.value.code == "delivery_failed"
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    messages.deliver(sqlite_desk, code_message())
    assert len(written(sqlite_desk.home)) == 1


def test_the_mail_server_is_read_from_file_and_environment(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    building.company(sqlite_desk)
    (sqlite_desk.home / "config.toml").write_text(
        '[smtp]\nhost = "mail.acme.example"\nfrom = "desk@acme.example"\nport = 465\nuser = "desk"\n'
    )
    monkeypatch.setenv("PETTYCASH_SMTP_PASSWORD", "hunter2hunter2")
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "other@acme.example")

    settings = messages.smtp_settings(sqlite_desk)

    assert settings is not None
    assert (settings.host, settings.port, settings.tls) == ("mail.acme.example", 465, Tls.TLS)
    assert (settings.sender, settings.user) == ("other@acme.example", "desk")
    assert settings.password() == "hunter2hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TLS", "ssl3", "PETTYCASH_SMTP_TLS"),
        ("TLS", "none", "unprotected"),
        ("PORT", "many", "PETTYCASH_SMTP_PORT"),
        ("FROM", "desk", "PETTYCASH_SMTP_FROM"),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    name: str, value: str, expected: str, sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, good in (("HOST", "mail.acme.example"), ("FROM", "desk@acme.example"), ("USER", "desk")):
        monkeypatch.setenv(f"PETTYCASH_SMTP_{setting}", good)
    monkeypatch.setenv(f"PETTYCASH_SMTP_{name}", value)

    with pytest.raises(DeliveryFailed, match=expected):
        messages.smtp_settings(sqlite_desk)


def test_the_code_of_a_payment_reaches_its_officer(sqlite_desk: Desk) -> None:
    officer = building.company(sqlite_desk, kind=DEMO)["treasury"]
    facts = SimpleNamespace(
        number="PAY-000088",
        amount=125_000,
        currency="KES",
        payee="Ann's Shop",
        actor_email="treasury@acme.example",
        otp_expiry_seconds=300,
    )

    messages.send_code(sqlite_desk, officer, facts, CODE)

    (mail,) = written(sqlite_desk.home)
    assert mail["To"].addresses[0].addr_spec == "treasury@acme.example"
    assert "KES 1,250.00 to Ann's Shop" in mail.get_content()
