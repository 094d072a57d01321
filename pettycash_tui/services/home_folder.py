"""Where the embedded files, keys and exports are when nobody names a home. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_dir

DEMO_HOME = Path(user_data_dir("pettycash-demo", appauthor=False))
"""Where `pettycash demo` puts its company when no home is given, apart from real books."""


def default_home() -> Path:
    """The home when none is given."""
    return Path(user_data_dir("pettycash", appauthor=False))
