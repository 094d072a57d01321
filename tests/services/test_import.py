"""Importing organisation and people from files: all or nothing, each bad line named."""

from __future__ import annotations

from pathlib import Path

import building
import pytest

from pettycash_tui.services import bulk_import, listed, people
from pettycash_tui.services.bulk_import import Imported
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.organisation import BRANCH, REGION

ORGANISATION = """
[[user]]
username = "wanjiru"
role = "branch_manager"
branch = "KSM"
is_centralized_approver = true

[[branch]]
code = "KSM"
name = "Kisumu"
region = "WST"

[[region]]
code = "WST"
name = "West"

[[position]]
title = "Cashier"
level = 5
"""

PEOPLE = "username,first_name,role,branch\njane,Jane,staff,NBI\njoe,Joe,department_head,\n"


@pytest.fixture
def staff(desk: Desk) -> dict[str, Actor]:
    return building.company(desk)


@pytest.fixture
def admin(staff: dict[str, Actor]) -> Actor:
    return staff["admin"]


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def do(desk: Desk, actor: Actor, path: Path, **options: object) -> Imported:
    return bulk_import.import_file(desk, actor, path, **options)  # type: ignore[arg-type]


def test_an_organisation_comes_in_whatever_the_order_of_its_file(desk: Desk, admin: Actor, tmp_path: Path) -> None:
    done = do(desk, admin, write(tmp_path, "org.toml", ORGANISATION))
    assert (done.region, done.branch, done.position, done.user, done.usernames) == (1, 1, 1, 1, ("wanjiru",))
    found = desk.read(admin, people.show, "wanjiru")
    assert found.is_centralized_approver and found.region is not None and found.region.code == "WST"


def test_people_come_in_from_csv_with_a_mark_or_semicolons(desk: Desk, admin: Actor, tmp_path: Path) -> None:
    text = PEOPLE.replace(",", ";").replace("\n", "\r\n")
    done = do(desk, admin, write(tmp_path, "people.csv", text, "utf-8-sig"), default="user")
    assert done.usernames == ("jane", "joe")


def test_a_rehearsal_says_the_same_and_changes_nothing(desk: Desk, admin: Actor, tmp_path: Path) -> None:
    path = write(tmp_path, "org.toml", ORGANISATION)
    rehearsed = do(desk, admin, path, dry_run=True)
    assert rehearsed.dry_run and rehearsed.branch == 1
    assert "KSM" not in {row.code for row in desk.read(admin, listed.listing, BRANCH).items}
    assert do(desk, admin, path).branch == 1


def test_one_bad_line_keeps_all_out_and_each_is_named(desk: Desk, admin: Actor, tmp_path: Path) -> None:
    text = PEOPLE + "staff,Again,staff,\nx y,X,boss,XXX\nshort,line\n"
    with pytest.raises(InvalidInput) as caught:
        do(desk, admin, write(tmp_path, "people.csv", text), default="user")
    assert set(caught.value.fields) == {"line 6"}
    text = text.replace("short,line\n", "")
    with pytest.raises(InvalidInput) as caught:
        do(desk, admin, write(tmp_path, "people.csv", text), default="user")
    assert set(caught.value.fields) == {
        "line 4: username",
        "line 5: username",
        "line 5: role",
        "line 5: branch",
    }
    assert "people.csv, line 5: role must be one of" in caught.value.message
    assert "jane" not in {row.username for row in desk.read(admin, people.listing).items}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.txt", "a", "must end in"),
        ("x.csv", "", "must have a column type"),
        ("x.csv", "type,code\nmoon,1\n", "must be one of"),
        ("x.csv", "type,code,code\n", "every column once"),
        ("x.csv", 'type,code\nregion,"a\n', "is not CSV"),
        ("x.csv", "type,code\n", "nothing to import"),
        ("x.toml", "[[company]]\ncode = 'X'\n", "is no table here"),
        ("x.toml", "[region]\ncode = 'X'\n", "must be written [[region]]"),
        ("x.toml", "[[region]]\ncode = 1.5\n", "must be text"),
        ("x.toml", "[[region]\n", "must be TOML"),
        ("x.toml", "[[region]]\ncode = 'N1'\nname = 'N'\npassword = 'x'\n", "is no field here"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_was_expected(
    sqlite_desk: Desk, tmp_path: Path, name: str, text: str, expected: str
) -> None:
    admin = building.company(sqlite_desk)["admin"]
    with pytest.raises(InvalidInput) as caught:
        do(sqlite_desk, admin, write(tmp_path, name, text))
    assert expected in caught.value.message
    assert {row.code for row in sqlite_desk.read(admin, listed.listing, REGION).items} == {"CEN", "COA"}


def test_other_encodings_missing_files_and_other_roles_are_refused(sqlite_desk: Desk, tmp_path: Path) -> None:
    staff = building.company(sqlite_desk)
    with pytest.raises(InvalidInput):
        do(sqlite_desk, staff["admin"], write(tmp_path, "x.csv", "username\nZoë\n", "latin-1"), default="user")
    with pytest.raises(InvalidInput):
        do(sqlite_desk, staff["admin"], tmp_path / "missing.csv")
    with pytest.raises(NotAllowed):
        do(sqlite_desk, staff["cfo"], write(tmp_path, "p.csv", PEOPLE), default="user")
