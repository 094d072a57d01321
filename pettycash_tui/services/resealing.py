"""Sealing the books again after a restore, which the newest checkpoint contradicts: they lack what it sealed.

Nothing else may be sealed over a contradiction. So it is a superuser's act with a reason, only where a restore is on
record since that checkpoint, and everybody whom an alarm would reach is told of it. Where the checkpoint that was
sealed last is lost, there is nothing to compare with, and the books are sealed anew in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_alarm, audit_state, checkpoint_folder, checkpoints
from pettycash_tui.services.audit import GROUP_STREAM
from pettycash_tui.services.audit_verify import Verified, compare
from pettycash_tui.services.checkpoint_text import Checkpoint
from pettycash_tui.services.checkpoints import Made
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

REASON_LENGTH = 300
_NOTHING = Verified(True, 0, (), 0, None, None)


def after_restore(desk: Desk, actor: Actor, reason: str, *, output: Path | None = None) -> tuple[Made, tuple[str, ...]]:
    """Seal all books anew; also gives a sentence for each address that could not be told.

    Raises NotAllowed for whoever is no superuser, InvalidInput for `after_restore`, Refused where no checkpoint of this
    host is lost or contradicts the books, where one does and no restore since then is on record, or without any place
    for the new one.
    """
    actor.require(Right.READ_AUDIT)
    if not actor.is_superuser:
        raise NotAllowed("Only a superuser has books sealed that a checkpoint contradicts. Ask one.")
    reason = clean_text("after_restore", reason, max_length=REASON_LENGTH)
    before = checkpoint_folder.kept(desk, SYSTEM)
    if before is not None and not checkpoints.is_signed_by(before, checkpoints.public_key(desk).public_key):
        raise Refused(
            "The newest checkpoint of this host was changed, or signed with another key. Find out by whom, and put it"
            " into another folder.",
            code="checkpoint_changed",
        )
    found = desk.read(SYSTEM, compare, before) if before is not None else None
    lost = checkpoint_folder.missing(desk, SYSTEM)
    if not lost and (found is None or found.ok):
        raise Refused(
            "No checkpoint of this host contradicts the books. Leave --after-restore out.", code="not_contradicted"
        )
    if before is not None and found is not None and not found.ok and not desk.read(SYSTEM, _is_restored_since, before):
        raise Refused(
            f"No restore is on record since the checkpoint of {before.made_at:%Y-%m-%d %H:%M} UTC, so a restore is not"
            " why the books are other than it says. Keep a copy of the database, and run `pettycash audit verify"
            " --full --checkpoint FILE`.",
            code="not_restored",
        )
    found = replace(found or _NOTHING, ok=False, problems=(*lost, *(found.problems if found is not None else ())))
    to = checkpoints.targets(desk, output)
    sealed = checkpoints.sealed_now(desk, SYSTEM, previous=before.digest if before is not None else "")
    data = {
        "reason": reason,
        "contradicts": before.digest if before is not None else "",
        "contradicts_at": before.made_at if before is not None else None,
        "sha256": sealed.digest,
        "problems": len(found.problems),
        "first": audit_state.first_problems(found),
    }
    # First, so that no such checkpoint is anywhere of which nobody knows why.
    desk.run(SYSTEM.at(actor.source, actor.client), audit_state.record_resealed, actor, data, sealed.made_at)
    when = "although the checkpoint before is lost" if lost else "after a restore"
    told = f"{actor.name} ({actor.username}) has had the books sealed as they are now, {when}: {reason}"
    untold = audit_alarm.tell(desk, SYSTEM, found, because=told)
    return checkpoints.deliver(desk, SYSTEM, sealed, to), untold


def _is_restored_since(reading: Reading, before: Checkpoint) -> bool:
    a = t.audit_event.c
    since = a.created_at >= before.made_at
    restored = select(a.id).where(a.stream == GROUP_STREAM, a.action == "database.restored", since).limit(1)
    return reading.execute(restored).first() is not None
