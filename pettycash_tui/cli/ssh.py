"""`pettycash ssh`: whose key is whose, and what sshd runs for one."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit, options
from pettycash_tui.cli.output import ColumnSpec
from pettycash_tui.services.errors import InvalidInput, NotAllowed, PettyCashError

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor

app = typer.Typer()

_COLUMNS = (
    ColumnSpec("Person", "user.username"),
    ColumnSpec("Fingerprint", "fingerprint"),
    ColumnSpec("Comment", "comment"),
    ColumnSpec("Added", "created_at"),
    ColumnSpec("Removed", "removed_at"),
)
_LONGEST_KEY = 16_384
ONLY_HERE = frozenset({"stdin_only", "own_folder_only", "unsafe_folder"})
"""Codes of what is refused because somebody came by SSH, or has put a link where only a folder may be."""
User = Annotated[str, typer.Argument(metavar="USER", help="Whose key it is.")]


@app.command("add-key")
def add_key(
    ctx: typer.Context,
    user: User,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The public key: a .pub file, or - for stdin.")],
) -> None:
    """Let a person sign in by SSH with a key. A key is one person's for ever."""
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import ssh_keys

    try:
        with incoming(file) as path, path.open("rb") as opened:
            line = opened.read(_LONGEST_KEY).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise InvalidInput.of(file=f"cannot be read: {why}") from None
    added = session.run(ctx, ssh_keys.add_key, user, line)
    output.emit(ctx, added, sentence=f"{user} signs in with the key {added.fingerprint} from now on.")


@app.command("remove-key")
def remove_key(
    ctx: typer.Context,
    user: User,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="SHA256:…, as `ssh list` shows it.")],
) -> None:
    """Take a key from a person; their sessions by SSH end. It lets nobody in again."""
    from pettycash_tui.services import ssh_keys

    removed = session.run(ctx, ssh_keys.remove_key, user, fingerprint)
    output.emit(ctx, removed, sentence=f"The key {removed.fingerprint} lets nobody in any more.")


@app.command("list")
def list_keys(
    ctx: typer.Context,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Only this person's.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List keys: your own, or as an admin everybody's."""
    from pettycash_tui.services import ssh_keys

    page = session.read(ctx, ssh_keys.list_keys, user=user, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=_COLUMNS, key="fingerprint")


@app.command("get")
def get(
    ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="One of your own exports.")]
) -> None:
    """Send one of your own exports to stdout: ssh HOST ssh get march.csv > march.csv."""
    import shutil

    from pettycash_tui.services import export_files

    if sys.stdout.isatty():
        raise InvalidInput.of(name="goes to a file: ssh HOST ssh get NAME > NAME")
    with session.at_desk(ctx) as (desk, actor), export_files.read_own(desk.home, actor.username, name) as file:
        sys.stdout.flush()
        shutil.copyfileobj(file, sys.stdout.buffer)


@app.command("authorized-keys")
def authorized_keys(
    ctx: typer.Context,
    system_user: Annotated[str, typer.Argument(metavar="USER", help="The user that sshd asks for (%u).")],
    fingerprint: Annotated[str, typer.Argument(metavar="[FINGERPRINT]", help="The key it was shown (%f).")] = "",
) -> None:
    """Print the lines for sshd's AuthorizedKeysCommand. For another user than the treasury's own: nothing."""
    import pwd

    from pettycash_tui.services import ssh_keys
    from pettycash_tui.services.identity import SYSTEM

    if pwd.getpwuid(os.geteuid()).pw_name != system_user:
        return
    with session.open_database(ctx) as desk:
        if desk.url.password is not None:
            raise InvalidInput.of(database="must name no password, which everybody could read in the list of processes")
        place = [
            "--home", str(desk.home), "--database", desk.url.render_as_string(hide_password=False),
        ]  # fmt: skip
        for key_id, key in desk.read(SYSTEM, ssh_keys.in_force, fingerprint or None):
            sys.stdout.write(f'restrict,pty,command="{_forced([*_program(), *place], key_id)}" {key.line}\n')


def _program() -> list[str]:
    """How this program was started, in full."""
    started = Path(sys.argv[0]).absolute()
    if os.access(started, os.X_OK) and started.suffix != ".py":
        return [str(started)]
    return [sys.executable, "-I", "-m", "pettycash_tui"]


def _forced(program: list[str], key_id: object) -> str:
    import shlex

    command = shlex.join([*program, "ssh", "serve", str(key_id)])
    return command.replace("\\", "\\\\").replace('"', '\\"')


@app.command("serve", hidden=True)
def serve(ctx: typer.Context, key: Annotated[str, typer.Argument(metavar="KEY-ID")]) -> None:
    """Work for the person of a key: what sshd runs for it, and nobody else."""
    from dataclasses import replace
    from uuid import UUID

    from pettycash_tui.cli.main import main
    from pettycash_tui.cli.remote_verbs import wants_json
    from pettycash_tui.services import forced, host_settings, signin, ssh_keys
    from pettycash_tui.services.opening import source_here

    given = options(ctx)
    if not re.fullmatch(r"[0-9a-f-]{32,36}", key) or not os.environ.get("SSH_CONNECTION") or not given.home:
        raise InvalidInput("This is for sshd alone; see docs/ssh.md.", code="usage")
    asked = os.environ.pop("SSH_ORIGINAL_COMMAND", "")
    ctx.find_root().obj = replace(given, json=wants_json(asked))
    host_settings.use(given.home)
    source = source_here()
    _leave_when_told()
    with session.open_database(ctx) as desk:
        actor, token = ssh_keys.enter(desk, UUID(key), source=source)
        forced.begin(forced.Served(actor.username, token, source, desk.home))
        failures: list[BaseException] = []
        try:
            words = _allowed(desk, actor, asked)
            place = ["--home", str(given.home), "--database", str(given.database)]
            code = main([*place, *words], failed=failures.append)
            _note_refusal(desk, actor, asked, *failures)
        finally:
            signin.sign_out(desk, actor)
            forced.end()
    if code:
        raise typer.Exit(code)


def _allowed(desk: Desk, actor: Actor, asked: str) -> list[str]:
    """The words of what was asked for; what may not be run is put on record."""
    from pettycash_tui.cli.remote_verbs import words_of

    try:
        return words_of(asked)
    except (NotAllowed, InvalidInput) as refusal:
        _record_refusal(desk, actor, asked, refusal.code)
        raise


def _note_refusal(desk: Desk, actor: Actor, asked: str, *failures: BaseException) -> None:
    """Put on record what was refused while the command ran, unless an event tells of it already."""
    for error in failures:
        if not isinstance(error, PettyCashError) or error.is_on_record:
            continue
        if isinstance(error, NotAllowed) or error.code in ONLY_HERE:
            _record_refusal(desk, actor, asked, error.code)


def _record_refusal(desk: Desk, actor: Actor, asked: str, reason: str) -> None:
    from pettycash_tui.cli.asked import told
    from pettycash_tui.services import ssh_keys
    from pettycash_tui.services.identity import SYSTEM

    # As the system: who has to change a first password, or was signed out meanwhile, can do nothing themselves.
    desk.run(SYSTEM.at(actor.source, actor.client), ssh_keys.record_refusal, actor, told(asked), reason)


def _leave_when_told() -> None:
    """A connection that is lost, and ctrl+\\, end the program by a signal: the session is ended then too."""
    import signal

    for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(name, lambda number, _frame: sys.exit(128 + number))
