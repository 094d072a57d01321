"""What Daraja posts to the listener, read: the result of a payment, and the result of a question about one.

Everything in it comes from outside: wrong shapes are refused, texts are cut to what fits. Source: Safaricom, Daraja:
Business To Customer (callback payload), Transaction Status (result parameters).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pettycash_tui.gateways import mpesa_codes
from pettycash_tui.gateways.mpesa_codes import Meaning
from pettycash_tui.gateways.protocol import Outcome, Verdict
from pettycash_tui.models.text import printable

_COMPLETED = frozenset({"completed"})
_FAILED = frozenset({"failed", "declined", "cancelled", "canceled", "expired", "reversed", "rejected"})
_REFERENCE = re.compile(r"[A-Z0-9]{6,30}")
_NO_SUCH = re.compile(r"(does not|doesn't|not) exist|not found|no (such )?(transaction|record)", re.I)


class NotAResult(ValueError):
    """What was posted is no result; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told about an order: under which names, and what became of it. `cents`: the amount, where told."""

    conversation_id: str
    gateway_conversation_id: str
    outcome: Outcome
    cents: int | None


def read_result(payload: object) -> Told:
    """The result of a payment. Raises NotAResult."""
    result, parameters = _parts(payload)
    code, text = _text(result.get("ResultCode"), 40), _text(result.get("ResultDesc"), 500)
    if code == "0":
        reference = _reference(parameters.get("TransactionReceipt") or result.get("TransactionID"))
        outcome = Outcome(Verdict.SUCCEEDED, reference, code, text or "succeeded")
    else:
        outcome = _refused(code, text)
    return Told(
        _text(result.get("OriginatorConversationID"), 60),
        _text(result.get("ConversationID"), 120),
        outcome,
        _cents(parameters.get("TransactionAmount")),
    )


def read_status(payload: object) -> Told:
    """The answer to a question: the parameters tell of the payment that was asked about. Raises NotAResult."""
    result, parameters = _parts(payload)
    code, text = _text(result.get("ResultCode"), 40), _text(result.get("ResultDesc"), 500)
    return Told(
        _text(parameters.get("OriginatorConversationID"), 60),
        _text(parameters.get("ConversationID"), 120),
        _status(code, text, parameters),
        _cents(parameters.get("Amount")),
    )


def _status(code: str, text: str, parameters: Mapping[str, Any]) -> Outcome:
    if code != "0":
        # The question failed, not the payment; that there is no such payment is told in words only.
        return Outcome(Verdict.NOT_KNOWN if _NO_SUCH.search(text) else Verdict.PENDING, "", code, text)
    state = _text(parameters.get("TransactionStatus"), 40)
    if state.lower() in _COMPLETED:
        return Outcome(Verdict.SUCCEEDED, _reference(parameters.get("ReceiptNo")), code, state)
    if state.lower() in _FAILED:
        reason = _text(parameters.get("TransactionReason"), 200)
        return Outcome(Verdict.FAILED, "", state.lower(), f"M-Pesa: {state}" + (f", {reason}" if reason else ""))
    return Outcome(Verdict.PENDING, "", code, state or text)


def _refused(code: str, text: str) -> Outcome:
    found = mpesa_codes.of_result(code)
    said = f"{found.sentence} ({code}: {text})" if text else f"{found.sentence} ({code})"
    if found.meaning in (Meaning.LATER, Meaning.FINAL):
        return Outcome(Verdict.FAILED, "", code, said, is_final=found.meaning is Meaning.FINAL)
    return Outcome(Verdict.PENDING, "", code, said)


def _parts(payload: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    result = payload.get("Result") if isinstance(payload, Mapping) else None
    if not isinstance(result, Mapping):
        raise NotAResult("Result is missing")
    if _text(result.get("ResultCode"), 40) == "":
        raise NotAResult("ResultCode is missing")
    given = result.get("ResultParameters")
    listed = given.get("ResultParameter") if isinstance(given, Mapping) else None
    # One parameter comes as an object, several as a list.
    items = listed if isinstance(listed, list) else [listed]
    found = {str(item.get("Key")): item.get("Value") for item in items if isinstance(item, Mapping) and "Value" in item}
    return result, found


def _reference(value: object) -> str:
    text = _text(value, 120)
    if not _REFERENCE.fullmatch(text):
        raise NotAResult("the receipt of the transaction is missing")
    return text


def _text(value: object, most: int) -> str:
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return printable(str(value).strip())[:most]


def _cents(value: object) -> int | None:
    """An amount of shillings in cents; None where none is told."""
    if value is None or value == "":
        return None
    try:
        cents = Decimal(_text(value, 40).replace(",", "")) * 100
        return int(cents) if cents == cents.to_integral_value() else -1
    except (InvalidOperation, ValueError, OverflowError):
        return -1
