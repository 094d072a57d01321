"""Checkpoints: every stream's length and last hash at one moment, signed with Ed25519 and written out of the database.

Whoever can write the database can write its chain anew; what was sealed elsewhere shows it. Besides the file that is
asked for, a checkpoint goes to the places that are set up: PETTYCASH_CHECKPOINT_DIR (a folder), _EMAIL (an address) and
_URL (an https address that takes a POST). Nothing of it happens inside a transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select

from pettycash_tui.database import isolation
from pettycash_tui.models import tables as t
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import audit_events, audit_state, export_files, forced
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.checkpoint_text import Checkpoint, SealedHead
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.owner_only import sync_folder, write_new
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DIRECTORY_VARIABLE = "PETTYCASH_CHECKPOINT_DIR"
EMAIL_VARIABLE = "PETTYCASH_CHECKPOINT_EMAIL"
URL_VARIABLE = "PETTYCASH_CHECKPOINT_URL"
DIRECTORY = "directory"
_PATIENCE_SECONDS = 15.0
Write = Callable[[Checkpoint], None]
_TAKEN = "there is a file of that name already"
_AFTER = (
    select(t.stream_head.c.stream, t.stream_head.c.length, t.stream_head.c.head_hash)
    .where(t.stream_head.c.stream > bindparam("after"))
    .order_by(t.stream_head.c.stream)
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a checkpoint was to go, and why it did not; empty when it did."""

    kind: str
    where: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A checkpoint that was made, and where it went."""

    made_at: datetime
    streams: int
    events: int
    key: str
    sha256: str
    places: tuple[Place, ...]

    @property
    def is_everywhere(self) -> bool:
        """Whether it arrived at every place."""
        return not any(place.error for place in self.places)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key that checkpoints are checked with: PEM (RFC 8410), and its fingerprint."""

    public_key: str
    fingerprint: str


def seal(reading: Reading, sign: Callable[[bytes], bytes], key: str, previous: str = "") -> Checkpoint:
    """Seal every stream that the actor may check, as of one moment."""
    reading.actor.require(Right.READ_AUDIT)
    isolation.of_one_moment(reading.connection)
    rows = reading.execute(_AFTER, {"after": ""})
    if reading.actor.company_id is not None:
        mine = set(audit_events.streams(reading))
        heads = {row.stream: SealedHead(row.length, row.head_hash) for row in rows if row.stream in mine}
    else:
        heads = {row.stream: SealedHead(row.length, row.head_hash) for row in rows}
    scope = company_stream(reading.actor.company_id)
    unsigned = Checkpoint(reading.now, heads, key, scope=scope, previous=previous)
    return replace(unsigned, signature=sign(unsigned.signed_text.encode()).hex())


def make(desk: Desk, actor: Actor, *, output: Path | None = None) -> Made:
    """Seal the books into a file and to the places that are set up, and record it.

    Raises Refused without any place, where the key is missing, or where the books are not what the checkpoint before
    has sealed or that one is gone: a new one would make them look right. A place that cannot be reached is in the
    result.
    """
    # The check records what it finds, as every verification does, and that one asks here for keys.
    from pettycash_tui.services import audit_check, checkpoint_folder

    to = targets(desk, output)
    before = checkpoint_folder.kept(desk, actor)
    sealed = sealed_now(desk, actor, previous=before.digest if before is not None else "")
    if before is not None:
        audit_check.require_as_sealed(desk, actor, before)
    checkpoint_folder.require_whole(desk, actor)
    return deliver(desk, actor, sealed, to)


def deliver(desk: Desk, actor: Actor, sealed: Checkpoint, to: list[tuple[Place, Write]]) -> Made:
    """Write a checkpoint to its places (`targets`) and record it. One that cannot be reached is in the result."""
    from pettycash_tui.services.checkpoint_folder import place_of

    digest = sealed.digest
    places = tuple(_put(place, write, sealed) for place, write in to)
    made = Made(sealed.made_at, len(sealed.heads), sealed.events, sealed.key, digest, places)
    arrived = [place for place in places if not place.error]
    if arrived:
        kinds = [place.kind for place in arrived]
        folder = next((place_of(Path(place.where)) for place in arrived if place.kind == DIRECTORY), "")
        desk.run(
            actor, audit_state.record_checkpoint, made.made_at, made.streams, made.events, digest, kinds, folder=folder
        )
    return made


def places(desk: Desk) -> tuple[str, ...]:
    """The places that are set up, in words. Raises Refused without any."""
    return tuple(f"{place.kind} {place.where}" for place, _ in targets(desk, None))


def sealed_now(desk: Desk, actor: Actor, *, previous: str = "") -> Checkpoint:
    """A checkpoint of this moment, signed."""
    actor.require(Right.READ_AUDIT)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    signing = Ed25519PrivateKey.from_private_bytes(desk.secrets.checkpoint_key())
    return desk.read(actor, seal, signing.sign, _pem(signing.public_key()).fingerprint, previous)


def public_key(desk: Desk) -> PublicKey:
    """The public half of this host's key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _pem(Ed25519PrivateKey.from_private_bytes(desk.secrets.checkpoint_key()).public_key())


def is_signed_by(checkpoint: Checkpoint, key: str) -> bool:
    """Whether the checkpoint was signed with the private half of this public key (PEM). Raises InvalidInput."""
    from cryptography.exceptions import InvalidSignature

    public = _public(key)
    try:
        public.verify(bytes.fromhex(checkpoint.signature), checkpoint.signed_text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def read_key(path: Path) -> str:
    """The public key in a file. Raises InvalidInput."""
    try:
        text = path.read_bytes()[:65_536].decode("ascii", "replace")
    except OSError as error:
        raise InvalidInput.of(key=f"cannot be read: {error.strerror} ({path})") from error
    _public(text)
    return text


def _public(text: str) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInput.of(key="must be the file that `pettycash audit key --output FILE` wrote") from error
    if not isinstance(found, Ed25519PublicKey):
        raise InvalidInput.of(key="must be an Ed25519 key, as `pettycash audit key` prints it")
    return found


def _pem(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return PublicKey(pem, sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest())


def targets(desk: Desk, output: Path | None) -> list[tuple[Place, Write]]:
    """The file that is asked for and the places that are set up, with what writes there. Raises Refused without any."""
    found: list[tuple[Place, Write]] = []
    if output is not None:
        if forced.current() is not None:
            export_files.require_bare_name(str(output))
        found.append((Place("file", str(output)), lambda sealed: _write_named(output, sealed)))
    folder = os.environ.get(DIRECTORY_VARIABLE, "").strip()
    if folder:
        found.append((Place(DIRECTORY, folder), lambda sealed: _write(_dated(Path(folder), sealed), sealed)))
    address = os.environ.get(EMAIL_VARIABLE, "").strip()
    if address:
        found.append((Place("email", address), lambda sealed: _mail(desk, address, sealed)))
    url = os.environ.get(URL_VARIABLE, "").strip()
    if url:
        # An address may carry a token: only its host is told.
        host = url.split("://")[-1].split("/")[0].rpartition("@")[2]
        found.append((Place("webhook", host), lambda sealed: _post(url, sealed)))
    if not found:
        raise Refused(
            f"There is no place for a checkpoint. Give --output FILE, or set {DIRECTORY_VARIABLE}, {EMAIL_VARIABLE} or "
            f"{URL_VARIABLE} to a place outside of the database's reach.",
            code="no_checkpoint_place",
        )
    return found


def _put(place: Place, write: Write, sealed: Checkpoint) -> Place:
    try:
        write(sealed)
    except FileExistsError:
        return replace(place, error=_TAKEN)
    except OSError as error:
        return replace(place, error=error.strerror or "it cannot be written to")
    except DeliveryFailed as error:
        return replace(place, error=str(error))
    except Refused as refusal:
        return replace(place, error=_TAKEN if refusal.code == "file_exists" else refusal.message.rstrip("."))
    return place


def _dated(folder: Path, sealed: Checkpoint) -> Path:
    return folder / f"checkpoint-{sealed.made_at:%Y%m%dT%H%M%S%f}Z.json"


def _write(path: Path, sealed: Checkpoint) -> None:
    write_new(path, sealed.text + "\n")
    sync_folder(path.parent)


def _write_named(path: Path, sealed: Checkpoint) -> None:
    with export_files.at_path(path, replace=False) as draft:
        draft.file.write((sealed.text + "\n").encode())
        draft.finish()
        draft.keep()


def _mail(desk: Desk, address: str, sealed: Checkpoint) -> None:
    from pettycash_tui.services.messages import channel_for

    subject = f"Petty cash: checkpoint of {sealed.made_at:%Y-%m-%d %H:%M} UTC"
    # A line of mail ends at 998 octets (RFC 5322): the text is folded, and JSON does not mind.
    body = (
        "Keep this: with `pettycash audit verify --checkpoint FILE` it shows whether the books were written anew."
        f"\n\n{sealed.folded}\n"
    )
    channel_for(desk).deliver(Message("Checkpoint", address, subject, body, "checkpoint"))


def _post(url: str, sealed: Checkpoint) -> None:
    import httpx

    if not _is_safe(url):
        raise DeliveryFailed(f"{URL_VARIABLE} must begin with https://")
    try:
        answer = httpx.post(
            url,
            content=sealed.text.encode(),
            headers={"content-type": "application/json"},
            timeout=_PATIENCE_SECONDS,
            follow_redirects=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailed(f"it cannot be reached ({type(error).__name__})") from error
    if answer.status_code >= 300:
        raise DeliveryFailed(f"it answered {answer.status_code}")


def _is_safe(url: str) -> bool:
    """Whether what is sent there crosses no network unprotected."""
    from pettycash_tui.services.gateway_settings import is_local

    try:
        scheme = urlsplit(url).scheme
        return scheme == "https" or (scheme == "http" and is_local(url))
    except ValueError:
        return False
