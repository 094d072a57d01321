"""M-Pesa payments to customers (B2C) over Safaricom's Daraja API.

Sending answers only that the order was taken; what became of it is posted to the listener, as is the answer to a
question about it. The order's conversation id is M-Pesa's key against paying twice. Source: Safaricom, Daraja:
Authorization, Business To Customer (v3), Transaction Status.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pettycash_tui.gateways import mpesa_codes
from pettycash_tui.gateways.mpesa_codes import Code, Meaning
from pettycash_tui.gateways.protocol import (
    Accepted,
    CannotSend,
    GatewayFailed,
    GatewayUnanswered,
    Order,
    Outcome,
    Verdict,
)
from pettycash_tui.models.enums import GatewayName
from pettycash_tui.models.text import printable

if TYPE_CHECKING:
    import httpx

BASE_URLS = {
    "sandbox": "https://sandbox.safaricom.co.ke",
    "production": "https://api.safaricom.co.ke",
}
COMMANDS = ("BusinessPayment", "SalaryPayment", "PromotionPayment")
CURRENCY = "KES"
CENTS = 100
_TOKEN_PATH = "/oauth/v1/generate"
_PAY_PATH = "/mpesa/b2c/v3/paymentrequest"
_ASK_PATH = "/mpesa/transactionstatus/v1/query"
_MARGIN_SECONDS = 60
"""A token is renewed so long before it expires."""
_LARGEST_ANSWER = 65_536
_MSISDN = re.compile(r"(?:\+?254|0)?([17]\d{8})")
_SPACING = str.maketrans("", "", " -().\u00a0")


@dataclass(frozen=True, slots=True)
class MpesaSettings:
    """How to reach Daraja, and as whom. `callback_url` is where the listener is reached from outside."""

    base_url: str
    short_code: str
    initiator: str
    command: str
    callback_url: str
    timeout_seconds: float
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    security_credential: str = field(repr=False)

    def callback(self, kind: str, conversation_id: str) -> str:
        """The address to which Daraja posts what it has to tell of one order."""
        return f"{self.callback_url}/{kind}/{conversation_id}"


def phone_number(destination: str) -> str | None:
    """A Kenyan mobile number as 2547…, from 07…, +2547…, 2547… or 7…; None when it is none."""
    match = _MSISDN.fullmatch(destination.translate(_SPACING))
    return f"254{match[1]}" if match else None


def security_credential(password: str, certificate: bytes) -> str:
    """The initiator's password under M-Pesa's public certificate (PEM or DER): RSA, PKCS #1 v1.5, base64.

    Raises ValueError for what is no certificate with an RSA key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    load = x509.load_pem_x509_certificate if b"-----BEGIN" in certificate else x509.load_der_x509_certificate
    public = load(certificate).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise ValueError("the certificate's key is not RSA")
    return base64.b64encode(public.encrypt(password.encode(), padding.PKCS1v15())).decode("ascii")


class Mpesa:
    """B2C payments from one short code."""

    name = GatewayName.MPESA

    def __init__(self, settings: MpesaSettings) -> None:
        self.settings = settings

    def check(self, order: Order) -> None:
        """Raise CannotSend for what M-Pesa cannot pay."""
        if order.currency != CURRENCY:
            raise CannotSend("currency", f"must be {CURRENCY} to be paid by M-Pesa, not {order.currency}")
        if order.amount % CENTS:
            raise CannotSend("amount", "must be whole shillings to be paid by M-Pesa; it has cents")
        if phone_number(order.destination) is None:
            raise CannotSend("destination", "must be a Kenyan mobile number such as 0712345678 or +254712345678")

    def send(self, order: Order) -> Accepted:
        """Hand an order over. Raises GatewayFailed (no money left) or GatewayUnanswered (nobody knows)."""
        self.check(order)
        about = printable(f"{order.payment_number} {order.payee}")[:100]
        body = {
            "OriginatorConversationID": order.conversation_id,
            "InitiatorName": self.settings.initiator,
            "SecurityCredential": self.settings.security_credential,
            "CommandID": self.settings.command,
            "Amount": order.amount // CENTS,
            "PartyA": self.settings.short_code,
            "PartyB": phone_number(order.destination),
            "Remarks": about,
            "QueueTimeOutURL": self.settings.callback("timeout", order.conversation_id),
            "ResultURL": self.settings.callback("result", order.conversation_id),
            # Spelt as Daraja spells it here, and only here.
            "Occassion": printable(order.payment_number)[:100],
        }
        answer = self._posted(_PAY_PATH, body)
        return Accepted(_said(answer, "ConversationID", 120), _said(answer, "ResponseDescription", 200))

    def ask(self, order: Order) -> Outcome:
        """Ask what became of an order: M-Pesa posts the answer to the listener, so it is pending here."""
        body = {
            "Initiator": self.settings.initiator,
            "SecurityCredential": self.settings.security_credential,
            "CommandID": "TransactionStatusQuery",
            "OriginatorConversationID": order.conversation_id,
            "PartyA": self.settings.short_code,
            # 4: an organisation's short code.
            "IdentifierType": "4",
            "ResultURL": self.settings.callback("status", order.conversation_id),
            "QueueTimeOutURL": self.settings.callback("status-timeout", order.conversation_id),
            "Remarks": printable(order.payment_number)[:100],
            "Occasion": order.conversation_id,
        }
        answer = self._posted(_ASK_PATH, body)
        return Outcome(Verdict.PENDING, text=_said(answer, "ResponseDescription", 200) or "asked")

    def check_access(self) -> float:
        """Ask for a token, whatever is kept. Returns the seconds it is good for. Raises GatewayFailed."""
        return self._fresh_token()[1]

    # --- talking ------------------------------------------------------------------------------------------------------

    def _posted(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        """The answer to a request that was taken; with another token, once, where the one we had is refused."""
        answer = self._post(path, body, self._token())
        if isinstance(answer, Code) and answer.meaning is Meaning.BAD_TOKEN:
            answer = self._post(path, body, self._fresh_token()[0])
        if isinstance(answer, Code):
            raise GatewayFailed(answer.sentence, code="token")
        return answer

    def _post(self, path: str, body: Mapping[str, object], token: str) -> Mapping[str, Any] | Code:
        import httpx

        try:
            with self._client() as client:
                response = client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
                answer = _object(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise GatewayFailed(f"M-Pesa cannot be reached ({type(error).__name__}); nothing was sent.") from error
        except httpx.HTTPError as error:
            raise GatewayUnanswered(f"M-Pesa gave no answer ({type(error).__name__}).") from error
        if response.status_code == 200:
            return _taken(answer)
        code, text = _said(answer, "errorCode", 40), _said(answer, "errorMessage", 300)
        return _or_raise(
            mpesa_codes.of_error(code, text, response.status_code), code or str(response.status_code), text
        )

    def _client(self) -> httpx.Client:
        import httpx

        # A connection for each request: one that was kept may have been closed, and then nobody knows what arrived.
        return httpx.Client(
            base_url=self.settings.base_url,
            timeout=self.settings.timeout_seconds,
            follow_redirects=False,
            trust_env=self.settings.base_url.startswith("https:"),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def _token(self) -> str:
        kept = _TOKENS.get(self._token_key())
        if kept is not None and kept[1] > time.monotonic():
            return kept[0]
        return self._fresh_token()[0]

    def _token_key(self) -> tuple[str, str]:
        return self.settings.base_url, self.settings.consumer_key

    def _fresh_token(self) -> tuple[str, float]:
        import httpx

        key, secret = self.settings.consumer_key, self.settings.consumer_secret
        try:
            with self._client() as client:
                response = client.get(
                    _TOKEN_PATH, params={"grant_type": "client_credentials"}, auth=httpx.BasicAuth(key, secret)
                )
                answer = _object(response)
        except httpx.HTTPError as error:
            raise GatewayFailed(f"M-Pesa cannot be reached ({type(error).__name__}); nothing was sent.") from error
        token, expires = _said(answer, "access_token", 2000), _said(answer, "expires_in", 20)
        if response.status_code != 200 or not token:
            raise GatewayFailed(
                f"M-Pesa gives no access token (HTTP {response.status_code}): check the consumer key and secret.",
                code="token",
            )
        seconds = float(expires) if expires.isascii() and expires.isdigit() else 0.0
        with _TOKENS_LOCK:
            _TOKENS[self._token_key()] = (token, time.monotonic() + max(0.0, seconds - _MARGIN_SECONDS))
        return token, seconds


_TOKENS: dict[tuple[str, str], tuple[str, float]] = {}
"""Access tokens of this process by address and consumer key, with the moment (monotonic) until which they are used."""
_TOKENS_LOCK = threading.Lock()


def forget_tokens() -> None:
    """Ask for new tokens from now on."""
    with _TOKENS_LOCK:
        _TOKENS.clear()


def _taken(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer that says that the request was taken."""
    code, text = _said(answer, "ResponseCode", 40), _said(answer, "ResponseDescription", 300)
    if code == "0":
        return answer
    if not code:
        raise GatewayUnanswered("M-Pesa gave an answer that cannot be read.")
    found = mpesa_codes.of_error("", text, 200)
    _or_raise(found if found.meaning is Meaning.SENT_BEFORE else mpesa_codes.of_result(code), code, text)
    return {}


def _or_raise(found: Code, code: str, text: str) -> Mapping[str, Any] | Code:
    """What follows from an error: nothing, for an order that M-Pesa has; another token; or it is raised."""
    said = f"{found.sentence} ({code}: {text})" if text else f"{found.sentence} ({code})"
    if found.meaning is Meaning.SENT_BEFORE:
        return {}
    if found.meaning is Meaning.BAD_TOKEN:
        return found
    if found.meaning is Meaning.IN_DOUBT:
        raise GatewayUnanswered(said)
    raise GatewayFailed(said, code=code, final=found.meaning is Meaning.FINAL)


def _object(response: httpx.Response) -> Mapping[str, Any]:
    if len(response.content) > _LARGEST_ANSWER:
        return {}
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(answer: Mapping[str, Any], name: str, most: int) -> str:
    value = answer.get(name)
    return printable(str(value))[:most] if isinstance(value, str | int) and not isinstance(value, bool) else ""
