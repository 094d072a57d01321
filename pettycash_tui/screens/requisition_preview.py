"""What will happen to a form that is being typed: asked a moment after the last key, told beside the fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic

from textual.timer import Timer

from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.requisition_fields import RequisitionFields
from pettycash_tui.screens.requisition_values import Values
from pettycash_tui.services.preview import Preview, preview
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.widgets.plain import focused_field
from pettycash_tui.widgets.safe_input import SafeInput

DELAY = 0.25
"""Seconds without a key before it is asked."""


class LivePreview:
    """The live part of one form. `given` is what a submission would be given now, and which requisition it changes."""

    def __init__(
        self, screen: DeskScreen, fields: RequisitionFields, given: Callable[[], tuple[RequisitionInput, str | None]]
    ) -> None:
        self._screen = screen
        self._fields = fields
        self._given = given
        self._found = Preview()
        self._found_of: Values = {}
        self._asked_of: Values | None = None
        self._note = ""
        self._timer: Timer | None = None
        self._last_key = 0.0

    def typed(self) -> None:
        """A key: no timer is made anew for it, nothing is read and nothing drawn."""
        self._last_key = monotonic()
        if self._timer is None:
            self._timer = self._screen.set_timer(DELAY, self._ask_when_quiet)

    def _ask_when_quiet(self) -> None:
        self._timer = None
        rest = self._last_key + DELAY - monotonic()
        if rest > 0.01:
            self._timer = self._screen.set_timer(rest, self._ask_when_quiet)
        elif self._fields.values != self._asked_of:
            self.ask()

    def ask(self) -> None:
        """Ask now."""
        self._asked_of = values = self._fields.values
        given, number = self._given()
        self._screen.ask("preview", preview, given, number, then=partial(self._show, values))

    def end(self) -> None:
        """The form is left."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def note(self, text: str) -> None:
        """Say something beside what the services say; nothing takes it away."""
        if text != self._note:
            self._note = text
            self._draw()

    def _show(self, of: Values, found: Preview) -> None:
        self._found, self._found_of = found, of
        self._draw()
        self.show_problems()

    def _draw(self) -> None:
        self._screen.query_one(PreviewPanel).show_preview(self._found, [self._note] if self._note else [])

    def show_problems(self) -> None:
        """Say what is wrong beside every field that one has left, and at once where something was pasted.

        Only what is said of a value that still stands there: the next preview is on its way when it was changed.
        """
        here, values, seen = focused_field(self._screen.focused), self._fields.values, self._found_of
        for name, message in self._found.problems.items():
            if not values.get(name) or values[name] != seen.get(name):
                continue
            field = self._fields.field(name)
            control = field.control_widget
            if field is not here or (isinstance(control, SafeInput) and control.was_pasted):
                field.show_error(message[:1].upper() + message[1:], focus=False)
