"""The rules of notices: kept as they were written, and each event is read once."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people, off_course
from pettycash_tui.models.enums import NOTICE_FLOW

NOTICES: tuple[Rule, ...] = (
    *kept("notice"),
    *known_people("notice", "person_id"),
    Rule("notice_flow", "notice", "UPDATE", "this status cannot follow", off_course(NOTICE_FLOW)),
    Rule(
        "notice_fixed",
        "notice",
        "UPDATE",
        "what somebody was told, and about what, is fixed",
        changed(
            "id",
            "created_at",
            "company_id",
            "person_id",
            "kind",
            "subject_type",
            "subject_number",
            "event_stream",
            "event_sequence",
            "occasion",
            "channel",
            "title",
            "body",
        ),
    ),
    Rule(
        "notice_attempts_count",
        "notice",
        "UPDATE",
        "tries are counted, never forgotten",
        "NEW.attempts < OLD.attempts OR (OLD.status = 'sent' AND (" + changed("attempts", "sent_at") + "))",
    ),
    *kept("notice_cursor"),
    Rule(
        "notice_cursor_forward",
        "notice_cursor",
        "UPDATE",
        "events are read forwards, in their own stream",
        "NEW.sequence < OLD.sequence OR NEW.stream <> OLD.stream",
    ),
)
