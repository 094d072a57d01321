"""`pettycash gateway`: gateways over a network; what is set up, whether it answers, and the listener for results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk

app = typer.Typer()

DEFAULT_PORT = 8732


@app.command("show")
def show(ctx: typer.Context) -> None:
    """Show how each payment method is paid here, and where the settings come from. No secret is shown."""
    from pettycash_tui.services import gateway_views

    with session.open_database(ctx) as desk:
        found = gateway_views.show(desk)
    output.emit_detail(
        ctx,
        found,
        title="M-Pesa" + (" is paid over Daraja" if found.is_configured else " is paid by hand"),
        pairs=[
            *[(name.replace("_", " ").capitalize(), value or "not set") for name, value in found.settings.items()],
            *[(name.replace("_", " ").capitalize(), f"in {where}") for name, where in found.secrets.items()],
            ("Wrong", found.problem),
        ],
        sections=[
            Section("Methods", [ColumnSpec("Method", "method"), ColumnSpec("Paid by", "paid_by")], found.methods)
        ],
    )


@app.command("check")
def check(ctx: typer.Context) -> None:
    """Ask M-Pesa for an access token: whether it is reached and takes the key and secret. Moves no money."""
    from pettycash_tui.services import gateway_views

    with session.open_database(ctx) as desk:
        found = gateway_views.check(desk)
    sentence = f"M-Pesa at {found.base_url} gave an access token, good for {found.token_seconds} s."
    output.emit(ctx, found, sentence=sentence, always=True)


@app.command("listen")
def listen(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen; only this computer.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", metavar="PORT", help="0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Take the results that M-Pesa posts, until it is stopped. A proxy with TLS hands them on from outside."""
    with session.open_database(ctx) as desk:
        _serve(ctx, desk, host, port)


def _serve(ctx: typer.Context, desk: Desk, host: str, port: int) -> None:
    import signal
    import threading

    from pettycash_tui.gateways.listener import Listener
    from pettycash_tui.services import gateway_settings, listening
    from pettycash_tui.services.errors import InvalidInput

    desk.require_current()
    secret = gateway_settings.secret_path(desk)

    def log(line: str) -> None:
        output.note(ctx, line)

    try:
        listener = Listener(host, port, secret, listening.handler(desk), log)
    except (OSError, OverflowError) as error:
        raise InvalidInput.of(port=f"cannot be listened on at {host}:{port} ({error})") from None
    # Off this thread: `shutdown` waits for the loop that this thread is in.
    stop = threading.Thread(target=listener.shutdown)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None if stop.is_alive() else stop.start())
    address = f"http://{host}:{listener.server_address[1]}"
    sentences = [
        f"Listening on {address}/<secret path>; Ctrl+C stops it.",
        "The secret path is the end of the callback address in `pettycash gateway show --json` (callback_path).",
    ]
    output.emit(ctx, {"address": address, "listening": True}, sentence=sentences, always=True)
    with listener:
        listener.serve_forever(poll_interval=0.2)
