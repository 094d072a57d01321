"""Every command that the program names, in a finding or a sentence, is one of its own: noun, verb and options."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pettycash_tui
from pettycash_tui.cli import main as command_line

SHOWN = re.compile(r"`(pettycash [^`]+)`")
HERE = Path(pettycash_tui.__file__).parent


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module but docstrings; what is filled in later stands as `X`."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def named_commands() -> set[tuple[str, str]]:
    """The commands that are named anywhere, each with its module."""
    found = set()
    for path in sorted(HERE.rglob("*.py")):
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            # What services say is a command by itself; screens say it in sentences.
            whole = [text] if path.parent.name == "services" and re.fullmatch(r"pettycash [^\n.…]+", text) else []
            found |= {(str(path.relative_to(HERE)), " ".join(shown.split())) for shown in SHOWN.findall(text) + whole}
    return found


def trouble_with(command: str) -> str:
    """What the grammar says of a command; nothing when there is one like it."""
    root = command_line.root()
    context = root.context_class(root)
    here: Any = root
    arguments: list[str] = []
    words = shlex.split(command)[1:]
    while words:
        word = words.pop(0)
        if word in (">", "|", "…", "..."):
            break
        if word.startswith("-"):
            name = word.partition("=")[0]
            option = next((p for p in here.params if name in (*p.opts, *p.secondary_opts)), None)
            if option is None:
                return f"no option {word}"
            if not option.is_flag and "=" not in word and words:
                words.pop(0)
        elif hasattr(here, "get_command"):
            if word == "X":
                return ""
            below = here.get_command(context, word.partition("|")[0])
            if below is None:
                return f"no command {word}"
            here = below
        else:
            arguments.append(word)
    most = [p.nargs for p in here.params if p.param_type_name == "argument"] if hasattr(here, "params") else []
    if -1 not in most and len(arguments) > sum(most):
        return f"too many words: {' '.join(arguments)}"
    return ""


def test_every_command_that_is_named_exists() -> None:
    commands = named_commands()
    assert {command for _, command in commands} >= {"pettycash fund verify X", "pettycash db upgrade --rules"}
    wrong = {(module, command): trouble_with(command) for module, command in commands}
    assert {where: trouble for where, trouble in wrong.items() if trouble} == {}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    for command in ("pettycash fund prove X", "pettycash db check --deep", "pettycash totp enrol ada bob carl dan"):
        assert trouble_with(command), command
