"""Reading requisitions: the one door to lists, the approver's queue, one requisition whole, and why it is as it is."""

from pettycash_tui.services.requisition_detail import (
    AttachmentView,
    RequisitionDetail,
    StepView,
    TrailView,
    show,
)
from pettycash_tui.services.requisition_explain import Explanation, explain, explain_subject
from pettycash_tui.services.requisition_list import (
    RequisitionFilter,
    RequisitionRow,
    count_requisitions,
    list_requisitions,
    statuses_present,
)
from pettycash_tui.services.requisition_queue import QueueOrder, count_queue, cursor_of, queue, weigh_queue
from pettycash_tui.services.requisition_steps import RouteStepView

__all__ = [
    "AttachmentView",
    "Explanation",
    "QueueOrder",
    "RequisitionDetail",
    "RequisitionFilter",
    "RequisitionRow",
    "RouteStepView",
    "StepView",
    "TrailView",
    "count_queue",
    "count_requisitions",
    "cursor_of",
    "explain",
    "explain_subject",
    "list_requisitions",
    "queue",
    "show",
    "statuses_present",
    "weigh_queue",
]
