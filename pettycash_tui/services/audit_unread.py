"""What cannot be read at all, such as a moment that is none: a problem that is told, and no fault of the program.

Whoever could end a verification with one cell would keep it from telling anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy.exc import DBAPIError

from pettycash_tui.database.trouble import Kind, diagnose
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.work import Reading

UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    sqlite3.Error,
    DBAPIError,
)
_OF_A_VALUE = frozenset({Kind.OTHER, Kind.NOT_TEXT, Kind.RULE})
"""What a driver says of a value; everything else is of the database, and `Desk` has a sentence for it."""


def is_of_a_value(error: BaseException) -> bool:
    """Whether a value was not what its column holds, which is not so of a database that is busy or away."""
    if isinstance(error, DBAPIError | sqlite3.Error):
        return diagnose(error).kind in _OF_A_VALUE
    return isinstance(error, UNREADABLE)


@contextmanager
def told(
    reading: Reading, stream: str, tell: Callable[[Problem], object], *, at: Callable[[], int] | int = 0, of: str = ""
) -> Iterator[None]:
    """Tell of a value that cannot be read inside, of this stream and event, and go on behind it.

    `of` says what was asked. Nothing is told of what the value holds: it may be a secret.
    """
    # A statement that failed ends the transaction on Postgres, but for what a savepoint holds.
    savepoint = reading.connection.begin_nested() if reading.is_postgres else nullcontext()
    try:
        with savepoint:
            yield
    except UNREADABLE as error:
        if not is_of_a_value(error):
            raise
        sequence = at if isinstance(at, int) else at()
        message = f"a value here cannot be read{f', of {of}' if of else ''} ({type(error).__name__})"
        tell(Problem(stream, sequence, ProblemKind.CHANGED, message))
