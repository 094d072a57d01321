"""What waits at the end of the demo's history: something for most people, more than three things for nobody.

The funds stay usable: each stands at its opening balance, and only head office's holds anything. Source: cli.md, demo
company.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pettycash_tui.models.enums import OriginType, Role
from pettycash_tui.services import directory, funds, requisitions
from pettycash_tui.services.demo_ask import Ask, Fate
from pettycash_tui.services.demo_history import History
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.requisitions import RequisitionInput

_PACE = timedelta(minutes=25)
_FIRST_OFFICER, _SECOND_OFFICER = "treasury1", "treasury2"


def plan_waiting(history: History) -> None:
    """Queue the last days."""

    def before_the_end(hours: float, act: Callable[[], None]) -> None:
        history.at(history.until - timedelta(hours=hours), act)

    for code in history.funds:
        history.at(history.last_day - timedelta(hours=70), lambda code=code: history.fill_up(code))  # type: ignore[misc]
    before_the_end(50, lambda: history.write(_overdue()))
    # Paid, and waiting for FP&A; the fund falls below its reorder level, and is filled up again.
    before_the_end(44, lambda: history.write(_to_review()))
    for index, code in enumerate(history.funds):
        before_the_end(30 - index / 10, lambda code=code: _raise_target(history, code))  # type: ignore[misc]
    for hours, ask in ((27.0, _supper()), (26.5, _courier())):
        before_the_end(hours, lambda ask=ask: history.write(ask))  # type: ignore[misc]
    waiting = _Waiting(history)
    for index in range(len(waiting.elsewhere) + len(waiting.to_validate)):
        before_the_end(19 - 2 * index, waiting.write_next)
    before_the_end(5, lambda: history.write(_to_change()))
    before_the_end(1.5, lambda: _drafts(history))


def _raise_target(history: History, code: str) -> None:
    fund = history.funds[code]
    if fund.new_target is not None:
        funds.edit(history.by("cfo"), fund.id, FundInput(target_balance=fund.new_target))


class _Waiting:
    """Requisitions on their way. Treasury's officers take turns, so which of them get as far as validation depends on
    whose turn it is: those of the first officer."""

    def __init__(self, history: History) -> None:
        self.to_validate = [_ask_nairobi_printer(), _ask_visitors()]
        self.elsewhere = [
            _ask(
                "clerk.nbi", "HQ", "265000", "Second-hand delivery van", "Tumaini Power Systems", hq=True, stop_after=1
            ),
            _ask("clerk.nbi", "FLD", "3850", "Farm visits, fares", "Otieno Onyango", branch="NKR", stop_after=0),
            _ask("ceo", "HQ", "18400", "Board lunch and room", "Café Délice", hq=True, stop_after=1),
            _ask("fpa", "HQ", "4200", "Training manuals", "Nyota Stationers", hq=True, stop_after=0),
            _ask("clerk.msa", "MSA", "6750", "Ice for the fish counter", "Fatuma Abdi", branch="MSA", stop_after=0),
            _urgent(),
        ]
        self._history = history

    def write_next(self) -> None:
        """Write one: for the first officer a validation, while there is one left."""
        mine = self._next_officer() == _FIRST_OFFICER
        pool = self.to_validate if self.to_validate and (mine or not self.elsewhere) else self.elsewhere
        self._history.write(pool.pop(0))

    def _next_officer(self) -> str:
        work = self._history.by("clerk.nbi")
        company_id = self._history.funds["HQ"].company_id
        nobody = Subject(
            company_id=company_id,
            requester_id=work.actor.person_id,
            requester_role=Role.STAFF,
            origin=OriginType.HQ,
            amount=1,
            currency="KES",
            region_id=None,
            branch_id=None,
            department_id=None,
            is_urgent=False,
        )
        pick = directory.load(work, company_id, work.now.date()).pick(Role.TREASURY, nobody, ())
        return pick.person.username if pick else ""


def _ask(
    by: str,
    fund: str,
    amount: str,
    purpose: str,
    payee: str,
    *,
    hq: bool = False,
    branch: str | None = None,
    method: str = "cash",
    destination: str = "",
    category: str = "general",
    stop_after: int | None = None,
    urgency: str | None = None,
) -> Ask:
    given = RequisitionInput(
        origin="hq" if hq else "branch",
        branch=branch,
        amount=amount,
        purpose=purpose,
        category=category,
        payee=payee,
        method=method,
        destination=destination,
        is_urgent=urgency is not None,
        urgency_reason=urgency,
    )
    return Ask(given, by, fund, pace=_PACE, stop_after=stop_after)


def _overdue() -> Ask:
    return _ask(
        "clerk.nbi",
        "NBI",
        "4640",
        "Repair of the shop's shutter",
        "Soko Street Hardware",
        branch="NBI",
        category="repairs",
        stop_after=0,
    )


def _to_review() -> Ask:
    ask = _ask(
        "clerk.msa",
        "MSA",
        "52400",
        "Compressor for the fish store",
        "Zürich Kühltechnik",
        branch="MSA",
        method="bank_transfer",
        destination="ZIWAKENA/2200-118-904412",
        category="repairs",
    )
    ask.is_reviewed = False
    return ask


def _supper() -> Ask:
    ask = _ask(
        "finance", "HQ", "6400", "Supper during the year-end count", "Mama Njeri's Kitchen", hq=True, category="meals"
    )
    ask.executor = _SECOND_OFFICER
    return ask


def _courier() -> Ask:
    ask = _ask(
        "fpa",
        "HQ",
        "3150",
        "Courier of the audit papers",
        "Upesi Couriers",
        hq=True,
        method="mpesa",
        destination="+254700000107",
        category="postage",
    )
    ask.executor = _SECOND_OFFICER
    return ask


def _ask_nairobi_printer() -> Ask:
    return _ask(
        "clerk.nbi",
        "NBI",
        "7350",
        "Toner for the label printer",
        "Nyota Stationers",
        branch="NBI",
        method="bank_transfer",
        destination="MWNGKENA/0110-220-998877",
        category="office_supplies",
        stop_after=1,
    )


def _ask_visitors() -> Ask:
    return _ask(
        "ceo",
        "HQ",
        "8200",
        "Taxi for the visitors from 神戸",
        "José Álvarez",
        hq=True,
        method="mpesa",
        destination="+254700000102",
        category="travel",
        stop_after=1,
    )


def _urgent() -> Ask:
    return _ask(
        "clerk.nbi",
        "NBI",
        "12600",
        "Alternator for the delivery van",
        "Jabali Garage",
        branch="NBI",
        method="mpesa",
        destination="+254700000104",
        category="repairs",
        stop_after=0,
        urgency="The van stands at the roadside with tomorrow's deliveries",
    )


def _to_change() -> Ask:
    ask = _ask(
        "clerk.nbi", "NBI", "2950", "Lunch for the stock-taking team", "Café Délice", branch="NBI", category="meals"
    )
    ask.fate, ask.stays_sent_back = Fate.CHANGED, True
    return ask


def _drafts(history: History) -> None:
    work = history.by("clerk.nbi")
    for amount, purpose, payee in (
        ("5600", "Fuel for the delivery van KDA 417M", "Baraka Filling Station"),
        ("1480.50", "Stamps and envelopes", "Wanjikũ Mũthoni"),
    ):
        requisitions.create(work, RequisitionInput(amount=amount, purpose=purpose, payee=payee))
