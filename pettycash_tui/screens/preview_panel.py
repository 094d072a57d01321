"""The live part of the form: what will happen to what is being typed."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services.preview import Preview
from pettycash_tui.widgets.plain import plain

_TITLE = "What will happen"


class PreviewPanel(Static):
    """Fund and what is available in it, tier, who acts in which order, and warnings."""

    DEFAULT_CSS = """
    PreviewPanel { color: $foreground; background: $surface; padding: 0 1; overflow-y: auto; }
    """

    def __init__(self, context: DeskContext, *, id: str | None = None) -> None:
        super().__init__(plain(_TITLE, "bold $primary"), markup=False, id=id)
        self._desk = context

    @property
    def text(self) -> str:
        """What is shown."""
        return str(self.content)

    def show(self, preview: Preview) -> None:
        """Show what is known now."""
        lines = [plain(_TITLE, "bold $primary"), *self._money(preview), *_people(preview), *_warnings(preview)]
        self.update(Content("\n").join(lines))

    def _money(self, preview: Preview) -> list[Content]:
        if preview.fund is None or preview.available is None:
            return [plain("Type an amount, and you see here who approves and which fund pays.", "$text-muted")]
        tier = f"{preview.tier} ({preview.threshold})" if preview.tier else "none"
        return [
            plain(f"Fund  {preview.fund}: {self._desk.money_with_currency(preview.available)} available"),
            plain(f"Tier  {tier}"),
        ]


def _people(preview: Preview) -> list[Content]:
    lines = []
    for step in preview.steps:
        behalf = f" for {step.on_behalf_of.name}" if step.on_behalf_of else ""
        lines.append(plain(f"{step.position:<5} {step.kind.label}: {step.approver.name}{behalf} ({step.role.label})"))
    return lines


def _warnings(preview: Preview) -> list[Content]:
    # The first note repeats tier and amount; the others say what is unusual.
    told = [plain(f"✖ {reason}", "bold $error") for reason in preview.reasons]
    told += [plain(f"! {warning}", "$warning") for warning in preview.warnings]
    return told + [plain(f"· {note}", "$text-muted") for note in preview.notes[1:]]
