"""The keys that people sign in with by SSH. Source: architecture, trust boundary."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint

from pettycash_tui.models.base import Row
from pettycash_tui.models.columns import moment, ref, text

FINGERPRINT_LENGTH = 50
"""`SHA256:` and 43 characters of base64 (OpenSSH's own form)."""
COMMENT_LENGTH = 200


class SshKey(Row, table=True):
    """A public key, which is one person's for ever: removed, it lets nobody in again.

    `kind` and `body` are the first two words of its line, `body` in base64.
    """

    __tablename__ = "ssh_key"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint("length(fingerprint) = 50", name="fingerprint_whole"),
        CheckConstraint("kind <> '' AND body <> ''", name="not_empty"),
        CheckConstraint("(removed_at IS NULL) = (removed_by_id IS NULL)", name="removed_by_somebody"),
    )

    user_id: UUID = ref("user.id", index=True)
    fingerprint: str = text(FINGERPRINT_LENGTH)
    kind: str = text(40)
    body: str = text(4000)
    comment: str = text(COMMENT_LENGTH, default="")
    added_by_id: UUID = ref("user.id")
    removed_at: datetime | None = moment(nullable=True)
    removed_by_id: UUID | None = ref("user.id", nullable=True)
