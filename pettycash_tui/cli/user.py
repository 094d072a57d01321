"""`pettycash user`: people, their roles, passwords and delegations."""

from __future__ import annotations

from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from pettycash_tui.cli import asking, org, output, session, user_delegations
from pettycash_tui.cli.listed import (
    ActiveStatus,
    All,
    Company,
    Setting,
    active_of,
    declared,
    given_of,
    one_handle,
    pairs_of,
)
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, DryRun, Limit, Search, one_of
from pettycash_tui.cli.output import ColumnSpec, Section

app = typer.Typer()

SETTINGS = (
    Setting("first_name", "First name."),
    Setting("last_name", "Last name."),
    Setting("email", "Where mail and codes go.", "ADDRESS"),
    Setting("phone_number", "Such as +254712345678.", "NUMBER"),
    Setting("role", "staff, branch_manager, treasury, cfo, …", "ROLE"),
    Setting("region", "Their region; a branch implies it.", "CODE"),
    Setting("branch", "Their branch.", "CODE"),
    Setting("department", "Their department.", "CODE"),
    Setting("cost_center", "Their cost center.", "CODE"),
    Setting("position", "Their position.", "TITLE"),
    Setting("position_title", "What their door says."),
    Setting("is_centralized_approver", "Whether they approve for every branch.", is_flag=True),
    Setting("is_superuser", "Whether they may add companies and superusers.", is_flag=True),
    Setting("otp_channel", "How codes reach them: totp, email or sms.", "CHANNEL"),
)
USERNAME = Setting("username", "What they sign in with.", "NAME")

User = Annotated[str, typer.Argument(metavar="USER", help="The username, or the id.")]

COLUMNS = (
    ColumnSpec("Username", "username"),
    ColumnSpec("Name", "name"),
    ColumnSpec("Role", "role"),
    ColumnSpec("Branch", "branch.code"),
    ColumnSpec("Department", "department.code"),
    ColumnSpec("Active", "is_active"),
)


def _add(
    ctx: typer.Context,
    named: str | None,
    company: str | None,
    group_wide: bool,
    password_stdin: bool,
    no_password: bool,
    **values: Any,
) -> None:
    from pettycash_tui.services import passwords, people

    given = given_of((USERNAME, *SETTINGS), values)
    given["username"] = one_handle("username", named, given["username"])
    secret = None
    if password_stdin or (asking.can_ask(ctx) and not no_password):
        secret = asking.ask_secret(ctx, "Their first password", repeat=not password_stdin)
    with session.at_desk(ctx) as (desk, actor):
        hashed = passwords.hash_password(secret, given["username"] or "", demo=desk.is_demo) if secret else None
        made = desk.run(actor, people.add, given, company=company, group_wide=group_wide, password_hash=hashed)
    output.emit(ctx, made, sentence=f"Added {made.username} ({made.role.label}).")
    if hashed is None:
        output.note(ctx, f"They cannot sign in yet: pettycash user set-password {made.username}")


app.command("add", help="Add a person. The password is asked for, never taken from an option.")(
    declared(
        _add,
        {
            "named": (
                Annotated[str | None, typer.Argument(metavar="[USERNAME]", help="What they sign in with.")],
                None,
            ),
            "company": (Company, None),
            "group_wide": (
                Annotated[
                    bool, typer.Option("--group-wide", help="An officer of all companies, of none in particular.")
                ],
                False,
            ),
            "password_stdin": (
                Annotated[bool, typer.Option("--password-stdin", help="The password is the next line of input.")],
                False,
            ),
            "no_password": (
                Annotated[
                    bool, typer.Option("--no-password", help="Do not ask; they cannot sign in until one is set.")
                ],
                False,
            ),
        },
        (USERNAME, *SETTINGS),
    )
)


def _edit(ctx: typer.Context, ref: str, **values: Any) -> None:
    from pettycash_tui.services import people

    changed = session.run(ctx, people.edit, ref, given_of(SETTINGS, values))
    output.emit(ctx, changed, sentence=f"Changed {changed.username}.")
    if changed.sessions_ended:
        output.note(ctx, "Their sessions have ended, since what they may do has changed: they sign in again.")
    _note_open_work(ctx, changed, "still waits for them")


app.command("edit", help="Change a person; what is left out stays, and an empty text clears.")(
    declared(_edit, {"ref": (User, Parameter.empty)}, SETTINGS)
)


@app.command("list")
def list_people(
    ctx: typer.Context,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only those of this role.")] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="CODE", help="Only those of this branch.")] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="CODE", help="Only those of this department.")
    ] = None,
    search: Search = None,
    status: ActiveStatus = None,
    include_all: All = False,
    company: Company = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List people by username."""
    from pettycash_tui.models.enums import Role
    from pettycash_tui.services import people

    page = session.read(
        ctx,
        people.listing,
        role=one_of(Role, role, field="role"),
        branch=branch,
        department=department,
        search=search,
        active=active_of(status, include_all),
        company=company,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=COLUMNS)


@app.command("show")
def show(ctx: typer.Context, user: User) -> None:
    """Show one person, what waits for them, and who acts for them."""
    from pettycash_tui.services import people

    found = session.read(ctx, people.show, user)
    pairs = [pair for pair in pairs_of(found) if pair[0] not in ("Username", "Delegations", "Person number")]
    delegations = Section("Delegations", user_delegations.COLUMNS, found.delegations)
    output.emit_detail(ctx, found, title=f"{found.name} ({found.username})", pairs=pairs, sections=[delegations])


@app.command("deactivate")
def deactivate(ctx: typer.Context, user: User) -> None:
    """Shut a person out at once; their sessions and delegations end. Nothing is deleted."""
    from pettycash_tui.services import people

    found = session.run(ctx, people.deactivate, user)
    output.emit(ctx, found, sentence=f"Deactivated {found.username}.")
    _note_open_work(ctx, found, "waits for them and must be given to somebody else")


@app.command("activate")
def activate(ctx: typer.Context, user: User) -> None:
    """Let a person in again."""
    from pettycash_tui.services import people

    found = session.run(ctx, people.activate, user)
    output.emit(ctx, found, sentence=f"Activated {found.username}.")


@app.command("unlock")
def unlock(
    ctx: typer.Context,
    user: User,
    at_the_host: Annotated[
        bool, typer.Option("--at-the-host", help="Without signing in, for the only admin of a company. Audited.")
    ] = False,
) -> None:
    """Let a person try passwords and codes again."""
    from pettycash_tui.services import signin

    if at_the_host:
        from pettycash_tui.services import host_unlock
        from pettycash_tui.services.opening import source_here

        with session.open_database(ctx) as desk:
            username = host_unlock.unlock(desk, user, source=source_here())
    else:
        with session.at_desk(ctx) as (desk, actor):
            username = desk.run(actor, signin.unlock, user)
    output.emit(ctx, {"username": username, "locked_at": None}, sentence=f"Unlocked {username}.")


@app.command("set-password")
def set_password(
    ctx: typer.Context,
    user: User,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="The password is the next line of input.")
    ] = False,
) -> None:
    """Give a person a password, which they change when they next sign in. It is asked for, never an option."""
    from pettycash_tui.services import people, signin
    from pettycash_tui.services.errors import NotFound

    with session.at_desk(ctx) as (desk, actor):
        try:
            username = desk.read(actor, people.find, user).username
        except NotFound:
            # It refuses before it looks at the password, and puts that on record.
            desk.run(actor, signin.set_password, user, "")
            raise
        secret = asking.ask_secret(ctx, f"New password of {username}", repeat=not password_stdin)
        desk.run(actor, signin.set_password, username, secret, demo=desk.is_demo)
    document = {"username": username, "must_change_password": True}
    output.emit(ctx, document, sentence=f"Set the password of {username}; their sessions have ended.")


@app.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a heading line, or TOML with [[user]] tables.")
    ],
    company: Company = None,
    dry_run: DryRun = False,
) -> None:
    """Import people: all of a file or nothing. Passwords are not in files; see set-password."""
    org.print_import(ctx, file, company, dry_run, default="user")


app.command("delegate")(user_delegations.delegate)


def _note_open_work(ctx: typer.Context, person: Any, what: str) -> None:
    if person.open_steps:
        numbers = ", ".join(person.open_steps[:10])
        output.note(ctx, f"{numbers} {what}: pettycash req reassign REQ-… --to USER --reason TEXT")
    if person.open_payments:
        numbers = ", ".join(person.open_payments[:10])
        output.note(ctx, f"{numbers} {what}: pettycash pay assign PAY-… --to USER")
    if person.custodian_of:
        output.note(
            ctx, f"They are custodian of {', '.join(person.custodian_of)}: pettycash fund edit CODE --custodian USER"
        )
