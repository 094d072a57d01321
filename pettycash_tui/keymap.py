"""Remapping keys: how people may spell them, which are refused and why, which clash, and the table of all keys.

Works without Textual: the command line and the docs list the keys with it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pettycash_tui.actions import (
    ACTIONS,
    APP,
    FORM,
    FORM_SCREENS,
    LIST,
    LIST_SCREENS,
    WINDOWS,
    Action,
    action,
    actions_of,
    display_key,
    keys_of,
    split_keys,
)

# ctrl+h/i/j/m are backspace, tab and enter on many terminals; ctrl+a and ctrl+b belong to screen and tmux; ctrl+s and
# ctrl+q stop and start the terminal's output; ctrl+c and ctrl+z belong to the shell.
_TAKEN = frozenset(f"ctrl+{letter}" for letter in "himjabsqcz")
# Moves and edits what is typed, before anything else is asked.
_EDITS = frozenset(f"ctrl+{letter}" for letter in "defkuvwx")
_TYPED_IN = frozenset((FORM, *FORM_SCREENS, "choice", "lock"))
_SCROLLS = frozenset(f"list.{name}" for name in ("down", "up", "page_down", "page_up", "first", "last"))
_LEAVES = frozenset(("app.back", "app.help"))
# A window is alive alone; of the keys of other scopes only these work in it.
_BESIDE: Mapping[str, frozenset[str]] = {
    "window": _SCROLLS | _LEAVES,
    "entry": _SCROLLS | _LEAVES | {"window.close"},
    "replenishment": _LEAVES | {"window.close", "list.down", "list.up"},
    "prompt": _LEAVES | {"form.enter"},
    "choice": _LEAVES | {"form.enter"},
    "export": _LEAVES | {"window.copy"},
    "statement": _SCROLLS | _LEAVES | {"window.copy", "window.close", "window.left", "window.right"},
    "lock": frozenset(("app.help", "form.enter")),
}
# Below a field, the list of earlier texts has their arrows while it is open.
_LEFT_TO_CHOICES = frozenset(("form.next", "form.previous"))

_MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown")
_NAMED = frozenset((*_MOVING, "enter", "tab", "escape", "space", "backspace", "delete", "insert"))
_OTHER_NAMES = {
    "esc": "escape", "return": "enter", "pgup": "pageup", "page_up": "pageup", "pgdn": "pagedown",
    "page_down": "pagedown", "del": "delete", "ins": "insert", "spacebar": "space",
    "↑": "up", "↓": "down", "←": "left", "→": "right",
}  # fmt: skip
_CHORD = re.compile(
    r"(?:ctrl\+(?:[a-z]|up|down|left|right|home|end|pageup|pagedown)|shift\+(?:tab|up|down|left|right))"
)
_F_KEY = re.compile(r"f(?:[1-9]|1[0-9]|2[0-4])")

_HEADINGS = {
    APP: "Everywhere",
    LIST: "In lists",
    FORM: "In forms",
    "desk": "On the desk",
    "requisition_form": "On the form of a requisition",
    "pay": "When paying",
    "window": "In windows",
    "entry": "On a ledger entry",
    "replenishment": "On a replenishment",
    "prompt": "When asked yes or no",
    "choice": "Where one types to choose",
    "export": "When exporting",
    "statement": "On a statement",
    "lock": "On a locked desk",
    "ledger": "On the fund ledger",
    "treasury": "On the treasury's lists",
    "audit": "On the audit log",
}


class Clash(NamedTuple):
    """One key that two actions of scopes alive together want."""

    key: str
    first: str
    second: str


class KeyRow(NamedTuple):
    """One line of the key table: the scope, the keys for people, what it does, the public name."""

    scope: str
    keys: str
    label: str
    tooltip: str
    id: str
    remapped: bool = False

    def matches(self, words: str) -> bool:
        """Whether every word that was typed is in the line."""
        text = " ".join((heading(self.scope), self.keys, self.label, self.tooltip, self.id)).lower()
        return all(word in text for word in words.lower().split())


def heading(scope: str) -> str:
    """The words for a scope, as help and docs head its keys: `In lists`, `On Payments`."""
    return _HEADINGS.get(scope) or f"On {scope.replace('_', ' ').capitalize()}"


def key_table(scopes: Iterable[str] | None = None, keymap: Mapping[str, str] | None = None) -> list[KeyRow]:
    """All keys as lines, or those of some scopes; without `keymap` those in force."""
    chosen = None if scopes is None else set(scopes)
    return [
        KeyRow(
            entry.scope,
            " ".join(display_key(key) for key in keys_of(entry, keymap)),
            entry.label,
            entry.tooltip,
            entry.id,
            tuple(keys_of(entry, keymap)) != entry.keys,
        )
        for entry in ACTIONS
        if chosen is None or entry.scope in chosen
    ]


# -- clashes -----------------------------------------------------------------------------------------------------------


def clashes(scopes: Iterable[str], keymap: Mapping[str, str] | None = None) -> list[Clash]:
    """The keys that two actions of these scopes share, after a remapping."""
    return _shared(actions_of(*scopes), keymap)


def all_clashes(keymap: Mapping[str, str] | None = None) -> list[Clash]:
    """The clashes on any screen: what is alive together is the app, the list or the form, and the screen.

    A window is alive alone, with the keys that scroll and leave it. On a form one can also choose from earlier texts.
    """
    together = [actions_of(APP, LIST, name) for name in LIST_SCREENS]
    together += [actions_of(APP, FORM, name) for name in FORM_SCREENS]
    together.append(
        tuple(
            entry for entry in actions_of(APP, FORM, "requisition_form", "choice") if entry.id not in _LEFT_TO_CHOICES
        )
    )
    together += [
        tuple(entry for entry in ACTIONS if entry.scope == name or entry.id in _BESIDE[name]) for name in WINDOWS
    ]
    return list(dict.fromkeys(clash for entries in together for clash in _shared(entries, keymap)))


def _shared(entries: Iterable[Action], keymap: Mapping[str, str] | None) -> list[Clash]:
    owner: dict[str, str] = {}
    found = []
    for entry in entries:
        for key in keys_of(entry, keymap):
            if owner.setdefault(key, entry.id) != entry.id:
                found.append(Clash(key, owner[key], entry.id))
    return found


# -- what may be a key -------------------------------------------------------------------------------------------------


def keymap_problems(keymap: Mapping[str, str]) -> list[str]:
    """What is wrong with a remapping (`{"requisition.new": "N,ctrl+n"}`), as sentences; none when it may be used."""
    problems = []
    for id, keys in keymap.items():
        reason = refusal(id, split_keys(keys))
        if reason:
            problems.append(f"{id}: {reason}")
    known = {id: keys for id, keys in keymap.items() if _is_known(id)}
    return problems + [told(clash) for clash in all_clashes(known)]


def told(clash: Clash) -> str:
    """A clash as a sentence."""
    return f"{clash.first} and {clash.second} both want {display_key(clash.key)}"


def refusal(id: str, keys: Sequence[str]) -> str:
    """Why an action may not have these keys, other than that they clash; empty when it may."""
    if not _is_known(id):
        near = _nearest(id)
        return "there is no such action" + (f"; did you mean {near}?" if near else "; see `pettycash keys`")
    if not keys:
        return "expected at least one key"
    entry = action(id)
    for key in keys:
        reason = _refused(key)
        if reason:
            return f"{key} {reason}"
        if entry.scope in _TYPED_IN and _is_typed(key):
            return f"{key} is typed into the fields there; expected a chord such as ctrl+g, or an F-key"
        if entry.scope in _TYPED_IN and key in _EDITS:
            return f"{key} edits what is typed into the fields there; expected another chord, or an F-key"
    if id == "app.back" and all(_is_typed(key) for key in keys):
        return "expected a key that is not typed into fields, such as escape or f10: it is the way out of every form"
    return ""


def refused_keys() -> list[str]:
    """The keys of the registry itself that no action may have; there are none."""
    return [f"{entry.id}: {key}" for entry in ACTIONS for key in entry.keys if _refused(key)]


def spelled(text: str) -> str | None:
    """A key as Textual names it, from the spellings that people use (`^n`, `Esc`, `PgDn`); None when it is none."""
    typed = text if text == " " else text.strip()
    if len(typed) == 1 and typed not in _OTHER_NAMES:
        return "space" if typed == " " else typed if typed.isprintable() else None
    lower = typed.lower()
    if lower.startswith("^") and len(lower) == 2:
        lower = f"ctrl+{lower[1]}"
    if re.fullmatch(r"shift\+[a-z]", lower):
        return lower[-1].upper()
    lower = _OTHER_NAMES.get(lower, lower)
    is_key = lower in _NAMED or _CHORD.fullmatch(lower) or _F_KEY.fullmatch(lower) or lower.startswith("alt+")
    single = split_keys(lower)[0] if lower in ("comma", "slash", "question_mark", "full_stop", "colon", "minus") else ""
    return single or (lower if is_key else None)


def _is_known(id: str) -> bool:
    try:
        action(id)
    except KeyError:
        return False
    return True


def _nearest(id: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(id, [entry.id for entry in ACTIONS], 1)), "")


def _is_typed(key: str) -> bool:
    return len(key) == 1 or key in ("space", "backspace", "delete", "left", "right", "home", "end")


def _refused(key: str) -> str:
    if key in _TAKEN:
        return "is another key on many terminals, or the terminal's own"
    if key.startswith("alt+"):
        return "is an alt chord, which many terminals send as escape"
    return ""
