"""A voucher as plain text of at most 76 columns: to copy, to mail, and to print with room for signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from pettycash_tui.models.money import Money
from pettycash_tui.models.text import printable
from pettycash_tui.services.voucher import Voucher
from pettycash_tui.widgets.cells import fit

WIDTH = 76
_LABEL = 16
_SIGNATURE = 26


def voucher_text(voucher: Voucher, money: Callable[[Money], str] = str) -> str:
    """The voucher, its lines without trailing spaces. `money` writes an amount with its currency."""
    return "\n".join(line.rstrip() for line in _lines(voucher, money))


def _lines(voucher: Voucher, money: Callable[[Money], str]) -> Iterator[str]:
    def moment(at: datetime) -> str:
        return at.astimezone(ZoneInfo(voucher.timezone)).strftime("%Y-%m-%d %H:%M")

    yield from _wrapped(voucher.company, WIDTH)
    title = "PETTY CASH VOUCHER" if voucher.number else f"PAYMENT, NOT PAID ({voucher.status.label.upper()})"
    number = voucher.number or voucher.payment
    yield fit(title, WIDTH - len(number)) + number
    yield "=" * WIDTH
    yield from _field("Date", moment(voucher.paid_at) if voucher.paid_at else "")
    yield from _field("Paid to" if voucher.paid_at else "Payee", voucher.payee)
    yield from _field("Amount", money(voucher.amount))
    yield from _field("By", f"{voucher.method.label} {voucher.destination}".strip())
    yield from _field("Reference", voucher.reference or "")
    yield from _field("For", voucher.purpose)
    yield from _field("Category", voucher.category)
    yield from _field("Account", voucher.account)
    yield from _field("Cost center", voucher.cost_center or "")
    yield from _field("Fund", voucher.fund)
    yield from _field("Payment", f"{voucher.payment} for {voucher.requisition}")
    yield "-" * WIDTH
    who = voucher.requested_by
    yield from _field("Requested by", f"{who.name if who else ''}, {moment(voucher.requested_at)}")
    for approval in voucher.approvals:
        name = approval.by.name if approval.by else ""
        yield from _field(f"{approval.action.label} by", f"{name}, {moment(approval.at)}")
    if voucher.paid_by is not None and voucher.paid_at is not None:
        code = f", code by {voucher.confirmed_by.label.lower()}" if voucher.confirmed_by else ""
        yield from _field("Paid by", f"{voucher.paid_by.name}, {moment(voucher.paid_at)}{code}")
    yield "-" * WIDTH
    for place in ("Received by", "Paid out by", "Checked by"):
        yield ""
        yield f"{place:<{_LABEL}}{'_' * _SIGNATURE}  Date {'_' * 12}"


def _field(label: str, text: str) -> Iterator[str]:
    if text:
        for place, line in enumerate(_wrapped(text, WIDTH - _LABEL)):
            yield f"{label if place == 0 else '':<{_LABEL}}{line}"


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` cells, broken between words where that can be."""
    line = ""
    for piece in (piece for word in printable(text).split() for piece in _pieces(word, width)):
        if line and cell_len(line) + 1 + cell_len(piece) > width:
            yield line
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    if line:
        yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most `width` cells."""
    piece = ""
    for character in word:
        if cell_len(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece
