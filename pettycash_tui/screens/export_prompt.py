"""Exporting a list: asks which rows and what kind of file, shows how far it is, and says where the file went."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID
from weakref import WeakKeyDictionary

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.screens.clipboard import send_to_clipboard
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.export_kinds import ExportKind
from pettycash_tui.services import export_files, forced
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.export import Exported
from pettycash_tui.services.export_progress import ExportStopped, Progress
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.widgets.background import Background, WindowMark
from pettycash_tui.widgets.plain import MUTED, PlainText, plain

if TYPE_CHECKING:
    from pettycash_tui.screens.copying import Copying

LOOK_EVERY = 0.25
"""Seconds between two looks at how far an export is."""

_jobs: WeakKeyDictionary[App[Any], ExportJob] = WeakKeyDictionary()


class ExportJob:
    """An export under way for a screen; it goes on when its window is closed."""

    def __init__(self, owner: Copying, kind: ExportKind, marked: Sequence[UUID]) -> None:
        self.owner = owner
        self.kind = kind
        self.marked = marked
        self.progress = Progress()
        self.window: ExportPrompt | None = None
        self.is_over = False

    def run(self) -> Exported:
        """Write the file. Blocks; called in a thread."""
        desk, actor = self.owner.context.desk, self.owner.context.actor
        try:
            with export_files.in_exports(desk.home, actor.username, self.kind.file_name) as draft:
                return self.kind.write(desk, actor, draft, self.progress, self.marked)
        finally:
            self.is_over = True


def stop_exports_of(owner: Copying) -> None:
    """Stop the export of a screen that is closed."""
    for job in list(_jobs.values()):
        if job.owner is owner:
            job.progress.stop()


class ExportPrompt(Background, ModalScreen[None]):
    """Which rows, what kind of file; then the progress, and at last where the file is.

    `request` is the list, where the first kinds are of one; `marked` its marked rows.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        binding("window.copy"),
        *bindings_for("export"),
    ]
    DEFAULT_CSS = """
    ExportPrompt { align: center middle; }
    ExportPrompt > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ExportPrompt.-done > Vertical {
        width: 100%; padding: 0; border: none; border-top: solid $primary; border-bottom: solid $primary;
    }
    ExportPrompt .title { text-style: bold; color: $primary; margin-bottom: 1; }
    ExportPrompt .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(
        self,
        owner: Copying,
        title: str,
        kinds: Sequence[ExportKind],
        *,
        request: ExportRequest | None = None,
        marked: Sequence[UUID] = (),
    ) -> None:
        super().__init__()
        self._owner = owner
        self._title = title
        self._kinds = tuple(kinds)
        self._request = request
        self._marked = tuple(marked)
        self._only_marked = bool(marked)
        self._kind = self._kinds[0]
        self._line = 0
        self._count: int | None = None
        self._job: ExportJob | None = None
        self._done: Exported | None = None
        self._timer: Timer | None = None

    @property
    def context(self) -> DeskContext:
        """Who exports."""
        return self._owner.context

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(f"Export: {self._title}", classes="title")
            yield PlainText(id="said")
            yield WindowMark()
            yield PlainText(classes="foot")

    def on_mount(self) -> None:
        job = _jobs.get(self.app)
        if job is not None and not job.is_over:
            self._watch(job)
            return
        if self._request is not None:
            self.read(
                "count",
                self.context.read,
                self._request.expected,
                then=self._counted,
                failed=lambda _: None,
                waits="counting the rows…",
            )
        self._ask()

    @property
    def text(self) -> str:
        """What is said."""
        return self.query_one("#said", PlainText).text

    def _say(self, content: Content | str, *keys: str) -> None:
        self.query_one("#said", PlainText).update(content)
        self.query_one(".foot", PlainText).show(" · ".join(keys))

    # -- asking --------------------------------------------------------------------------------------------------------

    def _counted(self, count: int | None) -> None:
        self._count = count
        if self._job is None and self._done is None:
            self._ask()

    def _ask(self) -> None:
        formats = [(kind.label, kind is self._kind) for kind in self._kinds]
        lines = [
            self._choice(0, "Rows", self._rows()),
            self._choice(1, "Format", formats),
            plain(f"  File    {self._kind.file_name}", MUTED),
            plain(f"  Folder  {self._folder}", MUTED),
        ]
        choosing = " ".join(key(f"export.{name}") for name in ("up", "down", "left", "right"))
        self._say(
            Content("\n").join(lines),
            f"{key('export.go_on')} exports",
            f"{choosing} choose",
            f"{key('app.back')} leaves",
        )

    def _rows(self) -> list[tuple[str, bool]]:
        if self._kind.what:
            return [(self._kind.what, True)]
        everything = "all that the list shows" if self._count is None else f"all {self._count:,} that the list shows"
        if not self._marked:
            return [(everything, True)]
        marked = "only the marked one" if len(self._marked) == 1 else f"only the {len(self._marked):,} marked"
        return [(everything, not self._only_marked), (marked, self._only_marked)]

    def _choice(self, line: int, label: str, options: Sequence[tuple[str, bool]]) -> Content:
        shown = "   ".join(f"({'•' if is_chosen else ' '}) {text}" for text, is_chosen in options)
        at_cursor = line == self._line
        return plain(f"{'▸' if at_cursor else ' '} {label:<7} {shown}", "bold" if at_cursor else "")

    @property
    def _folder(self) -> Path:
        return self.context.desk.home / export_files.FOLDER / self.context.actor.username

    def action_line(self, by: int) -> None:
        """Go to the other choice."""
        if self._job is None and self._done is None:
            self._line = (self._line + by) % 2
            self._ask()

    def action_change(self, by: int) -> None:
        """Choose another answer."""
        if self._job is not None or self._done is not None:
            return
        if self._line == 1:
            self._kind = self._kinds[(self._kinds.index(self._kind) + by) % len(self._kinds)]
        elif self._marked and not self._kind.what:
            self._only_marked = not self._only_marked
        self._ask()

    # -- exporting -----------------------------------------------------------------------------------------------------

    def action_go_on(self) -> None:
        """Export; go on working while it runs; close it when it is done."""
        if self._job is not None or self._done is not None:
            self.dismiss(None)
            return
        job = ExportJob(self._owner, self._kind, self._marked if self._only_marked and not self._kind.what else ())
        app = self.app
        begun = self._owner.write(
            job.run,
            then=partial(_finished, app, job),
            failed=partial(_failed, app, job),
            key="export",
            waits="exporting…",
        )
        if begun:
            _jobs[app] = job
            self._watch(job)
        else:
            self._say("Another export has not ended yet. Wait a moment.", f"{key('app.back')} closes")

    def _watch(self, job: ExportJob) -> None:
        self._job = job
        job.window = self
        self._timer = self.set_interval(LOOK_EVERY, self._look)
        self._look()

    def _look(self) -> None:
        job = self._job
        if job is None:
            return
        if job.progress.is_stopped:
            self._say("Stopping…", f"{key('app.back')} closes")
        else:
            self._say(
                f"{job.kind.file_name}\n{job.progress}",
                f"{key('app.back')} stops it",
                f"{key('export.go_on')} lets it run while you work on",
            )

    def _end_watch(self) -> None:
        self._job = None
        if self._timer is not None:
            self._timer.stop()

    def show_done(self, done: Exported) -> None:
        """Say where the file is, and how it gets to one's own computer."""
        job = self._job
        self._end_watch()
        self._done = done
        # Without sides, so that what is marked with the mouse is the path or the command alone.
        self.add_class("-done")
        path = shlex.quote(str(done.path))
        command = job.kind.command if job is not None and not job.marked else None
        lines = [
            plain(f"✔ {summary(done)}", "$success"),
            plain(str(done.path)),
            plain("\nTo have it on your own computer, type there:", MUTED),
            plain(_fetching(platform.node() or "HOST", path, done)),
        ]
        if command and not self.context.demo:
            lines += [plain("or, without a copy here:", MUTED), plain(f"ssh {platform.node()} {command}")]
        self._say(Content("\n").join(lines), f"{key('window.copy')} copies the path", f"{key('app.back')} closes")

    def show_failure(self, error: PettyCashError) -> None:
        """Say why there is no file."""
        self._end_watch()
        again = f"{key('export.go_on')} tries again"
        self._say(plain(f"✖ {error.message}", "$error"), again, f"{key('app.back')} closes")

    def action_copy(self) -> None:
        """Copy the path of the file."""
        if self._done is not None:
            self._owner.tell(send_to_clipboard(self.app, str(self._done.path)))

    def action_back(self) -> None:
        """Stop what runs; else close the window."""
        if self._job is not None and not self._job.progress.is_stopped:
            self._job.progress.stop()
            self._look()
        else:
            self.dismiss(None)


def _fetching(host: str, path: str, done: Exported) -> str:
    """What brings a file home; a forced command knows no scp."""
    if forced.current() is None or done.path is None:
        return f"scp {host}:{path} ."
    return f"ssh {host} ssh get {done.path.name} > {done.path.name}"


def summary(done: Exported) -> str:
    """What was exported: `12,000 rows, 1.4 MB`."""
    parts = ["1 row" if done.rows == 1 else f"{done.rows:,} rows", size_of(done.size)]
    parts += [f"{done.sheets} sheets"] if done.sheets > 1 else []
    parts += [f"{done.missing} of the marked no longer in the list"] if done.missing else []
    return ", ".join(parts)


def size_of(size: int) -> str:
    """A size for people: `812 bytes`, `48 kB`, `1.4 MB`."""
    if size < 1000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size // 1000} kB"
    return f"{size // 1_000_000}.{size % 1_000_000 // 100_000} MB"


def _finished(app: App[Any], job: ExportJob, done: Exported) -> None:
    _jobs.pop(app, None)
    if job.window is not None and job.window.is_attached:
        job.window.show_done(done)
    else:
        job.owner.tell(f"Exported {summary(done)} to {done.path}")


def _failed(app: App[Any], job: ExportJob, error: PettyCashError) -> None:
    _jobs.pop(app, None)
    window = job.window if job.window is not None and job.window.is_attached else None
    if isinstance(error, ExportStopped):
        job.owner.tell(error.message)
        if window is not None:
            close(window)
    elif window is not None:
        window.show_failure(error)
    else:
        job.owner.show_error(error)
