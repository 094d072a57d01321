"""`pettycash totp`: one's authenticator app, and the recovery codes that stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

import typer

from pettycash_tui.cli import asking, output, session
from pettycash_tui.cli.options import options

app = typer.Typer()

T = TypeVar("T")


@app.command("enrol")
def enrol(ctx: typer.Context) -> None:
    """Show a QR code for your authenticator app. It counts once `totp verify` was given a code of it.

    Your password is asked for, or is a line of standard input.
    """
    from contextlib import closing

    from pettycash_tui.services import forced, totp
    from pettycash_tui.services.opening import identify, open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        actor = identify(desk, given.as_user)
        enrolment = _with_password(ctx, partial(totp.enrol, desk, actor))
    lines = [
        *enrolment.qr_lines,
        f"Or type: {enrolment.secret_base32}",
        f"Then confirm with a code of the app: {forced.command('totp verify CODE').strip('`')}",
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
    """Confirm your authenticator app by a code of it; from then on it is asked for. Shows ten recovery codes, once."""
    from contextlib import closing

    from pettycash_tui.services import totp
    from pettycash_tui.services.opening import identify, open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        actor = identify(desk, given.as_user)
        codes = totp.confirm(desk, actor, code or asking.ask_secret(ctx, "Code", field="code"))
    document = {"username": actor.username, "confirmed": True, "recovery_codes": list(codes)}
    output.emit(ctx, document, sentence=["Your authenticator app is confirmed.", *_shown(codes)], always=True)


@app.command("recovery")
def recovery(ctx: typer.Context) -> None:
    """Make ten new recovery codes and show them, once; those before no longer count.

    Your password is asked for, or is a line of standard input.
    """
    from pettycash_tui.services import totp

    with session.at_desk(ctx) as (desk, actor):
        codes = _with_password(ctx, partial(totp.new_recovery_codes, desk, actor))
    document = {"username": actor.username, "recovery_codes": list(codes)}
    output.emit(ctx, document, sentence=_shown(codes), always=True)


@app.command("status")
def status(ctx: typer.Context) -> None:
    """Show whether you have an app in force, whether one is asked of you, and how many recovery codes are left."""
    from pettycash_tui.services import totp

    found = session.read(ctx, totp.status)
    pairs = [
        ("Enrolled", found.confirmed_at or "no"),
        ("Asked of you", "yes" if found.required else "no"),
        ("Recovery codes left", found.recovery_codes_left),
    ]
    output.emit_detail(ctx, found, title=f"Authenticator app of {found.username}", pairs=pairs)


@app.command("reset")
def reset(
    ctx: typer.Context, user: Annotated[str, typer.Argument(metavar="USER", help="The username, or the id.")]
) -> None:
    """Forget somebody's app and recovery codes, so that they can enrol anew; their sessions end (admins)."""
    from pettycash_tui.services import totp

    with session.at_desk(ctx) as (desk, actor):
        username = totp.reset(desk, actor, user)
    output.emit(
        ctx,
        {"username": username, "enrolled": False},
        sentence=f"The app of {username} is forgotten; they sign in by password and enrol anew.",
    )


def _with_password(ctx: typer.Context, act: Callable[..., T]) -> T:
    """What an act gives that needs the password of who has signed in; asked for when it does."""
    from pettycash_tui.services.errors import NotAllowed

    try:
        return act()
    except NotAllowed as refusal:
        if refusal.code != "password_needed":
            raise
    return act(asking.ask_secret(ctx, "Password"))


def _shown(codes: tuple[str, ...]) -> list[str]:
    pairs = [f"  {'   '.join(codes[at : at + 2])}" for at in range(0, len(codes), 2)]
    return ["Recovery codes, each good once in place of a code at sign-in. They are not shown again:", *pairs]
