"""A box to tick that says with a letter, not only with a colour, whether it is ticked."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class TickBox(Checkbox):
    """`[x]` or `[ ]`, and a label."""

    DEFAULT_CSS = """
    TickBox > .toggle--button { color: $foreground; background: transparent; }
    TickBox:focus > .toggle--button { text-style: bold reverse; }
    TickBox:focus > .toggle--label { color: $foreground; background: transparent; text-style: bold; }
    """

    @property
    def _button(self) -> Content:
        return Content.assemble(("[x]" if self.value else "[ ]", self.get_visual_style("toggle--button")))
