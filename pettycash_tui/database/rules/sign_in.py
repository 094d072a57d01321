"""The rules of signing in: a session that has ended stays ended, and a recovery code is used once."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people

SIGN_IN: tuple[Rule, ...] = (
    *kept("sign_in_session"),
    *known_people("sign_in_session", "user_id"),
    Rule(
        "sign_in_session_stays_ended",
        "sign_in_session",
        "UPDATE",
        "a session that has ended stays ended",
        "OLD.ended_at IS NOT NULL",
    ),
    Rule(
        "sign_in_session_fixed",
        "sign_in_session",
        "UPDATE",
        "whose session it is, its token and its end are fixed",
        changed("id", "created_at", "user_id", "token_hash", "client", "source", "expires_at"),
    ),
    *kept("recovery_code"),
    *known_people("recovery_code", "user_id"),
    Rule(
        "recovery_code_starts_open",
        "recovery_code",
        "INSERT",
        "a recovery code is made before it is used",
        "NEW.used_at IS NOT NULL OR NEW.voided_at IS NOT NULL",
    ),
    Rule(
        "recovery_code_once",
        "recovery_code",
        "UPDATE",
        "a recovery code is used once",
        "OLD.used_at IS NOT NULL OR OLD.voided_at IS NOT NULL",
    ),
    Rule(
        "recovery_code_fixed",
        "recovery_code",
        "UPDATE",
        "whose recovery code it is, and which, is fixed",
        changed("id", "created_at", "user_id", "code_hmac"),
    ),
)
