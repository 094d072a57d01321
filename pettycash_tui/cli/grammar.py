"""The shape of the command line: global options before the noun, nouns loaded on use, output options after any verb.

Here (and in `failure`, for usage errors) typer's inside is known: 0.29 carries its own copy of click. What is relied on
is small and checked by tests/cli: the parameters of a built command, and the place where one keeps its converter.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer
from typer._click.core import ParameterSource
from typer._click.shell_completion import CompletionItem
from typer._coercion import RuntimeParam, bool_flag_type_descriptor
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command, get_group

from pettycash_tui.cli.given import GlobalOptions, directory, require_no_password
from pettycash_tui.cli.nouns import NOUNS, Noun
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click import Command, Context, HelpFormatter, Parameter


@dataclass(frozen=True)
class _AsTyped(RuntimeParam):
    """Leaves a value as it was typed.

    typer converts even text through pydantic, whose import alone costs more than the whole of `pettycash --help`.
    The options before the noun are text and flags only, so they do without.
    """

    def _coerce_value(self, value: Any, param: Any, ctx: Context) -> Any:
        return value


class Root(TyperGroup):
    """`pettycash` itself: knows its nouns by the table and imports one when it is used."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse up to the noun, and make the global options known before a noun is loaded, so that errors find them."""
        rest = super().parse_args(ctx, args)
        given = ctx.params
        typed = ctx.get_parameter_source("database") is ParameterSource.COMMANDLINE
        ctx.obj = GlobalOptions(
            database=given["database"],
            as_user=given["as_user"],
            json=given["json_"],
            quiet=given["quiet"],
            color=not given["no_color"],
            mouse=given["mouse"],
        )
        if given["allow_owner"]:
            os.environ["PETTYCASH_ALLOW_OWNER"] = "1"
        # Apart from the others, so that a refused --home is already reported in the form that was asked for.
        ctx.obj = replace(ctx.obj, home=directory(given["home"]))
        if typed and given["database"] and not ctx.resilient_parsing:
            require_no_password(given["database"])
        if given["version"] and not ctx.resilient_parsing:
            from pettycash_tui import __version__
            from pettycash_tui.cli.output import emit

            emit(ctx.obj, {"version": __version__}, sentence=f"pettycash {__version__}", always=True)
            ctx.exit()
        return rest

    def list_commands(self, ctx: Context) -> list[str]:
        """Every noun, in the order of the table."""
        return list(NOUNS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a noun; this is where its module is imported."""
        noun = NOUNS.get(cmd_name)
        if noun is None:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name, noun)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """As typer does it, but near misses are looked for in the table instead of among loaded commands."""
        if args[0] not in NOUNS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], NOUNS)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The nouns with their lines from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, noun.help) for name, noun in NOUNS.items()])

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Complete a noun from the table, an option as typer does."""
        if incomplete.startswith("-"):
            return [
                CompletionItem(name, help=parameter.help)
                for parameter in self.get_params(ctx)
                if isinstance(parameter, TyperOption)
                for name in parameter.opts
                if name.startswith(incomplete)
            ]
        return [CompletionItem(name, help=noun.help) for name, noun in NOUNS.items() if name.startswith(incomplete)]


def load(name: str, noun: Noun) -> Command:
    """Import a noun's module and build its command. See the package's docstring for what a module holds."""
    found = getattr(importlib.import_module(noun.module), noun.attribute)
    command: Command
    if isinstance(found, typer.Typer):
        # get_command would turn a group with a single verb into that verb: `ledger show ENTRY` would lose its `show`.
        command = get_group(found)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(name)(found)
        command = get_command(alone)
    command.name = name
    command.short_help = noun.help
    command.help = command.help or noun.help
    return finish(command)


def finish(command: Command) -> Command:
    """Give a command, and all below it, what is the same everywhere: the output options, `--help`, plain help texts."""
    if isinstance(command, TyperGroup | TyperCommand):
        command.rich_markup_mode = None
    is_group = isinstance(command, TyperGroup)
    for flag in _AFTER_THE_VERB:
        _add(command, flag.name, flag.apply, flag.help, hidden=is_group or flag.hidden)
    _add(command, "--help", _show_help, "Show this message and exit.")
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            finish(below)
    return command


def finish_root(command: Root) -> Root:
    """The same for the outermost command, whose nouns are finished when they are loaded."""
    for parameter in command.params:
        if isinstance(parameter, TyperOption) and parameter.type_descriptor.annotation in (str, bool):
            parameter._runtime_param = _AsTyped(parameter.type_descriptor.parameter_info, str)
    _add(command, "--help", _show_help, "Show this message and exit.")
    return command


def _add(
    command: Command, name: str, callback: Callable[[Context, Parameter, bool], bool], help: str, hidden: bool = False
) -> None:
    """Add a flag, unless the command has one of that name.

    `--help` is added too, because the one that typer would make has no default, and typer imports pydantic to convert
    the None; so every `pettycash req list --help` would pay for it on the way.
    """
    if any(name in parameter.opts for parameter in command.params):
        return
    flag = TyperOption(
        param_decls=[f"flag_{name.strip('-').replace('-', '_')}", name],
        type_descriptor=bool_flag_type_descriptor(),
        is_flag=True,
        default=False,
        # Eager, so that an error in a later option is already reported in the form that was asked for.
        is_eager=True,
        expose_value=False,
        callback=callback,
        help=help,
        hidden=hidden,
    )
    command.params.append(flag)


def _show_help(ctx: Context, parameter: Parameter, value: bool) -> bool:
    if value and not ctx.resilient_parsing:
        typer.echo(ctx.get_help())
        ctx.exit()
    return value


@dataclass(frozen=True, slots=True)
class _GlobalFlag:
    """One of the global options that is also accepted after the verb."""

    name: str
    help: str
    change: Callable[[GlobalOptions], GlobalOptions]
    hidden: bool = False

    def apply(self, ctx: Context, parameter: Parameter, value: bool) -> bool:
        """Record the option on the outermost context, where `options` looks."""
        if value:
            ctx.find_root().obj = self.change(options(ctx))
        return value


_AFTER_THE_VERB = (
    _GlobalFlag("--json", "Print one JSON document.", lambda given: replace(given, json=True)),
    _GlobalFlag("--quiet", "Print only numbers or ids, or nothing.", lambda given: replace(given, quiet=True)),
    _GlobalFlag("--no-color", "No colour.", lambda given: replace(given, color=False), hidden=True),
)
