"""Every way a service can refuse, as one family of errors.

An error has a code (stable, for scripts), a message for a person (what is wrong, what was expected, what to do next),
the fields concerned, and all the reasons when a rule refused for more than one. Nothing is half-done when one is
raised. The command line maps them to exit codes (the `exit_code` of each class), the screens to a message beside the
field or a notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pettycash_tui.models.text import printable


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why something may not be done: a stable code and a sentence."""

    code: str
    message: str


class PettyCashError(Exception):
    """The root of the family; on its own it is a fault of the program (exit code 1).

    Its sentences may quote what was typed, or what the database holds, so they are made printable here.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "fault"
    is_on_record = False
    """Whether an audit event tells of this refusal already."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        reasons: Sequence[Reason] = (),
    ) -> None:
        self.message = printable(message, multiline=True)
        super().__init__(self.message)
        self.code = code or self.default_code
        self.fields: dict[str, str] = {
            name: printable(expected, multiline=True) for name, expected in (fields or {}).items()
        }
        self.reasons: tuple[Reason, ...] = tuple(reasons)


class InvalidInput(PettyCashError):
    """A field holds what it may not hold; `fields` names each with what was expected (exit code 2)."""

    exit_code = 2
    default_code = "invalid_input"

    @classmethod
    def of(cls, **fields: str) -> InvalidInput:
        """One error for one or several fields: `InvalidInput.of(amount="must be above zero")`."""
        sentence = "; ".join(f"{name.replace('_', ' ')} {expected}" for name, expected in fields.items())
        return cls(sentence[:1].upper() + sentence[1:] + ".", fields=fields)


class Refused(PettyCashError):
    """A rule forbids it now; `reasons` holds every rule that does (exit code 3)."""

    exit_code = 3
    default_code = "refused"

    @classmethod
    def because(cls, *reasons: Reason, opening: str = "") -> Refused:
        """One error for all the reasons. Its code is the first reason's."""
        sentence = " ".join(reason.message for reason in reasons)
        code = reasons[0].code if reasons else "refused"
        return cls(f"{opening} {sentence}".strip(), code=code, reasons=reasons)


class NotFound(PettyCashError):
    """No such object, or none that this person may see: the two answer alike (exit code 4)."""

    exit_code = 4
    default_code = "not_found"


class NotAllowed(PettyCashError):
    """Not signed in, or this role may not do it (exit code 5)."""

    exit_code = 5
    default_code = "not_allowed"


class NotSignedIn(NotAllowed):
    """Nobody is signed in, or the session has ended (exit code 5)."""

    default_code = "not_signed_in"


class Overtaken(PettyCashError):
    """Somebody else was faster; the message says who did what (exit code 6)."""

    exit_code = 6
    default_code = "overtaken"


class DatabaseUnavailable(PettyCashError):
    """The database cannot be reached, is not upgraded, is newer than the program, read-only or full (exit code 7)."""

    exit_code = 7
    default_code = "database_unavailable"
