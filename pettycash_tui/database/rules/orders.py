"""The rules of orders to gateways, and of payments that have one on its way."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people, off_course, quoted
from pettycash_tui.models.enums import OPEN_ORDERS, ORDER_FLOW

_OPEN = f"SELECT 1 FROM payment_order o WHERE o.status IN ({quoted(OPEN_ORDERS)}) AND o.payment_id = "

ORDERS: tuple[Rule, ...] = (
    *kept("payment_order"),
    *known_people("payment_order", "executor_id"),
    Rule(
        "payment_order_starts_sending",
        "payment_order",
        "INSERT",
        "an order is written down before it is sent, and nothing is known of it then",
        "NEW.status <> 'sending' OR NEW.sent_at IS NOT NULL OR NEW.settled_at IS NOT NULL"
        " OR NEW.gateway_reference IS NOT NULL OR NEW.ask_count <> 0",
    ),
    Rule(
        "payment_order_of_executing_payment",
        "payment_order",
        "INSERT",
        "an order is for a payment that is executing and holds its amount, by its executor, of the same company",
        "NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.payment_id AND p.company_id = NEW.company_id"
        " AND p.executor_id = NEW.executor_id AND p.status = 'executing' AND p.is_held = true)",
    ),
    Rule(
        "payment_order_attempts_count",
        "payment_order",
        "INSERT",
        "attempts are counted without a gap",
        "NEW.attempt <> COALESCE((SELECT MAX(o.attempt) FROM payment_order o WHERE o.payment_id = NEW.payment_id), 0)"
        " + 1",
    ),
    Rule(
        "payment_order_line_of_file",
        "payment_order",
        "INSERT",
        "an order to a bank is a line of a bank file of the same fund, company and executor",
        "(NEW.gateway = 'bank_file') <> (NEW.batch_id IS NOT NULL) OR (NEW.batch_id IS NOT NULL AND NOT EXISTS (SELECT"
        " 1 FROM bank_batch b JOIN payment p ON p.fund_id = b.fund_id WHERE b.id = NEW.batch_id"
        " AND p.id = NEW.payment_id AND b.company_id = NEW.company_id AND b.executor_id = NEW.executor_id))",
    ),
    Rule(
        "payment_order_fixed",
        "payment_order",
        "UPDATE",
        "what was ordered, by whom and confirmed by what cannot be edited",
        changed(
            "id",
            "created_at",
            "company_id",
            "payment_id",
            "executor_id",
            "attempt",
            "gateway",
            "conversation_id",
            "batch_id",
            "position",
            "idempotency_key",
            "otp_verified_at",
            "channel",
            "source",
            "client",
        ),
    ),
    Rule(
        "payment_order_flow",
        "payment_order",
        "UPDATE",
        "an order cannot go from this status to that",
        off_course(ORDER_FLOW),
    ),
    Rule(
        "payment_order_settled_stays",
        "payment_order",
        "UPDATE",
        "what became of an order stays as it was told",
        "OLD.status IN ('succeeded', 'failed') AND ("
        + changed("sent_at", "settled_at", "result_code", "result_text", "gateway_conversation_id")
        + f" OR (OLD.gateway_reference IS NOT NULL AND ({changed('gateway_reference')})))",
    ),
    Rule(
        "payment_in_flight_held",
        "payment",
        "UPDATE",
        "a payment that is sent holds its amount until it is settled",
        "NEW.status IN ('executing', 'unknown') AND NEW.is_held = false",
    ),
    Rule(
        "payment_awaits_its_order",
        "payment",
        "UPDATE",
        "a payment with an order on its way is neither cancelled, settled otherwise nor given to somebody else",
        f"EXISTS ({_OPEN}NEW.id)",
        only_when=f"NEW.status NOT IN ('executing', 'unknown') OR {changed('executor_id')}",
    ),
    Rule(
        "payment_execution_after_order",
        "payment_execution",
        "INSERT",
        "a payment with an order on its way is executed once that is settled",
        f"EXISTS ({_OPEN}NEW.payment_id)",
    ),
)
