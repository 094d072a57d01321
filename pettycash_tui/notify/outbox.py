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

FOLDER = "outbox"
SENDER = "pettycash@localhost.example"


class Outbox:
    """Writes `<home>/outbox/<time>-<kind>-<id>.eml`; the names sort by time."""

    def __init__(self, home: Path, *, clock: Callable[[], datetime]) -> None:
        self.folder = home / FOLDER
        self._clock = clock

    def deliver(self, message: Message) -> None:
        """Write the message, whole or not at all. Raises DeliveryFailed when the disk refuses."""
        sent_at = self._clock()
        # Lines end as in every text file here, not with the CR LF of the wire, so that `grep` finds the code.
        content = letter(message, sender=SENDER, sent_at=sent_at).as_bytes(policy=policy.default)
        stamp = sent_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        kind = re.sub(r"[^a-z0-9_]", "_", message.kind.lower())
        path = self.folder / f"{stamp}-{kind}-{secrets.token_hex(4)}.eml"
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
