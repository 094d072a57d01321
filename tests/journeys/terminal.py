"""A terminal with a real program in it: keys go in, the screen is read as a person reads it.

The program runs on a pseudo-terminal of its own. A thread feeds what it writes to pyte and keeps every byte. There are
no fixed sleeps: one waits for what the screen shows, and a wait that fails shows the last screen.

Escape is one byte that also begins other keys: wait for what it does before the next key, as a person would.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

import pyte

ROWS, COLUMNS = 24, 80
TIMEOUT = 30.0
"""Seconds to wait for what is expected: generous, since only a failure waits that long."""

PROGRAM = (sys.executable, "-m", "pettycash_tui")

KEYS: Mapping[str, str] = {
    "enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "escape": "\x1b", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "delete": "\x1b[3~",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~",
}  # fmt: skip

# What a terminal of today answers when a program asks: frames are drawn whole (2026), resizes come as SIGWINCH (2048).
_ANSWERS = ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[?2048$p", b"\x1b[?2048;0$y"))
_FRAME_BEGINS, _FRAME_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"
_KITTY_KEYS = re.compile(rb"\x1b\[[<>]\d*u")

# The child has to be the one that takes the terminal: a session of its own, so that a hang-up reaches it.
_TAKE_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"

Wanted = str | re.Pattern[str]


class Terminal:
    """One program on one terminal. `with Terminal([...]) as terminal:` ends what is still running."""

    def __init__(
        self,
        arguments: Sequence[str] = (),
        *,
        env: Mapping[str, str],
        rows: int = ROWS,
        columns: int = COLUMNS,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.raw = b""
        """Every byte that the program has written."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self._unfed = b""
        self._closed = False
        self._wake, self._waker = os.pipe()
        self._master, slave = os.openpty()
        self._set_size(rows, columns)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, *program, *arguments],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env={"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.defpath, **env},
            )
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what comes out ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                break
            try:
                data = os.read(self._master, 65536)
            except OSError:  # EIO: nobody has the other end open any more
                data = b""
            if not data:
                break
            with self._changed:
                # Answered here, whoever waits for what: a program that asks its terminal may stop until it knows.
                asked, self.raw = len(self.raw), self.raw + data
                self._answer(asked)
                self._feed(data)
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._stream.feed(self._unfed)
            self._changed.notify_all()

    def _answer(self, before: int) -> None:
        for question, answer in _ANSWERS:
            if question in self.raw[max(0, before - len(question) + 1) :]:
                with suppress(OSError):
                    os.write(self._master, answer)

    def _feed(self, data: bytes) -> None:
        """Draw whole frames: half a frame is nothing that a person could have seen."""
        self._unfed += data
        whole = len(self._unfed)
        begun = self._unfed.rfind(_FRAME_BEGINS)
        if begun >= 0 and self._unfed.find(_FRAME_ENDS, begun) < 0:
            whole = begun
        else:
            # A sequence may be cut by the end of a read.
            escape = self._unfed.rfind(b"\x1b", max(0, whole - 16))
            if escape >= 0 and not re.match(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[^\[])", self._unfed[escape:]):
                whole = escape
        drawn, self._unfed = self._unfed[:whole], self._unfed[whole:]
        self._stream.feed(_KITTY_KEYS.sub(b"", drawn))

    def screen_text(self) -> str:
        """The lines on the screen."""
        with self._changed:
            return self._text()

    def _text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def line(self, wanted: Wanted) -> str:
        """The line of the screen that holds this, without the room around its words."""
        for line in map(_words, self.screen_text().splitlines()):
            if _found(wanted, line):
                return line
        raise AssertionError(self._failure(f"no line with {wanted!r}"))

    # -- waiting -------------------------------------------------------------------------------------------------------

    def wait_for(self, *wanted: Wanted, timeout: float = TIMEOUT) -> str:
        """Wait until the screen shows all of this. A text is looked for as words: however wide the room between them.

        Returns the screen that showed it.
        """
        return self._wait(lambda text: all(_found(one, text) for one in wanted), f"waited for {wanted!r}", timeout)

    def wait_gone(self, *unwanted: Wanted, timeout: float = TIMEOUT) -> str:
        """Wait until the screen shows none of this."""
        return self._wait(
            lambda text: not any(_found(one, text) for one in unwanted), f"waited until gone: {unwanted!r}", timeout
        )

    def _wait(self, is_there: Callable[[str], bool], what: str, timeout: float) -> str:
        until = time.monotonic() + timeout
        with self._changed:
            while not is_there(text := self._text()):
                left = until - time.monotonic()
                if left <= 0 or self._closed:
                    raise AssertionError(self._failure(what))
                self._changed.wait(left)
            return text

    def wait_exit(self, timeout: float = TIMEOUT) -> int:
        """Wait until the program has ended. Returns its exit code, below zero for a signal."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(self._failure("waited for the end of the program")) from None
        if not self._closed:
            self._reader.join(timeout)
        return code

    def _failure(self, what: str) -> str:
        code = self._process.poll()
        state = "is running" if code is None else f"has ended with {code}"
        frame = "-" * self._screen.columns
        return f"{what}; the program {state}. The screen:\n{frame}\n{self._text()}\n{frame}"

    # -- what goes in --------------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys by their names: `enter`, `ctrl+g`, `f2`, or a letter."""
        for key in keys:
            self._write(_bytes_of(key))

    def type(self, text: str) -> None:
        """Type a text, in one burst as over a slow line."""
        self._write(text.encode())

    def paste(self, text: str) -> None:
        """Paste a text, marked as the terminal marks it."""
        self._write(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, rows: int, columns: int) -> None:
        """Make the window another size; the kernel tells the program."""
        with self._changed:
            self._screen.resize(rows, columns)
            self._set_size(rows, columns)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- the end -------------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended."""
        return self._process.poll() is None

    def hangup(self) -> None:
        """Close the terminal, as a lost connection does: the kernel sends SIGHUP and nobody reads any more."""
        self._stop_reading()
        os.close(self._master)
        self._master = -1

    def kill(self) -> None:
        """kill -9: the program gets no chance to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(TIMEOUT)

    def close(self) -> None:
        """End what is still running, and give everything back."""
        if self.is_running:
            self.kill()
        if self._master >= 0:
            self.hangup()
        for end in (self._wake, self._waker):
            if end >= 0:
                os.close(end)
        self._wake = self._waker = -1

    def _stop_reading(self) -> None:
        os.write(self._waker, b"x")
        self._reader.join(TIMEOUT)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = TIMEOUT) -> None:
    """Wait for something that no screen shows, such as a row in a database."""
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"waited until {what}"
        time.sleep(0.05)


def _words(text: str) -> str:
    return " ".join(text.split())


def _found(wanted: Wanted, text: str) -> bool:
    return _words(wanted) in _words(text) if isinstance(wanted, str) else wanted.search(text) is not None


def _bytes_of(key: str) -> bytes:
    if key in KEYS:
        return KEYS[key].encode()
    if key.startswith("ctrl+") and len(key) == 6:
        return bytes([ord(key[5]) & 0x1F])
    if len(key) == 1:
        return key.encode()
    raise ValueError(f"no such key: {key}")
