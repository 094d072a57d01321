"""The courier of an open desk: delivers beside the work, when the books change and once a minute for what is retried.

It has a thread of its own and holds nothing up: a mail server that is slow or away delays only the next message.
"""

from __future__ import annotations

import threading

from pettycash_tui.services import courier, messages
from pettycash_tui.services.desk import Desk

MINUTE = 60.0
"""Seconds after which it looks again by itself."""

CALM = 1.0
"""Seconds that it lets pass after a change: what belongs together is read together, and the screen goes first."""

STOP_SECONDS = 0.3


class DeskCourier:
    """Delivers the notices of a desk while it is open. Does nothing where no channel is set up."""

    def __init__(self, desk: Desk, *, calm: float = CALM) -> None:
        self._desk = desk
        self._calm = calm
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pettycash-courier", daemon=True)

    def start(self) -> None:
        """Begin; never blocks."""
        self._thread.start()

    def wake(self) -> None:
        """Something has changed. Callable from any thread; never blocks."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no further round. A message that is just being handed over is finished by the thread itself."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(MINUTE)
            if self._stopping.wait(self._calm):
                return
            self._woken.clear()
            if self._has_channel():
                courier.run_quietly(self._desk)

    def _has_channel(self) -> bool:
        try:
            return bool(messages.notice_channels(self._desk))
        except Exception:
            # The database is away, or the desk is being closed: the next round sees.
            return False
