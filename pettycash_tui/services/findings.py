"""What a check found: one sentence, how bad it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only an error makes a check fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `code` is stable, for scripts; `command` is what to run, empty where no command helps."""

    code: str
    severity: Severity
    message: str
    command: str = ""


def has_errors(findings: tuple[Finding, ...] | list[Finding]) -> bool:
    """Whether the check failed."""
    return any(finding.severity is Severity.ERROR for finding in findings)
