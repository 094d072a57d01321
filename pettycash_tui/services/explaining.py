"""Why a person may or may not do each of the things that can be done to something, of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pettycash_tui.services.errors import Reason

A = TypeVar("A", bound=StrEnum)


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
