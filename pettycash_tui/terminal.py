"""Whether screens can be drawn on this terminal; what cannot is told with what to set instead of being drawn badly.

Imports neither Textual nor Rich: it is asked before anything heavy is loaded.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

_SET = "Set TERM to what your terminal is, such as xterm-256color,"
_ANYWAY = "or give a command (see pettycash --help)"
_NO_SCREEN = ("dumb", "unknown")


def why_no_screen(environment: Mapping[str, str], *, is_terminal: bool, encoding: str) -> str:
    """Why no screen can be drawn, as sentences for people; empty when one can.

    `is_terminal`: both stdin and stdout are one. `encoding` is that of stdout.
    """
    if not is_terminal:
        return "The desk needs a terminal; without one give a command (see pettycash --help)."
    term = environment.get("TERM", "")
    if not term:
        return f"TERM is not set, so that no screen can be drawn. {_SET} {_ANYWAY}."
    if term in _NO_SCREEN:
        return f"This terminal (TERM={term}) cannot draw screens. {_SET} {_ANYWAY}."
    if not _is_utf8(encoding):
        return _not_utf8(f"its encoding is {encoding or 'not known'}", "LC_ALL")
    name, value = locale_in_force(environment)
    if value and not is_utf8_locale(value):
        return _not_utf8(f"{name}={value}", name)
    return ""


def locale_in_force(environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that decides how characters are encoded, and its value; two empty texts when none is set."""
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if environment.get("LC_CTYPE") == "C.UTF-8" and environment.get("LANG") in ("C", "POSIX"):
        names.remove("LC_CTYPE")  # set by Python itself, which takes every C locale for UTF-8 (PEP 538)
    return next(((name, environment[name]) for name in names if environment.get(name)), ("", ""))


def is_utf8_locale(value: str) -> bool:
    """Whether a locale such as `en_US.UTF-8` is one of UTF-8."""
    return _is_utf8(value.rpartition(".")[2].partition("@")[0])


def _not_utf8(said: str, variable: str) -> str:
    return (
        f"This terminal is not set to UTF-8 ({said}), so that lines and names would be drawn wrongly."
        f" Set {variable}=C.UTF-8, {_ANYWAY}."
    )


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, ValueError):
        return False
