"""What a person reads when the database itself refuses: a constraint's or trigger's name becomes a sentence.

The services check first and say more; these are for what slips between the check and the write (two people at once),
and for programs that go around the services.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pettycash_tui.database.triggers import RULES


@dataclass(frozen=True, slots=True)
class Sentence:
    """The code and message of a refusal; `overtaken` when it means that somebody else was faster."""

    code: str
    message: str
    overtaken: bool = False
    fields: dict[str, str] = field(default_factory=dict)


_TAKEN = "is taken already; choose another"
KEY_USED = "This key was added before. A key is one person's for ever; make a new one with ssh-keygen -t ed25519."

_SENTENCES: dict[str, Sentence] = {
    "ux_approval_step_acted_by": Sentence("acted_already", "You have already acted on this revision."),
    "ux_approval_step_approver": Sentence("on_another_step", "This person already stands on another step."),
    "ux_approval_trail_one_act": Sentence("acted_already", "You have already acted on this revision.", overtaken=True),
    "uq_payment_requisition_id": Sentence("paid_once", "This requisition has its payment already.", overtaken=True),
    "uq_payment_execution_payment_id": Sentence("already_executed", "This payment is executed already.", True),
    "uq_payment_execution_company_id_gateway_reference": Sentence(
        "reference_used",
        "This reference is on another payment already. Check the gateway's reference and type it again.",
        fields={"reference": "must be new"},
    ),
    "uq_payment_company_id_idempotency_key": Sentence(
        "key_used", "This idempotency key belongs to another payment.", fields={"idempotency_key": "must be new"}
    ),
    "uq_replenishment_company_id_reference": Sentence(
        "reference_used", "This reference is on another replenishment already.", fields={"reference": "must be new"}
    ),
    "ux_replenishment_open": Sentence("replenishment_open", "This fund has an open replenishment request already."),
    "ux_treasury_fund_scope": Sentence(
        "fund_exists", "This company, region or branch has an active fund already. Deactivate it first."
    ),
    "ux_payment_order_open": Sentence("in_doubt", "This payment was sent a moment ago.", overtaken=True),
    "payment_awaits_its_order": Sentence(
        "in_doubt", "This payment was sent and is not settled; find out first: `pettycash pay ask`."
    ),
    "ux_otp_challenge_open": Sentence("code_open", "A code for this payment was sent a moment ago.", overtaken=True),
    "uq_user_username": Sentence("taken", f"This username {_TAKEN}.", fields={"username": _TAKEN}),
    "ck_treasury_fund_available_not_negative": Sentence("not_enough", "The fund has not enough available."),
    "ck_treasury_fund_current_balance_not_negative": Sentence("not_enough", "The fund has not enough."),
    "ledger_entry_period_open": Sentence(
        "period_closed",
        "This month is closed: its books take no entry. The CFO opens it again with `pettycash period reopen`, or it"
        " waits for the next month.",
    ),
    "uq_accounting_period_company_id_starts_on": Sentence(
        "period_closed", "This month is closed already.", overtaken=True
    ),
    "ux_replenishment_voucher_living": Sentence(
        "claimed_already", "Another request claimed these vouchers a moment ago. Look at it first.", overtaken=True
    ),
    "ux_category_default": Sentence("default_exists", "The company has a default category already."),
    "uq_imported_voucher_company_id_voucher_number": Sentence(
        "voucher_imported", "This voucher was imported a moment ago.", overtaken=True
    ),
    "uq_ssh_key_fingerprint": Sentence("key_used", KEY_USED, fields={"key": "must be new"}),
    "uq_attachment_requisition_id_sha256": Sentence("attached", "This file is attached already."),
}
for _rule in RULES:
    if _rule.name.endswith(("_no_replace", "_no_swap")):
        _SENTENCES.setdefault(_rule.name, Sentence("exists", f"{_rule.message.capitalize()}.", overtaken=True))
    else:
        _SENTENCES.setdefault(_rule.name, Sentence(_rule.name, f"{_rule.message.capitalize()}."))

# SQLite names the columns of a UNIQUE, not its constraint.
_SQLITE_UNIQUE: dict[str, str] = {
    "unique payment.requisition_id": "uq_payment_requisition_id",
    "unique payment_execution.payment_id": "uq_payment_execution_payment_id",
    "unique payment_execution.company_id, payment_execution.gateway_reference": (
        "uq_payment_execution_company_id_gateway_reference"
    ),
    "unique payment.company_id, payment.idempotency_key": "uq_payment_company_id_idempotency_key",
    "unique replenishment.company_id, replenishment.reference": "uq_replenishment_company_id_reference",
    "unique replenishment.fund_id": "ux_replenishment_open",
    "unique payment_order.payment_id": "ux_payment_order_open",
    "unique otp_challenge.payment_id": "ux_otp_challenge_open",
    "unique user.username": "uq_user_username",
    "unique ssh_key.fingerprint": "uq_ssh_key_fingerprint",
    "unique accounting_period.company_id, accounting_period.starts_on": "uq_accounting_period_company_id_starts_on",
    "unique replenishment_voucher.fund_id, replenishment_voucher.sequence": "ux_replenishment_voucher_living",
    "unique category.company_id": "ux_category_default",
    "unique imported_voucher.company_id, imported_voucher.voucher_number": (
        "uq_imported_voucher_company_id_voucher_number"
    ),
    "unique index 'ux_treasury_fund_scope'": "ux_treasury_fund_scope",
    "unique approval_step.requisition_id, approval_step.revision, approval_step.acted_by_id": (
        "ux_approval_step_acted_by"
    ),
    "unique approval_step.requisition_id, approval_step.revision, approval_step.approver_id": (
        "ux_approval_step_approver"
    ),
    "unique approval_trail.requisition_id, approval_trail.revision, approval_trail.user_id": (
        "ux_approval_trail_one_act"
    ),
}


def sentence_for(rule: str) -> Sentence | None:
    """The sentence for a rule's name as `trouble.diagnose` gives it; None when no rule of ours has it."""
    name = _SQLITE_UNIQUE.get(rule, rule)
    found = _SENTENCES.get(name)
    if found is not None:
        return found
    if name.startswith(("uq_", "unique ")) and name.endswith("code"):
        return Sentence("taken", f"This code {_TAKEN}.", fields={"code": _TAKEN})
    if name.startswith(("uq_", "unique ")) and name.endswith("name"):
        return Sentence("taken", f"This name {_TAKEN}.", fields={"name": _TAKEN})
    if name.startswith(("ck_", "uq_", "ux_", "fk_", "unique ")) or "FOREIGN KEY" in name:
        return Sentence("rule", f"The database refused: rule {name}.")
    return None
