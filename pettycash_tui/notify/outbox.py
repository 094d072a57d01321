"""The outbox of a demo or test home: one file for each message, in place of sending it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from pathlib import Path

from pettycash_tui.notify.letter import letter
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.notify.sms import international, text_of

FOLDER = "outbox"
SENDER = "pettycash@localhost.example"


NOTICES = "notices"
"""The folder of the outbox for what is no code: the newest file beside it is always the newest code."""


class Outbox:
    """Writes `<home>/outbox/<time>-<kind>-<id>.eml`; the names sort by time. Notices go to a folder of their own."""

    suffix = ".eml"

    def __init__(self, home: Path, *, clock: Callable[[], datetime], folder: str = "") -> None:
        self.folder = home / FOLDER / folder
        self._clock = clock

    def deliver(self, message: Message) -> None:
        """Write the message, whole or not at all. Raises DeliveryFailed when the disk refuses."""
        sent_at = self._clock()
        content = self._content(message, sent_at)
        stamp = sent_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        kind = re.sub(r"[^a-z0-9_]", "_", message.kind.lower())
        path = self.folder / f"{stamp}-{kind}-{secrets.token_hex(4)}{self.suffix}"
        draft = path.with_suffix(".tmp")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            draft.rename(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise DeliveryFailed(
                f"The message cannot be written to {self.folder}: {error.strerror}. Check the folder's permissions."
            ) from error

    def _content(self, message: Message, sent_at: datetime) -> bytes:
        # Lines end as in every text file here, not with the CR LF of the wire, so that `grep` finds the code.
        return letter(message, sender=SENDER, sent_at=sent_at).as_bytes(policy=policy.default)


class SmsOutbox(Outbox):
    """The same for text messages: `<time>-<kind>-<id>.txt`, the number on the first line."""

    suffix = ".txt"

    def _content(self, message: Message, sent_at: datetime) -> bytes:
        return f"To: {international(message.to_address)}\n\n{text_of(message)}\n".encode()
