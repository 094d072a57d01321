"""`pettycash passwd`."""

from __future__ import annotations

import typer

from pettycash_tui.cli import asking, output
from pettycash_tui.cli.options import options


def command(ctx: typer.Context) -> None:
    """Change your password. Both are asked for, or are two lines of standard input: the old one, then the new one."""
    from contextlib import closing

    from pettycash_tui.services.opening import identify, open_desk
    from pettycash_tui.services.signin import change_password

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        actor = identify(desk, given.as_user, first_password=True)
        old = asking.ask_secret(ctx, "Password now")
        new = asking.ask_secret(ctx, "New password", repeat=True)
        change_password(desk, actor, old, new)
    output.emit(
        ctx,
        {"username": actor.username, "changed": True},
        sentence="Your password is changed; everywhere else you are signed out.",
    )
