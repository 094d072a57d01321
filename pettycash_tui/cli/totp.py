"""`pettycash totp enrol|verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import asking, output
from pettycash_tui.cli.options import options

app = typer.Typer()


@app.command("enrol")
def enrol(ctx: typer.Context) -> None:
    """Show a QR code for your authenticator app. It counts once `totp verify` was given a code of it."""
    from contextlib import closing

    from pettycash_tui.services import totp
    from pettycash_tui.services.opening import identify, open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        actor = identify(desk, given.as_user)
        enrolment = totp.enrol(desk, actor)
    lines = [
        *enrolment.qr_lines,
        f"Or type: {enrolment.secret_base32}",
        "Then confirm with a code of the app: pettycash totp verify CODE",
    ]
    document = {
        "username": actor.username,
        "uri": enrolment.uri,
        "secret": enrolment.secret_base32,
        "confirmed": False,
    }
    output.emit(ctx, document, sentence=lines, always=True)


@app.command("verify")
def verify(
    ctx: typer.Context,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="The six digits the app shows now.")] = None,
) -> None:
    """Confirm your authenticator app by a code of it; from then on it is asked for."""
    from contextlib import closing

    from pettycash_tui.services import totp
    from pettycash_tui.services.opening import identify, open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        actor = identify(desk, given.as_user)
        totp.confirm(desk, actor, code or asking.ask_secret(ctx, "Code", field="code"))
    output.emit(ctx, {"username": actor.username, "confirmed": True}, sentence="Your authenticator app is confirmed.")
