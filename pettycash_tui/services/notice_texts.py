"""The words of a notice: a template per kind and channel in `data/messages`, the title on its first line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from string import Template

from pettycash_tui.models.enums import NoticeChannel, NoticeKind
from pettycash_tui.models.text import printable
from pettycash_tui.services.shipped import shipped_text

TITLE_LENGTH = 200
SMS_LENGTH = 160
_IN_SMS = 40
_SUBJECT = "Subject: "


def written(kind: NoticeKind, channel: NoticeChannel, values: Mapping[str, str]) -> tuple[str, str]:
    """Title and body. Every value is made one printable line, so that none can pretend to be a line of ours.

    `lines` alone may have several: each is printed as it is given, made printable.
    """
    is_text = channel is NoticeChannel.SMS
    given = {name: _line(value, _IN_SMS if is_text else 0) for name, value in values.items() if name != "lines"}
    if "lines" in values:
        given["lines"] = "\n".join(printable(line) for line in values["lines"].split("\n"))
    title = Template(_template(kind, NoticeChannel.EMAIL)[0]).substitute(given)[:TITLE_LENGTH]
    body = Template(_template(kind, channel)[1]).substitute(given).strip()
    if is_text and len(body) > SMS_LENGTH:
        body = body[: SMS_LENGTH - 1] + "…"
    return title, body + ("" if is_text else "\n")


def _line(value: str, most: int) -> str:
    text = printable(" ".join(value.split()))
    return text if not most or len(text) <= most else text[: most - 1] + "…"


@lru_cache(maxsize=32)
def _template(kind: NoticeKind, channel: NoticeChannel) -> tuple[str, str]:
    if channel is NoticeChannel.SMS:
        return "", shipped_text(f"messages/{kind.value}.sms.txt")
    first, _, rest = shipped_text(f"messages/{kind.value}.txt").partition("\n")
    return first.removeprefix(_SUBJECT), rest.lstrip("\n")
