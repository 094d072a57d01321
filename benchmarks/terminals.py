"""Programs on pseudo-terminals, timed from their start: when they paint, when they answer a key, what they send."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROWS, COLUMNS = 24, 80
PATIENCE = 30.0
RARE = "ж"
"""A letter that no screen shows by itself, so that seeing it means that the program has taken it."""

# What a terminal of today answers: frames are drawn whole (2026), resizes come as a signal (2048).
_ANSWERS = ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[?2048$p", b"\x1b[?2048;0$y"))
_TAKE_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Line:
    """One program on one terminal, read in the caller's own thread."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], rows: int = ROWS, columns: int = COLUMNS
    ) -> None:
        self.sent = b""
        """Every byte that came from the program."""
        self._answered = 0
        self._master, slave = os.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PATH": os.defpath, **env},
        )
        os.close(slave)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    @property
    def age(self) -> float:
        """Milliseconds since the start."""
        return (time.perf_counter() - self.begun) * 1000

    def type(self, text: str) -> None:
        """Send keys."""
        os.write(self._master, text.encode())

    def read_until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> float:
        """Read until it holds; the age at that moment. Raises TimeoutError."""
        end = time.perf_counter() + patience
        while not condition():
            left = end - time.perf_counter()
            if left <= 0 or not self._read(left):
                raise TimeoutError(self.sent[-2000:])
        return self.age

    def read_for(self, seconds: float) -> None:
        """Read what comes in this time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def wait_for(self, text: str, since: int = 0) -> float:
        """Wait until it was sent after the first `since` bytes; the age at that moment."""
        wanted = text.encode()
        return self.read_until(lambda: wanted in self.sent[since:])

    def _read(self, patience: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], patience)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.sent += data
        for question, answer in _ANSWERS:
            if question in self.sent[max(0, self._answered - len(question)) :]:
                os.write(self._master, answer)
        self._answered = len(self.sent)
        return True


def memory_of(process: int) -> int:
    """The bytes that the process alone holds in memory (Linux: the unique set)."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
