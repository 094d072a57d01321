"""A line as long and as thin as one likes: bytes arrive later than they were sent, in their order."""

from __future__ import annotations

import time
from collections import deque


class Line:
    """One direction of a line: what is sent arrives after `delay` seconds, at most `bandwidth` bytes in a second.

    It has no lock of its own: whoever shares it between threads holds theirs.
    """

    _PIECES = 50
    """Into how many pieces a second of a thin line is cut: a long text trickles in, as it does over a real one."""

    def __init__(self, delay: float = 0, bandwidth: int | None = None) -> None:
        self.delay = delay
        self.bandwidth = bandwidth
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        now = time.monotonic()
        if self.bandwidth is None:
            self._under_way.append((now + self.delay, data))
            return
        size = max(1, self.bandwidth // self._PIECES)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self._free_at = max(now, self._free_at) + len(piece) / self.bandwidth
            self._under_way.append((self._free_at + self.delay, piece))

    def arrived(self) -> bytes:
        """Take what has arrived by now."""
        now, pieces = time.monotonic(), []
        while self._under_way and self._under_way[0][0] <= now:
            pieces.append(self._under_way.popleft()[1])
        return b"".join(pieces)

    @property
    def patience(self) -> float | None:
        """Seconds until the next bytes arrive; None when nothing is under way."""
        return max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None
