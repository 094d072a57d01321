"""The rules of SSH keys: whose a key is never changes, and one that was removed stays so."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people

SSH: tuple[Rule, ...] = (
    *kept("ssh_key"),
    *known_people("ssh_key", "user_id", "added_by_id", "removed_by_id"),
    Rule(
        "ssh_key_fixed",
        "ssh_key",
        "UPDATE",
        "a key is one person's for ever, and stays as it was added",
        changed("id", "created_at", "user_id", "fingerprint", "kind", "body", "comment", "added_by_id"),
    ),
    Rule(
        "ssh_key_stays_removed",
        "ssh_key",
        "UPDATE",
        "a key that was removed lets nobody in again",
        f"OLD.removed_at IS NOT NULL AND ({changed('removed_at', 'removed_by_id')})",
    ),
)
