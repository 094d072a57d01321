"""Where secrets come from: the server key, passwords of mail and database, credentials of gateways.

Looked up in this order (architecture, trust boundary): `$CREDENTIALS_DIRECTORY/<name>`, the file that
`PETTYCASH_<NAME>_FILE` names (refused unless owner-only), the keyring, `PETTYCASH_<NAME>` with a warning. The server
key may besides be in a file of the home, which is asked before the keyring: it was made only because no other place
had a key, and a keyring costs a tenth of a second and more, or hangs where nobody can unlock it.

Losing the server key voids every open code and every TOTP enrolment; nothing else depends on it.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets as random_source
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from pettycash_tui.services import keyrings
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.owner_only import (
    DamagedFile,
    UnsafeFile,
    read_owner_only,
    refused_file,
    sync_folder,
    text_of,
    write_new,
)

SERVER_KEY = "server_key"
KEY_BYTES = 32
KEY_FILE = "server.key"
CHECKPOINT_KEY = "checkpoint_key"
DATABASE_PASSWORD = "database_password"
_HOME_FILES = {SERVER_KEY: KEY_FILE, CHECKPOINT_KEY: "checkpoint.key"}
NEXT_KEY_FILE = "server.key.next"
"""Where the key that follows waits until the database is changed over to it (`key_rotation`)."""
KEY_LOCK_FILE = "server.key.lock"
"""Held by the one process that changes the key: what waits beside it must be the key that the database was given."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SILENT = "The keyring of this host is locked or does not answer, and may hold"
_UNLOCK = (
    "Unlock it, as by signing in at the desktop, and try again. Only where you know that it holds none, run this with "
    "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring."
)


class Place(StrEnum):
    """The kinds of places a secret is found in."""

    CREDENTIALS = "credentials directory"
    NAMED_FILE = "named file"
    HOME = "home"
    KEYRING = "keyring"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and, in words, the place it was found in."""

    value: str
    where: str
    place: Place

    def __repr__(self) -> str:
        return f"Found(where={self.where!r})"


class Secrets:
    """The secrets of one home. `embedded`: its database is a file, whose key is made when there is none.

    `is_in_use` tells whether the database goes by a server key already, `is_sealed` whether a checkpoint key has
    signed it: then none is made.
    """

    def __init__(
        self,
        home: Path,
        embedded: bool,
        is_in_use: Callable[[], bool] = lambda: False,
        is_sealed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.home = home
        self.embedded = embedded
        self._is_in_use = is_in_use
        self._is_sealed = is_sealed
        self.warnings: list[str] = []
        self._key: bytes | None = None
        self._lock = Lock()

    def get(self, name: str) -> str | None:
        """The secret of that name (`smtp_password`), or None. Raises Refused for a file that others may read."""
        found = self._find(name)
        return found.value if found else None

    def where(self, name: str) -> str:
        """In words, where the secret of that name is kept; `nowhere` when it is not."""
        found = self._find(name)
        return found.where if found else "nowhere"

    def keep(self, name: str, value: str) -> str:
        """Put a secret into the keyring and read it back. Returns where it is; raises Refused without a keyring."""
        _check_name(name)
        if not keyrings.put(name, value) or keyrings.get(name) != value:
            raise Refused(
                f"There is no keyring here that keeps a secret. Write it into a file that only you can read and set "
                f"{_variable(name)}_FILE to its path.",
                code="no_keyring",
            )
        return "the keyring"

    def server_key(self) -> bytes:
        """The 32 bytes that every code and TOTP secret depends on; made now for an embedded database without one.

        Raises Refused when a shared database, or one that goes by a key already, has none here; InvalidInput when what
        was found is no key.
        """
        with self._lock:
            if self._key is None:
                found = self._find(SERVER_KEY)
                if found is None and (not self.embedded or self._is_in_use()):
                    raise self._no_server_key()
                self._key = _key_of(found or self._make())
            return self._key

    def _no_server_key(self) -> Refused:
        if keyrings.is_silent(SERVER_KEY):
            what_to_do = (
                "The keyring of this host is locked or does not answer, and may hold it: unlock it and try again."
            )
        elif self.embedded:
            what_to_do = f"Put your copy of it back as {self.home / KEY_FILE}, readable by you alone, and try again."
        else:
            what_to_do = (
                "Put the one of your other hosts into a file that only you can read and set "
                f"{_variable(SERVER_KEY)}_FILE to its path."
            )
        return Refused.because(
            Reason(
                "no_server_key",
                f"The server key is not on this host, and a new one would void every code and every authenticator app. "
                f"{what_to_do} If the key is lost, run `pettycash secret rotate server_key --lost`.",
            )
        )

    def make_server_key(self) -> str:
        """First set-up: make the keys in the home unless some place has them. Returns where the server key is.

        No checkpoint key is made where there may be one already; who needs it is told then (`checkpoint_key`).
        Raises Refused where the database goes by a server key already.
        """
        with self._lock:
            if self._find(CHECKPOINT_KEY) is None and not (keyrings.is_silent(CHECKPOINT_KEY) or self._is_sealed()):
                self._make(CHECKPOINT_KEY)
            found = self._find(SERVER_KEY)
            if found is None and self._is_in_use():
                raise self._no_server_key()
            found = found or self._make()
            self._key = _key_of(found)
            return found.where

    def checkpoint_key(self) -> bytes:
        """The 32 bytes that checkpoints are signed with (an Ed25519 seed); made now for an embedded database.

        A key of its own: changing the server key leaves what was sealed verifiable. None is made where another one may
        have signed before: what that one sealed would not be looked at any more. Raises as `server_key`.
        """
        with self._lock:
            found = self._find(CHECKPOINT_KEY)
            if found is None:
                self._require_no_checkpoint_key()
            return _key_of(found or self._make(CHECKPOINT_KEY), CHECKPOINT_KEY)

    def _require_no_checkpoint_key(self) -> None:
        """Raise Refused unless this home is to make the first one."""
        new_one = "write 64 random hexadecimal digits (`openssl rand -hex 32`) into"
        in_home = f"{self.home / _HOME_FILES[CHECKPOINT_KEY]}, readable by you alone"
        if keyrings.is_silent(CHECKPOINT_KEY):
            raise Refused(f"{_SILENT} the key that signs checkpoints. {_UNLOCK}", code="keyring_silent")
        if not self.embedded:
            what_to_do = (
                f"Put the one of your other hosts, or where there is none {new_one} a file that only you can read, and "
                f"set {_variable(CHECKPOINT_KEY)}_FILE to its path."
            )
        elif self._is_sealed():
            what_to_do = f"Put your copy of it back as {in_home}. If it is lost, {new_one} that file."
        else:
            return
        raise Refused.because(
            Reason("no_checkpoint_key", f"The key that signs checkpoints is not on this host. {what_to_do}")
        )

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose only (`otp`, `totp`), so that no two uses share one."""
        return derived(self.server_key(), purpose)

    def found_key(self) -> tuple[bytes, Found] | None:
        """The server key as its place holds it at this moment, and that place; None where there is none."""
        found = self._find(SERVER_KEY)
        return (_key_of(found), found) if found else None

    def key_or_damage(self) -> tuple[bytes | None, Found] | None:
        """As `found_key`, but with None for the key where what its place holds is none, as after a full disk.

        Raises Refused for a file that others may read.
        """
        try:
            found = self._find(SERVER_KEY)
        except DamagedFile as damage:
            place = Place.HOME if damage.path == self.home / KEY_FILE else Place.NAMED_FILE
            return None, Found("", f"the file {damage.path}", place)
        if found is None:
            return None
        try:
            return _key_of(found), found
        except InvalidInput:
            return None, found

    def place_for_key(self) -> Found:
        """Where a server key comes that no place has."""
        return Found("", f"the file {self.home / KEY_FILE}", Place.HOME)

    def require_lost(self) -> None:
        """Raise Refused (`keyring_silent`) while a keyring does not say whether it has the server key."""
        if keyrings.is_silent(SERVER_KEY):
            raise Refused(f"{_SILENT} the server key, which then is not lost. {_UNLOCK}", code="keyring_silent")

    def forget_key(self) -> None:
        """Look the server key up anew the next time: it may have been rotated since."""
        with self._lock:
            self._key = None

    def next_key(self, path: Path | None = None, *, make: bool) -> bytes | None:
        """The key that is to follow, from `path` or the home; made there when there is none and `make`.

        Raises Refused when it cannot be written or others may read it, InvalidInput when it is no key.
        """
        path = path or self.home / NEXT_KEY_FILE
        if make:
            self._write_key(path)
        try:
            return key_in_file(path)
        except FileNotFoundError:
            return None

    def forget_next(self) -> None:
        """Take away the key that was to follow. Raises Refused when the home cannot be written."""
        path = self.home / NEXT_KEY_FILE
        try:
            path.unlink(missing_ok=True)
            sync_folder(self.home)
        except OSError as error:
            raise Refused(
                f"The key that waits in {path} cannot be removed: {error.strerror}. Check the folder's permissions.",
                code="no_server_key",
            ) from error

    @contextmanager
    def changing_key(self) -> Iterator[None]:
        """Be the only process that changes the key of this home; another waits here. The system frees who dies.

        Raises Refused when the home cannot be written.
        """
        import fcntl

        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.home / KEY_LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refused(
                f"The key cannot be changed in {self.home}: {error.strerror}. Check the folder's permissions.",
                code="no_server_key",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def put_next_in_place(self, key: bytes, place: Place) -> None:
        """Make the key that waits in the home the server key. Raises Refused when its place does not take it."""
        waiting = self.home / NEXT_KEY_FILE
        if place is Place.KEYRING:
            self.keep(SERVER_KEY, key.hex())
            waiting.unlink(missing_ok=True)
        else:
            # Where another process has finished the same rotation, there is nothing left to move.
            with suppress(FileNotFoundError):
                waiting.replace(self.home / KEY_FILE)
        sync_folder(self.home)
        self.forget_key()

    def _find(self, name: str) -> Found | None:
        _check_name(name)
        return (
            _from_credentials(name)
            or _from_named_file(name)
            or (self._from_home(name) if name in _HOME_FILES else None)
            or _from_keyring(name)
            or self._from_environment(name)
        )

    def _from_home(self, name: str) -> Found | None:
        path = self.home / _HOME_FILES[name]
        try:
            found = Found(read_owner_only(path), f"the file {path}", Place.HOME)
        except FileNotFoundError:
            return None
        variable = _variable(name)
        if os.environ.get(variable, found.value).strip() != found.value:
            self._warn(f"{variable} is set but not used: {path} holds another key, which goes first.")
        return found

    def _from_environment(self, name: str) -> Found | None:
        variable = _variable(name)
        value = os.environ.get(variable, "").strip()
        if not value:
            return None
        self._warn(
            f"The secret {name} comes from the environment ({variable}), where other programs of yours can read it. "
            f"Put it into a file that only you can read and set {variable}_FILE instead."
        )
        return Found(value, f"the environment ({variable})", Place.ENVIRONMENT)

    def _warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def _make(self, name: str = SERVER_KEY) -> Found:
        path = self.home / _HOME_FILES[name]
        self._write_key(path)
        return Found(read_owner_only(path), f"the file {path}", Place.HOME)

    def _write_key(self, path: Path) -> None:
        """Make a key in a file unless there is one."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Written whole under another name and then linked: of two processes one link fails, and no reader ever
            # sees half a key.
            draft = path.with_name(f".{path.name}.{random_source.token_hex(8)}")
            write_new(draft, random_source.token_hex(KEY_BYTES) + "\n")
            try:
                with suppress(FileExistsError):
                    os.link(draft, path)
            finally:
                draft.unlink()
            sync_folder(path.parent)
        except OSError as error:
            raise Refused(
                f"The key cannot be written to {path}: {error.strerror}. Check the folder's permissions.",
                code="no_server_key",
            ) from error


def derived(key: bytes, purpose: str) -> bytes:
    """What `Secrets.derive` makes of a server key."""
    return hkdf_sha256(key, salt=b"pettycash", info=purpose.encode(), length=KEY_BYTES)


def fingerprint(key: bytes) -> str:
    """A name for a server key that says nothing about it: who knows the key finds it by it."""
    return derived(key, "fingerprint").hex()[:16]


def hkdf_sha256(key: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869): extract, then expand."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        output, counter = output + block, counter + 1
    return output[:length]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput.of(name="must be the name of a secret, such as server_key or smtp_password")


def _variable(name: str) -> str:
    return f"PETTYCASH_{name.upper()}"


def key_in_file(path: Path) -> bytes:
    """The server key that a file holds. Raises Refused when others may read it, InvalidInput when it is no key."""
    return _key_of(Found(read_owner_only(path), f"the file {path}", Place.NAMED_FILE))


def _key_of(found: Found, name: str = SERVER_KEY) -> bytes:
    with suppress(ValueError):
        key = bytes.fromhex(found.value.strip())
        if len(key) == KEY_BYTES:
            return key
    raise InvalidInput(
        f"The {name.replace('_', ' ')} in {found.where} is not one: expected 64 hexadecimal digits (32 bytes).",
        code=f"bad_{name}",
        fields={name: "must be 64 hexadecimal digits"},
    )


def _from_credentials(name: str) -> Found | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    # The service manager made this folder for us alone, so its owner and mode are its business (systemd.exec).
    path = Path(folder) / name
    try:
        return Found(text_of(path, path.read_bytes()), f"the credentials directory ({path})", Place.CREDENTIALS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused_file(path, f"cannot be read ({error.strerror})") from error


def _from_named_file(name: str) -> Found | None:
    variable = f"{_variable(name)}_FILE"
    named = os.environ.get(variable)
    if not named:
        return None
    path = Path(named).expanduser()
    try:
        return Found(read_owner_only(path), f"the file {path} ({variable})", Place.NAMED_FILE)
    except FileNotFoundError:
        # Going on to the next place would use another secret than the one that somebody took care to name.
        raise UnsafeFile(path, f"{variable} names {path}, which is not there.", f"export {variable}=PATH") from None


def _from_keyring(name: str) -> Found | None:
    value = keyrings.get(name)
    return Found(value, "the keyring", Place.KEYRING) if value else None
