"""What Daraja's codes mean for a payment: whether to try again, give up, or find out first.

Source: Safaricom, Daraja: Business To Customer (result codes, response error codes) and Account Balance (error codes
of the M-Pesa core). A code that is not documented there means that the state has to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """What follows from a code."""

    LATER = "later"
    FINAL = "final"
    IN_DOUBT = "in_doubt"
    SENT_BEFORE = "sent_before"
    BAD_TOKEN = "bad_token"


@dataclass(frozen=True, slots=True)
class Code:
    """A code's meaning, and what an officer can do about it."""

    meaning: Meaning
    sentence: str


RESULTS: dict[str, Code] = {
    "1": Code(Meaning.LATER, "The M-Pesa account has not enough; move money to its utility account."),
    "2": Code(Meaning.FINAL, "The amount is below M-Pesa's least amount."),
    "3": Code(Meaning.FINAL, "The amount is above M-Pesa's largest amount for one transaction."),
    "4": Code(Meaning.LATER, "It would exceed the daily limit of transfers."),
    "8": Code(Meaning.LATER, "It would exceed the largest balance of the payee's account."),
    "11": Code(Meaning.LATER, "The M-Pesa account that pays is not active."),
    "15": Code(Meaning.SENT_BEFORE, "M-Pesa has this order already."),
    "17": Code(Meaning.IN_DOUBT, "M-Pesa had an internal failure."),
    "18": Code(Meaning.LATER, "M-Pesa refuses the initiator's password; check it and the certificate."),
    "20": Code(Meaning.LATER, "M-Pesa does not know the initiator; check its name."),
    "21": Code(Meaning.LATER, "The initiator may not pay from this account; it needs the role ORG B2C API initiator."),
    "22": Code(Meaning.LATER, "The initiator is not active."),
    "24": Code(Meaning.FINAL, "M-Pesa misses a field of the order."),
    "25": Code(Meaning.FINAL, "M-Pesa refuses a field of the order."),
    "26": Code(Meaning.LATER, "M-Pesa is too busy."),
    "29": Code(Meaning.FINAL, "M-Pesa does not know this kind of payment; check the setting command."),
    "2001": Code(Meaning.LATER, "M-Pesa refuses the initiator; check its name, password and certificate."),
    "2006": Code(Meaning.LATER, "The M-Pesa account that pays is not active."),
    "2028": Code(Meaning.LATER, "The short code may not make payments to customers."),
    "2040": Code(Meaning.FINAL, "The payee is not registered with M-Pesa."),
    "8006": Code(Meaning.LATER, "The initiator's credential is locked; a business administrator unlocks it."),
    "SFC_IC0003": Code(Meaning.FINAL, "There is no M-Pesa account with this phone number."),
    "100000000": Code(Meaning.IN_DOUBT, "M-Pesa keeps the request to send it again."),
    "100000001": Code(Meaning.LATER, "M-Pesa is overloaded."),
    "100000002": Code(Meaning.LATER, "M-Pesa is overloaded."),
    "100000004": Code(Meaning.IN_DOUBT, "M-Pesa had an internal failure."),
    "100000005": Code(Meaning.FINAL, "M-Pesa refuses a field of the order."),
    "100000010": Code(Meaning.LATER, "The application may not use this service."),
    "100000011": Code(Meaning.LATER, "Too many requests at once."),
}
"""`ResultCode` of a result and `ResponseCode` of an answer."""

ERRORS: tuple[tuple[str, Code], ...] = (
    ("500.002.1001", Code(Meaning.SENT_BEFORE, "M-Pesa has this order already.")),
    ("500.003.02", Code(Meaning.LATER, "Too many requests at once.")),
    ("500.003.03", Code(Meaning.LATER, "The quota of requests is used up.")),
    ("400.003.01", Code(Meaning.BAD_TOKEN, "M-Pesa refuses the access token.")),
    ("401.", Code(Meaning.BAD_TOKEN, "M-Pesa refuses the access token.")),
    ("404.001.03", Code(Meaning.BAD_TOKEN, "M-Pesa refuses the access token.")),
    ("400.002.", Code(Meaning.FINAL, "M-Pesa refuses a field of the order.")),
    ("404.001.04", Code(Meaning.LATER, "M-Pesa refuses the request's headers.")),
    ("404.002.01", Code(Meaning.LATER, "M-Pesa has no such service; check the setting base_url.")),
    ("405.001", Code(Meaning.LATER, "M-Pesa refuses the way of asking.")),
)
"""`errorCode` of an answer, by how it begins; the first that fits counts."""


def of_result(code: str) -> Code:
    """The meaning of a result's code."""
    return RESULTS.get(code, Code(Meaning.IN_DOUBT, "M-Pesa gave a code that it does not document."))


def of_error(code: str, text: str, http_status: int) -> Code:
    """The meaning of an answer that is an error."""
    if "duplicateoriginatorconversationid" in text.replace(" ", "").lower():
        return Code(Meaning.SENT_BEFORE, "M-Pesa has this order already.")
    for beginning, found in ERRORS:
        if code.startswith(beginning):
            return found
    if http_status == 401:
        return Code(Meaning.BAD_TOKEN, "M-Pesa refuses the access token.")
    if http_status == 429:
        return Code(Meaning.LATER, "Too many requests at once.")
    if 400 <= http_status < 500:
        return Code(Meaning.LATER, "M-Pesa refuses the request.")
    return Code(Meaning.IN_DOUBT, "M-Pesa had a failure.")
