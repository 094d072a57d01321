"""Lines of a fixed width on the pages of a PDF (A4 on its side): the head of the table repeated, the pages numbered.

The fonts that every reader of PDF has know Latin-1 only: other letters lose their accents where that is all they have,
and stand as `?` where they cannot be written; the text of the same paper has them all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import BinaryIO

from rich.cells import get_character_cell_size

_TOP, _BOTTOM, _LEFT = 14.0, 196.0, 12.0
_LEADING = 3.9
_WIDTH_POINTS = 773
"""What is left of the page's width between the margins; a letter of Courier is as wide as 0.6 of its size."""

_ALIKE = {"…": ".", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2019": "'", "\u2018": "'"}


class PdfPaper:
    """A paper that is written line by line. `columns` is repeated on every page while there is one."""

    def __init__(self, title: str, width: int, made_by: str = "pettycash") -> None:
        from fpdf import FPDF

        self._pdf = FPDF(orientation="L", format="A4")
        self._pdf.set_title(_latin(title))
        self._pdf.set_creator(made_by)
        self._pdf.set_auto_page_break(False)
        self._pdf.set_font("Courier", size=min(10.0, _WIDTH_POINTS / width / 0.6))
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
    """Text in Latin-1, as readable as that can be, in as many cells as before: columns stay where they are."""
    return text if text.isascii() else "".join(map(_latin_character, text))


@lru_cache(maxsize=4096)
def _latin_character(character: str) -> str:
    try:
        character.encode("latin-1")
    except UnicodeEncodeError:
        cells = get_character_cell_size(character)
        plain = unicodedata.normalize("NFKD", _ALIKE.get(character, character)).encode("latin-1", "ignore")
        return (plain.decode("latin-1") or "?" * cells)[:cells].ljust(cells)
    return character
