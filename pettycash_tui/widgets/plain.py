"""Text as data: what people typed is drawn letter by letter, never parsed as markup, never obeyed by the terminal.

Everything a screen shows that comes from the database or from a person goes through `plain` or one of these widgets.
Widgets of Textual that take a label or a prompt parse a `str` as markup: give them `plain(text)` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.selection import Selection
from textual.visual import VisualType
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, Static

from pettycash_tui.models.text import printable
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.hanging import HangingText

MUTED = "$text 60%"
"""The style of text that is not the first to be read. `$text-muted`, which is the same in CSS, loses its shade here."""


def plain(text: str, style: str = "") -> Content:
    """`text` as content that is drawn as it is; line breaks and tabs stay, what could steer a terminal is U+FFFD.

    `style` is a Textual style such as `bold` or `$warning`; it comes from the program, never from data.
    """
    return Content.styled(printable(text, multiline=True), style)


class PlainText(Static):
    """A text on the screen, drawn as data."""

    def __init__(self, text: str = "", style: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(plain(text, style), markup=False, id=id, classes=classes)

    @property
    def text(self) -> str:
        """What is shown."""
        return str(self.content)

    def show(self, text: str, style: str = "") -> None:
        """Show another text."""
        self.update(plain(text, style))

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show other content; a string is data here too."""
        super().update(plain(content) if isinstance(content, str) else content, layout=layout)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is marked with the mouse, as it is broken into lines on the screen."""
        if isinstance(self.content, HangingText):
            return selection.extract(self.content.broken(self.content_size.width).plain), "\n"
        return super().get_selection(selection)


class FieldError(PlainText):
    """What was expected of a field, on the line under it; it takes no room while there is nothing to say."""

    DEFAULT_CSS = """
    FieldError { display: none; height: auto; color: $error; text-style: bold; }
    FieldError.-shown { display: block; }
    """

    def show_message(self, message: str) -> None:
        """Stand under the field with a message; an empty one takes the line away."""
        if not message and not self.has_class("-shown"):
            return  # with every key that is typed: laying the form out anew for nothing would be felt
        self.show(f"✖ {message}" if message else "")
        self.set_class(bool(message), "-shown")


class Field(Vertical):
    """One line of a form: a label, the control, and the error under it.

    `name` is the field's name in the services' errors (`InvalidInput.fields`). `control` is an Input, Select or
    Checkbox. An error goes away as soon as the value changes.
    """

    DEFAULT_CSS = """
    Field { height: auto; }
    /* Without a rule for the field itself Textual does not look at the label again when the focus moves. */
    Field:focus-within { height: auto; }
    Field > Horizontal { height: auto; }
    Field .field-label { width: 16; color: $text-muted; }
    Field:focus-within .field-label { color: $foreground; text-style: bold; }
    Field Input, Field Select { width: 1fr; }
    Field FieldError, Field .field-hint { margin-left: 16; }
    Field .field-hint { color: $text-muted; height: auto; display: none; }
    Field:focus-within .field-hint.-has-text { display: block; }
    """

    def __init__(
        self, name: str, label: str, control: Input | Select[Any] | Checkbox, *, hint: str = "", id: str | None = None
    ) -> None:
        super().__init__(name=name, id=id or f"field-{name.replace('_', '-')}")
        self.field_name = name
        self.label = label
        self.control_widget = control
        self._hint = hint
        self._message = FieldError()
        control.compact = True

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield PlainText(self.label, classes="field-label")
            yield self.control_widget
        if self._hint:
            yield PlainText(self._hint, classes="field-hint -has-text")

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keep every letter in the form: on a Select or Checkbox `n` or `2` would leave it for another screen."""
        return character is not None and character.isprintable()

    @property
    def value(self) -> Any:
        """What the field holds: a str, a bool, or the chosen option; None where nothing is chosen."""
        value = self.control_widget.value
        return None if value is Select.NULL else value

    @property
    def error(self) -> str:
        """The message under the field, empty when there is none."""
        return self._message.text.removeprefix("✖ ") if self._message.has_class("-shown") else ""

    def show_error(self, message: str, *, focus: bool = True) -> None:
        """Say what was expected, and go to the field."""
        if message and not self._message.is_attached:
            # Made when it is first needed: a form has many fields and seldom an error, and all are laid out at once.
            self.mount(self._message, after=0)
        if message or self.error:
            self._message.show_message(message)
        if focus and message:
            self.control_widget.focus()

    def clear_error(self) -> None:
        """Take the message away."""
        self.show_error("", focus=False)

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _forget_error(self) -> None:
        self.clear_error()


def show_field_errors(form: DOMNode, error: PettyCashError) -> bool:
    """Show an error's messages beside the fields of a form and go to the first; False when no field is concerned.

    What concerns no field of the form is left to the caller, as a notice.
    """
    fields = {field.field_name: field for field in form.query(Field)}
    shown = [(fields[name], _sentence(name, error.fields)) for name in fields if name in error.fields]
    for place, (field, message) in enumerate(shown):
        field.show_error(message, focus=place == 0)
    return bool(shown)


def focused_field(widget: Widget | None) -> Field | None:
    """The field that a focused widget belongs to."""
    if widget is None:
        return None
    return next((node for node in widget.ancestors_with_self if isinstance(node, Field)), None)


def _sentence(name: str, fields: Mapping[str, str]) -> str:
    message = fields[name]
    return message[:1].upper() + message[1:]
