"""`pettycash secret set|where|rotate`: passwords and keys that the program needs, none of them ever shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pettycash_tui.cli import asking, output
from pettycash_tui.cli.options import Yes, options
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

_COLUMNS = (ColumnSpec("Secret", "name", min_width=24), ColumnSpec("Where", "where"))


@app.command("set")
def set_secret(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as smtp_password.")],
    stdin: Annotated[bool, typer.Option("--stdin", help="Take it from standard input, without asking.")] = False,
) -> None:
    """Keep a secret in the keyring. It is asked for without being shown, and read back."""
    import sys

    from pettycash_tui.services import secret_places
    from pettycash_tui.services.home_folder import default_home

    secret_places.require_settable(name)
    value = sys.stdin.read() if stdin else asking.ask_secret(ctx, name, field="secret", repeat=True)
    home = options(ctx).home or default_home()
    where = secret_places.keep(home, name, value, is_sealed=lambda: _is_sealed(ctx))
    output.emit(ctx, {"name": name, "where": where}, sentence=f"{name} is kept in {where}.")


def _is_sealed(ctx: typer.Context) -> bool:
    """Whether a checkpoint key has signed the books; not where there are none yet."""
    from contextlib import closing

    from pettycash_tui.services import audit_state
    from pettycash_tui.services.errors import DatabaseUnavailable
    from pettycash_tui.services.identity import SYSTEM
    from pettycash_tui.services.opening import open_desk

    given = options(ctx)
    try:
        with closing(open_desk(given.database, given.home, require_current=False)) as desk:
            return desk.read(SYSTEM, audit_state.is_sealed)
    except DatabaseUnavailable as error:
        if error.code in ("no_database", "schema"):
            return False
        raise


@app.command("where")
def where(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One secret; all of them without.")] = None,
) -> None:
    """Say where a secret is found, or all that the program knows of. The secrets themselves are not shown."""
    from pettycash_tui.services import secret_places
    from pettycash_tui.services.home_folder import default_home

    found = secret_places.where(options(ctx).home or default_home(), name)
    for warning in dict.fromkeys(line for one in found for line in one.warnings):
        output.note(ctx, warning)
    if name is None:
        output.emit_page(ctx, [{"name": one.name, "where": one.where} for one in found], columns=_COLUMNS, key="name")
    else:
        one = found[0]
        output.emit(ctx, {"name": one.name, "where": one.where}, sentence=f"{one.name}: {one.where}.", always=True)


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="server_key", help="The server key is what can be rotated.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File for the new key, where the key's own place is not written here.")
    ] = None,
    lost: Annotated[
        bool,
        typer.Option(
            "--lost",
            help="The old key is lost: its apps are enrolled again. Needs no sign-in where no superuser can sign in.",
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Make a new server key. Open codes and recovery codes are void; apps, passwords and audit chains stay."""
    from contextlib import closing

    from pettycash_tui.services import key_in_force, key_rotation, lost_key, secret_places
    from pettycash_tui.services.errors import NotSignedIn
    from pettycash_tui.services.identity import SYSTEM
    from pettycash_tui.services.opening import identify, open_desk

    secret_places.require_rotatable(name)
    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        try:
            actor = identify(desk, given.as_user)
        except NotSignedIn:
            if not lost:
                raise
            stake = lost_key.at_stake(desk)
            _agree_to_lose(ctx, stake.in_force, stake.superusers, yes=yes)
            done = lost_key.rotate(desk, stake.in_force, into=to)
        else:
            if lost and actor.is_superuser:
                _agree_to_lose(ctx, desk.read(SYSTEM, key_in_force.in_force), (), yes=yes)
            done = key_rotation.rotate(desk, actor, into=to, lost=lost)
    lines = [
        f"The rotation that was cut short is finished; the server key is in {done.where}."
        if done.was_finished
        else f"The server key is rotated and in {done.where}. Codes that were open: {done.codes_voided}, now void."
    ]
    if done.unreadable:
        lines.append(
            f"Authenticator apps that must be enrolled again: {done.unreadable}. A superuser resets them with "
            "`pettycash totp reset USER`."
        )
    if done.recovery_voided_for:
        lines.append(
            "Their recovery codes are void; they make new ones with `pettycash totp recovery`: "
            f"{', '.join(done.recovery_voided_for)}."
        )
    lines.append(
        "Copy it to your other hosts, if any, and keep a copy elsewhere. M-Pesa's callback address has changed with it."
        if done.in_place
        else "Put it where every host reads its key, start the desks again, and delete the file."
    )
    output.emit(ctx, done, sentence=lines)


def _agree_to_lose(ctx: typer.Context, in_force: str | None, superusers: tuple[str, ...], *, yes: bool) -> None:
    """Show which key is given up, and ask: one in a keyring that this session does not reach is not lost."""
    if superusers:
        output.note(ctx, f"These superusers sign in by password alone then: {', '.join(superusers)}.")
    named = f"the server key {in_force}" if in_force else "a server key that it does not name"
    question = (
        f"The database goes by {named}. It is not lost while a keyring, a copy or another host has it. "
        "Give it up, and every authenticator app under it?"
    )
    if not asking.confirm(ctx, question, given=yes):
        output.emit(ctx, None, sentence="Nothing was changed.")
        raise typer.Exit(3)
