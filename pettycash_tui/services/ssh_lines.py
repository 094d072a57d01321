"""Reading a public key from its line, in OpenSSH's authorized_keys format (sshd(8)).

The line's options are refused, because the program says itself what a key may.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from pettycash_tui.models.ssh import COMMENT_LENGTH
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import clean_text

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"
KINDS = (ED25519, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", RSA)
SHORTEST_RSA = 3072
"""Bits (NIST SP 800-57, 128 bits of security)."""
LONGEST_LINE = 8000


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as its line says it; `body` is base64."""

    kind: str
    body: str
    comment: str
    fingerprint: str

    @property
    def line(self) -> str:
        """The key without its comment, which is a person's text and has no place in a file of sshd."""
        return f"{self.kind} {self.body}"


def read_line(line: str) -> PublicKey:
    """A public key from its line. Raises InvalidInput naming `key` for whatever is not exactly one good key."""
    lines = [part for part in line.strip().splitlines() if part.strip()]
    if len(lines) != 1 or len(line) > LONGEST_LINE:
        raise _bad("must be one line, such as the one in ~/.ssh/id_ed25519.pub")
    kind, _, rest = lines[0].strip().partition(" ")
    if "PRIVATE KEY" in line:
        raise _bad("is a private key, which stays where it is; give the .pub file beside it")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise _bad(f"must begin with one of {known}; options before the key are not taken")
    body, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("is damaged: its second word is no base64") from None
    parts = _parts(blob)
    if not parts or parts[0] != kind.encode():
        raise _bad("is damaged: its two halves do not say the same kind")
    _check_strength(kind, parts)
    digest = base64.b64encode(sha256(blob).digest()).decode().rstrip("=")
    said = clean_text("comment", comment.strip()[:COMMENT_LENGTH], max_length=COMMENT_LENGTH, required=False)
    return PublicKey(kind, base64.b64encode(blob).decode(), said, f"SHA256:{digest}")


def _parts(blob: bytes) -> list[bytes]:
    """The strings of a key (RFC 4251, section 5); none when it does not end where its last string does."""
    parts: list[bytes] = []
    at = 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4])
        if len(blob) - at < 4 or len(blob) - at - 4 < size:
            return []
        parts.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _check_strength(kind: str, parts: list[bytes]) -> None:
    """The right number of parts, each of its right size (RFC 8709, 5656, 4253)."""
    if kind == ED25519:
        whole = len(parts) == 2 and len(parts[1]) == 32
    elif kind == RSA:
        whole = len(parts) == 3
        bits = int.from_bytes(parts[2]).bit_length() if whole else 0
        if whole and bits < SHORTEST_RSA:
            raise _bad(f"is an RSA key of {bits} bits; it must have {SHORTEST_RSA} or more, or be ssh-ed25519")
    else:
        curve = kind.rpartition("-")[2]
        length = {"nistp256": 65, "nistp384": 97, "nistp521": 133}[curve]
        whole = len(parts) == 3 and parts[1] == curve.encode() and len(parts[2]) == length and parts[2][0] == 4
    if not whole:
        raise _bad("is damaged: it does not have the parts of its kind")


def _bad(what: str) -> InvalidInput:
    return InvalidInput.of(key=what)
