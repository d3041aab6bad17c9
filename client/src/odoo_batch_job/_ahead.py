"""Requests that are sent before the caller waits for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Ahead:
    """The requests of one client that run beside the caller's own work."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, request: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a request; the caller awaits its task, or drops the task."""
        task = asyncio.create_task(request)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drop(self, task: asyncio.Task[Any] | None) -> None:
        """End a request if it still runs; nobody wants its answer."""
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # or asyncio would log that nobody has asked

    async def drop_all(self) -> None:
        """End every request, also those of generators that the caller has left unfinished."""
        for task in list(self._tasks):
            await self.drop(task)
