"""The checkpoints of this host in PETTYCASH_CHECKPOINT_DIR: which is the newest, and whether one was taken away."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pettycash_tui.services import audit_state, checkpoints
from pettycash_tui.services.audit import GROUP_STREAM, company_stream
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.checkpoint_text import Checkpoint, read_checkpoint
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A checkpoint that went into a folder; `is_here` when that was the one that is asked about."""

    sha256: str
    made_at: str
    is_here: bool


def kept(desk: Desk, actor: Actor) -> Checkpoint | None:
    """The newest checkpoint of this host in the folder that seals what the actor may check, None without a folder.

    Its signature is not looked at here.
    """
    folder = _folder()
    found = all_in(folder) if folder is not None else {}
    return newest_of(_of_host(desk, actor, found), _is_signed_here(desk)) if found else None


def newest_of(found: Mapping[str, Checkpoint], is_signed: Callable[[Checkpoint], bool]) -> Checkpoint | None:
    """The one that no other names as the one before it; of several the latest.

    Not simply the latest: one that was made while the clock was ahead would hide all that come after it.
    """
    # What nobody signed here may name what it likes.
    before = {each.previous for each in found.values() if each.previous and is_signed(each)}
    last = (each for digest, each in found.items() if digest not in before)
    return max(last, key=lambda each: each.made_at, default=None)


def all_in(folder: Path) -> dict[str, Checkpoint]:
    """Every checkpoint in a folder by its SHA-256, whoever signed it; what is none is passed."""
    found = {}
    for path in folder.glob("checkpoint-*.json"):
        try:
            each = read_checkpoint(path)
        except InvalidInput:
            continue
        found[each.digest] = each
    return found


def require_whole(desk: Desk, actor: Actor) -> None:
    """Raise Refused where the folder lacks the checkpoint that was sealed into it last: nothing is compared then."""
    lost = missing(desk, actor)
    if lost:
        raise Refused(
            f"Nothing was sealed, because {lost[0].message}. Where it is lost for good, a superuser seals the books"
            " anew: `pettycash audit checkpoint --after-restore REASON`.",
            code="checkpoint_missing",
        )


def missing(desk: Desk, actor: Actor) -> tuple[Problem, ...]:
    """The problem of a folder without the checkpoint that was sealed into it last, as one that is not mounted.

    Of a folder that is new here, that it has none although another folder had one.
    """
    folder = _folder()
    if folder is None:
        return ()
    sealed = desk.read(actor, _sealed_into, place_of(folder))
    found = all_in(folder) if sealed else {}
    has_own = bool(_of_host(desk, actor, found))
    for each in sealed:
        if each.sha256 not in found and (each.is_here or not has_own):
            message = (
                f"the folder {folder} ({checkpoints.DIRECTORY_VARIABLE}) lacks the checkpoint that was made on"
                f" {each.made_at}: mount the folder or put the file back; into a new folder copy the files of the one"
                " before"
            )
            return (Problem("checkpoint", 0, ProblemKind.DELETED, message),)
    return ()


def gap(desk: Desk, actor: Actor) -> tuple[Problem, ...]:
    """The problem of a checkpoint whose one before it is not in the folder, although older ones are.

    Where all that were older are gone, they were cleared away.
    """
    folder = _folder()
    found = _of_host(desk, actor, all_in(folder)) if folder is not None else {}
    if not found:
        return ()
    is_signed = _is_signed_here(desk)
    found = {digest: each for digest, each in found.items() if is_signed(each)}
    first = newest_of(found, lambda _: True)
    if first is None:
        return ()
    while first.previous in found:
        first = found[first.previous]
    if not first.previous:
        return ()
    following = _following(found, first)
    older = any(
        each.made_at < first.made_at and each.previous != first.previous
        for digest, each in found.items()
        if digest not in following
    )
    if not older:
        return ()
    message = (
        f"the one before the checkpoint of {first.made_at:%Y-%m-%d %H:%M} UTC is not in {folder}, or was changed: put"
        " it back; where you cleared it away yourself, move what is older into another folder"
    )
    return (Problem("checkpoint", 0, ProblemKind.DELETED, message),)


def place_of(folder: Path) -> str:
    """How an event names a folder: the same path is another folder on another host."""
    return f"{socket.gethostname()}:{folder.absolute()}"


def _sealed_into(reading: Reading, place: str) -> list[_Sealed]:
    """For all companies and for the actor's: the last checkpoint that went into this folder, else into any."""
    found = []
    for told in audit_state.told_latest_first(reading, audit_state.SEALED):
        last = None
        for data in told:
            if checkpoints.DIRECTORY not in data.get("places", ()):
                continue
            is_here = data.get("folder") == place
            if last is None or is_here:
                last = _Sealed(str(data.get("sha256", "")), str(data.get("made_at", "")), is_here)
            if is_here:
                break
        found += [last] if last is not None else []
    return found


def _folder() -> Path | None:
    named = os.environ.get(checkpoints.DIRECTORY_VARIABLE, "").strip()
    return Path(named) if named else None


def _of_host(desk: Desk, actor: Actor, found: Mapping[str, Checkpoint]) -> dict[str, Checkpoint]:
    """Those that say they were signed with this host's key, for what the actor may check. Folders may be shared."""
    if not found:
        return {}
    key = checkpoints.public_key(desk).fingerprint
    scopes = {"", GROUP_STREAM, company_stream(actor.company_id)}
    return {digest: each for digest, each in found.items() if each.key == key and each.scope in scopes}


def _is_signed_here(desk: Desk) -> Callable[[Checkpoint], bool]:
    key = checkpoints.public_key(desk).public_key
    return lambda each: checkpoints.is_signed_by(each, key)


def _following(found: Mapping[str, Checkpoint], first: Checkpoint) -> set[str]:
    """A checkpoint and all that follow it, one after the other."""
    after: dict[str, list[str]] = {}
    for digest, each in found.items():
        after.setdefault(each.previous, []).append(digest)
    reached, open_ends = set(), [first.digest]
    while open_ends:
        digest = open_ends.pop()
        reached.add(digest)
        open_ends += after.get(digest, [])
    return reached
