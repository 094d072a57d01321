"""Whether this host has the server key that the database goes by: else nobody with an app can sign in here."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services import key_in_force, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM

LOST = "pettycash secret rotate server_key --lost"


def in_force(desk: Desk) -> Iterator[Finding]:
    """An error where the key in force is not here; a warning where the apps of some were enrolled under another."""
    if not key_in_force.is_reachable(desk):
        sentence = (
            "The server key that the database goes by is not on this host, so no code can be made or checked here. "
            "Put it where this host keeps its own (`pettycash secret where server_key`), or unlock the keyring; only "
            "if it is lost, rotate it."
        )
        yield Finding("server_key_changed", Severity.ERROR, sentence, LOST)
        return
    found = desk.secrets.found_key()
    if found is None or not key_in_force.is_settled(desk):
        # The next desk that needs the key changes the database over.
        return
    u = t.user.c
    columns = (u.id, u.username, u.totp_secret, u.totp_confirmed_at)
    held = select(*columns).where(u.is_active, u.totp_secret.is_not(None)).order_by(u.username)
    rows = desk.read(SYSTEM, lambda reading: list(reading.execute(held).all()))
    for row in rows:
        if not totp.is_of_use(row, found[0]):
            sentence = f"The authenticator app of {row.username} was enrolled under another server key, and is no use."
            yield Finding("totp_unreadable", Severity.WARNING, sentence, f"pettycash totp reset {row.username}")
