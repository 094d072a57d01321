"""Text messages through a gateway's HTTP, and mail through TLS with certificates that are right and wrong."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import story
import trustme
from settable_clock import SettableClock
from smtp_server import MailServer
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel
from pettycash_tui.notify.email import Email, SmtpSettings, Tls
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.notify.sms import LENGTH, Sms, SmsSettings, international
from pettycash_tui.services import bulk, execution, otp, payments
from pettycash_tui.services.errors import Refused


class Gateway(HTTPServer):
    """Takes every text, or refuses to, and keeps where it was sent and what it said."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.received: list[tuple[str, str]] = []
        self.refusing = False

    @property
    def url(self) -> str:
        """As apprise writes it, with a password that nobody may see."""
        return f"json://desk:s3cret@127.0.0.1:{self.server_port}/send/{{to}}"


class _Request(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, body["message"]))
        self.send_response(500 if self.server.refusing else 200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def text(body: str = "REQ-1 waits", to: str = "+254 712 345-678") -> Message:
    return Message("Anne", to, "Title", body, "paid")


def test_a_text_reaches_the_number_once_and_is_cut_to_one_message(gateway: Gateway) -> None:
    sms = Sms(SmsSettings(lambda: gateway.url))
    sms.deliver(text("x\x1b" + "y" * 200))
    [(path, body)] = gateway.received
    assert path.replace("%2B", "+").rstrip("/") == "/send/+254712345678"
    assert len(body) == LENGTH and "\x1b" not in body


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("+254712345678", "", "+254712345678"),
        ("00254 712 345 678", "", "+254712345678"),
        ("0712 345678", "254", "+254712345678"),
        ("0712 345678", "+254", "+254712345678"),
    ],
)
def test_a_number_is_written_with_its_country(typed: str, country: str, expected: str) -> None:
    assert international(typed, country) == expected


@pytest.mark.parametrize("typed", ["", "0712345678", "712345678", "+0712345678", "+12", "+2547123456789012", "+25471x"])
def test_a_number_that_is_none_is_refused_before_anything_is_sent(typed: str, gateway: Gateway) -> None:
    with pytest.raises(DeliveryFailed, match="phone number"):
        Sms(SmsSettings(lambda: gateway.url)).deliver(text(to=typed))
    assert gateway.received == []


def test_neither_errors_nor_logs_hold_the_gateways_password(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.refusing = True
    wrong = [gateway.url, "nonsense", gateway.url.replace("{to}", ""), "json://desk:s3cret@127.0.0.1:9/{to}"]
    for url in wrong:
        with pytest.raises(DeliveryFailed) as failed:
            Sms(SmsSettings(lambda url=url: url)).deliver(text())
        assert "s3cret" not in str(failed.value)
    assert "s3cret" not in caplog.text


@pytest.fixture
def by_sms(trading: Trading, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, home: Path) -> Trading:
    """Officers whose codes go by SMS through the gateway."""
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    secret = home / "sms_url"
    secret.write_text(gateway.url)
    secret.chmod(0o600)
    monkeypatch.setenv("PETTYCASH_SMS_URL_FILE", str(secret))
    trading.change(
        lambda work: work.execute(update(t.user).values(otp_channel=OtpChannel.SMS, phone_number="+254712345678"))
    )
    return trading


def test_a_code_goes_by_sms_and_pays(by_sms: Trading, gateway: Gateway) -> None:
    payment = by_sms.approved(payee="P" * 190)
    officer = story.executor_of(by_sms.desk, payment)
    sent = otp.send(by_sms.desk, officer, payment)
    assert (sent.channel, sent.sent_to) == (OtpChannel.SMS, "…678")
    [(_, body)] = gateway.received
    assert len(body) <= LENGTH and payment in body
    code = body.removeprefix("Code ")[:6]
    assert execution.execute(by_sms.desk, officer, payment, code=code)
    [execution_row] = by_sms.rows(t.payment_execution)
    assert execution_row.channel is OtpChannel.SMS


def test_the_code_of_a_list_goes_by_sms_too(by_sms: Trading, gateway: Gateway) -> None:
    numbers = [by_sms.approved(amount="100"), by_sms.approved(amount="200")]
    for number in numbers:
        if story.executor_of(by_sms.desk, number).username != "treasury":
            by_sms.desk.run(by_sms["cfo"], payments.assign, number, "treasury")
    sent = bulk.send_code(by_sms.desk, by_sms["treasury"], numbers).sent
    assert sent is not None and (sent.channel, sent.sent_to) == (OtpChannel.SMS, "…678")
    [(_, body)] = gateway.received
    assert len(body) <= LENGTH and "300.00" in body and f"{numbers[0]} and 1 more" in body
    done = bulk.pay_together(by_sms.desk, by_sms["treasury"], numbers, code=body.removeprefix("Code ")[:6])
    assert [each.payment for each in done.paid] == numbers
    assert {row.channel for row in by_sms.rows(t.payment_execution)} == {OtpChannel.SMS}


def test_a_code_that_the_gateway_refuses_is_void(by_sms: Trading, gateway: Gateway) -> None:
    gateway.refusing = True
    payment = by_sms.approved()
    with pytest.raises(Refused) as refused:
        otp.send(by_sms.desk, story.executor_of(by_sms.desk, payment), payment)
    assert refused.value.code == "delivery_failed"
    [challenge] = by_sms.rows(t.otp_challenge)
    assert challenge.voided_at is not None


# --- mail -------------------------------------------------------------------------------------------------------------

Serve = Callable[[Tls, str], MailServer]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Serve]:
    """Begins a mail server that shows a certificate for that name."""
    begun: list[MailServer] = []

    def begin(tls: Tls, name: str) -> MailServer:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        begun.append(MailServer(context, at_once=tls is Tls.TLS).__enter__())
        return begun[-1]

    yield begin
    for server in begun:
        server.__exit__(None, None, None)


def email(server: MailServer, tls: Tls, clock: SettableClock, ca: str = "") -> Email:
    return Email(SmtpSettings("localhost", server.port, tls, "cash@example.com", ca=ca), clock=clock)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


MAIL = Message("Anne", "anne@example.com", "Hello", "A body.", "paid")


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.TLS])
def test_mail_goes_through_tls_with_a_certificate_of_the_set_authority(
    tls: Tls, serve: Serve, trusted: str, clock: SettableClock
) -> None:
    server = serve(tls, "localhost")
    email(server, tls, clock, trusted).deliver(MAIL)
    assert [mail["Subject"] for mail in server.received] == ["Hello"]


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.TLS])
def test_a_certificate_that_nobody_vouches_for_or_of_another_host_sends_nothing(
    tls: Tls, serve: Serve, trusted: str, clock: SettableClock
) -> None:
    unknown, other = serve(tls, "localhost"), serve(tls, "other.example")
    for server, ca in ((unknown, ""), (other, trusted)):
        with pytest.raises(DeliveryFailed, match="certificate that is not trusted") as failed:
            email(server, tls, clock, ca).deliver(MAIL)
        assert "PETTYCASH_SMTP_CA" in str(failed.value)
        assert server.received == []


def test_a_file_of_the_authority_that_is_none_is_named(serve: Serve, tmp_path: Path, clock: SettableClock) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(DeliveryFailed, match="holds no certificates"):
        email(serve(Tls.TLS, "localhost"), Tls.TLS, clock, str(tmp_path / "ca.pem")).deliver(MAIL)
