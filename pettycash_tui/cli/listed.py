"""The five verbs of everything that a company keeps lists of: add, edit, list, show, deactivate (and activate).

A noun describes its options and columns; `group` makes the commands. Services are imported when a command runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit, Search
from pettycash_tui.cli.output import ColumnSpec
from pettycash_tui.services.errors import InvalidInput

Company = Annotated[
    str | None, typer.Option("--company", metavar="CODE", help="The company, for people who act for several.")
]
All = Annotated[bool, typer.Option("--all", help="The deactivated ones too.")]
ActiveStatus = Annotated[
    str | None, typer.Option("--status", metavar="STATUS", help="active (as without it), inactive or all.")
]

_UNSAID = frozenset({"id", "name", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Setting:
    """An option of `add` and `edit`: the name of the service's field, and what the help says."""

    name: str
    help: str
    metavar: str = "TEXT"
    is_flag: bool = False

    @property
    def option(self) -> str:
        """The option's spelling: `--cost-center`, `--default/--no-default`."""
        word = self.name.removeprefix("is_").replace("_", "-")
        return f"--{word}/--no-{word}" if self.is_flag else f"--{word}"


def active_of(status: str | None, include_all: bool) -> bool | None:
    """What a list shows: the active ones, the inactive ones, or (None) all."""
    word = (status or ("all" if include_all else "active")).strip().lower()
    if word not in ("active", "inactive", "all"):
        raise InvalidInput.of(status="must be active, inactive or all")
    return None if word == "all" else word == "active"


def pairs_of(detail: Any) -> list[tuple[str, Any]]:
    """The fields of a result as labelled values, without its id and times."""
    return [
        (field.name.removeprefix("is_").replace("_", " ").capitalize(), getattr(detail, field.name))
        for field in fields(detail)
        if field.name not in _UNSAID
    ]


def as_document(result: Any, **more: Any) -> dict[str, Any]:
    """A result with further keys beside its own."""
    return {**{field.name: getattr(result, field.name) for field in fields(result)}, **more}


def given_of(settings: Sequence[Setting], values: Mapping[str, Any]) -> dict[str, str | None]:
    """What was typed, as the services take it."""
    given: dict[str, str | None] = {}
    for setting in settings:
        value = values.get(setting.name)
        given[setting.name] = ("yes" if value else "no") if isinstance(value, bool) else value
    return given


def declared(
    command: Callable[..., None], arguments: Mapping[str, tuple[Any, Any]], settings: Sequence[Setting] = ()
) -> Callable[..., None]:
    """`command` with the signature that typer reads: annotation and default by name, and an option per setting."""
    parameters = [Parameter("ctx", Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    for name, (annotation, default) in arguments.items():
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default))
    for setting in settings:
        kind: Any = bool | None if setting.is_flag else str | None
        metavar = None if setting.is_flag else setting.metavar
        annotation = Annotated[kind, typer.Option(setting.option, help=setting.help, metavar=metavar)]
        parameters.append(Parameter(setting.name, Parameter.KEYWORD_ONLY, annotation=annotation, default=None))
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def one_handle(name: str, argument: str | None, option: str | None) -> str | None:
    """The code that was given as an argument or as an option."""
    if argument is not None and option is not None and argument != option:
        raise InvalidInput.of(**{name: "was given twice, and not the same"})
    return argument if argument is not None else option


def group(
    load: Callable[[], Any],
    words: str,
    settings: Sequence[Setting],
    columns: Sequence[ColumnSpec],
    *,
    handle: str = "code",
    adds: bool = True,
) -> typer.Typer:
    """The verbs of one kind, all but `add` when `adds` is off. `load` gives the `Kind` when a command runs."""
    app = typer.Typer()

    def add(ctx: typer.Context, named: str | None, company: str | None, **values: Any) -> None:
        from pettycash_tui.services import listed

        given = given_of(settings, values)
        given[handle] = one_handle(handle, named, given[handle])
        made = session.run(ctx, listed.add, load(), given, company=company)
        output.emit(ctx, made, sentence=f"Added the {words} {getattr(made, handle)}.")

    def edit(ctx: typer.Context, ref: str, activate: bool, company: str | None, **values: Any) -> None:
        from pettycash_tui.services import listed

        given = given_of(settings, values)
        edits = not activate or any(value is not None for value in given.values())

        def change(work: Any) -> Any:
            # Edited after it is active, because only something active may become a default.
            named = listed.activate(work, load(), ref, company=company) if activate else None
            if not edits:
                return named
            return listed.edit(work, load(), named.id if named else ref, given, company=company)

        changed = session.run(ctx, change)
        output.emit(ctx, changed, sentence=f"Changed the {words} {getattr(changed, handle)}.")

    def list_all(
        ctx: typer.Context,
        search: str | None,
        status: str | None,
        include_all: bool,
        company: str | None,
        limit: int,
        after: str | None,
    ) -> None:
        from pettycash_tui.services import listed

        active = active_of(status, include_all)
        page = session.read(
            ctx, listed.listing, load(), search=search, active=active, company=company, limit=limit, after=after
        )
        output.emit_page(ctx, page.items, page.next, columns=columns, key=handle)

    def show(ctx: typer.Context, ref: str, company: str | None) -> None:
        from pettycash_tui.services import listed

        found = session.read(ctx, listed.show, load(), ref, company=company)
        named = [getattr(found, handle), getattr(found, "name", "")]
        title = f"{words.capitalize()} {', '.join(word for word in named if word)}"
        output.emit_detail(ctx, found, title=title, pairs=pairs_of(found))

    def switch_off(ctx: typer.Context, ref: str, company: str | None) -> None:
        from pettycash_tui.services import listed

        found = session.run(ctx, listed.deactivate, load(), ref, company=company)
        output.emit(ctx, found, sentence=f"Deactivated the {words} {getattr(found, handle)}.")

    optional = Annotated[str | None, typer.Argument(metavar=f"[{handle.upper()}]", help=f"Its {handle}.")]
    ref = (Annotated[str, typer.Argument(metavar=handle.upper(), help=f"Its {handle}, or its id.")], Parameter.empty)
    activate = Annotated[bool, typer.Option("--activate", help="Take it into use again.")]
    company = {"company": (Company, None)}
    filters = {
        "search": (Search, None),
        "status": (ActiveStatus, None),
        "include_all": (All, False),
        **company,
        "limit": (Limit, DEFAULT_LIMIT),
        "after": (After, None),
    }
    if adds:
        app.command("add", help=f"Add a {words}.")(declared(add, {"named": (optional, None), **company}, settings))
    edited = {"ref": ref, "activate": (activate, False), **company}
    app.command("edit", help=f"Change a {words}; what is left out stays.")(declared(edit, edited, settings))
    app.command("list", help=f"List what there is: each {words}.")(declared(list_all, filters))
    app.command("show", help=f"Show one {words}.")(declared(show, {"ref": ref, **company}))
    switch = app.command("deactivate", help=f"Take a {words} out of use; nothing is deleted.")
    switch(declared(switch_off, {"ref": ref, **company}))
    return app
