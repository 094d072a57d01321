"""What the listener does with a message that a gateway posted: the same that the job does with an answer."""

from __future__ import annotations

from collections.abc import Callable

from pettycash_tui.services import settling
from pettycash_tui.services.desk import Desk


def handler(desk: Desk) -> Callable[[str, str, object], str]:
    """The function that the listener calls, in threads of its own. What it raises, the gateway may post again."""

    def handle(kind: str, about: str, payload: object) -> str:
        if kind == "timeout":
            return settling.handle_timeout(desk, payload, about).sentence
        if kind == "status-timeout":
            # The question waited too long, not the payment: it is asked again at its time.
            return "the question waited too long in the gateway's queue"
        return settling.handle_result(desk, payload, about, is_answer=kind == "status").sentence

    return handle
