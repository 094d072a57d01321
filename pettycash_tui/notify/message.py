"""What is sent to a person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one person. `kind` is a word for file names and records, such as `otp_code`."""

    to_name: str
    to_address: str
    subject: str
    body: str
    kind: str

    def __repr__(self) -> str:
        # A body may hold a code, and this text may end in a traceback.
        return f"Message(kind={self.kind!r}, to_address={self.to_address!r})"
