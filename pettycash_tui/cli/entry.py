"""Where the program begins. A bare `pettycash` on a terminal opens the desk without loading the command line first:
over SSH one feels every tenth of a second before the first screen.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pettycash_tui.cli.garbage import look_for_none
from pettycash_tui.cli.given import DATABASE_VARIABLE, HOME_VARIABLE, GlobalOptions, directory

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, or open the desk where none is given; the exit codes are those of `cli.main`."""
    if arguments is None:  # a process of its own
        look_for_none()
        _leave_no_core()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given and sys.stdin.isatty() and sys.stdout.isatty() and "_PETTYCASH_COMPLETE" not in os.environ:
        return _open_desk()
    from pettycash_tui.cli.main import main as run

    return run(given)


def _leave_no_core() -> None:
    """A process that dies leaves no image of its memory on the disk: passwords, codes and the server key are in it."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        # Where there are no such limits, or none may be set, the program works all the same.
        pass


def _open_desk() -> int:
    # An empty variable is one that is not set, as for every command.
    options = GlobalOptions(database=os.environ.get(DATABASE_VARIABLE) or None)
    try:
        options = GlobalOptions(database=options.database, home=directory(os.environ.get(HOME_VARIABLE) or None))
        from pettycash_tui.cli.desk import open_desk

        open_desk(options)
        return 0
    except (Exception, KeyboardInterrupt) as error:
        from pettycash_tui.cli.failure import report

        return report(error, given=options, arguments=())
