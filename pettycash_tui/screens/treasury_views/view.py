"""What the treasury's screen shows at a time: one list of something, its detail, and the keys that act on it.

A view is made once for each screen. What it reads runs in threads and touches no widget; what a key starts runs on the
event loop and asks and writes through the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.prompts import NO_UNDO, ConfirmPrompt
from pettycash_tui.screens.seen_rows import SeenRows
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.totals import Total
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.paging import RowSource

R = TypeVar("R")
D = TypeVar("D")


class Kind(NamedTuple):
    """A part of the list: its name in the title, what it is narrowed to (None: all), what is said where it is empty."""

    name: str
    given: Any
    empty: str


class TreasuryView(Generic[R, D]):
    """One list of the treasury. `R` is a row as its service lists it, `D` the whole of a row.

    `acts` names the keys that are alive, each with the rights of which one is enough; a method of that name answers.
    """

    name: ClassVar[str] = ""
    """By this the screen is told to show it."""
    title: ClassVar[str] = ""
    told: ClassVar[str] = ""
    """What it is for, as the help says it."""
    row_type: ClassVar[type] = object
    rights: ClassVar[frozenset[Right]] = frozenset()
    """Of these one is needed to see it."""
    filter_hint: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    """How the numbers of its rows begin, where the palette and the desk lead to them."""
    kinds: ClassVar[tuple[Kind, ...]] = ()
    acts: ClassVar[Mapping[str, frozenset[Right]]] = {}
    without_row: ClassVar[frozenset[str]] = frozenset()
    """Those of them that need no row under the cursor."""

    def __init__(self, screen: SeenRows) -> None:
        self.screen = screen
        self.context = screen.context
        self.place = 0

    @classmethod
    def is_offered_to(cls, actor: Actor) -> bool:
        """Whether the person has a use for it."""
        return any(actor.may(right) for right in cls.rights)

    @property
    def kind(self) -> Kind:
        """Which part of the list is shown."""
        return self.kinds[self.place]

    @property
    def empty(self) -> str:
        """What is said when nothing is listed: what there would be, and what to do."""
        more = f" {key('treasury.state')} shows others." if len(self.kinds) > 1 else ""
        return f"{self.kind.empty}{more}"

    # -- reading -------------------------------------------------------------------------------------------------------

    def source(self, search: str) -> RowSource:
        """The list, narrowed to a text."""
        raise NotImplementedError

    def weigh(self, reading: Reading, search: str) -> Total | None:
        """How many rows there are and what they come to, for the title; None where that is not told."""
        return None

    def read_detail(self, row: R) -> D:
        """The whole of a row. Blocks; called in a thread."""
        raise NotImplementedError

    def draw_detail(self, detail: D) -> Content:
        """What the detail pane shows of it."""
        raise NotImplementedError

    def export_request(self, search: str) -> ExportRequest | None:
        """All that the list shows; None where it cannot be exported."""
        return None

    def seek(self, reading: Reading, number: str) -> tuple[Any, int]:
        """The key of the row with that number, and the kind among which it is listed. Raises NotFound."""
        raise NotImplementedError

    # -- acting --------------------------------------------------------------------------------------------------------

    def offers(self, act: str, row: R, detail: D | None) -> bool:
        """Whether a key does something to the row; `detail` is None until it was read."""
        return True

    def number_of(self, row: R) -> str:
        """What people call a row by."""
        return str(getattr(row, "number", ""))

    def open_row(self) -> bool:
        """Enter was pressed on a row: whether that opened something; else the detail is gone to."""
        return False

    def here(self, *, to_act: bool = False) -> R | None:
        """The row that a key acts on; None, with the reason told, where it was not seen, or is gone, or is none.

        `to_act`: the key does it without asking first, so the row must have been there long enough to be read.
        """
        screen = self.screen
        row = screen.table.cursor_row
        if screen.is_unsettled or (row is not None and not isinstance(row.value, self.row_type)):
            screen.tell_unsettled()
            return None
        if row is None:
            return None
        number = self.number_of(row.value)
        if row.gone:
            words = next((cell.text for cell in row.cells if cell.text.startswith("− ")), "− taken by somebody else")
            screen.tell(f"{number} is not here any more: {words.removeprefix('− ')}.", warning=True)
            return None
        if to_act and screen.has_slid(number):
            return None
        value: R = row.value
        return value

    def do(
        self,
        row: R | None,
        service: Callable[..., Any],
        *given: Any,
        then: Callable[[Any], str],
        prompt: FormPrompt | None = None,
        about: Any = None,
        waits: str = "saving…",
    ) -> bool:
        """Change a row once, as this person; `then` says in a sentence what was done. False while it is being done.

        `service` takes what is `given`; `about` names the change where it is of no row. A `prompt` shows a refusal.
        """
        begin = partial(self.context.desk.run, self.context.actor, service, *given)
        number = self.number_of(row) if row is not None else about
        return self.begin(number, begin, then=then, prompt=prompt, waits=waits)

    def begin(
        self,
        number: Any,
        change: Callable[[], Any],
        *,
        then: Callable[[Any], str],
        prompt: FormPrompt | None = None,
        waits: str = "saving…",
    ) -> bool:
        """The same for what is no single unit of work: `change` is called in a thread."""
        screen = self.screen

        def done(state: Any) -> None:
            if prompt is not None and prompt.is_attached:
                prompt.finish()
            if sentence := then(state):
                screen.tell(sentence)
            screen.reload()

        def failed(error: PettyCashError) -> None:
            if prompt is not None and prompt.is_attached:
                prompt.refuse(error)
            else:
                screen.show_error(error)
            # Somebody else may have been faster: show how things stand.
            screen.reload()

        begun = screen.write(
            change,
            then=done,
            failed=failed,
            key=(self.name, number),
            waits=waits,
            window=prompt,
        )
        if not begun and prompt is None:
            screen.tell(f"{number} is being recorded already; you will be told.", warning=True)
        return begun

    def confirm(
        self,
        title: str,
        lines: Sequence[str],
        label: str,
        act: Callable[[], object],
        *,
        undo: str = NO_UNDO,
    ) -> None:
        """Ask yes or no before something is done."""

        def answered(yes: bool | None) -> None:
            if yes:
                act()

        self.screen.app.push_screen(ConfirmPrompt(title, lines, label, undo=undo), answered)

    def form(
        self,
        title: str,
        lines: Sequence[str],
        asks: Sequence[Asked],
        send: Callable[[FormPrompt, Typed], bool],
        *,
        enter_does: str,
        undo: str = NO_UNDO,
        help_text: str = "",
        compare: Callable[[Typed], str] | None = None,
    ) -> None:
        """Ask for a few fields before something is done; the prompt stays until the books have answered."""
        opened: list[FormPrompt] = []
        prompt = FormPrompt(
            title,
            lines,
            asks,
            lambda typed: send(opened[0], typed),
            enter_does=enter_does,
            undo=undo,
            help_text=help_text,
            compare=compare,
        )
        opened.append(prompt)
        self.screen.app.push_screen(prompt)
