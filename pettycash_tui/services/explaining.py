"""Why a person may or may not do each of the things that can be done to something, of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pettycash_tui.services.errors import NotAllowed, Reason
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

A = TypeVar("A", bound=StrEnum)


def without_right(reading: Reading, right: Right) -> Iterator[Reason]:
    """Why the actor's role may not do something; nothing where it may."""
    try:
        reading.actor.require(right)
    except NotAllowed as error:
        yield Reason(error.code, error.message)


@dataclass(frozen=True, slots=True)
class ActsExplanation(Generic[A]):
    """Every reason against each act that this person could do to it now; where there is none, it may be done.

    Made by this very name: Python 3.11 cannot make a frozen class with slots by a name with its type in brackets.
    """

    number: str
    against: Mapping[A, tuple[Reason, ...]]

    def allows(self, act: A) -> bool:
        """Whether this person may do it now."""
        return not self.against[act]
