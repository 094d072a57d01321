"""`pettycash notice`: what you were told, how you want to be told, and what did not arrive."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit, Status, one_of
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

ROWS = [
    ColumnSpec("When", "created_at", min_width=10),
    ColumnSpec("Kind", "kind"),
    ColumnSpec("Notice", "title"),
    ColumnSpec("By", "channel"),
    ColumnSpec("Status", "status"),
    ColumnSpec("Id", "id", min_width=36),
]
EVERYONE = [ROWS[0], ColumnSpec("To", "person.username"), *ROWS[1:]]
CHOICES = [
    ColumnSpec("Kind", "kind"),
    ColumnSpec("How", "how"),
    ColumnSpec("By", "channel"),
    ColumnSpec("", lambda row: "default" if row.is_default else ""),
]

NoticeId = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `notice list` shows it.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only this kind, such as paid.")]
ChannelName = Annotated[str | None, typer.Option("--channel", metavar="CHANNEL", help="email or sms.")]


@app.command("list")
def list_notices(
    ctx: typer.Context,
    everyone: Annotated[bool, typer.Option("--all", help="Everybody's of the company.")] = False,
    status: Status = None,
    kind: Kind = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List what you were told or are to be told, newest first."""
    from pettycash_tui.models.enums import NoticeKind, NoticeStatus
    from pettycash_tui.services import notices

    page = session.read(
        ctx,
        notices.list_notices,
        everyone=everyone,
        status=one_of(NoticeStatus, status, field="status"),
        kind=one_of(NoticeKind, kind, field="kind"),
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=EVERYONE if everyone else ROWS)


@app.command("show")
def show(ctx: typer.Context, notice: NoticeId) -> None:
    """Show a notice with its words, and what became of it."""
    from pettycash_tui.services import notices

    found = session.read(ctx, notices.show, notice)
    pairs = [
        ("To", found.person.name if found.person else ""),
        ("Kind", found.kind.label),
        ("About", found.subject_number),
        ("By", found.channel.label),
        ("Status", found.status.label),
        ("Tries", found.attempts),
        ("Next try", found.next_attempt_at),
        ("Last error", found.last_error),
        ("Sent", found.sent_at),
        ("Id", found.id),
    ]
    words = output.Section("Text", [ColumnSpec("", lambda line: line)], found.body.rstrip("\n").split("\n"))
    output.emit_detail(ctx, found, title=found.title, pairs=pairs, sections=[words])


@app.command("retry")
def retry(ctx: typer.Context, notice: NoticeId) -> None:
    """Have a notice tried again that failed, was given up, or had no address."""
    from pettycash_tui.services import notices

    found = session.run(ctx, notices.retry, notice)
    output.emit(ctx, found, sentence=f"Queued again: {found.title}.")


@app.command("choices")
def choices(ctx: typer.Context) -> None:
    """List how you are told about each kind of thing."""
    from pettycash_tui.services import notice_choices

    output.emit_page(ctx, session.read(ctx, notice_choices.choices), columns=CHOICES, key="kind")


@app.command("choose")
def choose(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as waits_for_you; `notice choices` lists them.")],
    how: Annotated[str | None, typer.Option("--how", metavar="HOW", help="at_once, daily or off.")] = None,
    channel: ChannelName = None,
) -> None:
    """Choose how you are told about a kind of thing: at once, in the daily digest, or not at all."""
    from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeTiming
    from pettycash_tui.services import notice_choices
    from pettycash_tui.services.errors import InvalidInput

    wanted = one_of(NoticeKind, kind, field="kind")
    timing = one_of(NoticeTiming, how, field="how")
    if wanted is None or timing is None:
        raise InvalidInput.of(how="is missing; give --how at_once, --how daily or --how off")
    by = one_of(NoticeChannel, channel, field="channel")
    done = session.run(ctx, notice_choices.choose, wanted, timing, by)
    words = {"at_once": "at once", "daily": "once a day", "off": "not at all"}[done.how]
    told = "" if done.how == "off" else f" by {done.channel.label}"
    output.emit(ctx, done, sentence=f"{done.kind.label}: you are told {words}{told}.")


@app.command("test")
def test(ctx: typer.Context, channel: ChannelName = None) -> None:
    """Send yourself a test message now, by email or (with --channel sms) as a text."""
    from pettycash_tui.models.enums import NoticeChannel
    from pettycash_tui.services import notices

    by = one_of(NoticeChannel, channel, field="channel") or NoticeChannel.EMAIL
    with session.at_desk(ctx) as (desk, actor):
        sent = notices.send_test(desk, actor, by)
    output.emit(ctx, sent, sentence=f"A test message is on its way to {sent.sent_to}.")
