"""Rehearsing a change: the whole of it is done in a transaction that is then undone. What `--dry-run` runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Work

P = ParamSpec("P")
T = TypeVar("T")


class _Undo(Exception):
    """Ends the transaction; never leaves this module."""


def rehearse(
    desk: Desk, actor: Actor, service: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """What `desk.run` would give or raise, with nothing changed afterwards."""
    results: list[T] = []

    def rehearsed(work: Work) -> None:
        results.append(service(work, *args, **kwargs))
        raise _Undo

    try:
        desk.run(actor, rehearsed)
    except _Undo:
        return results[-1]
    raise AssertionError("unreachable")
