"""How far an export is, for whoever waits for it, and the way to stop it."""

from __future__ import annotations

from threading import Event

from pettycash_tui.services.errors import Refused


class ExportStopped(Refused):
    """Somebody stopped it; nothing is left of it."""

    default_code = "export_stopped"


class Progress:
    """How far an export is, to be looked at from another thread; `stop` ends it soon and leaves nothing."""

    def __init__(self) -> None:
        self.rows = 0
        self.total: int | None = None
        self.is_packing = False
        self._stop = Event()

    def stop(self) -> None:
        """End it."""
        self._stop.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to end."""
        return self._stop.is_set()

    def advance(self, rows: int) -> None:
        """So many rows more are written. Raises ExportStopped."""
        self.rows += rows
        self.check()

    def check(self) -> None:
        """Raise ExportStopped when it was told to end."""
        if self._stop.is_set():
            raise ExportStopped("The export was stopped; nothing is left of it.")

    def __str__(self) -> str:
        if self.is_packing:
            return f"{self.rows:,} rows, packing the file…"
        return f"{self.rows:,} of {self.total:,} rows" if self.total else f"{self.rows:,} rows"
