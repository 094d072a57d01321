"""The keys of the treasury's screen, each handed on to the list that is shown."""

from __future__ import annotations

from typing import Any

from pettycash_tui.screens.seen_rows import SeenRows


class TreasuryKeys(SeenRows):
    """A screen whose view answers to its keys, as far as it has them."""

    def start(self, act: str) -> None:
        """Let the view do what a key asks for."""
        raise NotImplementedError

    def action_reconcile(self) -> None:
        """Mark a payment reconciled, or all marked ones."""
        self.start("reconcile")

    def action_undo(self) -> None:
        """Undo the reconciliation of a payment."""
        self.start("undo")

    def action_record_variance(self) -> None:
        """Record that a payment came to another amount."""
        self.start("record_variance")

    def action_approve(self) -> None:
        """Approve a variance or a transfer."""
        self.start("approve")

    def action_reject(self) -> None:
        """Reject it."""
        self.start("reject")

    def action_trend(self) -> None:
        """Show how the variances go by month."""
        self.start("trend")

    def action_ask_for(self) -> None:
        """Ask for money, or for a transfer."""
        self.start("ask_for")

    def action_confirm_lines(self) -> None:
        """Tell that the bank paid."""
        self.start("confirm_lines")

    def action_write_file(self) -> None:
        """Write a file again."""
        self.start("write_file")

    def action_close_month(self) -> None:
        """Close a month."""
        self.start("close_month")

    def action_reopen_month(self) -> None:
        """Open a month again."""
        self.start("reopen_month")

    def action_send_again(self) -> None:
        """Have a notice tried again."""
        self.start("send_again")

    def action_claim(self) -> None:
        """Show what a replenishment covers."""
        self.start("claim")


def is_key(name: str) -> bool:
    """Whether the action is one that a view answers."""
    return f"action_{name}" in vars(TreasuryKeys)


def method_of(view: Any, act: str) -> Any:
    """What the view does at that key; None where it does nothing."""
    return getattr(view, act, None) if act in view.acts else None
