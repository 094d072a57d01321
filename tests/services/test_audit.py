"""The audit chain: every change leaves its event, chained in its stream, in bytes that anybody can check.

The chain is computed here from what is stored and from nothing of the program's own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
import story
from raw import Raw
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import (
    audit,
    audit_events,
    audit_page,
    execution,
    funds,
    jobs,
    payments,
    reassigning,
    replenishments,
    requisitions,
    submission,
    workflow,
)
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.errors import NotAllowed, PettyCashError, Refused
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Work


def streams(trading: Trading) -> dict[str, list[Any]]:
    """Every stream's events, in their order."""
    found: dict[str, list[Any]] = {}
    for event in sorted(trading.rows(t.audit_event), key=lambda event: (event.stream, event.sequence)):
        found.setdefault(event.stream, []).append(event)
    return found


def actions(trading: Trading, since: int = 0) -> list[str]:
    return [event.action for event in sorted(trading.rows(t.audit_event), key=lambda e: e.id)[since:]]


def check_chain(trading: Trading) -> None:
    """Recompute every stream from its stored bytes."""
    heads = {head.stream: head for head in trading.rows(t.stream_head)}
    found = streams(trading)
    assert set(heads) == set(found)
    for stream, events in found.items():
        previous = "0" * 64
        for sequence, event in enumerate(events, start=1):
            assert (event.sequence, event.previous_hash) == (sequence, previous), stream
            previous = sha256(f"{previous}\n{event.body}".encode()).hexdigest()
            assert event.event_hash == previous, (stream, sequence)
        assert (heads[stream].length, heads[stream].head_hash) == (len(events), previous)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            assert isinstance(key, str)
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def whole_story(trading: Trading) -> None:
    """Something of everything: paid and reviewed, urgent, sent back, rejected, reassigned, escalated, replenished."""
    desk = trading.desk
    paid = trading.approved(amount="60000")
    story.pay(desk, paid)
    trading.approve("REQ-000001", "fpa")
    trading.request(amount="12000", is_urgent=True, urgency_reason="Ébauche — 緊急 «now»")
    trading.act("branch_manager", workflow.decline_urgency, "REQ-000002", "tomorrow\nwill do")
    trading.act("branch_manager", workflow.request_changes, "REQ-000002", "which van?")
    trading.desk.run(trading["staff"], requisitions.edit, "REQ-000002", RequisitionInput(amount="2000"))
    trading.desk.run(trading["staff"], requisitions.attach, "REQ-000002", "offer.pdf", b"%PDF")
    trading.act("staff", submission.submit, "REQ-000002")
    trading.act("admin", reassigning.reassign, "REQ-000002", "ceo", "ill")
    trading.act("ceo", workflow.reject, "REQ-000002", "no")
    trading.request("fpa", "3000", origin="hq")
    trading.clock.advance(hours=25)
    jobs.run(desk, "escalate-approvals")
    trading.act("fpa", submission.withdraw, "REQ-000003")
    cancelled = trading.approved()
    desk.run(trading["cfo"], payments.assign, cancelled, "treasury2")
    desk.run(SYSTEM, execution.record_failure, cancelled, "no network")
    desk.run(trading["treasury2"], payments.retry, cancelled)
    desk.run(trading["cfo"], payments.cancel, cancelled, "bought twice")
    (asked,) = trading.rows(t.replenishment)
    desk.run(trading["cfo"], replenishments.approve, asked.number)
    desk.run(trading["treasury"], replenishments.complete, asked.number, "BANK-1")
    desk.run(trading["cfo"], funds.edit, "NBI", FundInput(name="Nairobi"))


# --- the chain -------------------------------------------------------------------------------------------------------


def test_after_a_whole_story_every_stream_can_be_recomputed_from_its_bytes(trading: Trading) -> None:
    whole_story(trading)
    check_chain(trading)
    assert {"payment.executed", "requisition.escalated", "ledger.posted", "payment.failed"} <= set(actions(trading))


def test_bodies_are_canonical_and_hold_integers_and_strings_only(trading: Trading) -> None:
    whole_story(trading)
    for event in trading.rows(t.audit_event):
        body = json.loads(event.body, parse_float=pytest.fail, parse_constant=pytest.fail)
        assert json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == event.body
        assert all(type(leaf) in (int, str) for leaf in leaves(body)), event.body
        assert (body["stream"], body["sequence"], body["action"]) == (event.stream, event.sequence, event.action)
        assert (body["subject"], body["subject_type"], body["source"]) == (
            event.subject,
            event.subject_type,
            event.source,
        )
        for name, value in (
            ("actor", event.actor_id),
            ("company", event.company_id),
            ("subject_id", event.subject_id),
        ):
            assert body[name] == ("" if value is None else str(value))
        assert body["at"] == event.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_one_stream_for_every_fund_and_one_for_the_company(trading: Trading) -> None:
    whole_story(trading)
    found = streams(trading)
    nbi, hq = (f"fund:{trading.row(t.treasury_fund, code).id}" for code in ("NBI", "HQ"))
    everything = {f"fund:{fund.id}" for fund in trading.rows(t.treasury_fund)} | {f"company:{trading.company_id}"}
    assert set(found) == everything

    def requisitions_of(stream: str) -> set[str]:
        return {event.subject for event in found[stream] if event.subject.startswith("REQ")}

    assert requisitions_of(nbi) >= {"REQ-000001", "REQ-000002", "REQ-000004"}
    assert requisitions_of(hq) == {"REQ-000003"}
    administration = {event.action.partition(".")[0] for event in found[f"company:{trading.company_id}"]}
    assert administration <= {"company", "policy", "fund", "user"}


def test_every_ledger_entry_is_sealed_by_the_event_that_wrote_it(trading: Trading) -> None:
    whole_story(trading)
    sealed = {}
    for event in trading.rows(t.audit_event):
        data = json.loads(event.body)["data"]
        for seal in (data, data.get("entry")):
            if isinstance(seal, dict) and "entry_id" in seal:
                assert seal["entry_id"] not in sealed
                sealed[seal["entry_id"]] = (event, seal)
    entries = trading.rows(t.ledger_entry)
    assert {str(entry.id) for entry in entries} == set(sealed)
    assert {entry.source_type.value for entry in entries} == {"opening", "payment", "replenishment"}
    left_out = {"id", "company_id", "created_at", "created_by_id"}
    for entry in entries:
        event, seal = sealed[str(entry.id)]
        assert event.stream == f"fund:{entry.fund_id}"
        assert (event.actor_id, event.company_id) == (entry.created_by_id, entry.company_id)
        row = {name: value for name, value in entry._mapping.items() if name not in left_out}
        assert set(row) <= set(seal)
        for name, value in row.items():
            expected = value if isinstance(value, int) else "" if value is None else str(getattr(value, "value", value))
            assert seal[name] == expected, name


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("changed", "UPDATE audit_event SET body = replace(body, 'requisition', 'requisitiom') WHERE stream = :stream"),
        ("deleted", "DELETE FROM audit_event WHERE stream = :stream AND sequence = 2"),
        ("truncated", "DELETE FROM audit_event WHERE stream = :stream AND sequence > 3"),
        ("renumbered", "UPDATE audit_event SET sequence = sequence + 100 WHERE stream = :stream AND sequence > 2"),
    ],
)
def test_what_is_done_to_the_events_past_all_rules_shows(trading: Trading, what: str, change: str) -> None:
    trading.approved()
    check_chain(trading)
    raw = Raw(trading.desk)
    raw.disarm("audit_event")
    raw.commit(change, stream=f"fund:{trading.row(t.treasury_fund, 'NBI').id}")
    raw.close()
    with pytest.raises(AssertionError):
        check_chain(trading)


def test_what_the_program_writes_is_right_page_by_page(trading: Trading) -> None:
    """The quick look at a page passes it; what only a parser can read is walked, and is right too."""
    whole_story(trading)

    def quoted(work: Work) -> None:
        work.record("test.noted", "test", None, 'the "old" van', stream="proof:group", company_id=None, data={})

    trading.desk.run(SYSTEM, quoted)
    with trading.desk.reading(SYSTEM) as reading:
        for stream in audit_events.streams(reading):
            ((rows, _),) = audit_events.pages(reading, stream, after=0, until=None)
            found = audit_page.is_right(
                stream, rows, 1, audit.GENESIS, audit_page.Texts(), has_dashes=reading.is_postgres
            )
            assert found is (stream != "proof:group"), stream
        assert verify(reading).problems == ()


# --- units of work ---------------------------------------------------------------------------------------------------


def test_a_unit_of_work_without_an_event_is_a_fault_and_changes_nothing(trading: Trading) -> None:
    def silent(work: Work) -> None:
        work.execute(update(t.user).values(first_name="Nobody"))

    before = len(trading.rows(t.audit_event))
    with pytest.raises(AssertionError, match="records an audit event"):
        trading.desk.run(SYSTEM, silent)
    assert all(person.first_name != "Nobody" for person in trading.rows(t.user))
    assert len(trading.rows(t.audit_event)) == before
    trading.desk.run_unaudited(SYSTEM, silent)
    assert all(person.first_name == "Nobody" for person in trading.rows(t.user))


def test_what_is_refused_leaves_neither_change_nor_event(trading: Trading) -> None:
    number = trading.request()
    before = (len(trading.rows(t.audit_event)), len(trading.rows(t.approval_trail)))

    def noted_and_refused(work: Work) -> None:
        work.record("test.noted", "test", None, "x", stream="s", company_id=None, data={})
        workflow.approve(work, number)

    for who in ("staff", "cfo", "admin"):
        with pytest.raises((Refused, NotAllowed)):
            trading.desk.run(trading[who], noted_and_refused)
    with pytest.raises(NotAllowed):
        trading.desk.run(trading["cfo"], submission.withdraw, number)
    assert (len(trading.rows(t.audit_event)), len(trading.rows(t.approval_trail))) == before


def test_every_act_writes_its_events(trading: Trading) -> None:
    told: list[tuple[str, list[str]]] = []

    def acted(what: str) -> None:
        told.append((what, actions(trading, sum(len(events) for _, events in told))))

    acted("set up")
    number = trading.request(amount="60000", is_urgent=True, urgency_reason="now")
    acted("asked")
    trading.act("branch_manager", workflow.confirm_urgency, number)
    acted("confirmed")
    payment = trading.act("treasury", workflow.approve, number).payment
    assert payment is not None
    acted("validated")
    story.pay(trading.desk, payment)
    acted("paid")
    trading.approve(number, "fpa")
    acted("reviewed")
    assert [events for what, events in told if what != "set up"] == [
        ["requisition.created", "requisition.submitted"],
        ["requisition.urgency_confirmed"],
        ["payment.created", "requisition.validated"],
        ["otp.sent", "otp.tried", "replenishment.requested", "payment.executed"],
        ["requisition.reviewed"],
    ]


def test_each_event_names_who_acted_and_from_where(trading: Trading) -> None:
    def both(work: Work) -> None:
        for who in ("cfo", "ceo"):
            other = work.as_actor(trading[who].at("ssh 10.0.0.7"))
            other.record("test.noted", "test", None, who, stream="s", company_id=None, data={"n": 1})

    trading.desk.run(SYSTEM, both)
    first, second = streams(trading)["s"]
    assert (first.actor_id, first.source, first.sequence) == (trading["cfo"].id, "ssh 10.0.0.7", 1)
    assert (second.actor_id, second.subject, second.sequence) == (trading["ceo"].id, "ceo", 2)
    assert json.loads(first.body)["actor_name"] == "cfo"
    check_chain(trading)


def test_many_at_once_make_one_chain(trading: Trading) -> None:
    """The first events of a new stream among them: two of them would both be number 1."""
    together, failures = Barrier(4), []

    def press(who: str) -> None:
        together.wait()
        for count in range(5):

            def noted(work: Work, count: int = count) -> None:
                for stream in ("b", "a"):
                    work.record("test.noted", "test", None, str(count), stream=stream, company_id=None, data={})

            try:
                trading.desk.run(trading.people[who], noted)
            except PettyCashError as error:
                failures.append(error)

    threads = [Thread(target=press, args=(who,)) for who in ("cfo", "ceo", "admin", "fpa")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {stream: len(events) for stream, events in streams(trading).items() if len(stream) == 1} == {
        "a": 20,
        "b": 20,
    }
    check_chain(trading)


def test_what_belongs_to_no_company_has_a_stream_of_its_own() -> None:
    assert audit.company_stream(None) == "group"
    assert audit.company_stream(UUID(int=1)) != audit.fund_stream(UUID(int=1))


# --- the canonical text ----------------------------------------------------------------------------------------------


def test_there_is_one_rendering_of_everything_that_an_event_may_hold() -> None:
    given = {
        "b": [1, "é", (2,)],
        "a": {"role": Role.FPA, "id": UUID(int=1), "day": date(2026, 3, 2)},
        "at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "none": None,
        "yes": True,
        "no": False,
    }
    assert audit.canonical_text(given) == (
        '{"a":{"day":"2026-03-02","id":"00000000-0000-0000-0000-000000000001","role":"fp&a"},'
        '"at":"2026-03-02T09:00:00.000000Z","b":[1,"é",[2]],"no":"false","none":"","yes":"true"}'
    )


@pytest.mark.parametrize("value", [1.0, float("nan"), Decimal("1.5"), b"x", {1}, object()])
def test_what_two_programs_could_render_differently_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        audit.canonical_text({"value": value})


def test_the_hash_covers_the_one_before(trading: Trading) -> None:
    assert audit.event_hash("0" * 64, "x") == sha256(("0" * 64 + "\nx").encode()).hexdigest()
