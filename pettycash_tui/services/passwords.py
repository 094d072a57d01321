"""Passwords: argon2id hashes, and what a new one must be like.

Length and a list of the common ones, no rules of composition (NIST SP 800-63B, 3.1.1.2). Parameters: OWASP Password
Storage Cheat Sheet (m = 46 MiB, t = 1, p = 1).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.shipped import shipped_text

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
LONGEST = 1024
"""Characters; longer ones would only make hashing slow."""

COMMON = "common_passwords.txt"


def hash_password(password: str, username: str, *, demo: bool = False) -> str:
    """The argon2id hash of a new password. `demo` accepts any (demo accounts have the password `demo`).

    Raises InvalidInput naming `password`.
    """
    if not demo:
        check(password, username)
    return _hasher().hash(_bytes(password))


def check(password: str, username: str) -> None:
    """Raise InvalidInput, naming `password`, unless it may be one."""
    # As it is hashed: wide letters and ligatures hide no common word, nor make it longer.
    password = normalize("NFKC", password)
    folded = password.casefold()
    if len(password) < SHORTEST:
        raise InvalidInput.of(password=f"must have at least {SHORTEST} characters; several words are easy to keep")
    if len(password) > LONGEST:
        raise InvalidInput.of(password=f"must have at most {LONGEST} characters")
    if "\n" in password or "\r" in password or "\0" in password:
        raise InvalidInput.of(password="must be one line")
    if folded == username.casefold() or (len(username) > 2 and username.casefold() in folded):
        raise InvalidInput.of(password="must not contain the username")
    if len(set(folded)) < 4 or folded in _common():
        raise InvalidInput.of(password="is one of those that are tried first; choose another, such as several words")


def verify(hashed: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed.

    With None (no such person, or no password yet) it is compared with a hash that nothing matches, so that the answer
    takes as long.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(hashed or _nobodys_hash(), _bytes(password[: LONGEST + 1])) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(hashed: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(hashed)


def _bytes(password: str) -> bytes:
    # One keyboard sends é as one character, another as two (SP 800-63B, 3.1.1.2). A terminal that is not set to UTF-8
    # may send what is no character at all; it is compared as it comes.
    return normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)


def _nobodys_hash() -> str:
    # The salt and digest are made up; with the parameters above it costs what a real one costs.
    return "$argon2id$v=19$m=47104,t=1,p=1$cGV0dHljYXNoLW5vYm9keQ$b6rkc3CqLFE7Qd3D2pM8l5cJZ0m1eY8aV7xT4wUoNiA"


@cache
def _common() -> frozenset[str]:
    lines = shipped_text(COMMON).splitlines()
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))
