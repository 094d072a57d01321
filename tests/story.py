"""The main story in steps, for tests: policy and funds on a built company, and a requisition on its way to payment."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from building import PEOPLE
from building import actor as find_actor
from building import company as build_company
from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role, ThresholdOrigin
from pettycash_tui.models.requisitions import ApprovalThreshold
from pettycash_tui.services import execution, funds, otp, requisitions, submission, workflow
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import PRODUCTION, Desk
from pettycash_tui.services.execution import Executed
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Reading, Work

_BRANCH, _HQ, _FIELD = ThresholdOrigin.BRANCH, ThresholdOrigin.HQ, ThresholdOrigin.FIELD
_BM, _DH, _RM, _GFM = (
    Role.BRANCH_MANAGER,
    Role.DEPARTMENT_HEAD,
    Role.REGIONAL_MANAGER,
    Role.GROUP_FINANCE_MANAGER,
)
_TR, _CFO, _FPA = Role.TREASURY, Role.CFO, Role.FPA

POLICY: tuple[tuple[int, int, ThresholdOrigin, tuple[Role, ...]], ...] = (
    (1, 0, _BRANCH, (_BM, _TR)),
    (1, 0, _HQ, (_DH, _TR)),
    (1, 0, _FIELD, (_RM, _TR)),
    (2, 10_000, _BRANCH, (_BM, _DH, _TR)),
    (2, 10_000, _HQ, (_DH, _GFM, _TR)),
    (2, 10_000, _FIELD, (_RM, _GFM, _TR)),
    (3, 50_000, _BRANCH, (_BM, _RM, _TR, _FPA)),
    (3, 50_000, _HQ, (_DH, _GFM, _TR, _FPA)),
    (3, 50_000, _FIELD, (_RM, _GFM, _TR, _FPA)),
    (4, 250_000, _BRANCH, (_RM, _CFO, _TR, _FPA)),
    (4, 250_000, _HQ, (_GFM, _CFO, _TR, _FPA)),
    (4, 250_000, _FIELD, (_RM, _CFO, _TR, _FPA)),
)
FUNDS = {"NBI": ("NBI", None, "100000"), "MSA": ("MSA", None, "80000"), "HQ": (None, None, "300000")}


def trading_company(desk: Desk, code: str = "ACME", *, kind: str = PRODUCTION, prefix: str = "") -> dict[str, Actor]:
    """A company with people of every role, the default policy and funds NBI, MSA and HQ. Codes go by email."""
    people = build_company(desk, code, kind=kind, prefix=prefix)
    company_id = people["admin"].company_id
    assert company_id is not None

    def build(work: Work) -> None:
        thresholds = [
            ApprovalThreshold(
                company_id=company_id,
                name=f"{origin.value.lower()}-{tier}",
                tier=tier,
                origin_type=origin,
                min_amount=above * 100,
                roles=[role.value for role in roles],
                allow_urgent_fasttrack=tier < 4,
                requires_cfo=tier == 4,
                created_at=work.now,
                updated_at=work.now,
            )
            for tier, above, origin, roles in POLICY
        ]
        work.add_all([*thresholds])
        for row in thresholds:
            work.record(
                "policy.added",
                "policy",
                row.id,
                row.name,
                stream=company_stream(company_id),
                company_id=company_id,
                data={"tier": row.tier},
            )
        chief = work.as_actor(people["cfo"])
        for fund_code, (branch, region, opening) in FUNDS.items():
            funds.add(
                chief,
                FundInput(
                    code=fund_code, name=f"{fund_code} fund", branch=branch, region=region, opening_balance=opening
                ),
            )

    desk.run(SYSTEM, build)
    desk.secrets.make_server_key()
    return people


def request(desk: Desk, who: Actor, amount: str = "4500", **fields: str | bool) -> str:
    """Write and submit a requisition. Returns its number."""
    values: dict[str, object] = {"amount": amount, "purpose": "Fuel for the delivery van", "payee": "Total Energies"}
    values |= fields
    given = RequisitionInput(**values)  # type: ignore[arg-type]

    def both(work: Work) -> str:
        written = requisitions.create(work, given)
        submission.submit(work, written.id)
        return written.number

    return desk.run(who, both)


def approver_of(desk: Desk, number: str) -> Actor:
    """The person on the current step."""

    def found(reading: Reading) -> str:
        s, r, u = t.approval_step.c, t.requisition.c, t.user.c
        return str(
            reading.execute(
                select(u.username)
                .select_from(t.approval_step)
                .join(t.requisition, r.id == s.requisition_id)
                .join(t.user, u.id == s.approver_id)
                .where(r.number == number, s.status == "current")
            ).scalar_one()
        )

    return find_actor(desk, desk.read(SYSTEM, found))


def approved(desk: Desk, who: Actor, amount: str = "4500", **fields: str | bool) -> str:
    """A requisition approved by everybody before payment. Returns the payment's number."""
    number = request(desk, who, amount, **fields)
    for _ in range(6):
        acted = desk.run(approver_of(desk, number), workflow.approve, number)
        if acted.payment is not None:
            return acted.payment
    raise AssertionError("never approved")


def executor_of(desk: Desk, payment: str) -> Actor:
    """The officer assigned to a payment."""

    def found(reading: Reading) -> str:
        p, u = t.payment.c, t.user.c
        return str(
            reading.execute(
                select(u.username).join_from(t.payment, t.user, u.id == p.executor_id).where(p.number == payment)
            ).scalar_one()
        )

    return find_actor(desk, desk.read(SYSTEM, found))


def code_for(desk: Desk, payment: str) -> str:
    """Send a code for a payment and read it from the outbox as its executor would."""
    otp.send(desk, executor_of(desk, payment), payment)
    return last_code(desk.home)


def last_code(home: Path) -> str:
    """The code of the newest message in the outbox."""
    newest = max((home / "outbox").glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return next(line for line in newest.read_text().splitlines() if len(line) == 6 and line.isdigit())


def pay(desk: Desk, payment: str, **options: str) -> Executed:
    """Execute a payment with a fresh code."""
    who = executor_of(desk, payment)
    return execution.execute(desk, who, payment, code=code_for(desk, payment), **options)


def id_of_payment(desk: Desk, number: str) -> UUID:
    """The id of a payment."""
    found: UUID = desk.read(
        SYSTEM, lambda reading: reading.execute(select(t.payment.c.id).where(t.payment.c.number == number)).scalar_one()
    )
    return found


def actors(desk: Desk) -> dict[str, Actor]:
    """The people of the built company, by username, as a desk finds them."""
    return {name: find_actor(desk, name) for name in PEOPLE}
