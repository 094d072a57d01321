"""Writing a requisition: what a clerk types becomes a draft, with the defaults and checks of the domain, section 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import CLOSED, EDITABLE, OriginType, PaymentMethod, RequisitionStatus
from pettycash_tui.models.requisitions import Attachment, Requisition
from pettycash_tui.services import audit, locate
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Reason, Refused
from pettycash_tui.services.inputs import clean_choice, clean_text, parse_money
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.places import Place, PlaceFinder
from pettycash_tui.services.work import Reading, Work

MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
PURPOSE_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class RequisitionInput:
    """What a person typed, as text. None means: the default when new, unchanged when edited."""

    origin: str | None = None
    branch: str | None = None
    region: str | None = None
    department: str | None = None
    cost_center: str | None = None
    amount: str | None = None
    purpose: str | None = None
    category: str | None = None
    payee: str | None = None
    method: str | None = None
    destination: str | None = None
    fund: str | None = None
    is_urgent: bool | None = None
    urgency_reason: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A requisition as it was written."""

    id: UUID
    number: str
    status: RequisitionStatus
    revision: int


def create(work: Work, given: RequisitionInput) -> Written:
    """Write a draft. Raises InvalidInput naming every field that was refused."""
    work.actor.require(Right.SUBMIT)
    company_id, content = checked_content(work, given)
    draft = draft_columns(work, company_id, next_number(work, company_id, NumberKind.REQUISITION), content)
    row = Requisition(**draft)
    work.add(row)
    record_created(work, draft, content)
    return Written(row.id, row.number, row.status, row.revision)


def draft_columns(work: Work, company_id: UUID, number: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a draft of the actor's, with content that was checked."""
    return {
        "id": new_id(),
        "company_id": company_id,
        "number": number,
        "requested_by_id": work.actor.person_id,
        "revision": 1,
        "created_at": work.now,
        "updated_at": work.now,
        **content,
    }


def record_created(work: Work, draft: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Note the audit event of a draft."""
    where = draft["id"], draft["number"], draft["company_id"], draft["fund_id"]
    _record(work, "requisition.created", *where, data)


def edit(work: Work, ref: str | UUID, given: RequisitionInput) -> Written:
    """Change a draft, or a requisition sent back for changes. Only its requester may."""
    row = locate.requisition(work, ref, lock=True)
    if row.requested_by_id != work.actor.id:
        raise NotAllowed(f"Only the requester may edit {row.number}.")
    if row.status not in EDITABLE:
        raise Refused.because(
            Reason("not_editable", f"{row.number} is {row.status.label.lower()}; only a draft can be edited.")
        )
    _, content = checked_content(work, given, row)
    r = t.requisition.c
    work.execute(update(t.requisition).where(r.id == row.id).values(**content, updated_at=work.now))
    _record(work, "requisition.edited", row.id, row.number, row.company_id, content["fund_id"], content)
    return Written(row.id, row.number, row.status, row.revision)


def attach(work: Work, ref: str | UUID, file_name: str, content: bytes) -> UUID:
    """Attach a file to a requisition before it is decided. At most 5 MiB; the same file once."""
    row = locate.requisition(work, ref, lock=True)
    if row.requested_by_id != work.actor.id:
        raise NotAllowed(f"Only the requester may attach files to {row.number}.")
    if row.status in CLOSED:
        raise Refused.because(Reason("closed", f"{row.number} is {row.status.label.lower()}; nothing can be attached."))
    name = clean_text("file", file_name.replace("\\", "/").rsplit("/", 1)[-1], max_length=200)
    if not 0 < len(content) <= MAX_ATTACHMENT_BYTES:
        raise InvalidInput.of(file=f"must hold between 1 byte and 5 MiB, not {len(content):,} bytes")
    digest = sha256(content).hexdigest()
    a = t.attachment.c
    if work.execute(select(a.id).where(a.requisition_id == row.id, a.sha256 == digest)).first():
        raise Refused.because(Reason("attached", f"This file is attached to {row.number} already."))
    made = Attachment(
        id=new_id(),
        created_at=work.now,
        requisition_id=row.id,
        file_name=name,
        sha256=digest,
        size=len(content),
        content=content,
        uploaded_by_id=work.actor.person_id,
    )
    work.add(made)
    data = {"file_name": name, "sha256": digest, "size": len(content)}
    _record(work, "requisition.attached", row.id, row.number, row.company_id, row.fund_id, data)
    return made.id


def content_hash(row: Row[Any] | Mapping[str, Any]) -> str:
    """SHA-256 over the canonical text of what is approved: number, revision and every content column."""
    values = row if isinstance(row, Mapping) else row._mapping
    chosen = {name: values[name] for name in ("number", "revision", *Requisition.CONTENT)}
    return sha256(audit.canonical_text(chosen).encode()).hexdigest()


def checked_content(
    reading: Reading, given: RequisitionInput, base: Row[Any] | None = None, *, finder: PlaceFinder | None = None
) -> tuple[UUID, dict[str, Any]]:
    """The company and the content columns for what was typed. Raises InvalidInput with every refused field.

    `finder`: that of the company, when the caller has many to check.
    """
    finder = finder or PlaceFinder(reading, base.company_id if base else None, given.company)
    problems: dict[str, str] = {}
    place = _attempt(problems, lambda: _place(reading, finder, given, base))
    if place is None:
        place = Place(OriginType.HQ, None, None)
    department = _attempt(problems, lambda: finder.department(given.department, base))
    cost_center = _attempt(problems, lambda: finder.cost_center(given.cost_center, base))
    category = _attempt(problems, lambda: finder.category(given.category, base))
    fund = None if problems else _attempt(problems, lambda: finder.fund(given.fund, place, base, given))
    currency = fund.currency if fund else finder.company.currency
    if given.amount is None and base is None:
        problems["amount"] = "is missing; give one such as 1250.50"
    amount = base.amount if base else 0
    if given.amount is not None:
        parsed = _attempt(problems, lambda: parse_money("amount", given.amount or "", currency))
        amount = parsed.minor if parsed else 0
    content: dict[str, Any] = {
        "origin_type": place.origin,
        "region_id": place.region_id,
        "branch_id": place.branch_id,
        "department_id": department,
        "cost_center_id": cost_center,
        "category_id": category,
        "fund_id": fund.id if fund else None,
        "amount": amount,
        "currency": currency,
        **_words(reading, given, base, problems),
    }
    if problems:
        error = InvalidInput.of(**problems)
        raise error
    return finder.company.id, content


def _place(reading: Reading, finder: PlaceFinder, given: RequisitionInput, base: Row[Any] | None) -> Place:
    actor = reading.actor
    if given.origin is not None:
        origin = OriginType(clean_choice("origin", given.origin, OriginType))
    elif base is not None:
        origin = base.origin_type
    elif given.branch is not None or (given.region is None and actor.branch_id is not None):
        origin = OriginType.BRANCH
    elif given.region is not None or actor.region_id is not None:
        origin = OriginType.FIELD
    else:
        origin = OriginType.HQ
    return finder.place(origin, given.branch, given.region, base)


def _words(
    reading: Reading, given: RequisitionInput, base: Row[Any] | None, problems: dict[str, str]
) -> dict[str, Any]:
    def kept(name: str, value: str | None, default: str) -> str:
        if value is not None:
            return value
        return str(getattr(base, name)) if base is not None else default

    method = _attempt(
        problems,
        lambda: clean_choice("method", kept("method", given.method, PaymentMethod.CASH.value), PaymentMethod),
    )
    words: dict[str, Any] = {"method": method}
    # In a petty-cash voucher the payee is, unless another is named, the person who asks.
    payee = kept("payee", given.payee, reading.actor.name)
    words["payee"] = _attempt(problems, lambda: clean_text("payee", payee, max_length=200))
    words["purpose"] = _attempt(
        problems,
        lambda: clean_text("purpose", kept("purpose", given.purpose, ""), max_length=PURPOSE_LENGTH, multiline=True),
    )
    destination = kept("destination", given.destination, "")
    words["destination"] = _attempt(
        problems, lambda: clean_text("destination", destination, max_length=200, required=False)
    )
    if words["destination"] == "" and method in (PaymentMethod.MPESA, PaymentMethod.BANK_TRANSFER):
        kind = "phone number" if method is PaymentMethod.MPESA else "bank account"
        problems["destination"] = f"is missing; {PaymentMethod(method).label} needs the payee's {kind}"
    urgent = given.is_urgent if given.is_urgent is not None else bool(base and base.is_urgent)
    words["is_urgent"] = urgent
    reason = kept("urgency_reason", given.urgency_reason, "")
    words["urgency_reason"] = (
        _attempt(problems, lambda: clean_text("urgency_reason", reason, max_length=500)) if urgent else ""
    )
    return words


def _attempt(problems: dict[str, str], act: Any) -> Any:
    """Collect the fields that one check refuses, so that a person reads all of them at once."""
    try:
        return act()
    except InvalidInput as error:
        problems.update(error.fields or {"input": error.message})
        return None


def _record(
    work: Work, action: str, subject_id: UUID, number: str, company_id: UUID, fund_id: UUID, data: Mapping[str, Any]
) -> None:
    work.record(
        action,
        "requisition",
        subject_id,
        number,
        stream=audit.fund_stream(fund_id),
        company_id=company_id,
        data=data,
    )


def count_open(reading: Reading, user_id: UUID) -> int:
    """How many requisitions of a person are neither closed nor paid."""
    r = t.requisition.c
    done = [*CLOSED, RequisitionStatus.PAID]
    statement = (
        select(func.count()).select_from(t.requisition).where(r.requested_by_id == user_id, r.status.not_in(done))
    )
    return int(reading.execute(statement).scalar_one())
