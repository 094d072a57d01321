"""Resolving the workflow, rules 1 to 8 of the domain, section 2: pure, so people and policy are made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
import story

from pettycash_tui.models.enums import OriginType, RequisitionStatus, Role, StepKind, ThresholdOrigin
from pettycash_tui.services import thresholds
from pettycash_tui.services.directory import Directory, Person, Subject
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.routing import Route, resolve
from pettycash_tui.services.thresholds import Threshold

NAMES = UUID(int=0)
BM, DH, RM, GFM = Role.BRANCH_MANAGER, Role.DEPARTMENT_HEAD, Role.REGIONAL_MANAGER, Role.GROUP_FINANCE_MANAGER
TREASURY, CFO, FPA, CEO, ADMIN, STAFF = Role.TREASURY, Role.CFO, Role.FPA, Role.CEO, Role.ADMIN, Role.STAFF
BRANCH, HQ, FIELD = OriginType.BRANCH, OriginType.HQ, OriginType.FIELD
LONG_AGO, YESTERDAY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def uid(name: str) -> UUID:
    return uuid5(NAMES, name)


class People(dict[str, Person]):
    """People by username; numbered in the order in which they come."""

    def add(self, username: str, role: Role, *, at: str = "NBI CEN OPS", **values: object) -> People:
        branch, region, department = (None if word == "-" else uid(word) for word in at.split())
        self[username] = Person(
            id=uid(username),
            number=len(self) + 1,
            username=username,
            name=username.replace("_", " ").title(),
            role=role,
            region_id=region,
            branch_id=branch,
            department_id=department,
            is_centralized_approver=bool(values.pop("centralized", False)),
            **values,  # type: ignore[arg-type]
        )
        return self

    def without(self, *usernames: str) -> People:
        return People({name: person for name, person in self.items() if name not in usernames})


@pytest.fixture
def people() -> People:
    """One person of every role, two officers."""
    made = People()
    for role in (ADMIN, STAFF, DH, BM):
        made.add(role.value, role)
    made.add("regional_manager", RM, at="- CEN -")
    for role in (GFM, TREASURY, CFO, FPA, CEO):
        made.add(role.value, role, at="- - -")
    return made.add("treasury2", TREASURY, at="- - -")


POLICY = tuple(
    Threshold(
        id=uid(f"{origin}-{tier}"),
        name=f"{origin.value.lower()}-{tier}",
        tier=tier,
        origin_type=origin,
        min_amount=above * 100,
        roles=roles,
        allow_urgent_fasttrack=tier < 4,
        requires_cfo=tier == 4,
        priority=100,
    )
    for tier, above, origin, roles in story.POLICY
)
EVERY_TIER = {1: 450_000, 2: 2_000_000, 3: 10_000_000, 4: 30_000_000}


def row(name: str, *roles: Role, **values: object) -> Threshold:
    given: dict[str, object] = {
        "id": uid(name),
        "name": name,
        "tier": 1,
        "origin_type": ThresholdOrigin.ANY,
        "min_amount": 0,
        "roles": roles,
        "allow_urgent_fasttrack": False,
        "requires_cfo": False,
        "priority": 100,
    }
    return Threshold(**{**given, **values})  # type: ignore[arg-type]


def asked(by: Person, amount: int = 450_000, origin: OriginType = BRANCH, **values: object) -> Subject:
    place: dict[str, UUID | None] = {"region_id": None, "branch_id": None}
    if origin is BRANCH:
        place = {"region_id": uid("CEN"), "branch_id": uid("NBI")}
    elif origin is FIELD:
        place = {"region_id": uid("CEN"), "branch_id": None}
    given: dict[str, object] = {
        "company_id": uid("ACME"),
        "requester_id": by.id,
        "requester_role": by.role,
        "origin": origin,
        "amount": amount,
        "currency": "KES",
        "department_id": uid("OPS"),
        "is_urgent": False,
        **place,
    }
    return Subject(**{**given, **values})  # type: ignore[arg-type]


def route(
    people: People,
    subject: Subject,
    policy: tuple[Threshold, ...] = POLICY,
    away: dict[str, str] | None = None,
) -> Route:
    delegations = {people[who].id if who in people else uid(who): uid(to) for who, to in (away or {}).items()}
    return resolve(subject, policy, Directory(tuple(people.values()), delegations))


def line(found: Route) -> list[str]:
    """`approve branch_manager`, `validate treasury`, …: what a step is for and who stands on it."""
    return [f"{step.kind.value} {step.pick.person.username}" for step in found.steps]


# --- rule 1: the threshold -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "tier"),
    [
        (1, 1),
        (1_000_000, 1),
        (1_000_001, 2),
        (5_000_000, 2),
        (5_000_001, 3),
        (25_000_000, 3),
        (25_000_001, 4),
        (10**14, 4),
    ],
)
@pytest.mark.parametrize("origin", OriginType)
def test_an_amount_belongs_to_the_tier_whose_lower_bound_it_exceeds(
    people: People, origin: OriginType, minor: int, tier: int
) -> None:
    found = route(people, asked(people["staff"], minor, origin))
    assert (found.threshold.tier, found.threshold.origin_type.value.lower()) == (tier, origin.value)


@pytest.mark.parametrize("origin", OriginType)
def test_no_amount_falls_between_two_tiers(origin: OriginType) -> None:
    edges = {above * 100 + more for _, above, _, _ in story.POLICY for more in (-1, 0, 1)} - {-1, 0}
    for amount in edges | {1}:
        assert len(thresholds.serving(POLICY, origin, amount)) == 1, amount


def test_the_lowest_priority_is_asked_first(people: People) -> None:
    policy = (row("usual", BM, priority=100, tier=2), row("first", BM, priority=10, tier=3))
    assert route(people, asked(people["staff"]), policy).threshold.name == "first"


def test_at_the_same_priority_the_origin_itself_is_asked_before_any(people: People) -> None:
    policy = (row("any", BM), row("branch", BM, origin_type=ThresholdOrigin.BRANCH))
    assert route(people, asked(people["staff"]), policy).threshold.name == "branch"
    assert route(people, asked(people["staff"], origin=HQ), policy).threshold.name == "any"


def test_any_at_a_lower_priority_comes_before_the_origin_itself(people: People) -> None:
    policy = (row("any", BM, priority=1), row("branch", BM, origin_type=ThresholdOrigin.BRANCH))
    assert route(people, asked(people["staff"]), policy).threshold.name == "any"


def test_a_row_of_another_origin_or_priority_does_not_end_a_range() -> None:
    policy = (
        row("branch", BM, origin_type=ThresholdOrigin.BRANCH),
        row("field", BM, origin_type=ThresholdOrigin.FIELD, min_amount=100),
        row("later", BM, origin_type=ThresholdOrigin.BRANCH, min_amount=100, priority=200),
    )
    found = thresholds.choose(policy, BRANCH, 10**9)
    assert found is not None
    assert found.name == "branch"


@pytest.mark.parametrize("policy", [(), (row("high", BM, min_amount=450_000),)])
def test_without_a_row_it_stays_a_draft_and_the_message_names_amount_origin_and_command(
    people: People, policy: tuple[Threshold, ...]
) -> None:
    with pytest.raises(Refused) as refused:
        route(people, asked(people["staff"]), policy)
    assert refused.value.code == "no_policy"
    for word in ("4,500.00", "branch", "pettycash policy list", "draft"):
        assert word in refused.value.message


# --- rule 2: the roles -----------------------------------------------------------------------------------------------

DEFAULT_ROUTES = [
    (1, BRANCH, ["approve branch_manager", "validate treasury"]),
    (1, HQ, ["approve department_head", "validate treasury"]),
    (1, FIELD, ["approve regional_manager", "validate treasury"]),
    (2, BRANCH, ["approve branch_manager", "approve department_head", "validate treasury"]),
    (2, HQ, ["approve department_head", "approve group_finance_manager", "validate treasury"]),
    (2, FIELD, ["approve regional_manager", "approve group_finance_manager", "validate treasury"]),
    (3, BRANCH, ["approve branch_manager", "approve regional_manager", "validate treasury", "review fp&a"]),
    (3, HQ, ["approve department_head", "approve group_finance_manager", "validate treasury", "review fp&a"]),
    (3, FIELD, ["approve regional_manager", "approve group_finance_manager", "validate treasury", "review fp&a"]),
    (4, BRANCH, ["approve regional_manager", "approve cfo", "validate treasury", "review fp&a"]),
    (4, HQ, ["approve group_finance_manager", "approve cfo", "validate treasury", "review fp&a"]),
    (4, FIELD, ["approve regional_manager", "approve cfo", "validate treasury", "review fp&a"]),
]


@pytest.mark.parametrize(("tier", "origin", "expected"), DEFAULT_ROUTES)
def test_the_default_policy_routes_as_its_table_says(
    people: People, tier: int, origin: OriginType, expected: list[str]
) -> None:
    assert line(route(people, asked(people["staff"], EVERY_TIER[tier], origin))) == expected


def test_requires_cfo_puts_the_cfo_before_treasury(people: People) -> None:
    policy = (row("with-cfo", BM, TREASURY, FPA, requires_cfo=True),)
    found = route(people, asked(people["staff"]), policy)
    assert line(found) == ["approve branch_manager", "approve cfo", "validate treasury", "review fp&a"]


def test_requires_cfo_adds_nobody_twice(people: People) -> None:
    policy = (row("with-cfo", CFO, TREASURY, requires_cfo=True),)
    assert line(route(people, asked(people["staff"]), policy)) == ["approve cfo", "validate treasury"]


def test_the_top_tier_has_the_cfo_whatever_its_row_says(people: People) -> None:
    policy = (row("careless", BM, TREASURY, tier=4),)
    assert "approve cfo" in line(route(people, asked(people["staff"]), policy))


def test_staff_is_skipped(people: People) -> None:
    policy = (row("with-staff", STAFF, BM, TREASURY),)
    assert line(route(people, asked(people["ceo"]), policy)) == ["approve branch_manager", "validate treasury"]


@pytest.mark.parametrize("roles", [(TREASURY,), (TREASURY, FPA), (STAFF,), ()])
def test_a_policy_without_an_approver_is_refused(people: People, roles: tuple[Role, ...]) -> None:
    with pytest.raises(Refused) as refused:
        route(people, asked(people["staff"]), (row("hollow", *roles),))
    assert refused.value.code == "policy_without_approver"


def test_nobody_validates_before_the_approvers_nor_reviews_before_payment(people: People) -> None:
    policy = (row("muddled", FPA, TREASURY, BM),)
    assert line(route(people, asked(people["staff"]), policy)) == [
        "approve branch_manager",
        "validate treasury",
        "review fp&a",
    ]


# --- rule 3: treasury asks itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        (1, ["approve department_head", "approve group_finance_manager"]),
        (2, ["approve group_finance_manager", "approve cfo"]),
        (3, ["approve group_finance_manager", "approve cfo"]),
        (4, ["approve cfo", "approve ceo"]),
    ],
)
@pytest.mark.parametrize("origin", OriginType)
def test_when_treasury_asks_others_decide_and_nobody_validates(
    people: People, tier: int, origin: OriginType, expected: list[str]
) -> None:
    assert line(route(people, asked(people["treasury"], EVERY_TIER[tier], origin))) == expected


# --- rule 4: candidates ----------------------------------------------------------------------------------------------


def test_branch_region_and_department_roles_are_scoped(people: People) -> None:
    people.add("other_branch", BM, at="MSA COA FIN")
    people.add("other_region", RM, at="- COA -")
    people.add("other_department", DH, at="NBI CEN FIN")
    coast = {"branch_id": uid("MSA"), "region_id": uid("COA"), "department_id": uid("FIN")}
    found = route(people, asked(people["staff"], EVERY_TIER[2], **coast))
    assert line(found)[:2] == ["approve other_branch", "approve other_department"]
    found = route(people, asked(people["staff"], EVERY_TIER[4], **coast))
    assert line(found)[0] == "approve other_region"


def test_a_centralised_approver_is_not_scoped(people: People) -> None:
    people = people.without("branch_manager").add("roving", BM, at="MSA COA FIN", centralized=True)
    assert line(route(people, asked(people["staff"])))[0] == "approve roving"


def test_a_local_role_of_another_place_is_nobody(people: People) -> None:
    people = people.without("branch_manager").add("elsewhere", BM, at="MSA COA FIN")
    assert line(route(people, asked(people["staff"])))[0] == "approve regional_manager"


def test_without_a_department_the_heads_of_the_branch_come_then_those_of_the_company(people: People) -> None:
    subject = asked(people["staff"], EVERY_TIER[2], department_id=None)
    people.add("idle_head_elsewhere", DH, at="MSA COA FIN", last_assigned_at=LONG_AGO)
    people["department_head"] = replace(people["department_head"], open_steps=5)
    assert line(route(people, subject))[1] == "approve department_head"
    assert line(route(people.without("department_head"), subject))[1] == "approve idle_head_elsewhere"


def test_without_a_department_and_branch_any_head_of_the_company_serves(people: People) -> None:
    subject = asked(people["staff"], origin=HQ, department_id=None)
    assert line(route(people, subject))[0] == "approve department_head"


def test_the_requester_never_stands_on_a_step(people: People) -> None:
    for amount in EVERY_TIER.values():
        for origin in OriginType:
            for person in people.values():
                found = route(people, asked(person, amount, origin))
                assert person.id not in {each for step in found.steps for each in step.pick.ids}


def test_nobody_stands_on_two_steps(people: People) -> None:
    for amount in EVERY_TIER.values():
        for missing in ((), ("treasury", "treasury2"), ("fp&a",), ("branch_manager", "fp&a", "treasury", "treasury2")):
            found = route(people.without(*missing), asked(people["staff"], amount))
            ids = [step.pick.person.id for step in found.steps]
            assert len(set(ids)) == len(ids)


# --- rule 5: the choice among candidates, and delegates --------------------------------------------------------------


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ({"a": (2, LONG_AGO), "b": (1, YESTERDAY), "c": (3, LONG_AGO)}, "b"),
        ({"a": (1, YESTERDAY), "b": (1, LONG_AGO), "c": (1, YESTERDAY)}, "b"),
        ({"a": (1, LONG_AGO), "b": (1, LONG_AGO), "c": (0, YESTERDAY)}, "c"),
        ({"a": (1, LONG_AGO), "b": (1, LONG_AGO), "c": (1, LONG_AGO)}, "a"),
    ],
    ids=["fewest open steps", "longest idle", "open steps before idleness", "lowest number"],
)
def test_the_least_loaded_is_chosen(people: People, loads: dict[str, tuple[int, datetime]], expected: str) -> None:
    people = people.without("branch_manager")
    for name, (open_steps, last) in loads.items():
        people.add(name, BM, open_steps=open_steps, last_assigned_at=last)
    assert line(route(people, asked(people["staff"])))[0] == f"approve {expected}"


def test_an_approver_who_is_away_is_replaced_by_their_delegate(people: People) -> None:
    people.add("deputy", STAFF)
    found = route(people, asked(people["staff"]), away={"branch_manager": "deputy"})
    first = found.steps[0]
    assert first.pick.person.username == "deputy"
    assert first.pick.on_behalf_of is not None
    assert first.pick.on_behalf_of.username == "branch_manager"
    assert first.role is BM
    assert found.status is RequisitionStatus.PENDING_BRANCH_APPROVAL
    assert "Deputy acts for Branch Manager, who is away." in found.notes


@pytest.mark.parametrize("delegate", ["staff", "regional_manager", "deputy_away", "gone", "treasury"])
def test_a_delegate_who_may_not_act_makes_the_approver_nobody(people: People, delegate: str) -> None:
    """The requester, one who is on another step, away, or inactive, and treasury, which never approves."""
    people.add("deputy_away", STAFF)
    policy = (row("two", RM, BM, TREASURY),)
    away = {"branch_manager": delegate, "deputy_away": "ceo"}
    found = route(people, asked(people["staff"]), policy, away)
    assert line(found) == ["approve regional_manager", "approve group_finance_manager", "validate treasury"]
    assert found.steps[1].skipped_roles == (BM,)


def test_a_colleague_is_preferred_to_the_line_above_when_a_delegate_may_not_act(people: People) -> None:
    people.add("colleague", BM, open_steps=9)
    found = route(people, asked(people["staff"]), away={"branch_manager": "staff"})
    assert line(found)[0] == "approve colleague"


def test_who_acts_for_somebody_away_uses_up_both(people: People) -> None:
    policy = (row("two", BM, DH, TREASURY),)
    found = route(people, asked(people["staff"]), policy, {"branch_manager": "department_head"})
    assert line(found)[0] == "approve department_head"
    assert line(found)[1] == "approve regional_manager"
    assert found.steps[1].skipped_roles == (DH,)


def test_the_requesters_own_delegate_does_not_act_for_them(people: People) -> None:
    people.add("deputy", STAFF)
    found = route(people, asked(people["branch_manager"]), away={"branch_manager": "deputy"})
    assert line(found)[0] == "approve regional_manager"


# --- rule 6: nobody for a step ---------------------------------------------------------------------------------------


def test_a_missing_approver_is_merged_into_the_next_with_the_reason(people: People) -> None:
    found = route(people.without("branch_manager"), asked(people["staff"], EVERY_TIER[2]))
    assert line(found) == ["approve department_head", "validate treasury"]
    merged = found.steps[0]
    assert (merged.role, merged.skipped_roles) == (DH, (BM,))
    assert merged.auto_escalated
    assert merged.escalation_reason == "no eligible Branch manager"
    assert found.status is RequisitionStatus.PENDING_DEPT_APPROVAL


def test_several_missing_approvers_make_one_merged_step(people: People) -> None:
    policy = (row("three", BM, DH, GFM, TREASURY),)
    found = route(people.without("branch_manager", "department_head"), asked(people["staff"]), policy)
    assert line(found) == ["approve group_finance_manager", "validate treasury"]
    assert found.steps[0].skipped_roles == (BM, DH)


@pytest.mark.parametrize(
    ("missing", "taker"),
    [
        ((), "regional_manager"),
        (("regional_manager",), "group_finance_manager"),
        (("regional_manager", "group_finance_manager"), "cfo"),
        (("regional_manager", "group_finance_manager", "cfo"), "ceo"),
        (("regional_manager", "group_finance_manager", "cfo", "ceo"), "admin"),
    ],
)
@pytest.mark.parametrize("role", [BM, DH])
def test_when_none_comes_after_the_first_in_the_line_above_takes_it(
    people: People, role: Role, missing: tuple[str, ...], taker: str
) -> None:
    policy = (row("one", role, TREASURY),)
    found = route(people.without(role.value, *missing), asked(people["staff"]), policy)
    assert line(found) == [f"approve {taker}", "validate treasury"]
    step = found.steps[0]
    assert (step.role.value, step.skipped_roles) == (taker, (role,))


def test_the_line_above_starts_above_the_missing_role(people: People) -> None:
    policy = (row("one", GFM, TREASURY),)
    assert line(route(people.without("group_finance_manager"), asked(people["staff"]), policy))[0] == "approve cfo"


def test_a_role_without_a_person_for_the_last_step_goes_past_those_already_on_a_step(people: People) -> None:
    policy = (row("two", RM, BM, TREASURY),)
    found = route(people.without("branch_manager"), asked(people["staff"]), policy)
    assert line(found)[:2] == ["approve regional_manager", "approve group_finance_manager"]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (("treasury",), "validate treasury2"),
        (("treasury", "treasury2"), "validate cfo"),
        (("treasury", "treasury2", "cfo"), "validate admin"),
    ],
)
def test_treasury_missing_the_cfo_then_an_admin_validates(
    people: People, missing: tuple[str, ...], expected: str
) -> None:
    assert line(route(people.without(*missing), asked(people["staff"])))[-1] == expected


def test_a_cfo_who_has_approved_does_not_validate_too(people: People) -> None:
    found = route(people.without("treasury", "treasury2"), asked(people["staff"], EVERY_TIER[4]))
    assert line(found) == ["approve regional_manager", "approve cfo", "validate admin", "review fp&a"]


def test_the_validating_cfo_never_absorbs_the_approval(people: People) -> None:
    everybody = ("branch_manager", "regional_manager", "group_finance_manager", "treasury", "treasury2", "ceo", "admin")
    with pytest.raises(Refused) as refused:
        route(people.without(*everybody), asked(people["staff"]))
    assert refused.value.code == "no_approver"
    assert "validate" in refused.value.message


def test_at_least_one_approver_who_is_not_treasury_stands_between_a_request_and_the_cash(people: People) -> None:
    names = [name for name in people if name != "staff"]
    for gone in range(2 ** len(names)):
        rest = people.without(*(name for index, name in enumerate(names) if gone >> index & 1))
        for amount in (EVERY_TIER[1], EVERY_TIER[4]):
            try:
                found = route(rest, asked(people["staff"], amount))
            except Refused:
                continue
            assert any(s.kind is StepKind.APPROVE and s.pick.person.role is not TREASURY for s in found.steps)
            assert len({s.pick.person.id for s in found.steps}) == len(found.steps)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (("fp&a",), "review cfo"),
        (("fp&a", "cfo"), "review ceo"),
        (("fp&a", "cfo", "ceo"), "review admin"),
    ],
)
def test_the_review_falls_back_to_cfo_ceo_and_admin(people: People, missing: tuple[str, ...], expected: str) -> None:
    assert line(route(people.without(*missing), asked(people["staff"], EVERY_TIER[3])))[-1] == expected


@pytest.mark.parametrize("origin", OriginType)
def test_a_cfo_who_asks_in_the_top_tier_is_decided_by_the_ceo(people: People, origin: OriginType) -> None:
    found = route(people, asked(people["cfo"], EVERY_TIER[4], origin))
    assert line(found)[1] == "approve ceo"
    assert found.steps[1].skipped_roles == (CFO,)


def test_without_a_cfo_and_the_one_before_the_ceo_takes_one_merged_step(people: People) -> None:
    found = route(people.without("cfo", "regional_manager"), asked(people["staff"], EVERY_TIER[4]))
    assert line(found) == ["approve ceo", "validate treasury", "review fp&a"]
    assert found.steps[0].skipped_roles == (RM, CFO)


def test_the_cfo_of_the_top_tier_is_never_absorbed_by_a_lower_role(people: People) -> None:
    policy = (row("odd", CFO, BM, TREASURY, tier=4, requires_cfo=True),)
    found = route(people.without("cfo"), asked(people["staff"]), policy)
    assert line(found) == ["approve ceo", "approve branch_manager", "validate treasury"]


def test_when_treasury_asks_in_the_top_tier_without_a_cfo_the_ceo_decides_once(people: People) -> None:
    found = route(people.without("cfo"), asked(people["treasury"], EVERY_TIER[4]))
    assert line(found) == ["approve ceo"]
    assert (found.steps[0].role, found.steps[0].skipped_roles) == (CEO, (CFO,))


def test_nobody_at_all_leaves_a_draft_and_says_what_to_create(people: People) -> None:
    lonely = People({"staff": people["staff"]})
    with pytest.raises(Refused) as refused:
        route(lonely, asked(people["staff"]))
    message = refused.value.message
    assert refused.value.code == "no_approver"
    assert "pettycash user add --role" in message
    assert all(word in message for word in ("branch_manager", "regional_manager", "ceo", "admin", "draft"))


@pytest.mark.parametrize("kind", ["treasury", "fp&a"])
def test_nobody_to_validate_or_review_leaves_a_draft_too(people: People, kind: str) -> None:
    rest = People({name: people[name] for name in ("staff", "branch_manager", "regional_manager", "treasury", "fp&a")})
    with pytest.raises(Refused) as refused:
        route(rest.without(kind), asked(people["staff"], EVERY_TIER[3]))
    assert refused.value.code == "no_approver"
    assert kind in refused.value.message


# --- rule 7: urgency -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_urgent_waits_for_the_first_approver_to_confirm(people: People, tier: int) -> None:
    found = route(people, asked(people["staff"], EVERY_TIER[tier], is_urgent=True))
    assert found.fast_track
    assert found.status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
    assert line(found) == line(route(people, asked(people["staff"], EVERY_TIER[tier])))


def test_the_top_tier_is_never_fast_tracked_whatever_its_row_allows(people: People) -> None:
    policy = (row("top", CFO, TREASURY, tier=4, allow_urgent_fasttrack=True),)
    found = route(people, asked(people["staff"], is_urgent=True), policy)
    assert not found.fast_track
    assert found.status is RequisitionStatus.PENDING_CFO_APPROVAL


def test_a_row_that_does_not_allow_it_is_not_fast_tracked(people: People) -> None:
    found = route(people, asked(people["staff"], is_urgent=True), (row("slow", BM, TREASURY),))
    assert not found.fast_track
    assert "Urgent, but this tier is never fast-tracked: the normal sequence runs." in found.notes


# --- the status names who is next ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (BM, RequisitionStatus.PENDING_BRANCH_APPROVAL),
        (DH, RequisitionStatus.PENDING_DEPT_APPROVAL),
        (RM, RequisitionStatus.PENDING_REGIONAL_REVIEW),
        (GFM, RequisitionStatus.PENDING_FINANCE_REVIEW),
        (CFO, RequisitionStatus.PENDING_CFO_APPROVAL),
        (CEO, RequisitionStatus.PENDING),
        (ADMIN, RequisitionStatus.PENDING),
    ],
)
def test_the_status_names_the_role_that_acts_next(people: People, role: Role, status: RequisitionStatus) -> None:
    assert route(people, asked(people["staff"]), (row("one", role, TREASURY),)).status is status
