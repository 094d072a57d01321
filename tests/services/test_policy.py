"""The approval policy: which row serves an amount, that none is left out, setting and importing."""

from __future__ import annotations

from pathlib import Path

import building
import pytest
from hypothesis import given, strategies

from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OriginType, Role, ThresholdOrigin
from pettycash_tui.services import coverage, policy, policy_import, thresholds
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.policy_rules import PolicyInput
from pettycash_tui.services.rehearsal import rehearse
from pettycash_tui.services.shipped import shipped_text
from pettycash_tui.services.thresholds import Threshold, choose

DEFAULT = policy_import.read_thresholds(shipped_text("policy.toml"), "KES")
ANY, BRANCH, HQ, FIELD = ThresholdOrigin.ANY, ThresholdOrigin.BRANCH, ThresholdOrigin.HQ, ThresholdOrigin.FIELD


def row(origin: ThresholdOrigin, least: int, tier: int = 1, priority: int = 100, name: str = "") -> Threshold:
    name = name or f"{origin.value} {least} {priority}"
    return Threshold(new_id(), name, tier, origin, least, (Role.CFO, Role.TREASURY), False, False, priority)


@pytest.mark.parametrize(
    ("amount", "tier"),
    [(1, 1), (1_000_000, 1), (1_000_001, 2), (5_000_000, 2), (5_000_001, 3), (25_000_000, 3), (25_000_001, 4)],
)
@pytest.mark.parametrize("origin", list(OriginType))
def test_an_amount_on_the_edge_belongs_to_the_lower_tier(amount: int, tier: int, origin: OriginType) -> None:
    found = choose(DEFAULT, origin, amount)
    assert found is not None and found.tier == tier and found.origin_type.serves(origin)


def test_the_default_policy_is_the_table_of_the_domain() -> None:
    assert coverage.prove(DEFAULT, "KES") == []
    words = {(t.origin_type.value, t.tier): [role.value for role in t.roles] for t in DEFAULT}
    assert len(words) == 12
    assert words["BRANCH", 2] == ["branch_manager", "department_head", "treasury"]
    assert words["HQ", 4] == ["group_finance_manager", "cfo", "treasury", "fp&a"]
    assert words["FIELD", 3] == ["regional_manager", "group_finance_manager", "treasury", "fp&a"]
    assert all(t.allow_urgent_fasttrack is (t.tier < 4) and t.requires_cfo is (t.tier == 4) for t in DEFAULT)


def test_the_lowest_priority_is_asked_first_and_the_exact_origin_before_any() -> None:
    general, exact, special = row(ANY, 0), row(BRANCH, 0), row(ANY, 500, priority=10)
    assert choose([general, exact], OriginType.BRANCH, 100) == exact
    assert choose([general, exact], OriginType.HQ, 100) == general
    assert choose([general, exact, special], OriginType.BRANCH, 501) == special
    assert choose([general, exact, special], OriginType.BRANCH, 500) == exact
    assert choose([special], OriginType.BRANCH, 500) is None


def test_a_row_ends_where_the_next_of_its_origin_and_priority_begins() -> None:
    low, high, other = row(BRANCH, 0), row(BRANCH, 100), row(ANY, 50)
    assert thresholds.bounds([low, high, other]) == {low.id: 100, high.id: None, other.id: None}


@given(
    strategies.lists(
        strategies.tuples(
            strategies.sampled_from(ThresholdOrigin), strategies.integers(0, 6), strategies.sampled_from([1, 2])
        ),
        max_size=8,
    )
)
def test_what_the_check_says_is_true_of_every_amount(drawn: list[tuple[ThresholdOrigin, int, int]]) -> None:
    rows = [row(origin, least, priority=priority, name=str(at)) for at, (origin, least, priority) in enumerate(drawn)]
    findings = {finding.code for finding in coverage.prove(rows, "KES")}
    answers = {(origin, amount): choose(rows, origin, amount) for origin in OriginType for amount in range(1, 9)}
    assert (None in answers.values()) == bool(findings & {"gap", "no_rows"})
    never = {t.id for t in rows} - {found.id for found in answers.values() if found is not None}
    assert bool(never) == bool(findings & {"shadowed", "duplicate"})


def test_gaps_and_shadowed_rows_are_named() -> None:
    rows = [row(BRANCH, 1000, name="late"), row(ANY, 0, priority=1, name="all"), row(HQ, 0, name="hidden")]
    found = {(finding.code, finding.message.split("'")[1]) for finding in coverage.prove(rows, "KES")}
    assert found == {("shadowed", "late"), ("shadowed", "hidden")}
    gaps = coverage.prove([row(BRANCH, 1000)], "KES")
    assert [finding.code for finding in gaps] == ["gap", "no_rows", "no_rows"]
    assert "KES 10.00" in gaps[0].message and "policy set" in gaps[0].command


# --- in the database --------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(desk: Desk) -> dict[str, Actor]:
    people = building.company(desk)
    desk.run(people["admin"], policy_import.replace_policy, shipped_text("policy.toml"))
    return people


@pytest.fixture
def admin(staff: dict[str, Actor]) -> Actor:
    return staff["admin"]


def test_the_list_derives_the_greatest_amount_from_the_next_row(desk: Desk, admin: Actor) -> None:
    rows = {row.name: row for row in desk.read(admin, policy.listing).items}
    assert str(rows["Branch, tier 1"].max_amount) == "KES 10,000.00"
    assert rows["Branch, tier 4"].max_amount is None
    desk.run(admin, policy.deactivate, "Branch, tier 2")
    assert str(desk.read(admin, policy.show, "branch, TIER 1").max_amount) == "KES 50,000.00"
    assert "Branch, tier 2" in {row.name for row in desk.read(admin, policy.listing, active=None).items}
    seen, cursor = [], None
    while True:
        page = desk.read(admin, policy.listing, limit=5, after=cursor)
        seen += [row.name for row in page.items]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 11


def test_what_routing_loads_is_what_is_active(desk: Desk, admin: Actor) -> None:
    assert admin.company_id is not None
    assert len(desk.read(admin, thresholds.load, admin.company_id)) == 12
    desk.run(admin, policy.deactivate, "Field, tier 1")
    loaded = desk.read(admin, thresholds.load, admin.company_id)
    assert len(loaded) == 11 and choose(loaded, OriginType.FIELD, 100) is None


def test_a_row_is_created_changed_and_taken_back_into_use_by_its_name(desk: Desk, admin: Actor) -> None:
    given = PolicyInput(tier="1", origin_type="any", min_amount="0", roles=["cfo, treasury"], priority="50")
    made = desk.run(admin, policy.set_row, "Everything", given)
    assert (made.origin_type, made.roles, made.priority) == (ANY, (Role.CFO, Role.TREASURY), 50)
    assert "shadowed" in {finding.code for finding in desk.read(admin, policy.check)}
    desk.run(admin, policy.deactivate, "Everything")
    again = desk.run(admin, policy.set_row, "everything", PolicyInput(tier=4))
    assert (again.id, again.is_active, again.tier, again.requires_cfo) == (made.id, True, 4, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roles": ["staff", "treasury"]}, "roles"),
        ({"roles": ["treasury", "fp&a"]}, "roles"),
        ({"roles": ["cfo", "cfo"]}, "roles"),
        ({"roles": ["boss"]}, "roles"),
        ({"roles": []}, "roles"),
        ({"tier": "5"}, "tier"),
        ({"tier": "4", "allow_urgent_fasttrack": True}, "allow_urgent_fasttrack"),
        ({"tier": "4", "requires_cfo": False}, "requires_cfo"),
        ({"min_amount": "-1"}, "min_amount"),
        ({"origin_type": "moon"}, "origin_type"),
    ],
)
def test_a_row_that_may_not_be_names_its_field(sqlite_desk: Desk, changes: dict[str, object], field: str) -> None:
    admin = building.company(sqlite_desk)["admin"]
    whole = {"tier": "1", "origin_type": "BRANCH", "min_amount": "0", "roles": ["cfo"]}
    with pytest.raises(InvalidInput) as caught:
        sqlite_desk.run(admin, policy.set_row, "Row", PolicyInput(**{**whole, **changes}))  # type: ignore[arg-type]
    assert field in caught.value.fields


def test_only_an_admin_sets_the_policy_and_only_their_companys(desk: Desk, staff: dict[str, Actor]) -> None:
    with pytest.raises(NotAllowed):
        desk.run(staff["cfo"], policy.deactivate, "Branch, tier 1")
    other = building.company(desk, "OTHR", prefix="o.")
    with pytest.raises(NotFound):
        desk.run(other["admin"], policy.deactivate, "Branch, tier 1")
    with pytest.raises(NotFound):
        desk.run(other["admin"], policy.deactivate, "Branch, tier 1", company="ACME")
    assert desk.read(other["admin"], policy.listing).items == ()


ONE_ROW = """
[[threshold]]
name = "All"
tier = 1
origin_type = "ANY"
min_amount = "0"
roles = ["cfo", "treasury"]
"""


def test_an_import_replaces_the_policy_and_a_rehearsal_changes_nothing(desk: Desk, admin: Actor) -> None:
    rehearsed = rehearse(desk, admin, policy_import.replace_policy, ONE_ROW)
    assert len(desk.read(admin, policy.listing).items) == 12
    done = desk.run(admin, policy_import.replace_policy, ONE_ROW)
    assert (done.added, len(done.deactivated)) == (rehearsed.added, len(rehearsed.deactivated)) == (("All",), 12)
    assert [row.name for row in desk.read(admin, policy.listing).items] == ["All"]
    back = desk.run(admin, policy_import.replace_policy, shipped_text("policy.toml"))
    assert (back.added, len(back.changed), back.deactivated) == ((), 12, ("All",))
    assert desk.run(admin, policy_import.replace_policy, shipped_text("policy.toml")).changed == ()
    with pytest.raises(Refused):
        desk.run(admin, policy.deactivate, "All")


def test_every_bad_entry_of_a_file_is_named_and_nothing_is_changed(desk: Desk, admin: Actor) -> None:
    text = (
        ONE_ROW + ONE_ROW + '[[threshold]]\nname = "B"\ntier = 9\norigin_type = "HQ"\nmin_amount = 10.5\nroles = []\n'
    )
    with pytest.raises(InvalidInput) as caught:
        desk.run(admin, policy_import.replace_policy, text, source="bad.toml")
    assert set(caught.value.fields) == {"threshold.2.name", "threshold.3.min_amount"}
    assert "bad.toml, threshold 3" in caught.value.message
    for broken in ("", "x = 1", "[[threshold", "threshold = 3"):
        with pytest.raises(InvalidInput):
            desk.run(admin, policy_import.replace_policy, broken)
    assert len(desk.read(admin, policy.listing).items) == 12


def test_roles_without_anybody_are_a_warning(desk: Desk, admin: Actor) -> None:
    assert desk.read(admin, policy.check) == []
    from pettycash_tui.services import people

    desk.run(admin, people.deactivate, "fpa")
    found = desk.read(admin, policy.check)
    assert [(finding.code, finding.severity.value) for finding in found] == [("role_without_people", "warning")]
    assert "fp&a" in found[0].message


def test_the_shipped_files_are_where_the_program_looks() -> None:
    data = Path(__file__).parents[2] / "data"
    assert {"policy.toml", "accounts.toml", "categories.toml"} <= {path.name for path in data.iterdir()}
