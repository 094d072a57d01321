"""The audit events as a file that can be checked with nothing but itself and the public key.

JSON lines: what it is, then each stream's events from its first, then the checkpoint of the same moment. Written and
read in constant memory; the file is its owner's alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pettycash_tui.services import audit_events, audit_state, checkpoints
from pettycash_tui.services.audit import canonical_text
from pettycash_tui.services.audit_chain import COLUMNS, Problem, ProblemKind, Stored, Walk, parsed
from pettycash_tui.services.audit_verify import Progress, Verified
from pettycash_tui.services.checkpoint_text import Checkpoint, parse
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.export import Exported
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_progress import Progress as ExportProgress
from pettycash_tui.services.identity import Actor

FORMAT = "pettycash-audit-1"
_LONGEST = 1 << 24
"""No line is longer, in bytes."""

_WHOLE = "export"
"""What a problem of the file as such is reported as, in place of a stream."""


@dataclass(frozen=True, slots=True)
class AuditExported:
    """A file of events, and what is in it."""

    path: Path | None
    events: int
    streams: int
    size: int
    sha256: str
    key: str


def export(desk: Desk, actor: Actor, draft: Draft, *, progress: Progress | None = None) -> AuditExported:
    """Write every event that the actor may check, record it, and give the file its name.

    Raises Refused where the key that signs is missing.
    """
    signing = Ed25519PrivateKey.from_private_bytes(desk.secrets.checkpoint_key())
    key = checkpoints.public_key(desk).fingerprint
    events = 0
    with desk.reading(actor) as reading:
        sealed = checkpoints.seal(reading, signing.sign, key)
        opening = {"events": sealed.events, "format": FORMAT, "made_at": sealed.made_at}
        draft.file.write(f"{canonical_text(opening)}\n".encode())
        for stream in sorted(sealed.heads):
            for rows, _ in audit_events.pages(reading, stream, after=-(1 << 62), until=None):
                lines = (
                    json.dumps([stream, row[0], row[2], row[3], row[1]], ensure_ascii=False, separators=(",", ":"))
                    for row in rows
                )
                draft.file.write(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
                events += len(rows)
                if progress is not None:
                    progress(events, sealed.events)
        draft.file.write(f"{sealed.text}\n".encode())
    size, digest = draft.finish()
    desk.run(actor, audit_state.record_export, draft.name, draft.place, events, size, digest)
    return AuditExported(draft.keep(), events, len(sealed.heads), size, digest, key)


class ProofFormat(StrEnum):
    """How events are written that can be verified by themselves."""

    JSON_LINES = "jsonl"


def export_as_list(desk: Desk, actor: Actor, draft: Draft, progress: ExportProgress) -> Exported:
    """The same for whoever waits for an export of a list: what was written, in the same words."""

    def far(done: int, total: int) -> None:
        progress.total = total
        progress.advance(done - progress.rows)

    done = export(desk, actor, draft, progress=far)
    return Exported("audit", ProofFormat.JSON_LINES, done.path, done.events, 0, 0, done.size, done.sha256)


def verify_file(path: Path, key: str, *, progress: Progress | None = None) -> Verified:
    """Check a file of events with the public key (PEM). Nothing else is asked. Raises InvalidInput for another file."""
    try:
        with path.open("rb") as file:
            return _File(file, key, progress).verified()
    except OSError as error:
        raise InvalidInput.of(export=f"cannot be read: {error.strerror} ({path})") from error


class _File:
    def __init__(self, file: BinaryIO, key: str, progress: Progress | None) -> None:
        self._lines = iter(lambda: file.readline(_LONGEST), b"")
        self._key = key
        self._progress = progress
        self._sealed: Checkpoint | None = None
        self._problems: list[Problem] = []
        self._ends: dict[str, Walk] = {}
        self._events = 0

    def verified(self) -> Verified:
        opening = parsed(next(self._lines, b"").decode("utf-8", "replace"))
        if opening.get("format") != FORMAT:
            raise InvalidInput.of(export="must be a file that `pettycash audit export` wrote")
        total = int(opening["events"]) if isinstance(opening.get("events"), int) else 0
        for stream, lines in groupby(self._events_of(self._lines), key=lambda line: line[0]):
            self._walk(stream, (line[1] for line in lines), total)
        self._compare()
        problems = tuple(self._problems)
        sealed = self._sealed
        return Verified(
            not problems,
            self._events,
            problems,
            len(self._ends),
            None,
            None,
            sealed_at=sealed.made_at if sealed is not None else None,
            sealed_events=sealed.events if sealed is not None else 0,
        )

    def _events_of(self, lines: Iterator[bytes]) -> Iterator[tuple[str, Stored]]:
        for raw in lines:
            text = raw.decode("utf-8", "replace")
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                self._wrong(_WHOLE, ProblemKind.CHANGED, "a line of the file is not an event")
                return
            if isinstance(found, dict):
                self._end(text, lines)
                return
            if not (isinstance(found, list) and len(found) == 5 and all(isinstance(f, str) for f in found[2:])):
                self._wrong(_WHOLE, ProblemKind.CHANGED, "a line of the file is not an event")
                return
            stream, sequence, previous, digest, body = found
            written = parsed(body)
            yield str(stream), (sequence, body, previous, digest, *(written.get(name) for name in COLUMNS[4:]))

    def _end(self, text: str, lines: Iterator[bytes]) -> None:
        try:
            self._sealed = parse(text)
        except InvalidInput:
            self._wrong(_WHOLE, ProblemKind.CHANGED, "the last line of the file is not a checkpoint")
        if next(lines, b""):
            self._wrong(_WHOLE, ProblemKind.INSERTED, "there is something behind the checkpoint that ends the file")

    def _walk(self, stream: str, rows: Iterator[Stored], total: int) -> None:
        if stream in self._ends:
            self._wrong(stream, ProblemKind.REORDERED, "the events of this stream do not stand together")
        walk = self._ends.setdefault(stream, Walk(stream, lambda _: False))
        page = list(islice(rows, audit_events.PAGE))
        while page:
            following = next(rows, None)
            problem = walk.feed(page, following)
            if problem is not None:
                self._problems.append(problem)
                self._events += sum(1 for _ in rows) + len(page)
                return
            self._events += len(page)
            if self._progress is not None:
                self._progress(self._events, total)
            page = [*([following] if following is not None else []), *islice(rows, audit_events.PAGE - 1)]

    def _compare(self) -> None:
        known = {problem.stream for problem in self._problems}
        if self._sealed is None:
            if _WHOLE not in known:
                self._wrong(_WHOLE, ProblemKind.TRUNCATED, "the checkpoint that ends the file is missing")
            return
        if not checkpoints.is_signed_by(self._sealed, self._key):
            self._wrong(_WHOLE, ProblemKind.REWRITTEN, "the checkpoint in the file was not signed with this key")
            return
        for stream, walk in self._ends.items():
            if stream not in self._sealed.heads:
                self._wrong(stream, ProblemKind.INSERTED, "this stream was not sealed")
                continue
            if stream not in known:
                sealed = self._sealed.heads[stream]
                problem = walk.finish(sealed.length, sealed.hash)
                if problem is not None:
                    self._problems.append(problem)
        for stream, head in self._sealed.heads.items():
            if stream not in self._ends and head.length:
                self._wrong(stream, ProblemKind.TRUNCATED, "this stream is missing in the file", 1)

    def _wrong(self, stream: str, kind: ProblemKind, message: str, sequence: int = 0) -> None:
        self._problems.append(Problem(stream, sequence, kind, message))


__all__ = ["AuditExported", "export", "verify_file"]
