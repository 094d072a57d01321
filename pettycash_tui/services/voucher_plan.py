"""What vouchers of a file would become: their requisitions' content, and who would decide on each.

The same checks and the same routing as for a requisition that is typed (`requisitions.checked_content`,
`routing.resolve`), with what they need read once for many: places, funds, policy, people and how much each has to do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OriginType, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import directory, duplicates, requisitions, routing, thresholds
from pettycash_tui.services.bad_lines import WHOLE_LINE
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Refused
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.places import RememberingFinder
from pettycash_tui.services.thresholds import Threshold
from pettycash_tui.services.voucher_lines import VoucherLine
from pettycash_tui.services.work import Reading

_V, _R, _U = t.imported_voucher.c, t.requisition.c, t.user.c
_ME = select(_U.role, _U.is_active).where(_U.id == bindparam("me"))
_THERE = (
    select(
        _V.voucher_number,
        _V.file_sha256,
        _V.line,
        _R.number,
        _R.status,
        _R.amount,
        _R.currency,
        _R.payee,
    )
    .join_from(t.imported_voucher, t.requisition, _R.id == _V.requisition_id)
    .where(_V.company_id == bindparam("company"), _V.voucher_number.in_(bindparam("numbers", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A line that can be imported: the columns of its requisition, and its route."""

    line: int
    voucher_number: str
    content: dict[str, Any]
    route: routing.Route

    @property
    def amount(self) -> Money:
        """What it asks for."""
        return Money(self.content["amount"], self.content["currency"])


class Planner:
    """Plans one voucher after the other, each as if those before it were submitted already."""

    def __init__(self, reading: Reading, company_id: UUID) -> None:
        me = reading.execute(_ME, {"me": reading.actor.person_id}).one()
        if not me.is_active:
            raise NotAllowed("You are not an active person of this installation any more.")
        self.company_id = company_id
        self.reading = reading
        self._role = me.role
        self._finder = RememberingFinder(reading, company_id)
        self._policy = thresholds.load(reading, company_id)
        self._bounds = sorted({row.min_amount for row in self._policy})
        self._serving: dict[tuple[OriginType, int], tuple[Threshold, ...]] = {}
        self._people = directory.load(reading, company_id, reading.today(self._finder.company.timezone))

    def go_on_with(self, reading: Reading) -> None:
        """Go on in another transaction."""
        self.reading = self._finder.reading = reading

    def plan(self, line: VoucherLine) -> Planned:
        """What becomes of a line. Raises InvalidInput with every refused field, or the line that nobody may decide."""
        problems = dict(line.problems)
        content: dict[str, Any] = {}
        try:
            _, content = requisitions.checked_content(self.reading, line.given, finder=self._finder)
        except InvalidInput as error:
            problems = error.fields | problems
        if content and line.currency and line.currency != content["currency"]:
            problems["currency"] = f"must be {content['currency']}, the currency of its fund, not {line.currency}"
        if problems:
            raise InvalidInput.of(**problems)
        try:
            route = routing.resolve(self._subject(content), self._threshold(content), self._people)
        except Refused as error:
            raise InvalidInput.of(**{WHOLE_LINE: f"cannot be submitted: {error.message}"}) from None
        picks = [step.pick.person.id for step in route.steps]
        self._people = self._people.after(picks, self.reading.now)
        return Planned(line.line, line.voucher_number, content, route)

    def _threshold(self, content: dict[str, Any]) -> tuple[Threshold, ...]:
        """The row of the policy that serves an amount: it is the same from each `min_amount` of any row to the next."""
        origin, amount = content["origin_type"], content["amount"]
        band = origin, bisect_left(self._bounds, amount)
        if band not in self._serving:
            chosen = thresholds.choose(self._policy, origin, amount)
            self._serving[band] = () if chosen is None else (chosen,)
        return self._serving[band]

    def _subject(self, content: dict[str, Any]) -> Subject:
        return Subject(
            company_id=self.company_id,
            requester_id=self.reading.actor.person_id,
            requester_role=self._role,
            origin=content["origin_type"],
            amount=content["amount"],
            currency=content["currency"],
            region_id=content["region_id"],
            branch_id=content["branch_id"],
            department_id=content["department_id"],
            is_urgent=content["is_urgent"],
        )


def there_already(reading: Reading, company_id: UUID, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    """Those of these voucher numbers that the company has, with what became of them."""
    rows = reading.execute(_THERE, {"company": company_id, "numbers": list(numbers)})
    return {row.voucher_number: row for row in rows}


def require_same(there: Row[Any], line: VoucherLine, sha256: str) -> None:
    """Raise InvalidInput when a voucher number is in the books already, but for another voucher.

    Of the same line of the same file it is the same, whatever has become of its requisition since.
    """
    if (there.file_sha256, there.line) == (sha256, line.line):
        return
    amount = Money(there.amount, there.currency)
    is_same = (
        line.currency in ("", there.currency)
        and parse_money("amount", line.given.amount, there.currency) == amount
        and duplicates.folded(line.given.payee or "") == duplicates.folded(there.payee)
    )
    if not is_same:
        raise InvalidInput.of(
            voucher_number=f"{there.voucher_number} is in the books as {there.number}, {amount} for {there.payee}"
        )


# --- asked for already ------------------------------------------------------------------------------------------------

_ASKED = (
    select(_R.amount, _R.payee, func.count().label("times"), func.max(_R.number).label("newest"))
    .join_from(t.requisition, t.imported_voucher, _V.requisition_id == _R.id, isouter=True)
    .where(
        _R.company_id == bindparam("company"),
        _R.created_at >= bindparam("since"),
        _R.amount.in_(bindparam("amounts", expanding=True)),
        _R.status.not_in([RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN]),
        or_(_R.status != RequisitionStatus.DRAFT, _R.requested_by_id == bindparam("me")),
        or_(_V.file_sha256.is_(None), _V.file_sha256 != bindparam("file")),
    )
    .group_by(_R.amount, _R.payee)
)


@dataclass(frozen=True, slots=True)
class Alike:
    """A voucher like which something was asked for within 30 days: how often, and the newest of them."""

    line: int
    voucher_number: str
    count: int
    newest: str

    @property
    def sentence(self) -> str:
        """What a person is told of it."""
        more = f" and {self.count - 1:,} more ask" if self.count > 1 else " asks"
        return f"Line {self.line} ({self.voucher_number}): {self.newest}{more} for the same amount and payee."


def alike(reading: Reading, company_id: UUID, planned: Sequence[Planned], sha256: str) -> list[Alike]:
    """Which of these look asked for twice, by `duplicates`' measure; those of the same file do not count."""
    given = {
        "company": company_id,
        "since": reading.now - duplicates.WITHIN,
        "amounts": list({each.content["amount"] for each in planned}),
        "me": reading.actor.person_id,
        "file": sha256,
    }
    found: dict[tuple[int, str], tuple[int, str]] = {}
    for row in reading.execute(_ASKED, given):
        key = row.amount, duplicates.folded(row.payee)
        count, newest = found.get(key, (0, ""))
        found[key] = count + row.times, max(newest, row.newest)
    return [
        Alike(each.line, each.voucher_number, *found[key])
        for each in planned
        if (key := (each.content["amount"], duplicates.folded(each.content["payee"]))) in found
    ]
