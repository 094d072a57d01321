"""`pettycash logout`."""

from __future__ import annotations

import typer

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options
from pettycash_tui.services.errors import NotSignedIn


def command(ctx: typer.Context) -> None:
    """Sign out. Where nobody is signed in, nothing happens."""
    from contextlib import closing

    from pettycash_tui.services import forced, token_file
    from pettycash_tui.services.opening import identify, open_desk
    from pettycash_tui.services.signin import sign_out

    forced.refuse_others()
    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        try:
            ended = sign_out(desk, identify(desk, given.as_user, first_password=True))
        except NotSignedIn:
            ended = False
        if given.as_user is None:
            token_file.remove(desk.home)
    output.emit(ctx, {"signed_out": ended}, sentence="You are signed out." if ended else "Nobody was signed in.")
