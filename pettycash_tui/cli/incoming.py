"""A file that a command reads: named, or `-` for standard input; by SSH standard input alone."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pettycash_tui.services import forced
from pettycash_tui.services.errors import InvalidInput

STDIN = "-"
_CHUNK = 1 << 20
MOST_BYTES = 200 * _CHUNK


@contextmanager
def incoming(file: Path | str, *, field: str = "file") -> Iterator[Path]:
    """The file to read. What comes by `-` is kept in a private file meanwhile, named by what it looks like.

    Raises InvalidInput naming `field` for a path of the host by SSH, and for more than 200 MiB.
    """
    if str(file) != STDIN:
        if forced.current() is not None:
            expected = "must be - by SSH, and the file is sent along: ssh HOST … - < FILE"
            sentence = InvalidInput.of(**{field: expected}).message
            raise InvalidInput(sentence, code="stdin_only", fields={field: expected})
        yield Path(file)
        return
    with tempfile.TemporaryDirectory(prefix="pettycash-") as folder:
        path = Path(folder) / "stdin"
        size, first = 0, b""
        with path.open("wb") as kept:
            while part := sys.stdin.buffer.read(_CHUNK):
                first = first or part
                size += len(part)
                if size > MOST_BYTES:
                    raise InvalidInput.of(**{field: "is larger than 200 MiB; send it in parts"})
                kept.write(part)
        yield path.rename(path.with_suffix(_suffix(first)))


def _suffix(first: bytes) -> str:
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return ".xml"
    return ".toml" if start.startswith((b"[", b"#")) else ".csv"
