"""What people have taken notice of. Source: the desk's alerts, which are computed from the books and not stored."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow
from pettycash_tui.models.columns import ref, text


class AlertAcknowledgement(ChangingRow, table=True):
    """Somebody has seen an alert. `alert` names what it is about and its episode: a later episode is another alert.

    Taking it back clears `is_seen`: the application's role deletes nothing.
    """

    __tablename__ = "alert_acknowledgement"
    __table_args__ = (UniqueConstraint("user_id", "alert"),)

    user_id: UUID = ref("user.id")
    alert: str = text(160)
    is_seen: bool = Field(default=True, nullable=False)
