"""How a person is reached: one protocol, one file for each way."""

from __future__ import annotations

from typing import Protocol

from pettycash_tui.notify.message import Message


class DeliveryFailed(Exception):
    """A message was not handed over. The text is a sentence for a person and holds no secret."""


class Channel(Protocol):
    """A way to reach people."""

    def deliver(self, message: Message) -> None:
        """Hand the message over. Raises DeliveryFailed when that did not happen for certain."""
