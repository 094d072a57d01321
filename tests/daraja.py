"""Safaricom's Daraja on the loopback, over real HTTP: tokens, payments to customers, questions about them.

It takes orders as M-Pesa does, one for each OriginatorConversationID, and pays when it is told to: at once, late, twice
or never. `behaviour` says what becomes of the next request; afterwards it is well again.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY, SECRET, PASSWORD = "consumer-key", "consumer-secret", "Initiator#1"
SHORT_CODE = "600997"

# What `behaviour` may say besides "well".
DROPPED = "dropped"
"""The order is taken, and the connection is closed without an answer."""
LOST = "lost"
"""The connection is closed, and the order is not taken."""


@dataclass
class Refusal:
    """An answer that is an error."""

    status: int
    code: str
    message: str = "Refused"
    is_taken: bool = False

    @property
    def document(self) -> dict[str, str]:
        """The body of the answer."""
        return {"requestId": "1-1-1", "errorCode": self.code, "errorMessage": self.message}


@dataclass
class Taken:
    """An order that M-Pesa has, as it was posted."""

    body: dict[str, Any]
    conversation: str
    receipt: str
    paid: bool | None = None

    @property
    def key(self) -> str:
        """Our name for it."""
        return str(self.body["OriginatorConversationID"])


@dataclass
class State:
    """What the server has seen, and what it is to do next."""

    behaviour: str | Refusal | tuple[int, bytes] = "well"
    token_behaviour: str | Refusal = "well"
    expires_in: str = "3599"
    valid: set[str] = field(default_factory=set)
    tokens_given: int = 0
    orders: dict[str, Taken] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    pays_at_once: bool = False


@lru_cache(maxsize=1)
def key_pair() -> tuple[rsa.RSAPrivateKey, bytes]:
    """M-Pesa's private key, and the certificate of its public one as PEM."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "apigee-sandbox")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .sign(private, hashes.SHA256())
    )
    return private, made.public_bytes(serialization.Encoding.PEM)


class Daraja(ThreadingHTTPServer):
    """`with Daraja() as daraja:` serves on `daraja.address`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.state = State()
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Daraja:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""

    @property
    def orders(self) -> list[Taken]:
        """The orders it has, in the order in which they came."""
        return list(self.state.orders.values())

    @property
    def last(self) -> Taken:
        """The newest order."""
        return self.orders[-1]

    # --- what it posts ------------------------------------------------------------------------------------------------

    def result(self, order: Taken, code: str | int = 0, text: str = "", **more: Any) -> dict[str, Any]:
        """The result of an order: paid, or refused with a code."""
        found: dict[str, Any] = {
            "ResultType": 0,
            "ResultCode": code,
            "ResultDesc": text or ("The service request is processed successfully." if code == 0 else "Refused."),
            "OriginatorConversationID": order.key,
            "ConversationID": order.conversation,
            "TransactionID": order.receipt,
            "ReferenceData": {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": "https://internal.example"}},
        }
        if code == 0:
            order.paid = True
            found["ResultParameters"] = {
                "ResultParameter": [
                    {"Key": "TransactionAmount", "Value": order.body["Amount"]},
                    {"Key": "TransactionReceipt", "Value": order.receipt},
                    {"Key": "ReceiverPartyPublicName", "Value": f"{order.body['PartyB']} - SOMEBODY"},
                    {"Key": "B2CRecipientIsRegisteredCustomer", "Value": "Y"},
                ]
            }
        return {"Result": {**found, **more}}

    def status(self, order: Taken | None, state: str = "Completed", **more: Any) -> dict[str, Any]:
        """The answer to a question about an order, or about one that it does not have."""
        if order is None:
            return {
                "Result": {"ResultType": 0, "ResultCode": 2000, "ResultDesc": "The transaction does not exist.", **more}
            }
        values = {
            "DebitPartyName": f"{SHORT_CODE} - Us",
            "ReceiptNo": order.receipt,
            "TransactionStatus": state,
            "Amount": f"{order.body['Amount']}.00",
            "ConversationID": order.conversation,
            "OriginatorConversationID": order.key,
        }
        parameters = [{"Key": name, "Value": value} for name, value in {**values, **more}.items()]
        found = {
            "ResultType": 0,
            "ResultCode": 0,
            "ResultDesc": "The service request has been accepted successfully.",
            "OriginatorConversationID": "1236-7134259-1",
            "ConversationID": "AG_QUESTION",
            "TransactionID": "QQ00000000",
        }
        return {"Result": {**found, "ResultParameters": {"ResultParameter": parameters}}}

    def post(self, address: str, document: object) -> tuple[int, dict[str, Any]]:
        """Post a document as Daraja does. Returns the status and the answer."""
        request = urllib.request.Request(address, json.dumps(document).encode(), {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())

    def pay(self, order: Taken, times: int = 1) -> None:
        """Pay an order, and post its result, several times if asked."""
        for _ in range(times):
            self.post(order.body["ResultURL"], self.result(order))


class _Request(BaseHTTPRequestHandler):
    server: Daraja
    timeout = 20

    def do_GET(self) -> None:
        state = self.server.state
        state.requests.append("token")
        wanted = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if isinstance(state.token_behaviour, Refusal):
            self._answer(state.token_behaviour.status, state.token_behaviour.document)
        elif self.path != "/oauth/v1/generate?grant_type=client_credentials":
            self._answer(404, Refusal(404, "404.001.01", "Resource not found").document)
        elif self.headers.get("Authorization") != wanted:
            self._answer(400, Refusal(400, "400.008.01", "Invalid Authentication passed").document)
        else:
            state.tokens_given += 1
            token = f"token-{state.tokens_given}"
            state.valid.add(token)
            self._answer(200, {"access_token": token, "expires_in": state.expires_in})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state = self.server.state
        what = self.path.rsplit("/", 1)[-1]
        state.requests.append(what)
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in state.valid:
            self._answer(404, Refusal(404, "404.001.03", "Invalid Access Token").document)
            return
        behaviour, state.behaviour = state.behaviour, "well"
        if behaviour == LOST:
            self.close_connection = True
            return
        if isinstance(behaviour, Refusal) and not behaviour.is_taken:
            self._answer(behaviour.status, behaviour.document)
            return
        if isinstance(behaviour, tuple):
            self._write(*behaviour)
            return
        credential = base64.b64decode(body["SecurityCredential"])
        if key_pair()[0].decrypt(credential, padding.PKCS1v15()).decode() != PASSWORD:
            self._answer(400, Refusal(400, "400.002.02", "Bad Request - Invalid SecurityCredential").document)
            return
        if what == "query":
            state.questions.append(body)
            self._accept("AG_QUESTION", body["OriginatorConversationID"])
            return
        self._take(body, behaviour)

    def _take(self, body: dict[str, Any], behaviour: str | Refusal) -> None:
        state = self.server.state
        key = body["OriginatorConversationID"]
        with self.server.lock:
            is_new = key not in state.orders
            if is_new:
                count = len(state.orders) + 1
                state.orders[key] = Taken(body, f"AG_20260302_{count:06d}", f"SBX{count:07d}")
        if not is_new:
            self._answer(500, Refusal(500, "500.002.1001", "Duplicate OriginatorConversationID.").document)
            return
        order = state.orders[key]
        if behaviour == DROPPED:
            self.close_connection = True
            return
        if isinstance(behaviour, Refusal):
            self._answer(behaviour.status, behaviour.document)
            return
        if state.pays_at_once:
            self.server.pay(order)
        self._accept(order.conversation, key)

    def _accept(self, conversation: str, key: str) -> None:
        self._answer(
            200,
            {
                "ConversationID": conversation,
                "OriginatorConversationID": key,
                "ResponseCode": "0",
                "ResponseDescription": "Accept the service request successfully.",
            },
        )

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        self._write(status, json.dumps(document).encode())

    def _write(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal of the tests."""


def settings(address: str, folder: Path, callback: str = "http://127.0.0.1:9") -> dict[str, str]:
    """The environment of a home that pays by this M-Pesa; secrets in files that only their owner reads."""
    found = {
        "PETTYCASH_MPESA_BASE_URL": address,
        "PETTYCASH_MPESA_SHORT_CODE": SHORT_CODE,
        "PETTYCASH_MPESA_INITIATOR": "testapi",
        "PETTYCASH_MPESA_CALLBACK_URL": callback,
        "PETTYCASH_MPESA_TIMEOUT_SECONDS": "5",
    }
    certificate = folder / "mpesa.cer"
    certificate.write_bytes(key_pair()[1])
    found["PETTYCASH_MPESA_CERTIFICATE"] = str(certificate)
    for name, value in (("CONSUMER_KEY", KEY), ("CONSUMER_SECRET", SECRET), ("INITIATOR_PASSWORD", PASSWORD)):
        path = folder / f"mpesa_{name.lower()}"
        path.write_text(value)
        path.chmod(0o600)
        found[f"PETTYCASH_MPESA_{name}_FILE"] = str(path)
    return found


def use(monkeypatch: pytest.MonkeyPatch, daraja: Daraja, folder: Path, callback: str = "http://127.0.0.1:9") -> None:
    """Let the desk of this test pay by this M-Pesa."""
    from pettycash_tui.gateways import mpesa

    mpesa.forget_tokens()
    for name, value in settings(daraja.address, folder, callback).items():
        monkeypatch.setenv(name, value)
