"""What the app asks of a screen without knowing which it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class KeepsDrafts(Protocol):
    """A screen with text that was typed and not yet sent."""

    def unsaved(self) -> Callable[[], object] | None: ...
    async def keep_draft(self) -> None: ...


@runtime_checkable
class FollowsBooks(Protocol):
    """A screen or window that shows what somebody else does."""

    def books_changed(self) -> None: ...


@runtime_checkable
class ShowsConnection(Protocol):
    """An app that says in the status bar of what is open whether the database is away."""

    def show_connection(self) -> None: ...


@runtime_checkable
class GoesBack(Protocol):
    """A screen with something of its own to close before it is left."""

    def action_back(self) -> None: ...
