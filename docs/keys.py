"""Writes docs/keys.md, the table of all keys, from the registry of actions: `python docs/keys.py`."""

from __future__ import annotations

from pathlib import Path

from pettycash_tui.actions import APP, FORM, LIST
from pettycash_tui.keymap import KeyRow, heading, key_table
from pettycash_tui.theme import THEME_NAMES

PAGE = Path(__file__).with_name("keys.md")

_BEGINNING = """\
# Keys

Made by `python docs/keys.py` from the registry of actions (`pettycash_tui/actions.py`); do not edit.

On the desk `?` or F1 shows the keys that work where you are and searches all of them, `ctrl+p` finds any action, screen
or object, and the last line names the most used ones. `pettycash keys` lists the keys in force. `^p` stands for ctrl+p.
"""

_REMAPPING = f"""\
## Other keys

Every action has a name (the last column), and `desk.toml` gives it other keys:

```toml
theme = "light"                   # {", ".join(THEME_NAMES)}

[keys]
"requisition.new" = "N"
"list.refresh" = ["r", "f5"]      # several; the first is the one shown
"form.submit" = "ctrl+g"
```

The file is in the home, or in the configuration folder of the user; `pettycash keys path` names it. Prompts, footer,
help and palette follow. `pettycash keys check` names what is wrong, with its line: an action that does not exist, two
actions that want one key where both are alive, and keys that terminals do not pass on (ctrl+a b c h i j m q s z, alt
chords). Such an entry is left out, and the rest works. In forms, on a locked desk and where one types to choose,
letters are typed: actions there take chords and F-keys, and none of ctrl+d e f k u v w x, which edit what is typed.
"""


def page() -> str:
    """The whole page."""
    scopes: dict[str, list[KeyRow]] = {APP: [], LIST: [], FORM: []}
    for row in key_table(keymap={}):
        scopes.setdefault(row.scope, []).append(row)
    tables = [f"## {heading(scope)}\n\n{_table(rows)}" for scope, rows in scopes.items()]
    return "\n".join([_BEGINNING, *tables, _REMAPPING])


def _table(rows: list[KeyRow]) -> str:
    lines = ["| key | does | action |", "| --- | --- | --- |"]
    lines += [f"| {_keys(row.keys)} | {row.tooltip} | `{row.id}` |" for row in rows]
    return "\n".join(lines) + "\n"


def _keys(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
