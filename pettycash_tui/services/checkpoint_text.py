"""A checkpoint as text: what is signed, and how a file of it is read.

The signed text is the canonical rendering of all but the signature, so that whoever has the public key can check it
with any Ed25519 (RFC 8032).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pettycash_tui.services.audit import canonical_text
from pettycash_tui.services.errors import InvalidInput

FORMAT = "pettycash-checkpoint-1"
LARGEST = 64 * 1024 * 1024
"""No checkpoint is larger, in bytes: some hundred thousand streams."""


@dataclass(frozen=True, slots=True)
class SealedHead:
    """How long a stream was, and the hash of its last event."""

    length: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Every stream's head at one moment, signed. `key` is the fingerprint of the public key, `signature` is in hex.

    `scope` is the stream of the company whose streams are sealed, or the group's for all; `previous` the SHA-256 of the
    file before it in the same directory, so that one that was taken away is missed. Older files have neither.
    """

    made_at: datetime
    heads: Mapping[str, SealedHead]
    key: str
    signature: str = ""
    scope: str = ""
    previous: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of its file."""
        return sha256(f"{self.text}\n".encode()).hexdigest()

    @property
    def events(self) -> int:
        """How many events it seals."""
        return sum(head.length for head in self.heads.values())

    @property
    def signed_text(self) -> str:
        """What is signed."""
        return canonical_text(self._content())

    @property
    def text(self) -> str:
        """The whole file, one line."""
        return canonical_text({**self._content(), "signature": self.signature})

    @property
    def folded(self) -> str:
        """The same in lines, for where a line may not be long: a value of JSON, whatever stands between its parts."""
        return json.dumps(json.loads(self.text), sort_keys=True, indent=0)

    def _content(self) -> dict[str, Any]:
        later = {"previous": self.previous, "scope": self.scope}
        return {
            **{name: value for name, value in later.items() if value},
            "format": FORMAT,
            "key": self.key,
            "made_at": self.made_at,
            "streams": {name: {"hash": head.hash, "length": head.length} for name, head in self.heads.items()},
        }


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Raises InvalidInput when it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInput.of(checkpoint=f"cannot be read: {error.strerror} ({path})") from error
    if len(content) > LARGEST:
        raise InvalidInput.of(checkpoint="must be a file of `pettycash audit checkpoint`; this one is too large")
    return parse(content.decode("utf-8", "replace"))


def parse(text: str) -> Checkpoint:
    """The checkpoint that a text is. Raises InvalidInput when it is none."""
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise ValueError(found["format"])
        streams = found["streams"].items()
        # Half a character is no text, so nobody has signed it.
        json.dumps(found, ensure_ascii=False).encode()
        return Checkpoint(
            made_at=datetime.strptime(found["made_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
            heads={name: SealedHead(int(head["length"]), str(head["hash"])) for name, head in streams},
            key=str(found["key"]),
            signature=str(found["signature"]),
            scope=str(found.get("scope", "")),
            previous=str(found.get("previous", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise InvalidInput.of(checkpoint="must be a file that `pettycash audit checkpoint` wrote") from error
