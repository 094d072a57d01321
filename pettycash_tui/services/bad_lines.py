"""What is wrong with a file that somebody brought, line by line, so that all of it can be mended at once."""

from __future__ import annotations

from pettycash_tui.services.errors import InvalidInput

NAMED = 20
"""So many refused lines stand in the message of an error."""

KEPT = 1_000
"""So many are kept for its fields; what is beyond them is counted."""

WHOLE_LINE = "line"
"""The field of what is wrong with a line as such."""


class BadLines:
    """Collects what is refused in a file: where it stands, the field, and what was expected there.

    Memory stays bounded, however many there are: `count` goes on, `fields` ends at `most`.
    """

    def __init__(self, file: str, *, most: int = KEPT) -> None:
        self.file = file
        self.fields: dict[str, str] = {}
        self.count = 0
        self._most = most

    @property
    def is_full(self) -> bool:
        """Whether what comes now is only counted."""
        return self.count >= self._most

    def add(self, where: str, field: str, expected: str) -> None:
        """Note a refused field of the line (or table) at `where`."""
        self.count += 1
        if len(self.fields) < self._most:
            self.fields[where if field == WHOLE_LINE else f"{where}: {field}"] = expected

    def add_all(self, where: str, error: InvalidInput) -> None:
        """Note every field that an error refuses."""
        for field, expected in (error.fields or {WHOLE_LINE: error.message}).items():
            self.add(where, field, expected)

    def told(self) -> str:
        """The first of them as one sentence, and how many more there are; empty without any."""
        named = [f"{self.file}, {where} {expected}" for where, expected in list(self.fields.items())[:NAMED]]
        more = self.count - len(named)
        tail = f"; and {more:,} more" if more > 0 else ""
        return f"{'; '.join(named)}{tail}." if named else ""

    def raise_if_any(self, opening: str) -> None:
        """Raise InvalidInput with all that is kept. `opening` says what came of it: `Nothing was imported.`"""
        if self.count:
            raise InvalidInput(f"{opening} {self.told()}", fields=self.fields)
