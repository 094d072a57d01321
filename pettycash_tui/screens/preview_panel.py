"""The live part of the form: what will happen to what is being typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.requisition_values import TYPED
from pettycash_tui.services.preview import Preview
from pettycash_tui.services.requisition_steps import RouteStepView
from pettycash_tui.widgets.detail_pane import DetailPane
from pettycash_tui.widgets.plain import MUTED, plain

NOTHING_YET = "Type an amount, and you see here who approves and which fund pays."


class PreviewPanel(DetailPane):
    """What stops it, what to look at, tier and who acts in which order, the fund: in this order, it may be cut.

    It scrolls with the keys of lists when one goes to it.
    """

    DEFAULT_CSS = """
    PreviewPanel { background: $surface; color: $foreground; padding: 0 1; scrollbar-size-vertical: 1; }
    PreviewPanel:focus { background: $panel; }
    """

    def __init__(self, context: DeskContext, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._desk = context

    def on_mount(self) -> None:
        self.show(plain(NOTHING_YET, MUTED))

    def show_preview(self, preview: Preview, notes: Iterable[str] = ()) -> None:
        """Show what is known now, and what else there is to say."""
        lines = [*_warnings(preview), *self._tier(preview), *_people(preview.steps), *self._fund(preview)]
        if not lines:
            lines = _stopping(preview) or [plain(NOTHING_YET, MUTED)]
        lines += [plain(f"· {note}", MUTED) for note in (*_unsaid(preview), *notes)]
        self.show(Content("\n").join(lines), keep_place=self.has_focus)

    def _tier(self, preview: Preview) -> list[Content]:
        if preview.tier is None or preview.above is None:
            return []
        bounds = []
        if preview.above.minor or preview.up_to is None:
            bounds.append(f"above {self._desk.money_with_currency(preview.above)}")
        if preview.up_to is not None:
            write = self._desk.money if bounds else self._desk.money_with_currency
            bounds.append(f"up to {write(preview.up_to)}")
        return [plain(f"Tier {preview.tier}: {' '.join(bounds)}", "bold $primary")]

    def _fund(self, preview: Preview) -> list[Content]:
        if preview.fund is None or preview.available is None or preview.after is None:
            return []
        available, after = self._desk.money_with_currency(preview.available), self._desk.money(preview.after)
        return [
            plain(f"Fund {preview.fund}", "bold $primary"),
            plain(f"  {available} available after holds, {after} after this"),
        ]


def _people(steps: Sequence[RouteStepView]) -> list[Content]:
    return [
        plain(f"{step.position} {step.kind.label:<8} {step.approver.name}") + plain(f"  {step.why}", MUTED)
        for step in steps
    ]


def _stopping(preview: Preview) -> list[Content]:
    """What keeps an amount that is right from being routed: a field that nobody typed wrong, such as no fund at all."""
    if "amount" in preview.problems:
        return []
    stops = [(name, message) for name, message in preview.problems.items() if name not in TYPED]
    return [plain(f"✖ {name.replace('_', ' ').capitalize()}: {message}", "bold $error") for name, message in stops]


def _warnings(preview: Preview) -> list[Content]:
    told = [plain(f"✖ {reason}", "bold $error") for reason in preview.reasons]
    return told + [plain(f"! {warning}", "$warning") for warning in (*preview.warnings, *preview.alike)]


def _unsaid(preview: Preview) -> list[str]:
    """The notes but for the first, which repeats tier and amount, and for those that a step's own reason holds."""
    said = [f"stands in: {step.escalation_reason}." for step in preview.steps if step.escalation_reason]
    said += [f"acts for {step.on_behalf_of.name}, who is away." for step in preview.steps if step.on_behalf_of]
    return [note for note in preview.notes[1:] if not note.endswith(tuple(said))]
