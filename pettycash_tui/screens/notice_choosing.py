"""How one is told: for each kind of thing at once, once a day or not at all, by email or SMS."""

from __future__ import annotations

from typing import NamedTuple

from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeTiming
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services import notice_choices
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.notice_choices import NoticeChoiceRow

_WHEN = {NoticeTiming.AT_ONCE: "at once", NoticeTiming.DAILY: "once a day", NoticeTiming.OFF: "not at all"}
_WHAT = {
    NoticeKind.WAITS_FOR_YOU: "Something waits for you",
    NoticeKind.CHANGES_ASKED: "Changes are asked of your request",
    NoticeKind.REJECTED: "Your request is rejected",
    NoticeKind.PAID: "Your request is paid",
    NoticeKind.FAILED: "A payment has failed",
    NoticeKind.CONTRADICTED: "A gateway contradicts itself",
    NoticeKind.BANK_FILE: "The bank's word on your file",
    NoticeKind.FUND_LOW: "A fund is low",
    NoticeKind.REPLENISHED: "A fund was replenished",
}


class _How(NamedTuple):
    timing: NoticeTiming
    channel: NoticeChannel | None


def offer_choices(screen: DeskScreen) -> None:
    """Ask of what one wants to be told otherwise, and how."""
    prompt = ChoicePrompt[NoticeChoiceRow]("How are you told?", None, ["Choose what to change."])

    def chosen(row: NoticeChoiceRow | None) -> None:
        if row is not None:
            _ask_how(screen, row)

    def found(rows: tuple[NoticeChoiceRow, ...]) -> None:
        if prompt.is_attached:
            prompt.fill([(f"{_WHAT[row.kind]:<36}{told(row)}", row) for row in rows])

    def failed(error: PettyCashError) -> None:
        close(prompt)
        screen.show_error(error)

    screen.app.push_screen(prompt, chosen)
    screen.ask("notice_choices", notice_choices.choices, then=found, failed=failed)


def told(row: NoticeChoiceRow) -> str:
    """How somebody is told, in words: `at once by email`."""
    by = "" if row.how is NoticeTiming.OFF else f" by {_by(row.channel)}"
    return f"{_WHEN[row.how]}{by}"


def _by(channel: NoticeChannel) -> str:
    return "SMS" if channel is NoticeChannel.SMS else "email"


def _ask_how(screen: DeskScreen, row: NoticeChoiceRow) -> None:
    ways = [_How(how, by) for how in (NoticeTiming.AT_ONCE, NoticeTiming.DAILY) for by in NoticeChannel]
    choices = [(f"{_WHEN[way.timing]} by {_by(way.channel)}", way) for way in ways if way.channel is not None]
    choices.append((_WHEN[NoticeTiming.OFF], _How(NoticeTiming.OFF, None)))

    def chosen(way: _How | None) -> None:
        if way is not None:
            screen.act(notice_choices.choose, row.kind, way.timing, way.channel, then=done)

    def done(now: NoticeChoiceRow) -> None:
        screen.tell(f"{_WHAT[now.kind]}: you are told {told(now)}.")

    screen.app.push_screen(ChoicePrompt(_WHAT[row.kind], choices, [f"Now: {told(row)}"]), chosen)
