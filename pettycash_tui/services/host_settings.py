"""The settings of the treasury host for those who come by SSH: `<home>/environment`, owner-only.

sshd starts the program with what the client sent as its environment, so all of that is forgotten; what the host itself
would say there (where the files of secrets are, where checkpoints go) stands in this file, one NAME=VALUE a line. It is
what systemd reads as EnvironmentFile=, so that its timers and services can use the same one (systemd.exec(5)).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pettycash_tui.services.errors import Refused
from pettycash_tui.services.owner_only import read_owner_only

FILE = "environment"
_LINE = re.compile(r"(PETTYCASH_[A-Z0-9_]+|CREDENTIALS_DIRECTORY|TZ|LANG|LC_ALL)=(.*)")
_QUOTED = re.compile(r"\"([^\"\\]*)\"|'([^']*)'")
# The command that sshd runs says both, and a file of the home cannot say where the home is.
_SAID = ("PETTYCASH_HOME", "PETTYCASH_DATABASE_URL")


def read(home: Path) -> dict[str, str]:
    """The settings of the file; none where there is no file.

    Raises Refused where others may read or change it, and for a line that is none.
    """
    path = home / FILE
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(read_owner_only(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        parts = _LINE.fullmatch(text)
        if parts is None:
            raise Refused(
                f"Line {number} of {path} must be NAME=VALUE with a name that begins with PETTYCASH_. Ask an admin.",
                code="host_settings",
            )
        quoted = _QUOTED.fullmatch(parts[2].strip())
        found[parts[1]] = parts[2].strip() if quoted is None else quoted[1] or quoted[2] or ""
    return {name: value for name, value in found.items() if name not in _SAID}


def use(home: Path) -> None:
    """Make them the settings of this process."""
    os.environ.update(read(home))
