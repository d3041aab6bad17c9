"""A thread that runs an event loop, so that blocking code can use asynchronous code.

It works where a loop runs already, as in a notebook, and leaves the caller's thread alone: an
iterator that is handed in is read in the thread that called.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
)
from concurrent.futures import Future
from functools import cached_property
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

READ_AHEAD = 100  # items fetched at a time from the caller's iterator


class LoopThread:
    """An event loop in a thread of its own, from the first use on."""

    _closed = False

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="odoo-batch-job", daemon=True)
        self._thread.start()
        return loop

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Return what the coroutine returns; an interrupt of the caller cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def run_reading(
        self, function: Callable[[AsyncIterator[T]], Coroutine[Any, Any, R]], items: Iterable[T]
    ) -> R:
        """Return what ``function(stream)`` returns, where ``stream`` gives the items.

        The items are read in the calling thread: a database cursor may insist on that.
        """
        requests: SimpleQueue[Future[list[T]] | None] = SimpleQueue()
        future = asyncio.run_coroutine_threadsafe(function(_stream(requests)), self._loop)
        future.add_done_callback(lambda _: requests.put(None))
        iterator = iter(items)
        try:
            while (request := requests.get()) is not None:
                _answer(request, iterator)
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, source: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """Yield what the asynchronous generator yields, and close it in the end."""
        try:
            while items := self.run(_next(source)):
                yield items[0]
        finally:
            if not self._closed:  # else it was left unfinished, and collected after all had ended
                self.run(_close(source))

    def close(self) -> None:
        """Stop the thread; nothing may run in it any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._closed = True


async def _stream(requests: SimpleQueue[Future[list[T]] | None]) -> AsyncIterator[T]:
    while True:
        request: Future[list[T]] = Future()
        requests.put(request)
        items = await asyncio.wrap_future(request)
        if not items:
            return
        for item in items:
            yield item


def _answer(request: Future[list[T]], iterator: Iterator[T]) -> None:
    """Give the next items; what the iterator raises is raised where they are awaited."""
    try:
        request.set_result(list(islice(iterator, READ_AHEAD)))
    except Exception as error:
        request.set_exception(error)


async def _next(source: AsyncGenerator[T, None]) -> list[T]:
    """Return the next item in a list, or an empty list at the end."""
    try:
        return [await source.__anext__()]
    except StopAsyncIteration:
        return []


async def _close(source: AsyncGenerator[T, None]) -> None:
    while getattr(source, "ag_running", False):  # an interrupt has cancelled it a moment ago
        await asyncio.sleep(0)
    await source.aclose()
