"""What somebody else does shows on the open screen: the watcher of the books, and who is told by it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import ModalScreen

from pettycash_tui.screens.attendance import Attendance
from pettycash_tui.screens.protocols import FollowsBooks
from pettycash_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.services.desk_courier import DeskCourier
    from pettycash_tui.services.live import Watcher

AWAY = "database away"


class Following(Attendance, inherit_bindings=False):
    """An app that follows the books of whoever works at it."""

    class BooksChanged(Message):
        """Somebody acted."""

    class ConnectionChanged(Message):
        """The database can no longer be listened to, or can again."""

        def __init__(self, is_lost: bool) -> None:
            super().__init__()
            self.is_lost = is_lost

    _watcher: Watcher | None = None
    _courier: DeskCourier | None = None
    _is_away = False

    def begin_following(self, context: DeskContext) -> None:
        """Follow the books as this person."""
        from pettycash_tui.services.desk_courier import DeskCourier
        from pettycash_tui.services.live import Watcher

        self.end_following()
        courier = self._courier = DeskCourier(context.desk)

        def changed() -> None:
            courier.wake()
            self.post_message(self.BooksChanged())

        self._watcher = Watcher(
            context.desk,
            context.actor,
            changed,
            on_lost=lambda: self.post_message(self.ConnectionChanged(is_lost=True)),
            on_back=lambda: self.post_message(self.ConnectionChanged(is_lost=False)),
        )
        courier.start()
        self._watcher.start()

    def end_following(self) -> None:
        """Follow nobody's books any more."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
        if self._courier is not None:
            self._courier.stop()
            self._courier = None
        self._is_away = False

    def on_unmount(self) -> None:
        """However the desk was left: nobody is told any more."""
        self.end_following()

    @on(BooksChanged)
    def _tell_who_is_seen(self) -> None:
        """Tell the screens in view; those below are read again when one comes back to them."""
        if self.context is None:
            return
        self.look_whether_revoked()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, FollowsBooks):
                # One that is being opened lacks some of its parts, and reads the books as they are when it has them.
                with suppress(NoMatches):
                    screen.books_changed()
            if not isinstance(screen, ModalScreen):
                break

    @on(ConnectionChanged)
    def _take_connection(self, message: ConnectionChanged) -> None:
        self._is_away = message.is_lost
        self.show_connection()

    def show_connection(self) -> None:
        """Say in the status bar whether what is shown may be old."""
        words = AWAY if self._is_away else ""
        for screen in self.screen_stack:
            for bar in screen.query(StatusBar):
                if bar.connection != words:
                    bar.show(connection=words)
