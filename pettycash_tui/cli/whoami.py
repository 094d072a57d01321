"""`pettycash whoami`."""

from __future__ import annotations

import typer

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options


def command(ctx: typer.Context) -> None:
    """Who is signed in, and with which role."""
    from contextlib import closing

    from pettycash_tui.services.opening import identify, open_desk
    from pettycash_tui.services.whoami import whoami

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        found = desk.read(identify(desk, given.as_user, first_password=True), whoami)
        address = desk.shown_address
    output.emit_detail(
        ctx,
        found,
        title=f"{found.name} ({found.username})",
        pairs=[
            ("Role", found.role.label + (", superuser" if found.is_superuser else "")),
            ("Company", found.company.name if found.company else "all companies"),
            ("May", ", ".join(found.rights)),
            ("Codes by", found.otp_channel.label),
            ("Signed in", found.signed_in_at),
            ("Until", found.expires_at),
            ("Database", address),
        ],
    )
