"""A mail server on the loopback: takes every message, or refuses to, and keeps what it was given."""

from __future__ import annotations

import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from types import TracebackType


class MailServer(socketserver.ThreadingTCPServer):
    """`with MailServer() as server:` serves on `server.port`; `refusing` makes it say no to every message.

    With a `context` it offers STARTTLS, or speaks TLS from the first byte (`at_once`).

    `meanwhile` is called once a message was received, before it is answered for.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None, *, at_once: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.context, self.at_once = context, at_once
        self.port: int = self.server_address[1]
        self.refusing = False
        self.received: list[EmailMessage] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> MailServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def last_code(self) -> str:
        """The six digits that stand alone on a line of the newest message."""
        body = self.received[-1].get_content()
        (code,) = [line for line in body.splitlines() if len(line) == 6 and line.isdigit()]
        return code


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        # A client that does not trust the certificate hangs up in the middle.
        with suppress(ssl.SSLError, ConnectionError):
            if self.server.context is not None and self.server.at_once:
                self._protect(self.server.context)
            self._converse()

    def _protect(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def _converse(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            verb = line.decode("ascii", "replace").strip().upper().partition(" ")[0]
            context = None if self.server.at_once else self.server.context
            if verb == "EHLO":
                self._say("250-here\r\n250 STARTTLS" if context else "250 here")
            elif verb == "STARTTLS" and context:
                self._say("220 go on")
                self._protect(context)
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        content = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            content += line
        if self.server.refusing:
            self._say("554 not today")
            return
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.server.received.append(message)
        self.server.meanwhile()
        self._say("250 taken")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
