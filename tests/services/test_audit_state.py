"""What is known of the proofs: what was found wrong stays wrong, against which checkpoint, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import building
import pytest
import tampering
from signing import told
from sqlalchemy import delete, update
from tampering import owner, written_anew
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import (
    audit_alarm,
    audit_check,
    audit_state,
    backups,
    checkpoints,
    doctor_database,
    forced,
    jobs,
    resealing,
)
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.audit_verify import Verified
from pettycash_tui.services.checkpoint_text import read_checkpoint
from pettycash_tui.services.errors import PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor

RIGHT = Verified(True, 9, (), 1, None, None)
PROBLEM = Problem("test", 3, ProblemKind.CHANGED, "its text is not what its hash was made of")
WRONG = replace(RIGHT, ok=False, problems=(PROBLEM,))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where checkpoints are kept on a host that also has somebody of its own told."""
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(folder))
    monkeypatch.setenv("PETTYCASH_AUDIT_EMAIL", "auditor@example.com")
    return folder


def recorded(trading: Trading, found: Verified, actor: Actor = SYSTEM) -> tuple[bool | None, bool | None]:
    """Record it; whether all is right then, as the group and as a company see it."""
    trading.clock.advance(hours=1)
    trading.desk.run(actor, audit_state.record_verified, found)
    seen = [trading.desk.read(who, audit_state.integrity) for who in (SYSTEM, trading["admin"])]
    assert all(each.ok or each.problems == 1 for each in seen)
    return seen[0].ok, seen[1].ok


def test_what_was_found_wrong_stays_wrong_until_all_of_it_was_looked_at_again(trading: Trading) -> None:
    now = trading.clock.now
    days = {n: now - timedelta(days=n) for n in (10, 20, 30)}
    assert recorded(trading, WRONG) == (False, False)
    assert recorded(trading, replace(RIGHT, since=days[30])) == (False, False)
    assert recorded(trading, replace(RIGHT, until=now)) == (False, False)
    assert recorded(trading, RIGHT, trading["admin"]) == (False, False), "a company's own says nothing of the group"
    assert recorded(trading, RIGHT) == (True, True)
    assert recorded(trading, replace(WRONG, since=days[20])) == (False, False)
    assert recorded(trading, replace(RIGHT, since=days[10])) == (False, False)
    assert recorded(trading, replace(RIGHT, since=days[30])) == (True, True)
    assert recorded(trading, WRONG, trading["admin"]) == (True, False)
    assert recorded(trading, replace(RIGHT, since=days[30]), trading["admin"]) == (True, False)
    assert recorded(trading, RIGHT) == (True, True)


def test_what_a_checkpoint_contradicts_is_right_only_against_it(trading: Trading) -> None:
    now = trading.clock.now
    assert recorded(trading, replace(WRONG, sealed_at=now, contradicts=True)) == (False, False)
    assert recorded(trading, RIGHT) == (False, False)
    assert recorded(trading, replace(RIGHT, sealed_at=now + timedelta(hours=1))) == (False, False)
    assert recorded(trading, replace(RIGHT, sealed_at=now)) == (True, True)


def test_a_failure_is_known_where_its_own_stream_takes_no_event(trading: Trading) -> None:
    for stream, actor in (("group", SYSTEM), (f"company:{trading.company_id}", trading["admin"])):
        assert audit_check.check(trading.desk, actor, audit_check.Asked()).recorded
        trading.clock.advance(hours=1)
        with owner(trading, keep=True) as reading:
            reading.execute(delete(t.stream_head).where(t.stream_head.c.stream == stream))
        found = audit_check.check(trading.desk, actor, audit_check.Asked())
        assert (found.ok, found.recorded) == (False, True)
        assert trading.desk.read(actor, audit_state.integrity).ok is False
    assert "audit_wrong" in {finding.code for finding in doctor_database.proofs(trading.desk)}
    proofs = {row.stream for row in trading.rows(t.stream_head) if row.stream.startswith("proof:")}
    assert proofs == {"proof:group", f"proof:company:{trading.company_id}"}
    wrong = {each.stream for each in audit_check.check(trading.desk, SYSTEM, audit_check.Asked(full=True)).problems}
    assert wrong == {"group", f"company:{trading.company_id}"}


def test_each_day_verifies_the_last_days_and_everything_once_a_week_or_while_it_is_wrong(trading: Trading) -> None:
    def since() -> bool:
        trading.clock.advance(hours=1)
        return audit_check.check_daily(trading.desk).since is not None

    assert not since()
    assert since()
    assert jobs.run(trading.desk, "verify-audit", dry_run=True).done == ("the events of the last 30 days",)
    trading.clock.advance(hours=24 * 7)
    assert jobs.run(trading.desk, "verify-audit", dry_run=True).done == ("all events",)
    assert (since(), since()) == (False, True)
    recorded(trading, replace(WRONG, since=trading.clock.now))
    assert (since(), since()) == (False, True)


def test_the_daily_job_compares_with_the_newest_checkpoint_and_nothing_is_sealed_over_it(
    trading: Trading, places: Path
) -> None:
    for n in range(1, 7):
        trading.desk.run(
            SYSTEM,
            lambda work, n=n: work.record(
                "test.done", "test", None, "test", stream="proof:group", company_id=None, data={"n": n}
            ),
        )
    jobs.run(trading.desk, "checkpoint")
    trading.clock.advance(hours=1)
    jobs.run(trading.desk, "checkpoint")
    first, second = (read_checkpoint(path) for path in sorted(places.glob("checkpoint-*.json")))
    assert (first.scope, first.previous, second.previous) == ("group", "", first.digest)
    assert jobs.run(trading.desk, "verify-audit").ok
    with owner(trading, keep=True) as reading:
        written_anew(reading, "proof:group", lambda events: tampering.rechained(tampering.modify(events)), head=True)
    trading.clock.advance(hours=1)
    with pytest.raises(Refused) as refused:
        jobs.run(trading.desk, "checkpoint")
    assert refused.value.code == "checkpoint_contradicted"
    assert len(list(places.iterdir())) == 2
    told = [message_from_bytes(path.read_bytes())["To"] for path in (trading.desk.home / "outbox").glob("*.eml")]
    assert "auditor@example.com" in told
    assert trading.desk.read(SYSTEM, audit_state.integrity).ok is False
    assert audit_check.check(trading.desk, SYSTEM, audit_check.Asked(full=True)).ok, "without it nothing is found"
    assert trading.desk.read(SYSTEM, audit_state.integrity).ok is False
    ran = jobs.run(trading.desk, "verify-audit")
    assert not ran.ok and "rewritten" in ran.left[0]
    (newest,) = sorted(places.iterdir())[1:]
    newest.write_text(newest.read_text().replace('"length":6', '"length":5'))
    with pytest.raises(Refused, match="signed with another key"):
        checkpoints.make(trading.desk, SYSTEM)


def test_a_checkpoint_of_another_company_compares_nothing_and_is_no_proof(trading: Trading) -> None:
    others = building.company(trading.desk, "BETA", prefix="b_")
    sealed = checkpoints.sealed_now(trading.desk, trading["admin"])
    foreign = audit_check.check(trading.desk, others["admin"], audit_check.Asked(checkpoint=sealed))
    assert [(each.stream, each.kind) for each in foreign.problems] == [("checkpoint", ProblemKind.CHANGED)]
    assert (foreign.sealed_at, foreign.sealed_events) == (sealed.made_at, 0)
    own = audit_check.check(trading.desk, trading["admin"], audit_check.Asked(checkpoint=sealed))
    assert (own.ok, own.sealed_events) == (True, sealed.events)
    assert sealed.scope == f"company:{trading.company_id}"


def test_the_hosts_addresses_are_told_whatever_the_database_says_of_the_admins(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner(trading, keep=True) as reading:
        reading.execute(update(t.user).values(email=""))
    (untold,) = audit_alarm.tell(trading.desk, SYSTEM, WRONG)
    assert "PETTYCASH_AUDIT_EMAIL" in untold
    monkeypatch.setenv("PETTYCASH_AUDIT_EMAIL", "one@example.com, two@example.com")
    assert audit_alarm.tell(trading.desk, SYSTEM, WRONG) == ()
    told = [message_from_bytes(path.read_bytes())["To"] for path in (trading.desk.home / "outbox").glob("*.eml")]
    assert sorted(told) == ["one@example.com", "two@example.com"]


def test_books_that_were_restored_are_sealed_again_with_a_reason_by_a_superuser_only(
    trading: Trading, places: Path
) -> None:
    desk, clock = trading.desk, trading.clock
    root, why = trading["admin"], "The disk broke on Monday"
    note(trading, "before")
    copy = desk.home / "copy"
    backups.backup(desk, copy)
    note(trading, "after")
    jobs.run(desk, "checkpoint")

    def resealed(actor: Actor, reason: str = why) -> str:
        with pytest.raises(PettyCashError) as refused:
            resealing.after_restore(desk, actor, reason)
        return refused.value.code

    assert resealed(root) == "not_contradicted"
    clock.advance(minutes=10)
    with owner(trading, keep=True) as reading:
        written_anew(reading, "proof:group", lambda events: events[:1], head=True)
    assert resealed(root) == "not_restored", "a tail that somebody cut off is no restore"
    backups.restore(desk.url, desk.home, copy, replace=True, clock=clock)
    assert not jobs.run(desk, "verify-audit").ok
    assert resealed(trading["cfo"]) == "not_allowed"
    assert resealed(root, " ") == "invalid_input"
    clock.advance(minutes=10)
    forced.begin(forced.Served("admin", "", "ssh 192.0.2.1", desk.home))
    try:
        with pytest.raises(Refused):
            resealing.after_restore(desk, root, why, output=Path("/etc/checkpoint.json"))
    finally:
        forced.end()
    assert told(desk, "audit.resealed") == [], "nothing is recorded of what was not done"
    made, untold = resealing.after_restore(desk, root, why)
    assert untold == () and made.is_everywhere
    letters = [message_from_bytes(path.read_bytes()) for path in sorted((desk.home / "outbox").glob("*.eml"))]
    last = [letter for letter in letters if letter["To"] == "auditor@example.com"][-1]
    assert why in str(last.get_payload(decode=True)) and "truncated" in str(last.get_payload(decode=True))
    events = told(desk, "audit.resealed")
    assert sorted("first" in event["data"] for event in events) == [False, True], "a company is told of no other's"
    event = events[0]
    assert (event["actor_name"], event["data"]["reason"]) == ("admin", why)
    for _ in range(2):
        # As a host runs them: the newest checkpoint is always a later one.
        clock.advance(hours=24)
        jobs.run(desk, "checkpoint")
        assert jobs.run(desk, "verify-audit").ok
        assert desk.read(SYSTEM, audit_state.integrity).ok is True
    first = read_checkpoint(min(places.glob("checkpoint-*.json")))
    assert not audit_check.check(desk, SYSTEM, audit_check.Asked(full=True, checkpoint=first)).ok
    assert desk.read(SYSTEM, audit_state.integrity).ok is False
    assert jobs.run(desk, "verify-audit").ok
    assert desk.read(SYSTEM, audit_state.integrity).ok is True, "what is known of the time before is no alert for ever"
    assert resealed(root) == "not_contradicted"


def note(trading: Trading, what: str) -> None:
    """An event of a stream of its own."""
    trading.desk.run(
        SYSTEM,
        lambda work: work.record("test.done", "test", None, what, stream="proof:group", company_id=None, data={}),
    )
