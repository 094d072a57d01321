"""What changes who can come in as somebody: proved by their password before it, told to them by mail after it.

Who finds a desk open, or a key, has no password; and who did it knows, while the person whose account it is may not.
"""

from __future__ import annotations

import logging
from string import Template
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeChannel
from pettycash_tui.models.text import printable
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import fault, messages, signin, standing
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.news_parts import name_of
from pettycash_tui.services.shipped import shipped_text

_log = logging.getLogger("pettycash_tui.own_account")


def require_password(desk: Desk, actor: Actor, password: str | None) -> None:
    """Confirm a signed-in person's password; who acts with `--as` in a demo has proved nothing and proves nothing here.

    Raises NotAllowed: `password_missing` for who has none, `password_needed` without one, and what a wrong one raises.
    """
    if not standing.is_signed_in(actor):
        return
    if not desk.read(actor, signin.has_password):
        raise NotAllowed(
            "This asks for your password, and you have none. Ask an admin to give you one"
            f" (`pettycash user set-password {actor.username}`), change it with `pettycash passwd` and try again.",
            code="password_missing",
        )
    if password is None:
        raise NotAllowed(
            "Give your password as well: this changes who can sign in as you.",
            code="password_needed",
            fields={"password": "is needed"},
        )
    signin.confirm_password(desk, actor, password)


def tell(desk: Desk, person_id: UUID, what: str) -> None:
    """Mail a person what was done to their account, at once and whatever they chose to be told of.

    Handed over outside of any transaction, when it is done: no mail server and one that is away change nothing of it.
    """
    person = desk.read(SYSTEM, lambda reading: reading.execute(select(t.user).where(t.user.c.id == person_id)).one())
    channel = messages.notice_channels(desk).get(NoticeChannel.EMAIL)
    if channel is None or not person.email:
        return
    texts = {"name": name_of(person), "username": person.username, "what": what, "moment": f"{desk.clock():%F %H:%M}"}
    body = Template(shipped_text("messages/own_account.txt")).substitute(
        {name: printable(text) for name, text in texts.items()}
    )
    try:
        channel.deliver(Message(name_of(person), person.email, "Your petty cash account", body, "own_account"))
    except DeliveryFailed:
        fault.log(_log, "a person could not be told of a change to their account")
