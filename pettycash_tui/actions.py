"""Every action a key can start, once: bindings, footer, help, remapping and the key table of the docs are made from it.

An action's `id` is a public name: people remap keys by it (`App.set_keymap`), so it never changes once released.
Textual is imported only where bindings are made: the docs and the command line list the keys without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding

APP = "app"
LIST = "list"
FORM = "form"

# Scopes that are alive together with the app's own: a screen with a list, or a screen with a form.
LIST_SCREENS = ("requisitions", "approvals", "payments", "ledger", "treasury", "audit", "desk")
FORM_SCREENS = ("requisition_form", "pay")
# Windows over a screen: the keys of what is below are not alive in them. `choice` is a list narrowed by what one types.
WINDOWS = ("window", "entry", "replenishment", "prompt", "choice", "export", "statement", "lock")

_LONG_NAMES = {"slash": "/", "question_mark": "?", "full_stop": ".", "comma": ",", "colon": ":", "minus": "-"}
_SHOWN = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "pgup", "pagedown": "pgdn", "escape": "esc",
    "question_mark": "?", "slash": "/",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do with a key.

    `keys` are Textual key names, the first is the one shown. `method` is the Textual action (`quit`, `go('payments')`,
    `screen.filter`): without a target it is looked up on the node that holds the binding. `priority` bindings are
    asked before the focused widget.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    tooltip: str
    scope: str
    method: str
    footer: bool = False
    priority: bool = False

    @property
    def shown_key(self) -> str:
        """The first key as it is written for people: `esc`, `^p`, `↓`."""
        return display_key(self.keys[0])


def _action(
    id: str,
    keys: str,
    label: str,
    tooltip: str,
    method: str,
    *,
    footer: bool = False,
    scope: str = "",
    priority: bool = False,
) -> Action:
    return Action(id, tuple(keys.split()), label, tooltip, scope or id.partition(".")[0], method, footer, priority)


ACTIONS: tuple[Action, ...] = (
    _action("app.help", "? f1", "Help", "Show what this screen is for and all its keys.", "app.help", footer=True),
    _action("app.back", "escape", "Back", "Close what is open, or go back to the screen before.", "back"),
    _action("app.find", "ctrl+p", "Find", "Find any action, screen or object by its name, number or amount.",
            "command_palette"),
    _action("requisition.new", "n", "New", "Enter a new requisition.", "go('requisition_form')", footer=True,
            scope=APP),
    _action("go.desk", "1", "Desk", "Go to your desk: what waits for you, the funds, the alerts.", "go('desk')",
            scope=APP),
    _action("go.requisitions", "2", "Requisitions", "Go to the requisitions.", "go('requisitions')", scope=APP),
    _action("go.approvals", "3", "Approvals", "Go to the approvals that wait for you.", "go('approvals')", scope=APP),
    _action("go.payments", "4", "Payments", "Go to the payments.", "go('payments')", scope=APP),
    _action("go.ledger", "5", "Fund ledger", "Go to the cash book of a fund.", "go('ledger')", scope=APP),
    _action("go.treasury", "6", "Treasury", "Go to the treasury's month: reconciling, variances, replenishments.",
            "go('treasury')", scope=APP),
    _action("go.audit", "8", "Audit", "Go to the log of everything that was done.", "go('audit')", scope=APP),
    _action("session.switch", "S", "Switch person", "In a demo: go on working as somebody else.", "switch_person",
            scope=APP),
    _action("session.sign_out", "L", "Sign out", "Sign out, and let the next person sign in.", "sign_out", scope=APP),
    _action("session.list", "W", "Sessions", "Show where you are signed in, and end one of those sessions.",
            "show_sessions", scope=APP),
    _action("account.open", "U", "Your account",
            "Show your authenticator app, your recovery codes and your password, and change them.", "show_account",
            scope=APP),
    _action("notices.choose", "M", "Notices", "Choose how you are told of things: at once, daily, by email or SMS.",
            "choose_notices", scope=APP),
    _action("app.quit", "q", "Quit", "Leave the program; drafts are kept.", "quit"),
    # -- lists ---------------------------------------------------------------------------------------------------------
    _action("list.down", "down j", "Down", "Go to the next row.", "row_down"),
    _action("list.up", "up k", "Up", "Go to the row before.", "row_up"),
    _action("list.page_down", "pagedown ctrl+d", "Page down", "Go down by one page.", "rows_down"),
    _action("list.page_up", "pageup ctrl+u", "Page up", "Go up by one page.", "rows_up"),
    _action("list.first", "home g", "First", "Go to the first row.", "row_first"),
    _action("list.last", "end G", "Last", "Go to the last row.", "row_last"),
    _action("list.right", "right l", "Next pane", "Go to the pane on the right.", "app.focus_next"),
    _action("list.left", "left h", "Pane before", "Go to the pane on the left.", "app.focus_previous"),
    _action("list.open", "enter", "Open", "Open the row under the cursor.", "row_select", footer=True),
    _action("list.mark", "space", "Mark", "Mark or unmark the row, to act on several at once.", "row_mark"),
    _action("list.filter", "/", "Filter", "Show only the rows that match what you type.", "screen.filter", footer=True),
    _action("list.refresh", "r", "Refresh", "Read the rows again; the cursor stays on its row.", "reload"),
    _action("list.copy", "y", "Copy", "Show the row as plain text and copy it to the clipboard.", "screen.copy_row"),
    _action("list.copy_page", "Y", "Copy page", "Show the rows on the screen as plain text and copy them.",
            "screen.copy_page"),
    _action("list.export", "E", "Export", "Write all that the list shows to a CSV or XLSX file.", "screen.export"),
    # -- forms: letters are typed here, so every key is a control chord, an F-key or a named key -----------------------
    _action("form.submit", "ctrl+g f2", "Submit", "Check the form and send it.", "submit", footer=True),
    _action("form.enter", "enter", "Take it", "Take the line: go on to the next field, or give the answer.", "enter"),
    _action("form.next", "tab down", "Next field", "Go to the next field.", "app.focus_next"),
    _action("form.previous", "shift+tab up", "Field before", "Go to the field before.", "app.focus_previous"),
    _action("requisition_form.save", "ctrl+t f3", "Save draft", "Save it as a draft, to finish another time.",
            "save_draft", footer=True),
    _action("requisition_form.discard", "ctrl+o f4", "Discard", "Throw away what you typed in this form.", "discard",
            footer=True),
    _action("requisition_form.earlier", "ctrl+l f6", "As before",
            "Fill the form from one of your earlier requisitions.", "earlier"),
    # -- the desk: a key for each of the first things that wait --------------------------------------------------------
    *(
        _action(f"desk.take_{place}", key, f"Take {place}", f"Open what waits on line {place}.", f"take({place})")
        for place, key in enumerate("abcdefio", start=1)
    ),
    _action("desk.acknowledge", "x", "Acknowledge", "Acknowledge the alert under the cursor: you have seen it.",
            "acknowledge", footer=True),
    # -- screens -------------------------------------------------------------------------------------------------------
    _action("requisitions.submit", "s", "Submit", "Submit the draft under the cursor for approval.", "submit",
            footer=True),
    _action("requisitions.edit", "e", "Edit", "Change the requisition: a draft, or one sent back to you.", "edit",
            footer=True),
    _action("requisitions.withdraw", "w", "Withdraw", "Take your requisition back, before it is paid.", "withdraw",
            footer=True),
    _action("requisitions.duplicate", "D", "Duplicate", "Write a new requisition like the one under the cursor.",
            "duplicate"),
    _action("requisitions.reassign", "i", "Reassign", "Give the decision to somebody else; a reason is asked.",
            "reassign"),
    _action("requisitions.whose", "m", "Mine/all", "Show your own requisitions, or all that you may see.",
            "switch_whose"),
    _action("requisitions.status", "t", "Status", "Show only one status; again shows the next.", "next_status"),
    _action("requisitions.why", "v", "Why", "Explain why it is routed so, and why you may or may not act.", "why"),
    _action("approvals.approve", "a", "Approve", "Approve the requisition, or all marked ones.", "approve",
            footer=True),
    _action("approvals.approve_comment", "A", "With comment",
            "Approve it with a comment that stays on the trail.", "approve_comment"),
    _action("approvals.reject", "x", "Reject", "Reject it for good; a reason is asked.", "reject", footer=True),
    _action("approvals.request_changes", "c", "Ask changes", "Send it back to the requester; a reason is asked.",
            "request_changes", footer=True),
    _action("approvals.confirm_urgency", "u", "Confirm urgent",
            "Confirm that it is urgent: this is also your approval, and it goes straight to treasury.",
            "confirm_urgency"),
    _action("approvals.decline_urgency", "d", "Decline urgent",
            "Say that it is not urgent: the normal sequence of approvals runs.", "decline_urgency"),
    _action("approvals.reassign", "i", "Reassign", "Give the decision to somebody else; a reason is asked.",
            "reassign"),
    _action("approvals.sort", "s", "Sort", "Sort by age, by amount, or by the time that is left.", "sort"),
    _action("approvals.why", "v", "Why", "Explain why it is routed so, and why you may or may not act.", "why"),
    _action("payments.pay", "p", "Pay",
            "Pay all marked payments with one code, or the one under the cursor; opening one pays it too.", "pay",
            footer=True),
    _action("payments.bank_file", "b", "Bank file",
            "Write a bank file of the marked bank transfers, or of the one under the cursor.", "bank_file"),
    _action("payments.send_code", "o", "Send code", "Send a one-time code, or a new one in place of the old.",
            "send_code", footer=True),
    _action("payments.schedule", "d", "Schedule",
            "Confirm the marked payments, or the one under the cursor, for a later day.", "schedule"),
    _action("payments.unschedule", "u", "Unschedule",
            "Take the day of a scheduled payment away again, or of all marked ones; a reason is asked.", "unschedule"),
    _action("payments.retry", "t", "Retry", "Try a failed payment again.", "retry", footer=True),
    _action("payments.ask", "K", "Ask state", "Ask the gateway what became of a payment that was sent.", "ask_state"),
    _action("payments.assign", "i", "Assign", "Assign another treasury officer to pay it.", "assign"),
    _action("payments.cancel", "x", "Cancel", "Cancel a payment that has not left; a reason is asked.", "cancel"),
    _action("payments.whose", "m", "Mine/all", "Show only the payments assigned to you, or all.", "switch_whose"),
    _action("payments.status", "f", "State", "Show ready, waiting for funds, failed, done or all; again the next.",
            "next_status", footer=True),
    _action("payments.status_before", "F", "State before", "Show the state before.", "status_before"),
    _action("payments.why", "v", "Why not", "Show every reason why it cannot be paid now.", "why"),
    _action("ledger.next_fund", "f", "Next fund", "Show the cash book of the next fund.", "next_fund", footer=True),
    _action("ledger.previous_fund", "F", "Fund before", "Show the cash book of the fund before.", "previous_fund"),
    _action("ledger.type", "t", "Type", "Show only paid out, paid in or adjustments; again shows all.", "next_type",
            footer=True),
    _action("ledger.period", "p", "Period", "Choose the period shown.", "period", footer=True),
    _action("ledger.fund", "o", "Choose fund", "Choose the fund by its code or name.", "choose_fund"),
    _action("ledger.amount", "a", "Amount", "Show only amounts in a range.", "amount"),
    _action("ledger.jump", "J", "Jump", "Go to an entry by its number, or to a date.", "jump", footer=True),
    _action("ledger.replenish", "R", "Replenish",
            "Ask for money to bring the fund back to its target, or open the request that is made already.",
            "replenish"),
    _action("ledger.identity", "i", "Float", "Show what the fund's float is made of, and whether it adds up.",
            "identity"),
    _action("ledger.statement", "T", "Statement", "Show the fund's statement of a month, and export it.", "statement"),
    _action("audit.person", "o", "Person", "Show only what one person did.", "choose_person", footer=True),
    _action("audit.action", "t", "Action", "Show only one kind of act: payments, sign-ins, exports.", "choose_action",
            footer=True),
    _action("audit.subject", "s", "Subject", "Show only what happened to this one; again shows all.", "of_subject",
            footer=True),
    _action("audit.period", "p", "Period", "Choose the period shown.", "period", footer=True),
    _action("audit.verify", "v", "Verify", "Check the chain and the books against it: the last 30 days, or all.",
            "verify", footer=True),
    # Each list of the treasury has some of these; a key means the same in all of them.
    _action("treasury.reconcile", "c", "Reconcile", "Mark the payment reconciled, or all marked ones.", "reconcile",
            footer=True),
    _action("treasury.undo", "u", "Undo", "Undo the reconciliation of the payment; a reason is asked.", "undo",
            footer=True),
    _action("treasury.record_variance", "v", "Variance", "Record that the payment came to another amount.",
            "record_variance", footer=True),
    _action("treasury.approve", "a", "Approve", "Approve the variance or the transfer: money moves.", "approve",
            footer=True),
    _action("treasury.reject", "x", "Reject",
            "Reject it for good, or tell which line the bank refused; a reason is asked.", "reject", footer=True),
    _action("treasury.trend", "t", "Trend", "Show the variances of the last months, by fund.", "trend", footer=True),
    _action("treasury.confirm_lines", "p", "Paid",
            "Tell that the bank paid the lines of the file, or one of them; its reference is asked.", "confirm_lines",
            footer=True),
    _action("treasury.write_file", "w", "Write file",
            "Write the bank's file again, or the claim as PDF, into your folder of exports.",
            "write_file"),
    _action("treasury.close_month", "d", "Close", "Close the month, after its check-list; a reason is asked.",
            "close_month", footer=True),
    _action("treasury.reopen_month", "D", "Reopen", "Open a closed month again; a reason is asked.", "reopen_month",
            footer=True),
    _action("treasury.send_again", "T", "Send again", "Have a notice tried again now that did not arrive.",
            "send_again", footer=True),
    _action("treasury.claim", "C", "Claim", "Show the claim of the replenishment: the vouchers it covers.", "claim",
            footer=True),
    _action("treasury.ask_for", "R", "Ask for money",
            "Ask for money for a fund, or for a transfer from one fund to another.", "ask_for", footer=True),
    _action("treasury.view", "f", "Next list", "Show the treasury's next list.", "next_view", footer=True),
    _action("treasury.view_before", "F", "List before", "Show the list before.", "previous_view"),
    _action("treasury.state", "s", "Which", "Show another part of the list, such as only what is open.", "next_state",
            footer=True),
    # -- windows -------------------------------------------------------------------------------------------------------
    _action("window.copy", "y", "Copy", "Copy the text to the clipboard.", "copy"),
    _action("window.close", "enter q space", "Close", "Close the window.", "back"),
    _action("window.left", "left h", "Left", "Show the beginning of long lines again.", "sideways(-8)"),
    _action("window.right", "right l", "Right", "Show more of long lines.", "sideways(8)"),
    _action("entry.copy", "y", "Copy", "Copy the entry as plain text to the clipboard.", "copy"),
    _action("entry.payment", "p", "Payment", "Show the payment that the entry comes from.", "payment"),
    _action("entry.requisition", "r", "Requisition", "Show the requisition that the entry comes from.", "requisition"),
    _action("entry.trail", "t", "Trail", "Show who asked for it, approved it and paid it.", "trail"),
    _action("replenishment.approve", "a", "Approve", "Approve that the fund is filled up.", "approve"),
    _action("replenishment.reject", "x", "Reject", "Reject the replenishment for good; a reason is asked.", "reject"),
    _action("replenishment.receive", "r", "Receive",
            "Record that the money has come: its reference and amount are asked.", "receive"),
    _action("replenishment.copy", "y", "Copy", "Copy the replenishment as plain text to the clipboard.", "copy"),
    _action("prompt.yes", "y", "Yes", "Say yes: do what is asked about.", "yes"),
    _action("prompt.no", "n", "No", "Say no: nothing is done.", "back"),
    _action("prompt.next", "right down tab", "Next answer", "Go to the next answer.", "app.focus_next"),
    _action("prompt.previous", "left up shift+tab", "Answer before", "Go to the answer before.", "app.focus_previous"),
    # Asked before the line one types in, which has the focus.
    _action("choice.down", "down", "Down", "Go to the next line of what one can choose.", "row_down", priority=True),
    _action("choice.up", "up", "Up", "Go to the line before.", "row_up", priority=True),
    _action("choice.page_down", "pagedown", "Page down", "Go down by several lines.", "rows_down", priority=True),
    _action("choice.page_up", "pageup", "Page up", "Go up by several lines.", "rows_up", priority=True),
    _action("export.up", "up k", "Up", "Go to the question before.", "line(-1)"),
    _action("export.down", "down j tab", "Down", "Go to the next question.", "line(1)"),
    _action("export.left", "left h", "Other answer", "Choose the answer before.", "change(-1)"),
    _action("export.right", "right l space", "Other answer", "Choose the next answer.", "change(1)"),
    _action("export.go_on", "enter", "Go on", "Export; work on while it runs; close the window when it is done.",
            "go_on"),
    _action("statement.export", "E", "Export", "Write the whole statement as text or PDF into your folder of exports.",
            "export"),
    _action("lock.sign_out", "ctrl+o f4", "Sign out", "Sign out instead of unlocking; drafts are kept.", "leave"),
    _action("pay.copy", "ctrl+y f6", "Copy", "Copy the payment or its voucher as plain text.", "copy"),
    _action("pay.reference_before", "ctrl+t f7", "Ref. before",
            "Go back to the reference of the payment before.", "reference_before"),
    _action("pay.page_down", "pagedown", "Page down", "Show more of the list that is confirmed.", "rows_down"),
    _action("pay.page_up", "pageup", "Page up", "Show the part of that list before.", "rows_up"),
    _action("pay.resend", "ctrl+r f5", "New code", "Send a new code in place of the old one.", "resend", footer=True),
)  # fmt: skip


def display_key(key: str) -> str:
    """A Textual key name as people read it: `ctrl+p` is `^p`, `escape` is `esc`, `f1` is `F1`."""
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    return _SHOWN.get(key, _LONG_NAMES.get(key, key))


def action(id: str) -> Action:
    """The action of that public name. Raises KeyError when there is none."""
    return _BY_ID[id]


def use_keymap(keymap: Mapping[str, str]) -> None:
    """Let `key` name the keys of this remapping; the program has one, read when it starts."""
    _in_force.clear()
    _in_force.update(keymap)


def key(id: str) -> str:
    """The key of an action as prompts and hints write it, as remapped: `f"{key('pay.resend')} sends a new code"`."""
    return display_key(keys_of(_BY_ID[id])[0])


def actions_of(*scopes: str) -> tuple[Action, ...]:
    """The actions of these scopes, in the order of the registry."""
    return tuple(entry for entry in ACTIONS if entry.scope in scopes)


def binding(id: str) -> Binding:
    """One action as a Textual binding, for a node outside its scope (`/` on a screen whose list is not focused)."""
    from textual.binding import Binding

    entry = _BY_ID[id]
    return Binding(
        ",".join(entry.keys),
        entry.method,
        entry.label,
        show=entry.footer,
        priority=entry.priority,
        tooltip=entry.tooltip,
        id=entry.id,
    )


def bindings_for(scope: str) -> list[Binding]:
    """The bindings of a scope, for the `BINDINGS` of the class that answers them."""
    return [binding(entry.id) for entry in actions_of(scope)]


def keys_of(entry: Action, keymap: Mapping[str, str] | None = None) -> Sequence[str]:
    """The keys of an action under a remapping; without one, those that are in force."""
    given = _in_force if keymap is None else keymap
    return split_keys(given[entry.id]) if entry.id in given else entry.keys


def split_keys(keys: str) -> tuple[str, ...]:
    """The keys of one entry of a remapping: `"slash,ctrl+f"` is `/` and `ctrl+f`."""
    return tuple(_LONG_NAMES.get(key.strip(), key.strip()) for key in keys.split(",") if key.strip())


_in_force: dict[str, str] = {}
_BY_ID: dict[str, Action] = {entry.id: entry for entry in ACTIONS}
