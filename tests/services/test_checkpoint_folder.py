"""The folder of checkpoints: which is the newest, what is missing, and that nothing is sealed without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from signing import told
from tampering import owner, written_anew
from trading import Trading

from pettycash_tui.services import audit_state, jobs, resealing
from pettycash_tui.services.checkpoint_text import read_checkpoint
from pettycash_tui.services.errors import NotAllowed, Refused
from pettycash_tui.services.identity import SYSTEM


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where checkpoints are kept."""
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(folder))
    return folder


def note(trading: Trading, what: str) -> None:
    """An event of a stream of its own."""
    trading.desk.run(
        SYSTEM,
        lambda work: work.record("test.done", "test", None, what, stream="proof:group", company_id=None, data={}),
    )


def test_the_newest_checkpoint_is_compared_also_where_the_clock_was_ahead_before(
    trading: Trading, places: Path
) -> None:
    note(trading, "before")
    trading.clock.advance(hours=48)
    jobs.run(trading.desk, "checkpoint")
    trading.clock.advance(hours=-47)
    note(trading, "after")
    jobs.run(trading.desk, "checkpoint")
    second, first = (read_checkpoint(path) for path in sorted(places.glob("checkpoint-*.json")))
    assert (first.previous, second.previous) == ("", first.digest)
    assert jobs.run(trading.desk, "verify-audit").ok
    with owner(trading, keep=True) as reading:
        written_anew(reading, "proof:group", lambda events: events[:1], head=True)
    trading.clock.advance(hours=1)
    assert not jobs.run(trading.desk, "verify-audit").ok
    with pytest.raises(Refused) as refused:
        jobs.run(trading.desk, "checkpoint")
    assert refused.value.code == "checkpoint_contradicted"


def sealed_daily(trading: Trading, times: int) -> None:
    for _ in range(times):
        note(trading, "a day's work")
        trading.clock.advance(hours=24)
        assert jobs.run(trading.desk, "checkpoint").ok


def wrong(trading: Trading) -> str:
    """What the daily verification finds wrong."""
    trading.clock.advance(minutes=1)
    return "\n".join(jobs.run(trading.desk, "verify-audit").left)


def test_a_folder_that_is_not_mounted_is_told_and_nothing_is_sealed_into_it(trading: Trading, places: Path) -> None:
    sealed_daily(trading, 2)
    mounted = places.rename(places.with_name("unmounted"))
    for _ in range(2):
        assert f"the folder {places}" in wrong(trading) and "copy" in wrong(trading)
        with pytest.raises(Refused, match="mount the folder") as refused:
            jobs.run(trading.desk, "checkpoint")
        assert refused.value.code == "checkpoint_missing"
        # Once there is no folder, once an empty one.
        places.mkdir(exist_ok=True)
    assert trading.desk.read(SYSTEM, audit_state.integrity).ok is False
    places.rmdir()
    mounted.rename(places)
    assert wrong(trading) == ""
    assert trading.desk.read(SYSTEM, audit_state.integrity).ok is True
    sealed_daily(trading, 1)


def test_a_new_folder_takes_checkpoints_with_the_files_of_the_one_before(
    trading: Trading, places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_daily(trading, 2)
    new = tmp_path / "new"
    new.mkdir()
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(new))
    assert f"the folder {new}" in wrong(trading)
    for path in places.iterdir():
        (new / path.name).write_bytes(path.read_bytes())
    assert wrong(trading) == ""
    sealed_daily(trading, 1)
    # Back again: the old folder has what was sealed into it, and goes on with that.
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(places))
    assert wrong(trading) == ""
    monkeypatch.delenv("PETTYCASH_CHECKPOINT_DIR")
    assert wrong(trading) == ""


def test_a_checkpoint_that_was_taken_away_is_missed(trading: Trading, places: Path) -> None:
    sealed_daily(trading, 4)
    files = sorted(places.glob("checkpoint-*.json"))
    texts = [path.read_text() for path in files]
    for n, sentence in ((3, "lacks the checkpoint"), (2, "the one before the checkpoint"), (1, "the one before the")):
        files[n].unlink()
        assert sentence in wrong(trading), n
        files[n].write_text(texts[n])
        assert wrong(trading) == ""
    files[2].write_text(texts[2].replace('"length":3', '"length":9'))
    assert "the one before the checkpoint" in wrong(trading), "one that was changed is not there"
    files[2].write_text(texts[2])
    # Old ones are cleared away.
    for n in (0, 1):
        files[n].unlink()
        assert wrong(trading) == ""


def test_where_checkpoints_are_lost_for_good_a_superuser_has_the_books_sealed_anew(
    trading: Trading, places: Path
) -> None:
    sealed_daily(trading, 2)
    for path in places.iterdir():
        path.unlink()
    root, why = trading["admin"], "The vault burnt down"
    with pytest.raises(NotAllowed):
        resealing.after_restore(trading.desk, trading["cfo"], why)
    made, untold = resealing.after_restore(trading.desk, root, why)
    assert untold == () and made.is_everywhere
    events = told(trading.desk, "audit.resealed")
    assert (events[0]["actor_name"], events[0]["data"]["reason"]) == ("admin", why)
    assert wrong(trading) == ""
    sealed_daily(trading, 1)
    with pytest.raises(Refused, match="Leave --after-restore out"):
        resealing.after_restore(trading.desk, root, why)
