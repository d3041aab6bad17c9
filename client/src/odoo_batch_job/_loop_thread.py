"""A thread that runs an event loop, so that blocking code can use asynchronous code.

The thread also serves a caller whose own thread runs a loop already, as in a notebook. The caller's
iterators are read in the caller's thread. ``BlockingPortal`` of ``anyio`` would replace only the
six lines that start and stop the loop.
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

READ_AHEAD = 100  # items of the caller's iterator that are read at a time


class LoopThread:
    """An event loop in a thread of its own; the first use starts the thread."""

    _closed = False

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="odoo-batch-job", daemon=True)
        self._thread.start()
        return loop

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Return what the coroutine returns; an interrupt of the caller cancels the coroutine."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def run_reading(
        self, function: Callable[[AsyncIterator[T]], Coroutine[Any, Any, R]], items: Iterable[T]
    ) -> R:
        """Return what ``function(stream)`` returns, where ``stream`` yields the items.

        The calling thread reads the items: a database cursor may be bound to its thread.
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
        """Yield what the asynchronous generator yields; close the generator in the end."""
        try:
            while items := self.run(_next(source)):
                yield items[0]
        finally:
            if not self._closed:  # a generator that nobody finished may outlive the loop
                self.run(_close(source))

    def close(self) -> None:
        """Stop the thread; no coroutine may be running."""
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
    """Give the next items; hand an error of the iterator to the coroutine that awaits them."""
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
    while getattr(source, "ag_running", False):  # cancelled by an interrupt, and not ended yet
        await asyncio.sleep(0)
    await source.aclose()
