"""The doctor's look at how people are reached: whether the mail server answers, and which notices did not arrive."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeChannel, NoticeTiming, OtpChannel, Role
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import messages, notices
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

PATIENCE_SECONDS = 3.0
"""How long the mail server may take to answer a connection."""


SETTING = "export PETTYCASH_SMTP_HOST=HOST PETTYCASH_SMTP_FROM=ADDRESS"
_SETTING_WITH_PORT = "export PETTYCASH_SMTP_HOST=HOST PETTYCASH_SMTP_PORT=PORT"


def mail(desk: Desk, *, has_books: bool = True) -> Iterator[Finding]:
    """Whether mail is set up and its server answers; without books (`has_books`) nobody is asked who needs it."""
    if has_books and desk.is_demo:
        yield Finding("mail", NOTE, f"This is a demo: messages are written to {desk.home / 'outbox'}.")
        return
    try:
        settings = messages.smtp_settings(desk)
    except DeliveryFailed as error:
        yield Finding("mail", ERROR, str(error), SETTING)
        return
    if settings is not None:
        yield _answer(settings.host, settings.port)
        return
    u = t.user.c
    waits = select(u.username).where(u.is_active, u.otp_channel == OtpChannel.EMAIL, u.role == Role.TREASURY)
    officers = desk.read(SYSTEM, lambda reading: reading.execute(waits.limit(1)).first()) if has_books else None
    sentence = "No mail server is set up (PETTYCASH_SMTP_HOST and PETTYCASH_SMTP_FROM)."
    if officers is not None:
        sentence += " Treasury officers whose codes go by email cannot pay."
    yield Finding("mail", ERROR if officers is not None else WARNING, sentence, SETTING)


def _answer(host: str, port: int) -> Finding:
    """Connect, and hang up: nothing is sent."""
    try:
        socket.create_connection((host, port), timeout=PATIENCE_SECONDS).close()
    except (OSError, UnicodeError) as error:
        # A name such as `smtp..example.com` is refused before anybody is asked.
        why = getattr(error, "strerror", None) or (
            "it does not answer" if isinstance(error, OSError) else "no host's name"
        )
        sentence = f"The mail server {host}:{port} cannot be reached ({why}), so no code and no notice goes by email."
        sentence += " Start it, or name the one that is there."
        return Finding("mail_unreachable", ERROR, sentence, _SETTING_WITH_PORT)
    return Finding("mail", NOTE, f"Mail goes through {host}:{port}, which answers.")


def undelivered(desk: Desk) -> Iterator[Finding]:
    missing = [channel for channel in NoticeChannel if channel not in messages.notice_channels(desk)]
    c, u = t.notice_choice.c, t.user.c
    wanted = (
        select(u.username, c.channel)
        .join_from(t.notice_choice, t.user, u.id == c.user_id)
        .where(u.is_active, c.channel.in_(missing), c.timing != NoticeTiming.OFF)
        .order_by(u.username)
    )
    chosen = desk.read(SYSTEM, lambda reading: reading.execute(wanted).all())
    for channel in missing:
        names = sorted({row.username for row in chosen if row.channel is channel})
        if names:
            shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
            setting = "PETTYCASH_SMS_URL_FILE" if channel is NoticeChannel.SMS else "PETTYCASH_SMTP_HOST"
            sentence = f"{shown} chose notices by {channel.label}, which is not set up here. Set {setting}."
            command = f"export {setting}=PATH" if channel is NoticeChannel.SMS else SETTING
            yield Finding(f"notices_{channel.value}", WARNING, sentence, command)
    found = desk.read(SYSTEM, notices.undelivered)
    if found.total:
        parts = [
            (found.given_up, "given up"),
            (found.failed, "to be tried again"),
            (found.without_address, "without an address"),
        ]
        counted = ", ".join(f"{count} {words}" for count, words in parts if count)
        sentence = f"Notices did not arrive: {counted}. The latest: {found.last_error}"
        yield Finding("notices_undelivered", WARNING, sentence, "pettycash notice list --all")
    else:
        yield Finding("notices", NOTE, "Every notice of the last two weeks arrived.")
