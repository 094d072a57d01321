"""Lines of a fixed width on the pages of a PDF (A4), with the head of the table repeated and the pages numbered.

The fonts that every reader of PDF has know Latin-1 only: other letters lose their accents where that is all they have,
and stand as `?` where they cannot be written; the text of the same paper has them all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import BinaryIO

_TOP, _BOTTOM, _LEFT = 12.0, 285.0, 14.0
_LEADING = 3.9
_SIZE_FOR = {78: 10.5, 100: 8.4}


class PdfPaper:
    """A paper that is written line by line. `columns` is repeated on every page while there is one."""

    def __init__(self, title: str, width: int, made_by: str = "pettycash") -> None:
        from fpdf import FPDF

        self._pdf = FPDF(format="A4")
        self._pdf.set_title(_latin(title))
        self._pdf.set_creator(made_by)
        self._pdf.set_auto_page_break(False)
        self._pdf.set_font("Courier", size=_SIZE_FOR.get(width, 840 / width))
        self._title = title
        self.columns = ""
        self._y = _BOTTOM

    def write(self, lines: Iterable[str]) -> None:
        """Add lines."""
        for line in lines:
            if self._y + _LEADING > _BOTTOM:
                self._next_page()
            if line:
                self._pdf.text(_LEFT, self._y, _latin(line))
            self._y += _LEADING

    def finish(self, file: BinaryIO) -> None:
        """Write the document. An empty one has a page too."""
        if not self._pdf.page:
            self._next_page()
        file.write(self._pdf.output())

    def _next_page(self) -> None:
        pdf = self._pdf
        pdf.add_page()
        pdf.text(_LEFT, _BOTTOM + 6, _latin(f"{self._title}, page {pdf.page}"))
        self._y = _TOP
        if self.columns and pdf.page > 1:
            pdf.text(_LEFT, self._y, _latin(self.columns))
            self._y += _LEADING * 1.3


def _latin(text: str) -> str:
    """Text in Latin-1, as readable as that can be."""
    if text.isascii():
        return text
    text = text.replace("…", "...").replace("\u2011", "-").replace("\u2013", "-").replace("\u2014", "-")
    parts = []
    for character in text:
        try:
            character.encode("latin-1")
        except UnicodeEncodeError:
            plain = unicodedata.normalize("NFKD", character).encode("latin-1", "ignore").decode("latin-1")
            parts.append(plain or ("" if unicodedata.combining(character) else "?"))
        else:
            parts.append(character)
    return "".join(parts)
