"""The small HTTP server to which a gateway posts results: a secret path, a limit for everything, no word to strangers.

It listens on the loopback; what is reached from outside is a proxy of the operator that ends TLS and hands these paths
on. Source: Safaricom, Daraja: ResultURL and QueueTimeOutURL, and the answer that they expect.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

LARGEST_BODY = 65_536
"""Bytes of a posted body."""
PATIENCE_SECONDS = 15.0
MOST_AT_ONCE = 16
KINDS = ("result", "timeout", "status", "status-timeout")

Handle = Callable[[str, str, object], str]
"""Gets what kind of message, the conversation that it is about, and its JSON. Returns a sentence for the log."""


class Listener(ThreadingMixIn, HTTPServer):
    """Serves `POST /<secret>/<kind>/<conversation>`; every other path does not exist. `log` gets a line for each."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, secret: str, handle: Handle, log: Callable[[str], None]) -> None:
        self.secret = secret
        self.handle = handle
        self.log = log
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((host, port), _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        # Whoever holds all places keeps the next one waiting in the queue of the socket, not in memory here.
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke: nobody is there to be told."""
        self.log("a connection broke")


class _Request(BaseHTTPRequestHandler):
    server: Listener
    timeout = PATIENCE_SECONDS
    server_version = "pettycash"
    sys_version = ""
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        found = self._target()
        if found is None:
            self._answer(404, None)
            return
        body = self._body()
        if body is None:
            return
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            self._answer(400, {"ResultCode": 1, "ResultDesc": "Expected JSON"})
            return
        kind, conversation = found
        try:
            sentence = self.server.handle(kind, conversation, payload)
        except Exception as error:
            # Not taken: the gateway may post it again, and the job asks anyway.
            self.server.log(f"{kind} {conversation}: {type(error).__name__}: {error}")
            self._answer(503, {"ResultCode": 1, "ResultDesc": "Try again later"})
            return
        self.server.log(f"{kind} {conversation}: {sentence}")
        self._answer(200, {"ResultCode": 0, "ResultDesc": "Accepted"})

    def do_GET(self) -> None:
        self._answer(404, None)

    do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def _target(self) -> tuple[str, str] | None:
        parts = self.path.split("?", 1)[0].strip("/").split("/")
        if len(parts) != 3 or not hmac.compare_digest(parts[0].encode(), self.server.secret.encode()):
            return None
        _, kind, conversation = parts
        known = kind in KINDS and 0 < len(conversation) <= 60 and conversation.replace("-", "").isalnum()
        return (kind, conversation) if known and conversation.isascii() else None

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._answer(411, {"ResultCode": 1, "ResultDesc": "Expected a length"})
            return None
        if len(length) > 9 or int(length) > LARGEST_BODY:
            self._answer(413, {"ResultCode": 1, "ResultDesc": "Too large"})
            return None
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            self._answer(400, {"ResultCode": 1, "ResultDesc": "Cut short"})
            return None
        return body

    def _answer(self, status: int, document: dict[str, object] | None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses, without a page that tells of this program."""
        self.close_connection = True
        self._answer(code if code in (400, 408, 414, 431) else 404, None)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the path is a secret, and the listener writes its own lines."""
