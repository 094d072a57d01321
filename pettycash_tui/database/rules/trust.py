"""The rules of audit events and their streams, of people, and of what is set up once."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, changed, kept

TRUST: tuple[Rule, ...] = (
    # --- audit --------------------------------------------------------------------------------------------------
    *append_only("audit_event"),
    Rule(
        "audit_event_follows",
        "audit_event",
        "INSERT",
        "an event continues its stream: no gap, no fork",
        "NOT EXISTS (SELECT 1 FROM stream_head h WHERE h.stream = NEW.stream AND h.length = NEW.sequence - 1"
        " AND h.head_hash = NEW.previous_hash)",
    ),
    *kept("stream_head"),
    Rule(
        "stream_head_starts_empty",
        "stream_head",
        "INSERT",
        "a stream starts empty",
        f"NEW.length <> 0 OR NEW.head_hash <> '{'0' * 64}'",
    ),
    Rule(
        "stream_head_follows_events",
        "stream_head",
        "UPDATE",
        "the head of a stream moves only with its events",
        "NEW.stream <> OLD.stream OR NOT EXISTS (SELECT 1 FROM audit_event a WHERE a.stream = NEW.stream"
        " AND a.sequence = NEW.length AND a.event_hash = NEW.head_hash) OR NEW.length <> OLD.length + 1",
    ),
    *kept("user"),
    Rule(
        "user_id_fixed",
        "user",
        "UPDATE",
        "a person's id and username cannot change: the trail knows them by it",
        changed("id", "username"),
    ),
    Rule(
        "user_id_spelt",
        "user",
        "INSERT",
        "a person's id is 32 hexadecimal digits in lower case",
        "typeof(NEW.id) <> 'text' OR length(NEW.id) <> 32 OR NEW.id GLOB '*[^0-9a-f]*'",
        sqlite_only=True,
    ),
    *kept("company"),
    *kept("account"),
    *kept("category"),
    *kept("approval_threshold"),
    *kept("delegation"),
    *kept("installation"),
    Rule(
        "installation_kind_fixed",
        "installation",
        "UPDATE",
        "real books never become a demo, where anybody may act for anybody, nor the other way round",
        changed("kind"),
    ),
    *kept("number_counter"),
    Rule(
        "number_counter_counts",
        "number_counter",
        "UPDATE",
        "human numbers count up",
        "NEW.last_value < OLD.last_value",
    ),
)
