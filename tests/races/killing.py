"""Acts that are ended at every point by a kill or by an error, and the books after each.

For every n a process is forked, opens the same books anew, acts, and kills itself after its n-th statement (a COMMIT
counts twice: before and after it). n goes up until the act gets through. The same is done with an error in the place of
the kill, in this process and on a desk that is used again; on Postgres where the two share what they act on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import books
from books import Books
from sqlalchemy import event

from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM

MOST_POINTS = 80
Subject = TypeVar("Subject")


@dataclass
class Killing(Generic[Subject]):
    """Acts that end at every point, one after the other; from the `first`, where those before it only read."""

    desk: Desk
    prepare: Callable[[], Subject]
    act: Callable[[Desk, Subject], object]
    done: list[bool] = field(default_factory=list)
    first: int = 1
    is_shared: bool = False
    """Whether what a kill has left as it was serves the error at that point too: then Postgres gets errors as well."""

    def points(self) -> Iterator[tuple[Subject, Books]]:
        """Each subject that was acted on, and the books just after the act had ended."""
        has_errors = self.is_shared or self.desk.engine.dialect.name == "sqlite"
        for n in range(self.first, MOST_POINTS):
            is_through = False
            subject = None
            for way in (killed, failed) if has_errors else (killed,):
                subject = subject or self.prepare()
                before = vars(books.read(self.desk)) if self.is_shared and way is killed else None
                ended = way(self.desk, lambda here, subject=subject: self.act(here, subject), n)  # type: ignore[misc]
                found = books.check(self.desk)
                if ended and before == vars(found):
                    continue
                # An act that goes on with the next thing after an error of ours ends without one.
                is_through = is_through or (way is killed and not ended)
                yield subject, found
                subject = None
            if is_through:
                break
        else:
            raise AssertionError("never gets through")
        # Nothing up to some point, everything from there on.
        assert self.done == sorted(self.done)
        assert set(self.done) == {False, True}
        print(f"{self.desk.engine.dialect.name}: {len(self.done)} points, nothing done at {self.done.count(False)}")


def killed(desk: Desk, act: Callable[[Desk], object], n: int) -> bool:
    """Whether a process that acts was killed: after its n-th statement, or by what it does itself."""
    child = os.fork()
    if child == 0:
        # Whatever happens here, pytest must not go on in this process.
        try:
            here = Desk(desk.url, desk.home, clock=desk.clock)
            _end_after(here, n, _kill)
            act(here)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, f"refused instead of killed at {n}"
    return False


class Injected(RuntimeError):
    """An error that nobody expects."""


def failed(desk: Desk, act: Callable[[Desk], object], n: int) -> bool:
    """Whether an act ended with an error that came after its n-th statement. Its desk is as good as before."""
    here = Desk(desk.url, desk.home, clock=desk.clock)
    is_acting = True

    def fail() -> None:
        if is_acting:
            raise Injected(f"after statement {n}")

    _end_after(here, n, fail)
    try:
        act(here)
    except Injected:
        return True
    finally:
        is_acting = False
        # It was given back, and is no transaction that somebody waits for.
        assert here.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        here.run_unaudited(SYSTEM, lambda work: None)
        here.close()
    return False


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _end_after(desk: Desk, n: int, end: Callable[[], None]) -> None:
    seen = 0

    def count(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            end()

    commit = desk.engine.dialect.do_commit

    def commit_and_count(connection: Any) -> None:
        commit(connection)
        count()

    event.listen(desk.engine, "after_cursor_execute", count)
    event.listen(desk.engine, "commit", count)
    desk.engine.dialect.do_commit = commit_and_count  # type: ignore[method-assign]
