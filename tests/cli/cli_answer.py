"""What a command line gave, and the type of the fixtures that run one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What one command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error of the one JSON document on stderr, which leaves stdout empty."""
        assert self.out == ""
        return json.loads(self.err)["error"]


Run = Callable[..., Answer]
