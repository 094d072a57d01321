"""`pettycash org`: companies and their regions, branches, departments, cost centers and positions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pettycash_tui.cli import asking, listed, output, session
from pettycash_tui.cli.listed import Company, Setting, as_document, declared, given_of, one_handle
from pettycash_tui.cli.options import DryRun
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

CODE = Setting("code", "A short code, such as NBI.", "CODE")
NAME = Setting("name", "What it is called.")
NAMED = (ColumnSpec("Code", "code"), ColumnSpec("Name", "name"))
ACTIVE = ColumnSpec("Active", "is_active")

COMPANY_SETTINGS = (
    CODE,
    NAME,
    Setting("currency", "ISO 4217, such as KES; fixed once there are funds.", "CODE"),
    Setting("timezone", "Such as Africa/Nairobi.", "ZONE"),
    Setting("locale", "Such as en_KE.", "LOCALE"),
    Setting("otp_threshold", "A code is needed from this amount on; 0: always.", "AMOUNT"),
    *(
        Setting(f"sla_hours_tier{tier}", f"Hours before a step of tier {tier} is overdue.", "N")
        for tier in (1, 2, 3, 4)
    ),
    Setting("otp_expiry_seconds", "How long a code is good.", "N"),
    Setting("otp_max_attempts", "Wrong tries that void a code.", "N"),
    Setting("otp_resend_seconds", "How soon another code may be sent.", "N"),
    Setting("lock_after_failures", "Wrong tries in a row that lock a person.", "N"),
    Setting("idle_lock_minutes", "Idle minutes that lock the desk.", "N"),
    Setting("session_hours", "How long a sign-in lasts.", "N"),
    Setting("totp_required", "Whether who approves or pays needs an authenticator app.", is_flag=True),
)


def _kind(name: str) -> Callable[[], Any]:
    def load() -> Any:
        from pettycash_tui.services.organisation import KINDS

        return KINDS[name]

    return load


company = listed.group(
    _kind("company"),
    "company",
    COMPANY_SETTINGS,
    (*NAMED, ColumnSpec("Currency", "currency"), ColumnSpec("Time zone", "timezone"), ACTIVE),
    adds=False,
)


def _add_company(
    ctx: typer.Context,
    named: str | None,
    admin_username: str | None,
    admin_email: str | None,
    password_stdin: bool,
    **values: Any,
) -> None:
    from pettycash_tui.services import setup

    given = given_of(COMPANY_SETTINGS, values)
    given["code"] = one_handle("code", named, given["code"])
    admin = None
    if admin_username is not None:
        label = f"Password of {admin_username}"
        password = asking.ask_secret(ctx, label, field="admin_password", repeat=not password_stdin)
        admin = setup.NewAdmin(admin_username, admin_email or "", password)
    made = session.run(ctx, setup.add_company, given, admin=admin)
    with_admin = f" with the admin {made.admin.username}" if made.admin else ""
    sentence = f"Added the company {made.company.code}{with_admin}."
    output.emit(ctx, as_document(made.company, admin=made.admin), sentence=sentence)


company.command("add", help="Add a company (superusers only) with the default accounts, categories and policy.")(
    declared(
        _add_company,
        {
            "named": (Annotated[str | None, typer.Argument(metavar="[CODE]", help="Its code.")], None),
            "admin_username": (
                Annotated[str | None, typer.Option("--admin-username", metavar="NAME", help="Its first admin.")],
                None,
            ),
            "admin_email": (
                Annotated[str | None, typer.Option("--admin-email", metavar="ADDRESS", help="Where to reach them.")],
                None,
            ),
            "password_stdin": (
                Annotated[bool, typer.Option("--password-stdin", help="Their password is the next line of input.")],
                False,
            ),
        },
        COMPANY_SETTINGS,
    )
)

app.add_typer(company, name="company", help="Companies, with their currency and policies.")
app.add_typer(
    listed.group(_kind("region"), "region", (CODE, NAME), (*NAMED, ACTIVE)), name="region", help="Regions of a company."
)
app.add_typer(
    listed.group(
        _kind("branch"),
        "branch",
        (CODE, NAME, Setting("region", "The region it lies in.", "CODE"), Setting("address", "Where it is.")),
        (*NAMED, ColumnSpec("Region", "region.code"), ColumnSpec("Address", "address"), ACTIVE),
    ),
    name="branch",
    help="Branches, each in a region.",
)
app.add_typer(
    listed.group(_kind("department"), "department", (CODE, NAME), (*NAMED, ACTIVE)),
    name="department",
    help="Departments of a company.",
)
app.add_typer(
    listed.group(_kind("cost_center"), "cost center", (CODE, NAME), (*NAMED, ACTIVE)),
    name="cost-center",
    help="Cost centers of a company.",
)
app.add_typer(
    listed.group(
        _kind("position"),
        "position",
        (Setting("title", "What it is called."), Setting("level", "1 is the highest.", "N")),
        (ColumnSpec("Title", "title"), ColumnSpec("Level", "level"), ACTIVE),
        handle="title",
    ),
    name="position",
    help="Positions of a company.",
)


@app.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML, or CSV with a column type.")],
    company: Company = None,
    dry_run: DryRun = False,
) -> None:
    """Import regions, branches, departments, cost centers, positions and people: all of a file or nothing."""
    print_import(ctx, file, company, dry_run)


def print_import(
    ctx: typer.Context, file: Path, company: str | None, dry_run: bool, *, default: str | None = None
) -> None:
    """Import a file and say how much of what came in. Also what `user import` does."""
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import bulk_import

    with incoming(file) as path, session.at_desk(ctx) as (desk, actor):
        done = bulk_import.import_file(desk, actor, path, company=company, default=default, dry_run=dry_run)
    counts = [(name.replace("_", " "), getattr(done, name)) for name in bulk_import.ORDER]
    said = ", ".join(f"{name} {count}" for name, count in counts if count)
    sentence = f"{'Would import' if dry_run else 'Imported'} into {done.company}: {said}."
    output.emit(ctx, done, sentence=sentence)
