"""Where a fault of ours happened, without what it was about.

The text of an error may quote a code, a password, the address of a server with its credentials, or a row of a table
(Postgres adds the failing one); the lines of code it went through quote nothing.
"""

from __future__ import annotations

import logging
import sys
import traceback

_DEEPEST = 10


def where_it_happened(error: BaseException) -> str:
    """The calls that led to the error and to those before it, and the names of their classes; none of their texts."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain and len(chain) < _DEEPEST:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    parts = []
    for one in reversed(chain):
        name = f"{type(one).__module__}.{type(one).__qualname__}".removeprefix("builtins.")
        parts.append(
            "".join(["Traceback (most recent call last):\n", *traceback.format_tb(one.__traceback__), f"{name}\n"])
        )
    return "\n".join(parts)


def log(logger: logging.Logger, sentence: str) -> None:
    """Note the error that is being handled, as a logger's `exception` does but for its text."""
    error = sys.exception()
    logger.error("%s\n%s", sentence, where_it_happened(error) if error else "")
