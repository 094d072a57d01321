"""Between the program and its Postgres server: a connection that can be slow, silent, cut, and whole again."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

from sqlalchemy import make_url

_TICK = 0.02
_CHUNK = 65536


class Proxy:
    """A port of its own that leads to the server of a database. `with Proxy(address) as proxy:` ends it.

    Every answer of the server waits `delay` seconds; what waits goes on at once when the delay is made less.
    """

    def __init__(self, database: str) -> None:
        self._url = make_url(database)
        self.delay = 0.0
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        """The database as it is reached through here."""
        through = self._url.set(host="127.0.0.1", port=self._port).difference_update_query(["host", "port"])
        return through.render_as_string(hide_password=False)

    # -- good and bad times --------------------------------------------------------------------------------------------

    def fall_silent(self) -> None:
        """Nothing is answered any more, and nothing is refused."""
        self.delay = math.inf

    def cut(self) -> None:
        """End every connection, and let nobody in."""
        self._run(self._close())

    def restore(self) -> None:
        """All is as it should be."""
        self.delay = 0.0
        if self._server is None:
            self._run(self._listen())

    # -- how -----------------------------------------------------------------------------------------------------------

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await self._reach()
            ends = {writer, far_writer}
            self._writers |= ends
            try:
                await asyncio.gather(_pump(reader, far_writer, _at_once), _pump(far_reader, writer, self._answer_waits))
            finally:
                self._writers -= ends
                for end in ends:
                    end.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self._url.query.get("host")
        port = self._url.port or 5432
        if isinstance(folder, str) and folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._url.host or "127.0.0.1", port)

    async def _answer_waits(self) -> None:
        since = self._loop.time()
        while self._loop.time() - since < self.delay:
            await asyncio.sleep(_TICK)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: Callable[[], Awaitable[None]]
) -> None:
    try:
        while data := await reader.read(_CHUNK):
            await before()
            writer.write(data)
            await writer.drain()
    finally:
        # One end that is gone takes the other with it.
        writer.transport.abort()


async def _at_once() -> None:
    pass
