"""The rules of payments confirmed for a later day: the confirmation can be neither forged, moved nor used again."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, changed, kept, known_people, off_course
from pettycash_tui.models.enums import SCHEDULE_FLOW

_STANDING = "SELECT 1 FROM payment_schedule s WHERE s.payment_id = NEW.id AND s.status = 'standing'"
_CONFIRMED = (
    "SELECT 1 FROM payment p JOIN payment_bundle_line l ON l.payment_id = p.id AND l.amount = p.amount"
    " JOIN payment_bundle b ON b.id = l.bundle_id AND b.company_id = p.company_id AND b.executor_id = p.executor_id"
    " WHERE p.id = NEW.payment_id AND b.id = NEW.bundle_id AND p.company_id = NEW.company_id"
    " AND p.executor_id = NEW.executor_id AND b.scheduled_for = NEW.scheduled_for AND p.method <> 'cash'"
    " AND p.status IN ('pending', 'failed') AND (p.otp_required = false OR EXISTS (SELECT 1 FROM otp_challenge o"
    " WHERE o.bundle_id = b.id AND o.executor_id = b.executor_id AND o.consumed_at IS NOT NULL))"
)

SCHEDULES: tuple[Rule, ...] = (
    *kept("payment_schedule"),
    *known_people("payment_schedule", "executor_id", "ended_by_id"),
    Rule(
        "payment_schedule_confirmed",
        "payment_schedule",
        "INSERT",
        "a day is confirmed by the payment's executor, by the code of a list for that day which holds the payment",
        f"NOT EXISTS ({_CONFIRMED})",
    ),
    Rule(
        "payment_schedule_starts_standing",
        "payment_schedule",
        "INSERT",
        "a confirmation for a day starts as standing",
        "NEW.status <> 'standing' OR NEW.ended_at IS NOT NULL OR NEW.problem <> ''",
    ),
    Rule(
        "payment_schedule_fixed",
        "payment_schedule",
        "UPDATE",
        "what was confirmed for which day, by whom and by what cannot be edited",
        changed(
            "id",
            "created_at",
            "company_id",
            "payment_id",
            "bundle_id",
            "executor_id",
            "scheduled_for",
            "reference",
        ),
    ),
    Rule(
        "payment_schedule_flow",
        "payment_schedule",
        "UPDATE",
        "a confirmation for a day cannot go from this status to that",
        off_course(SCHEDULE_FLOW),
    ),
    Rule(
        "payment_schedule_ended_stays",
        "payment_schedule",
        "UPDATE",
        "how a confirmation for a day ended stays as it was",
        "OLD.status <> 'standing' AND ("
        + changed("ended_at", "ended_by_id", "reason", "problem", "problem_codes", "problem_at")
        + ")",
    ),
    Rule(
        "payment_starts_unscheduled",
        "payment",
        "INSERT",
        "a payment starts without a day",
        "NEW.scheduled_for IS NOT NULL OR NEW.schedule_bundle_id IS NOT NULL",
    ),
    Rule(
        "payment_day_is_confirmed",
        "payment",
        "UPDATE",
        "a payment has the day that its executor confirmed, until it is paid, sent, cancelled or changed",
        f"NEW.status NOT IN ('pending', 'failed') OR NOT EXISTS ({_STANDING} AND s.bundle_id = NEW.schedule_bundle_id"
        " AND s.scheduled_for = NEW.scheduled_for AND s.executor_id = NEW.executor_id)",
        only_when="NEW.scheduled_for IS NOT NULL OR NEW.schedule_bundle_id IS NOT NULL",
    ),
    Rule(
        "payment_confirmation_ends_first",
        "payment",
        "UPDATE",
        "a payment that is confirmed for a day is paid, sent, cancelled or changed once that is taken up or void",
        f"EXISTS ({_STANDING})",
        only_when="NEW.status NOT IN ('pending', 'failed')"
        f" OR (OLD.scheduled_for IS NOT NULL AND NEW.scheduled_for IS NULL) OR {changed('executor_id')}",
    ),
)
