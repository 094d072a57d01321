"""`desk.toml`: how somebody likes their desk, which is the theme and other keys for actions.

    theme = "light"

    [keys]
    "requisition.new" = "N"
    "list.refresh" = ["r", "f5"]

It is looked for in the home, then in the user's configuration folder. A file that cannot be used, an action that does
not exist, a key that is refused or that clashes is named with its line, and only that entry is left out.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pettycash_tui.actions import display_key
from pettycash_tui.keymap import all_clashes, refusal, spelled, told
from pettycash_tui.models.text import printable
from pettycash_tui.theme import THEME_NAMES

FILE_NAME = "desk.toml"
LARGEST = 65_536
"""No such file is longer, in bytes."""

_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
_THEME_LINE = re.compile(r"^[ \t]*theme[ \t]*=.*$", re.MULTILINE)
_FIRST_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in the file, and on which line where that can be said."""

    message: str
    line: int | None = None

    @property
    def sentence(self) -> str:
        """For people: `line 4: requisition.new: ctrl+s is …`."""
        return f"line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True, slots=True)
class DeskFile:
    """What the file says, as far as it can be used. `keymap` is for `App.set_keymap` and `actions.use_keymap`."""

    path: Path
    keymap: Mapping[str, str] = field(default_factory=dict)
    theme: str = ""
    problems: tuple[Problem, ...] = ()


def path_of(home: Path | None) -> Path:
    """The file that counts: the home's, else the user's own where there is one, else the home's that could be made."""
    own = _user_folder() / FILE_NAME
    if home is None:
        return own
    return own if own.is_file() and not (home / FILE_NAME).is_file() else home / FILE_NAME


def load(home: Path | None) -> DeskFile:
    """Read the file; one that is not there says nothing. Never raises."""
    path = path_of(home)
    try:
        if not path.is_file():
            return DeskFile(path)
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            return DeskFile(path, problems=(Problem(f"is longer than {LARGEST:,} bytes; nothing of it is used"),))
        text = content.decode("utf-8-sig")
    except OSError as error:
        return DeskFile(path, problems=(Problem(f"cannot be read ({error.strerror}); nothing of it is used"),))
    except UnicodeDecodeError:
        return DeskFile(path, problems=(Problem("is not UTF-8 text; nothing of it is used"),))
    return read_text(path, text)


def read_text(path: Path, text: str) -> DeskFile:
    """What the text of such a file says."""
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = str(error) or "nested too deeply"
        place = _PLACE.search(message)
        line = int(place[1]) if place else text.count("\n") + 1
        said = printable(_PLACE.sub("", message).replace(" (at end of document)", ""))
        return DeskFile(path, problems=(Problem(f"is not TOML ({said}); nothing of it is used", line),))
    problems: list[Problem] = []
    for name in found:
        if name not in ("theme", "keys"):
            problems.append(
                Problem(f"{printable(name)[:40]}: expected theme or [keys]; this is left out", _line(text, name))
            )
    theme = _theme(found.get("theme", ""), text, problems)
    keymap = _keymap(found.get("keys", {}), text, problems)
    return DeskFile(path, keymap, theme, tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def remember_theme(home: Path | None, theme: str) -> Path:
    """Write the theme into the file, everything else in it left as it is. Raises OSError."""
    path = path_of(home)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{FILE_NAME}.{os.getpid()}.new")
    try:
        fresh.write_text(with_theme(text, theme), encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def with_theme(text: str, theme: str) -> str:
    """The text of the file with another theme."""
    table = _FIRST_TABLE.search(text)
    top, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    line = f'theme = "{theme}"'
    if _THEME_LINE.search(top):
        return _THEME_LINE.sub(lambda _: line, top, count=1) + rest
    return f"{line}\n{top or ('' if not rest else chr(10))}{rest}"


def _user_folder() -> Path:
    from platformdirs import user_config_dir

    return Path(user_config_dir("pettycash", appauthor=False))


def _theme(value: Any, text: str, problems: list[Problem]) -> str:
    if value in ("", *THEME_NAMES):
        return str(value)
    problems.append(Problem(f"theme: expected one of {', '.join(THEME_NAMES)}; this is left out", _line(text, "theme")))
    return ""


def _keymap(value: Any, text: str, problems: list[Problem]) -> dict[str, str]:
    if not isinstance(value, dict):
        problems.append(Problem("keys: expected a table, [keys]; this is left out", _line(text, "keys")))
        return {}
    keymap: dict[str, str] = {}
    for id, given in _entries(value):
        keys, wrong = _keys(given)
        wrong = wrong or refusal(id, keys)
        if wrong:
            problems.append(Problem(f"{printable(id)[:60]}: {wrong}; this is left out", _line(text, id)))
        else:
            keymap[id] = ",".join("comma" if key == "," else key for key in keys)
    return _without_clashes(keymap, text, problems)


def _entries(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """`requisition.new = "N"` without quotes is a table in a table; it means the same."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _entries(value, f"{before}{name}.")
        else:
            yield before + name, value


def _keys(given: Any) -> tuple[tuple[str, ...], str]:
    """The keys of an entry, and what is wrong with it."""
    written = [given] if isinstance(given, str) else given
    if not isinstance(written, list) or not all(isinstance(key, str) for key in written):
        return (), 'expected a key such as "N", or several such as ["N", "ctrl+n"]'
    keys = []
    for text in written:
        key = spelled(text)
        if key is None:
            return (), f"{printable(text)[:20]!r} is no key; expected such as n, N, ctrl+n, f5, pagedown or space"
        keys.append(key)
    return tuple(dict.fromkeys(keys)), ""


def _without_clashes(keymap: dict[str, str], text: str, problems: list[Problem]) -> dict[str, str]:
    """Leave out what clashes: of two entries of the file the later one, else the one that is remapped."""
    while found := all_clashes(keymap):
        clash = found[0]
        order = list(keymap)
        blamed = [id for id in (clash.first, clash.second) if id in keymap]
        if not blamed:
            return {}
        last = max(blamed, key=order.index)
        other = clash.first if last == clash.second else clash.second
        del keymap[last]
        problems.append(
            Problem(f"{told(clash)}; {last} keeps its own key, {other} has {display_key(clash.key)}", _line(text, last))
        )
    return keymap


def _line(text: str, id: str) -> int | None:
    """The line on which an entry is written, for the forms that people use."""
    last = id.rpartition(".")[2]
    for name in (id, last):
        quoted = re.escape(name)
        found = re.search(rf"""^[ \t]*\[?[ \t]*["']?{quoted}["']?[ \t]*[\]=.]""", text, re.MULTILINE)
        if found:
            return text.count("\n", 0, found.start()) + 1
    return None
