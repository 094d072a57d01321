"""The desk and the person behind a command: opened from its options, closed when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from pettycash_tui.cli import output
from pettycash_tui.cli.garbage import look_again
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor
    from pettycash_tui.services.work import Reading, Work

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def open_database(ctx: Context) -> Iterator[Desk]:
    """The desk that the options name, without asking who is there (jobs)."""
    from pettycash_tui.services.opening import open_desk, warning_of

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        look_again()
        warn(ctx, warning_of(desk))
        yield desk


def warn(ctx: Context, warning: str) -> None:
    """Tell what is not as it should be with the desk that was opened, if anything, beside the result."""
    if warning:
        output.note(ctx, f"Warning: {warning}")


@contextmanager
def at_desk(ctx: Context, *, verifies: bool = False) -> Iterator[tuple[Desk, Actor]]:
    """The desk that the options name, and the person who is signed in there (or named by `--as`).

    Who only `verifies` needs no sign-in where the database's role only reads.
    """
    from pettycash_tui.services.opening import identify, verifier

    with open_database(ctx) as desk:
        as_user = options(ctx).as_user
        reader = verifier(desk) if verifies and as_user is None else None
        actor = reader if reader is not None else identify(desk, as_user)
        if not options(ctx).json:
            from pettycash_tui.cli.table import show_times_in
            from pettycash_tui.services.companies import timezone_of

            show_times_in(desk.read(actor, timezone_of))
        yield desk, actor
        _tell(desk)


def _tell(desk: Desk) -> None:
    """Where messages are files of this home, who is to be told is told now; elsewhere a job or an open desk does it.

    A mail server may be slow or away, and a command waits for neither.
    """
    if not desk.has_written:
        return
    from pettycash_tui.services.messages import writes_to_outbox

    if writes_to_outbox(desk):
        from pettycash_tui.services import courier

        courier.run_quietly(desk)


def run(ctx: Context, service: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one service in a unit of work of its own."""
    with at_desk(ctx) as (desk, actor):
        return desk.run(actor, service, *args, **kwargs)


def read(ctx: Context, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one query."""
    with at_desk(ctx) as (desk, actor):
        return desk.read(actor, query, *args, **kwargs)
