"""Where `pettycash demo` makes its company: a home of its own, the home that is named, or the database that is."""

from __future__ import annotations

from pathlib import Path

from pettycash_tui.database import engine as engines
from pettycash_tui.services import home_folder, opening
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable


def open_demo_desk(database: str | None, home: Path | None) -> Desk:
    """A desk on the place that these options name; an embedded file is made, empty, when there is none.

    Raises InvalidInput for an address that is none, DatabaseUnavailable when it cannot be reached or made.
    """
    if not database and home is None:
        home = home_folder.DEMO_HOME
    url = opening.address_of(database, home)
    if engines.is_embedded(url):
        path = Path(str(url.database))
        try:
            engines.make_file(path)
        except OSError as error:
            raise DatabaseUnavailable(
                f"The demo company cannot be made at {path}: {error.strerror}. Name another home with --home.",
                code="no_database",
            ) from error
    return opening.open_desk(database, home, require_current=False)
