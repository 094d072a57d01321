"""A terminal with a real program in it: keys go in, the screen is read as a person reads it.

The program runs on a pseudo-terminal of its own. A thread feeds what it writes to pyte and keeps every byte. There are
no fixed sleeps: one waits for what the screen shows, and a wait that fails shows the last screen. Between program and
person lies a line of any delay.

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
from line import Line

ROWS, COLUMNS = 24, 80
TIMEOUT = 60.0
"""Seconds to wait for what is expected: generous, since only a failure waits that long."""

QUIET = 0.3
"""Seconds without a byte after which a step is taken to be drawn whole."""

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

NOTICE = "▌"
_GO_ON, _STOP = b".", b"x"

Wanted = str | re.Pattern[str]


class Terminal:
    """One program on one terminal. `with Terminal([...]) as terminal:` ends what is still running.

    Bytes take `delay` seconds in either direction, and at most `bandwidth` of them arrive in a second.
    """

    def __init__(
        self,
        arguments: Sequence[str] = (),
        *,
        env: Mapping[str, str],
        rows: int = ROWS,
        columns: int = COLUMNS,
        program: Sequence[str] = PROGRAM,
        delay: float = 0,
        bandwidth: int | None = None,
    ) -> None:
        self.raw = b""
        """Every byte that has come from the program."""
        self._delay = delay
        self._from_program, self._to_program = Line(delay, bandwidth), Line(delay, bandwidth)
        self._typed = b""
        self._last_byte = time.monotonic()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self._unfed = b""
        self._closed = False
        self._wake, self._waker = os.pipe()
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
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
        self._carrier = threading.Thread(target=self._carry, daemon=True)
        self._carrier.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what comes out ------------------------------------------------------------------------------------------------

    def _carry(self) -> None:
        """Carry the bytes of both directions, until the program has ended or nobody reads any more."""
        is_over = False
        while not is_over:
            with self._changed:
                waits = (self._from_program.patience, self._to_program.patience)
            patience = min((wait for wait in waits if wait is not None), default=None)
            writing = [self._master] if self._typed else []
            ready, writable, _ = select.select([self._master, self._wake], writing, [], patience)
            if self._wake in ready and os.read(self._wake, 1024).endswith(_STOP):
                break
            if writable:
                with suppress(BlockingIOError), self._changed:
                    self._typed = self._typed[os.write(self._master, self._typed[:1024]) :]
            is_over = self._master in ready and not self._take()
            self._deliver()
        while is_over and self._from_program.patience is not None:
            time.sleep(self._from_program.patience)
            self._deliver()
        with self._changed:
            self._closed = True
            self._stream.feed(self._unfed)
            self._changed.notify_all()

    def _take(self) -> bool:
        """Put what the program has written on the line; False when there is no program any more."""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self._from_program.send(data)
        return bool(data)

    def _deliver(self) -> None:
        """Show what has arrived, and take the keys that have arrived at the program."""
        with self._changed:
            self._typed += self._to_program.arrived()
            data = self._from_program.arrived()
            if not data:
                return
            self._last_byte = time.monotonic()
            # Answered here, whoever waits for what: a program that asks its terminal may stop until it knows.
            asked, self.raw = len(self.raw), self.raw + data
            for question, answer in _ANSWERS:
                if question in self.raw[max(0, asked - len(question) + 1) :]:
                    self._to_program.send(answer)
            self._feed(data)
            self._changed.notify_all()

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

    def wait_told(self, *wanted: Wanted, timeout: float = TIMEOUT) -> str:
        """Wait until notices say all of this; a notice breaks its words over lines. Returns what they say."""
        screen = self._wait(
            lambda text: all(_found(one, _told(text)) for one in wanted), f"not told {wanted!r}", timeout
        )
        return _told(screen)

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

    def wait_changed(self, read: Callable[[str], object], before: str, timeout: float = TIMEOUT) -> str:
        """Wait until what is read off the screen is another than it was on the screen of before."""
        was = read(before)
        return self._wait(lambda text: read(text) != was, f"waited until another than {was!r}", timeout)

    def wait_quiet(self, seconds: float = QUIET) -> str:
        """Wait until what was pressed has come back whole: no byte for so long, beside what the line takes."""
        whole = seconds + 2 * self._delay
        until, since = time.monotonic() + TIMEOUT, time.monotonic()
        with self._changed:
            while (left := max(since, self._last_byte) + whole - time.monotonic()) > 0 and not self._closed:
                if time.monotonic() > until:
                    raise AssertionError(self._failure("waited until nothing is drawn any more"))
                self._changed.wait(left)
            return self._text()

    def wait_exit(self, timeout: float = TIMEOUT) -> int:
        """Wait until the program has ended. Returns its exit code, below zero for a signal."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(self._failure("waited for the end of the program")) from None
        if not self._closed:
            self._carrier.join(timeout)
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

    def all_is_sent(self) -> bool:
        """Whether every key has been taken to the program."""
        with self._changed:
            return not self._typed and self._to_program.patience is None

    def _write(self, data: bytes) -> None:
        with self._changed:
            self._to_program.send(data)
        os.write(self._waker, _GO_ON)

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
        self._stop_carrying()
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

    def _stop_carrying(self) -> None:
        os.write(self._waker, _STOP)
        self._carrier.join(TIMEOUT)


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


def _told(text: str) -> str:
    """What stands in the notices at the lower right, as one line."""
    return _words(" ".join(line.partition(NOTICE)[2] for line in text.splitlines() if NOTICE in line))


def _bytes_of(key: str) -> bytes:
    if key in KEYS:
        return KEYS[key].encode()
    if key.startswith("ctrl+") and len(key) == 6:
        return bytes([ord(key[5]) & 0x1F])
    if len(key) == 1:
        return key.encode()
    raise ValueError(f"no such key: {key}")
