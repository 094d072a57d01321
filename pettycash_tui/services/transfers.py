"""Money from one fund to another: requested, approved by somebody else, and then both entries or none.

Each of the two entries is a balanced pair against one account, transfers in transit, which the second takes back to
where it was: booked against each other's accounts the two would say twice that the money moved, and two funds may share
an account. Source: domain, section 3, fund transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.base import columns_of
from pettycash_tui.models.books import FundTransfer
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import AccountPurpose, AccountType, EntrySource, TransferStatus
from pettycash_tui.models.money import Money
from pettycash_tui.models.organisation import Account
from pettycash_tui.services import audit, holds, ledger, locate, replenishments
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text, parse_money
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 500
_ACCOUNT_CODES = ("TRANSIT", "TRANSIT-2", "TRANSIT-3")


class TransferAct(StrEnum):
    """What is done to a transfer that was requested."""

    APPROVE = "approve"
    REJECT = "reject"


RIGHTS = {TransferAct.APPROVE: Right.APPROVE_TRANSFER, TransferAct.REJECT: Right.APPROVE_TRANSFER}


@dataclass(frozen=True, slots=True)
class TransferState:
    """A transfer after something was done to it.

    `taken_up`: payments that waited for the money and hold it now. `replenishments`: what the funds asked for by
    themselves, the one that gave or the one where it was not enough.
    """

    id: UUID
    number: str
    from_fund: str
    to_fund: str
    status: TransferStatus
    amount: Money
    journal: str | None = None
    taken_up: tuple[str, ...] = ()
    replenishments: tuple[str, ...] = ()


def request(
    work: Work, from_ref: str | UUID, to_ref: str | UUID, amount_text: str | None, reason: str = ""
) -> TransferState:
    """Ask for money to go from one fund to another of the same company. Somebody else approves it."""
    work.actor.require(Right.REQUEST_TRANSFER)
    source, target = locate.fund(work, from_ref), locate.fund(work, to_ref)
    if source.id == target.id:
        raise InvalidInput.of(to_fund=f"must be another fund than {source.code}: money does not move within one")
    if source.company_id != target.company_id:
        raise InvalidInput.of(to_fund=f"must be a fund of the company of {source.code}")
    if source.currency != target.currency:
        raise InvalidInput.of(to_fund=f"must be in {source.currency}, as {source.code} is; it is in {target.currency}")
    inactive = [
        Reason("fund_inactive", f"Fund {fund.code} is not active.") for fund in (source, target) if not fund.is_active
    ]
    if inactive:
        raise Refused.because(*inactive)
    amount = parse_money("amount", amount_text, source.currency)
    transfer = FundTransfer(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=source.company_id,
        number=next_number(work, source.company_id, NumberKind.TRANSFER),
        from_fund_id=source.id,
        to_fund_id=target.id,
        amount=amount.minor,
        currency=source.currency,
        reason=clean_text("reason", reason, max_length=REASON_LENGTH, required=False),
        requested_by_id=work.actor.person_id,
        requested_at=work.now,
    )
    work.add(transfer)
    data = {
        "from": source.code,
        "from_fund_id": source.id,
        "to": target.code,
        "to_fund_id": target.id,
        "amount": amount.minor,
        "currency": amount.currency,
        "reason": transfer.reason,
    }
    _record(work, transfer, "transfer.requested", data)
    return TransferState(transfer.id, transfer.number, source.code, target.code, TransferStatus.PENDING, amount)


def reasons_against(row: Row[Any], actor: Actor, act: TransferAct) -> list[Reason]:
    """Every reason why this person may not do that to a transfer now, their role's right apart (`RIGHTS`)."""
    reasons = []
    if row.status is not TransferStatus.PENDING:
        reasons.append(Reason("decided", f"{row.number} is {row.status.label.lower()} already."))
    if act is TransferAct.APPROVE and row.requested_by_id == actor.id:
        reasons.append(Reason("own_request", f"{row.number} is your own request: somebody else approves it."))
    return reasons


def reasons_of_funds(row: Row[Any], source: Row[Any], target: Row[Any]) -> list[Reason]:
    """Why the funds themselves stand against a transfer: one is out of use, or the first has not so much available."""
    reasons = [
        Reason("fund_inactive", f"Fund {fund.code} of {row.number} is not active.")
        for fund in (source, target)
        if not fund.is_active
    ]
    available = source.current_balance - source.held_amount
    if row.status is TransferStatus.PENDING and row.amount > available:
        has = f"{Money(available, row.currency)} available"
        if source.held_amount:
            balance, held = Money(source.current_balance, row.currency), Money(source.held_amount, row.currency)
            has += f" ({balance} less {held} held)"
        message = f"{row.number} takes {Money(row.amount, row.currency)} out of fund {source.code}, which has {has}."
        reasons.append(Reason("not_enough", message))
    return reasons


def approve(work: Work, ref: str | UUID) -> TransferState:
    """Approve what somebody else requested: the money moves at once, out of the one and into the other."""
    row = _locked_for(work, ref, TransferAct.APPROVE)
    in_transit = _account_in_transit(work, row.company_id)
    timezone = work.execute(select(t.company.c.timezone).where(t.company.c.id == row.company_id)).scalar_one()
    holds.lock_waiting(work, row.to_fund_id)
    # In the order of their ids, whichever way the money goes: two transfers that cross wait for each other once.
    funds = {fund_id: holds.lock_fund(work, fund_id) for fund_id in sorted((row.from_fund_id, row.to_fund_id))}
    source, target = funds[row.from_fund_id], funds[row.to_fund_id]
    against = reasons_of_funds(row, source, target)
    if against:
        raise Refused.because(*against)
    if in_transit in (source.account_id, target.account_id):
        message = "Transfers in transit has the account of one of the funds. Give the fund an account of its own."
        raise Refused.because(Reason("no_account", message))
    words = f"Transfer {row.number} {source.code} to {target.code}"
    words = f"{words}: {row.reason}".replace("\n", " ") if row.reason else words
    posting = ledger.Posting(EntrySource.TRANSFER, in_transit, words, transfer_id=row.id)
    paid_out = ledger.pay_out(work, source.id, row.amount, posting, timezone)
    if paid_out is None:
        raise AssertionError("a locked fund keeps what is available")
    posting = ledger.Posting(
        EntrySource.TRANSFER, in_transit, words, transfer_id=row.id, journal=paid_out.entry["journal"]
    )
    paid_in = ledger.pay_in(work, target.id, row.amount, posting, timezone)
    if paid_in is None:
        raise AssertionError("a locked fund stays active")
    work.execute(
        update(t.fund_transfer)
        .where(t.fund_transfer.c.id == row.id)
        .values(
            status=TransferStatus.COMPLETED,
            approved_by_id=work.actor.person_id,
            completed_at=work.now,
            updated_at=work.now,
        )
    )
    taken = holds.take_up_waiting(work, target.id)
    asked = []
    if paid_out.balance < paid_out.reorder_level:
        asked.append(replenishments.request_automatically(work, source.id))
    if holds.is_anybody_waiting(work, target.id):
        asked.append(replenishments.request_automatically(work, target.id))
    data = {"from": source.code, "to": target.code, "amount": row.amount}
    _record(work, row, "transfer.completed", {**data, "entry": paid_out.seal})
    # Each fund's stream holds the seal of its own entry.
    _record(work, row, "transfer.received", {**data, "entry": paid_in.seal, "taken_up": taken}, fund_id=target.id)
    return TransferState(
        row.id,
        row.number,
        source.code,
        target.code,
        TransferStatus.COMPLETED,
        Money(row.amount, row.currency),
        paid_out.entry["journal"],
        tuple(taken),
        tuple(number for number in asked if number is not None),
    )


def reject(work: Work, ref: str | UUID, reason: str) -> TransferState:
    """Refuse what was requested: no money moves. The reason is required."""
    work.actor.require(RIGHTS[TransferAct.REJECT])
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    row = _locked_for(work, ref, TransferAct.REJECT)
    work.execute(
        update(t.fund_transfer)
        .where(t.fund_transfer.c.id == row.id)
        .values(
            status=TransferStatus.REJECTED,
            rejected_by_id=work.actor.person_id,
            rejected_at=work.now,
            rejection_reason=reason,
            updated_at=work.now,
        )
    )
    _record(work, row, "transfer.rejected", {"amount": row.amount, "reason": reason})
    source, target = locate.fund(work, row.from_fund_id), locate.fund(work, row.to_fund_id)
    amount = Money(row.amount, row.currency)
    return TransferState(row.id, row.number, source.code, target.code, TransferStatus.REJECTED, amount)


def _locked_for(work: Work, ref: str | UUID, act: TransferAct) -> Row[Any]:
    """The row, locked; raises what speaks against the act."""
    work.actor.require(RIGHTS[act])
    row = locate.transfer(work, ref, lock=True)
    reasons = reasons_against(row, work.actor, act)
    if reasons:
        raise Refused.because(*reasons)
    return row


def _account_in_transit(work: Work, company_id: UUID) -> UUID:
    """The company's account for money between two funds; opened with its first transfer where there is none."""
    found = _find_in_transit(work, company_id)
    if found is not None:
        return found
    a = t.account.c
    taken = set(work.execute(select(a.code).where(a.company_id == company_id, a.code.in_(_ACCOUNT_CODES))).scalars())
    code = next((code for code in _ACCOUNT_CODES if code not in taken), None)
    if code is None:
        message = "The chart of accounts has none for transfers in transit. See `pettycash account add`."
        raise Refused.because(Reason("no_account", message))
    values = columns_of(
        Account(
            id=new_id(),
            created_at=work.now,
            updated_at=work.now,
            company_id=company_id,
            code=code,
            name="Petty cash in transit between funds",
            type=AccountType.ASSET,
            purpose=AccountPurpose.TRANSFERS_IN_TRANSIT,
        )
    )
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        # Two first transfers at once: the loser waits for the winner and takes its account.
        work.execute(postgres_insert(t.account).values(values).on_conflict_do_nothing())
    else:
        work.execute(insert(t.account).values(values))
    opened = _find_in_transit(work, company_id)
    if opened is None:
        raise AssertionError("the account was opened by this transaction or by the one before it")
    return opened


def _find_in_transit(reading: Reading, company_id: UUID) -> UUID | None:
    a = t.account.c
    statement = select(a.id).where(a.company_id == company_id, a.purpose == AccountPurpose.TRANSFERS_IN_TRANSIT)
    found: UUID | None = reading.execute(statement).scalar()
    return found


def _record(work: Work, row: Any, action: str, data: dict[str, Any], *, fund_id: UUID | None = None) -> None:
    work.record(
        action,
        "transfer",
        row.id,
        row.number,
        stream=audit.fund_stream(fund_id or row.from_fund_id),
        company_id=row.company_id,
        data=data,
    )
