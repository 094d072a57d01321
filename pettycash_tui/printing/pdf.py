"""Lines of a fixed width on the pages of a PDF (A4 on its side): the head of the table repeated, the pages numbered.

Each page is written when it is full, so that a million lines need no more memory than a hundred. The fonts that every
reader of PDF has know Windows-1252 only: other letters lose their accents where that is all they have, and stand as `?`
where they cannot be written; the text of the same paper has them all. Source: ISO 32000-1, 7.3 to 7.7 and annex D.2.
"""

from __future__ import annotations

import unicodedata
import zlib
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import BinaryIO

from rich.cells import get_character_cell_size

from pettycash_tui.models.text import printable

_PAGE_WIDTH, _PAGE_HEIGHT = 841.89, 595.28
_LEFT, _FIRST, _FOOT = 34.0, 555.6, 22.7
"""Points from the left and the lower edge of the page: where lines begin, the first of them, and the page's number."""
_LINE, _LINES = 11.1, 47
_ROOM = 773.0
"""What is left of the page's width between the margins; a letter of Courier is as wide as 0.6 of its size."""
_LARGEST = 10.0

_CATALOG, _PAGES, _FONT, _INFO = 1, 2, 3, 4
_FIRST_FREE = 5
_ALIKE = {"\u2011": "-", "\u2012": "-", "\u2212": "-", "\u2215": "/"}


class PdfPaper:
    """A paper that is written to `file` line by line. `columns` is repeated on every page while there is one.

    A width is in letters. Nothing is a document before `finish`.
    """

    def __init__(self, file: BinaryIO, title: str, width: int) -> None:
        self._file = file
        self._title = printable(title)
        self._size = min(_LARGEST, _ROOM / width / 0.6)
        self.columns = ""
        self._lines: list[str] = []
        self._count = 0
        self._at = 0
        self._places = array("Q", [0] * _FIRST_FREE)
        # The bytes above 127 tell programs that copy files that this is no text.
        self._put(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def write(self, lines: Iterable[str]) -> None:
        """Add lines."""
        for line in lines:
            if len(self._lines) >= _LINES:
                self._end_page()
            if not self._lines and self._count and self.columns:
                self._lines += [self.columns, ""]
            self._lines.append(line)

    def finish(self) -> None:
        """End the document; the file stays open. An empty one has a page too."""
        if self._lines or not self._count:
            self._end_page()
        kids = " ".join(f"{_FIRST_FREE + 2 * page + 1} 0 R" for page in range(self._count))
        self._object(_CATALOG, f"<< /Type /Catalog /Pages {_PAGES} 0 R >>")
        self._object(
            _PAGES,
            f"<< /Type /Pages /Count {self._count} /MediaBox [0 0 {_PAGE_WIDTH} {_PAGE_HEIGHT}]"
            f" /Resources << /Font << /F {_FONT} 0 R >> >> /Kids [{kids}] >>",
        )
        self._object(_FONT, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>")
        title = self._title.encode("utf-16-be").hex()
        self._object(_INFO, f"<< /Title <feff{title}> /Producer (pettycash) >>")
        start = self._at
        self._put(f"xref\n0 {len(self._places)}\n0000000000 65535 f \n".encode())
        for place in self._places[1:]:
            self._put(b"%010d 00000 n \n" % place)
        size = f"<< /Size {len(self._places)} /Root {_CATALOG} 0 R /Info {_INFO} 0 R >>"
        self._put(f"trailer\n{size}\nstartxref\n{start}\n%%EOF\n".encode())

    def _end_page(self) -> None:
        self._count += 1
        # `TL` is how far down `T*` goes; `Tm` begins anew from the page's corner.
        parts = [f"BT /F {self._size:.2f} Tf {_LINE} TL 1 0 0 1 {_LEFT} {_FIRST} Tm\n".encode()]
        parts += [b"(" + _string(line) + b") Tj T*\n" if line else b"T*\n" for line in self._lines]
        foot = _string(f"{self._title}, page {self._count}")
        parts.append(f"1 0 0 1 {_LEFT} {_FOOT} Tm\n".encode() + b"(" + foot + b") Tj ET")
        self._lines.clear()
        content = zlib.compress(b"".join(parts))
        number = len(self._places)
        self._places.extend((0, 0))
        head = f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
        self._object(number, head + content + b"\nendstream")
        self._object(number + 1, f"<< /Type /Page /Parent {_PAGES} 0 R /Contents {number} 0 R >>")

    def _object(self, number: int, body: str | bytes) -> None:
        self._places[number] = self._at
        text = body.encode("ascii") if isinstance(body, str) else body
        self._put(f"{number} 0 obj\n".encode() + text + b"\nendobj\n")

    def _put(self, part: bytes) -> None:
        # Counted rather than asked of the file: where it goes may not know.
        self._file.write(part)
        self._at += len(part)


def _string(text: str) -> bytes:
    """Text as a PDF's string, in as many cells as before: columns stay where they are."""
    known = text if text.isascii() else "".join(map(_known, text))
    escaped = known.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return escaped.encode("cp1252", "replace")


@lru_cache(maxsize=4096)
def _known(character: str) -> str:
    cells = get_character_cell_size(character)
    if cells == 1 and _is_known(character):
        return character
    plain = unicodedata.normalize("NFKD", _ALIKE.get(character, character))
    return ("".join(filter(_is_known, plain)) or "?" * cells)[:cells].ljust(cells)


def _is_known(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
