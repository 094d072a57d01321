"""`pettycash login USER`."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import asking, output, session
from pettycash_tui.cli.options import options
from pettycash_tui.services.errors import InvalidInput, NotAllowed


def command(ctx: typer.Context, user: Annotated[str, typer.Argument(metavar="USER", help="Your username.")]) -> None:
    """Sign in. The password is asked for, or is the first line of standard input; a code is the second.

    Who has lost their authenticator app gives one of their recovery codes instead.
    """
    from contextlib import closing

    from pettycash_tui.services import forced, token_file
    from pettycash_tui.services.opening import open_desk, source_here, warning_of
    from pettycash_tui.services.signin import CLI, sign_in

    forced.refuse_others()
    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        session.warn(ctx, warning_of(desk))
        password = asking.ask_secret(ctx, "Password")
        try:
            signed = sign_in(desk, user, password, client=CLI, source=source_here())
        except NotAllowed as refusal:
            if refusal.code != "totp_needed":
                raise
            code = _code(ctx, refusal)
            signed = sign_in(desk, user, password, client=CLI, source=source_here(), code=code)
        token_file.write(desk.home, token_file.KeptSession(signed.token, desk.shown_address))
    document = {
        "username": signed.actor.username,
        "name": signed.actor.name,
        "role": signed.actor.role,
        "expires_at": signed.expires_at,
        "must_change_password": signed.must_change_password,
        "must_enrol": signed.actor.must_enrol,
        "recovery_codes_left": signed.recovery_codes_left,
    }
    output.emit(ctx, document, sentence=f"You are signed in as {signed.actor.name}.")
    if signed.must_change_password:
        output.note(ctx, "Your password was set by an admin. Choose your own now with `pettycash passwd`.")
    if signed.actor.must_enrol:
        output.note(ctx, "To approve or pay you need an authenticator app here: `pettycash totp enrol`.")
    if signed.recovery_codes_left is not None:
        left = signed.recovery_codes_left
        output.note(ctx, f"That recovery code is used up; {left} left. New ones: `pettycash totp recovery`.")


def _code(ctx: typer.Context, refusal: NotAllowed) -> str:
    try:
        return asking.ask_secret(ctx, "Code of your authenticator app, or a recovery code", field="code")
    except InvalidInput:
        # Nobody is there to answer: what the service said is more than "is missing".
        raise refusal from None
