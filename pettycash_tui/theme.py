"""How the screens look: four themes, the roles of colour, and the mark and word of every status.

Colour is never alone: a role only repeats what a mark and a word already say. In the colour-blind theme good, warning
and bad (blue, yellow, vermilion, after Okabe and Ito) stay apart for every colour vision, and differ in lightness too.
Textual is imported only where themes are made, so that the command line can use the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pettycash_tui.models.text import printable

if TYPE_CHECKING:
    from textual.theme import Theme

ROLES = ("good", "warn", "bad", "info", "muted", "strong")
"""What a cell or a text may say with colour; a cell without role is plain."""

DARK, LIGHT, ANSI = "pettycash-dark", "pettycash-light", "pettycash-ansi"
COLOUR_BLIND = "pettycash-colour-blind"
THEME_NAMES = {"dark": DARK, "light": LIGHT, "ansi": ANSI, "colour-blind": COLOUR_BLIND}
"""What people call the themes (PETTYCASH_THEME, desk.toml, the palette), and how Textual knows them."""


class StatusMark(NamedTuple):
    """How a status is shown: `f"{mark} {word}"` in the colour of `role`."""

    mark: str
    word: str
    role: str

    @property
    def text(self) -> str:
        """Mark and word together."""
        return f"{self.mark} {self.word}"


_STATUS: dict[str, StatusMark] = {
    "draft": StatusMark("○", "draft", "muted"),
    "pending": StatusMark("◔", "pending", "warn"),
    "pending_urgency_confirmation": StatusMark("!", "confirm urgency", "warn"),
    "pending_dept_approval": StatusMark("◔", "department head", "warn"),
    "pending_branch_approval": StatusMark("◔", "branch manager", "warn"),
    "pending_regional_review": StatusMark("◔", "regional manager", "warn"),
    "pending_finance_review": StatusMark("◔", "group finance", "warn"),
    "pending_treasury_validation": StatusMark("◔", "treasury", "warn"),
    "pending_cfo_approval": StatusMark("◔", "CFO", "warn"),
    "pending_changes": StatusMark("↩", "changes asked", "warn"),
    "approved": StatusMark("●", "approved", "info"),
    "paid": StatusMark("✔", "paid", "good"),
    "reviewed": StatusMark("✔", "reviewed", "good"),
    "rejected": StatusMark("✖", "rejected", "bad"),
    "withdrawn": StatusMark("−", "withdrawn", "muted"),
    "ready": StatusMark("●", "ready", "info"),
    "scheduled": StatusMark("◔", "scheduled", "info"),
    "waiting": StatusMark("…", "waiting for funds", "warn"),
    "executing": StatusMark("▶", "executing", "warn"),
    "success": StatusMark("✔", "paid", "good"),
    "failed": StatusMark("✖", "failed", "bad"),
    "unknown": StatusMark("?", "no answer yet", "bad"),
    "reconciled": StatusMark("✔", "reconciled", "good"),
    "cancelled": StatusMark("−", "cancelled", "muted"),
    "completed": StatusMark("✔", "completed", "good"),
    "partly_funded": StatusMark("◑", "partly funded", "warn"),
    "open": StatusMark("◔", "open", "warn"),
    "partly_settled": StatusMark("◑", "partly settled", "warn"),
    "settled": StatusMark("✔", "settled", "good"),
    "refused": StatusMark("✖", "refused", "bad"),
    "closed": StatusMark("✔", "closed", "good"),
    "reopened": StatusMark("↩", "reopened", "warn"),
    "queued": StatusMark("…", "to be sent", "warn"),
    "gathered": StatusMark("…", "for the digest", "muted"),
    "sending": StatusMark("▶", "being sent", "warn"),
    "sent": StatusMark("✔", "sent", "good"),
    "not_arrived": StatusMark("✖", "tried again", "bad"),
    "given_up": StatusMark("✖", "given up", "bad"),
    "no_address": StatusMark("✖", "no address", "bad"),
    "outdated": StatusMark("−", "outdated", "muted"),
    "current": StatusMark("▶", "now", "warn"),
    "done": StatusMark("✔", "done", "good"),
    "skipped": StatusMark("−", "skipped", "muted"),
}


def status_mark(status: str) -> StatusMark:
    """Mark, word and role of a status value; one that is not known here is shown by its own name."""
    return _STATUS.get(status) or StatusMark("·", printable(status.replace("_", " ")), "muted")


def known_statuses() -> frozenset[str]:
    """The status values that have a mark and a word of their own."""
    return frozenset(_STATUS)


def first_theme(environment: Mapping[str, str], chosen: str = "") -> str:
    """The theme to begin with: PETTYCASH_THEME, else the one `chosen` before, else what the terminal can show.

    A terminal of sixteen colours gets its own: another's would be drawn in the nearest of them, which may be no
    difference at all.
    """
    for name in (environment.get("PETTYCASH_THEME", ""), chosen):
        if name in THEME_NAMES:
            return THEME_NAMES[name]
    return DARK if has_many_colours(environment) else ANSI


def has_many_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it has more than sixteen colours."""
    from rich.console import Console

    # The rule by which every line is drawn later, so that the two cannot disagree.
    console = Console(force_terminal=True, legacy_windows=False, _environ=environment)
    return console.color_system in ("256", "truecolor")


def themes() -> tuple[Theme, ...]:
    """The themes to register on the app: dark, light, the terminal's own sixteen colours, colour-blind."""
    return _dark(), _light(), _ansi(), _colour_blind()


def _dark() -> Theme:
    from textual.theme import Theme

    return Theme(
        name=DARK,
        dark=True,
        primary="#7aa6da",
        secondary="#5f819d",
        accent="#56b4e9",
        success="#4fb3a5",
        warning="#e69f00",
        error="#f0703a",
        foreground="#d8dee4",
        background="#14181c",
        surface="#1b2127",
        panel="#242b33",
        variables={
            "block-cursor-foreground": "#ffffff",
            "block-cursor-background": "#2f5d8a",
            "block-cursor-blurred-foreground": "#d8dee4",
            "block-cursor-blurred-background": "#2a333c",
            "footer-key-foreground": "#7aa6da",
        },
    )


def _light() -> Theme:
    from textual.theme import Theme

    return Theme(
        name=LIGHT,
        dark=False,
        primary="#1f4e79",
        secondary="#3f6b94",
        accent="#0a5c96",
        success="#00664b",
        warning="#8a5a00",
        error="#b03a00",
        foreground="#1c2126",
        background="#fbfbf9",
        surface="#f1f1ee",
        panel="#e4e5e2",
        variables={
            "block-cursor-foreground": "#ffffff",
            "block-cursor-background": "#1f4e79",
            "block-cursor-blurred-foreground": "#1c2126",
            "block-cursor-blurred-background": "#d5dbe1",
            "footer-key-foreground": "#1f4e79",
        },
    )


def _ansi() -> Theme:
    from textual.theme import Theme

    return Theme(
        name=ANSI,
        ansi=True,
        dark=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        accent="ansi_cyan",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
            "block-cursor-foreground": "ansi_bright_white",
            "block-cursor-background": "ansi_blue",
            "block-cursor-blurred-foreground": "ansi_default",
            "block-cursor-blurred-background": "ansi_bright_black",
            "border": "ansi_blue",
            "border-blurred": "ansi_bright_black",
            "footer-key-foreground": "ansi_cyan",
        },
    )


def _colour_blind() -> Theme:
    from textual.theme import Theme

    # Among blues, yellows and vermilions of 4.5:1 these are furthest apart for all three kinds of colour blindness.
    return Theme(
        name=COLOUR_BLIND,
        dark=True,
        primary="#b9c7d4",
        secondary="#93a3b3",
        accent="#a88898",
        success="#66bbff",
        warning="#fff27a",
        error="#e0661a",
        foreground="#ffffff",
        background="#000000",
        surface="#101418",
        panel="#1c232b",
        variables={
            "block-cursor-foreground": "#000000",
            "block-cursor-background": "#ffffff",
            "block-cursor-blurred-foreground": "#ffffff",
            "block-cursor-blurred-background": "#39434d",
            "footer-key-foreground": "#b9c7d4",
        },
    )
