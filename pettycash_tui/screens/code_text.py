"""The state of a one-time code, as the windows say it that ask for one: where it is, how long it is good, the tries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import TypeVar

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.otp import Sent

SentCode = TypeVar("SentCode", Sent, BundleSent)
"""A code for one payment, or for a list of them."""

_EXPIRES_SOON = 60


def draw_code(
    *, is_needed: bool, sent: Sent | BundleSent | None, is_sending: bool, now: datetime, wait: int
) -> Content:
    """Where the code is, how long it is good, and how many tries are left. `wait`: seconds until there may be a new."""
    sheet, resend = Sheet(), key("pay.resend")
    if not is_needed:
        sheet.line("No code is needed below the company's threshold.", "muted")
    elif is_sending:
        sheet.line("Sending the code…", "muted")
    elif sent is None:
        sheet.line(f"! There is no code that is good now: {resend} sends one{f' in {wait} s' if wait else ''}.", "warn")
    else:
        _draw_sent(sheet, sent, now, wait)
    return sheet.content


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds from now, never below zero."""
    return max(0, ceil((moment - now).total_seconds()))


def with_tries(sent: SentCode, attempts_left: int) -> SentCode:
    """The same code after a try."""
    return replace(sent, attempts_left=attempts_left)


def _draw_sent(sheet: Sheet, sent: Sent | BundleSent, now: datetime, wait: int) -> None:
    left = seconds_until(sent.expires_at, now)
    if left == 0:
        sheet.line(
            f"✖ The code has expired: {key('pay.resend')} sends a new one{f' in {wait} s' if wait else ''}.", "bad"
        )
        return
    sheet.line(f"Code sent to {sent.sent_to} ({sent.channel.label})")
    tries = "1 try left" if sent.attempts_left == 1 else f"{sent.attempts_left} tries left"
    again = f" · new code in {wait} s" if wait else ""
    soon = left <= _EXPIRES_SOON or sent.attempts_left <= 1
    sheet.line(f"{'! ' if soon else ''}good for {left // 60}:{left % 60:02d} · {tries}{again}", "warn" if soon else "")
    if sent.demo_code:
        sheet.line(f"Demo: the code is {sent.demo_code}", "info")
