"""The executor: collects operations, executes them as one job in Odoo, returns their results.

Odoo does the work. The executor asks again for an answer that was lost on the way, so Odoo does
nothing twice.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._argument_checks import check_count
from ._base_client import BaseClient
from ._batch_result import BatchExecutionError, BatchResult
from ._client import AsyncClient
from ._errors import (
    AccessDeniedError,
    InvalidOperationError,
    InvalidRequestError,
)
from ._execute_kw import ExecuteKw, ExecuteKwConnection
from ._models import JobStatus, OperationResult
from ._operations import BatchOperation
from ._packing import PART_BYTES
from ._retry import RealClock, Retry

Callback = Callable[[int, int], Awaitable[Any] | Any]

PAUSED_POLL = 2.0  # seconds between two looks at a job that somebody has paused

_logger = logging.getLogger("odoo_batch_job")


class BatchExecutor:
    """Executes operations as a job in Odoo.

    :param client: an :class:`AsyncClient`, or any object with ``await execute_kw(model, method,
        args, kwargs)`` that is logged in, such as zenoo-rpc's ``ZenooClient``
    :param batch_size: operations per transaction
    :ivar operations: all operations that you have added
    :ivar results: a :class:`BatchResult` for each executed operation, in the same order
    :ivar jobs: ids of the jobs in Odoo
    :raises TypeError: the client is neither
    :raises ValueError: the batch size is no whole number above 0
    """

    def __init__(self, client: AsyncClient | ExecuteKw, batch_size: int = 100) -> None:
        check_count("batch_size", batch_size)
        self.client = client
        self.batch_size = batch_size
        self.operations: list[BatchOperation] = []
        self.results: list[BatchResult] = []
        self.jobs: list[int] = []
        self._client = _base_client(client)
        self._unfinished: list[_Batch] = []
        self._turn = asyncio.Lock()

    def add_operation(self, operation: BatchOperation) -> None:
        """Add an operation; :meth:`execute` shows whether Odoo accepts the operation."""
        if not isinstance(operation, BatchOperation):
            raise TypeError(f"expected an operation such as CreateOperation, got {operation!r}")
        self.operations.append(operation)

    async def execute(self) -> list[BatchResult]:
        """Execute the operations added since the last call; a second call at once waits.

        If the network stays away or the task is cancelled, the job goes on in Odoo. The next
        ``execute()`` then returns the results of that job.

        :returns: one result for each operation, in the order you added them
        :raises BatchExecutionError: an operation failed, or Odoo refused an operation. After a
            refusal, ``__cause__`` says which operation, Odoo has executed nothing, and you can
            execute the operations again
        :raises BatchJobError: the server could not be reached, or the login failed
        """
        return await self.execute_with_progress()

    async def execute_with_progress(self, callback: Callback | None = None) -> list[BatchResult]:
        """Execute the operations added since the last call, and report the progress.

        :param callback: a function or coroutine function that the executor calls with
            ``(completed, total)``. ``completed`` rises up to ``total``. The executor logs an error
            of the callback and goes on
        :returns: as :meth:`execute`
        :raises BatchExecutionError: as :meth:`execute`
        """
        async with self._turn:
            return await self._execute_in_turn(callback)

    async def _execute_in_turn(self, callback: Callback | None) -> list[BatchResult]:
        self._open_batch()
        begin = len(self.results)
        progress = _Progress(callback, sum(batch.size for batch in self._unfinished))
        while self._unfinished:
            await self._run(self._unfinished[0], begin, progress)
        await progress.end()
        results = self.results[begin:]
        if not all(result.success for result in results):
            raise BatchExecutionError(_summary(results), results, job_id=self.jobs[-1])
        return results

    def _open_batch(self) -> None:
        """Make a batch of the new operations.

        An interrupted batch stays as it is: its key stands for exactly the same operations.
        """
        begin = self._unfinished[-1].end if self._unfinished else len(self.results)
        if begin < len(self.operations):
            self._unfinished.append(_Batch(begin, len(self.operations), self.batch_size))

    async def _run(self, batch: _Batch, begin: int, progress: _Progress) -> None:
        operations = self.operations[batch.begin : batch.end]
        try:
            job = await self._submitted(batch, operations)
        except (InvalidRequestError, AccessDeniedError, InvalidOperationError) as error:
            self._unfinished.clear()
            results = self.results[begin:] + _unsent(batch, error)
            raise BatchExecutionError(f"nothing was executed: {error}", results) from error
        outcomes = await self._outcomes(job, batch.begin - begin, progress)
        self.results += [
            BatchResult.of(operation, outcome, batch.begin + outcome.index)
            for operation, outcome in zip(operations, outcomes, strict=True)
        ]
        del self._unfinished[0]
        await self._after(job.id)

    async def _submitted(self, batch: _Batch, operations: Sequence[BatchOperation]) -> JobStatus:
        """Submit a batch; of an interrupted ``execute()``, find the job that it submitted."""
        job = await self._client.submit(
            (operation.to_dict() for operation in operations),
            name=f"Batch of {len(operations)} operations",
            chunk_size=batch.chunk_size,
            idempotency_key=batch.key,
        )
        if job.id not in self.jobs:
            self.jobs.append(job.id)
        return job

    async def _outcomes(
        self, job: JobStatus, before: int, progress: _Progress
    ) -> list[OperationResult]:
        """Return the results once the job has ended; read what is final while the job runs."""
        outcomes: list[OperationResult] = []
        async for status in self._statuses(job):
            await progress.report(before + status.total - status.remaining)
            async for page in self._client._rpc.settled_pages(status, after=len(outcomes) - 1):
                outcomes += page
        async for page in self._client.result_pages(job.id, after=len(outcomes) - 1):
            outcomes += page
        return outcomes

    async def _statuses(self, job: JobStatus) -> AsyncGenerator[JobStatus, None]:
        """Yield each status until the job has ended, also while a person has paused the job."""
        status = job
        while not status.ended:
            async for status in self._client.watch(job.id):
                yield status
            if status.state == "paused":
                if status.error:
                    raise BatchExecutionError(f"job {job.id} is paused: {status.error}", [])
                _logger.warning("job %s is paused; waiting until it is resumed", job.id)
                await self._client._clock.sleep(PAUSED_POLL)

    async def _after(self, job_id: int) -> None:
        """Do nothing; an executor that learns from its jobs overrides this method."""


@dataclass(frozen=True)
class _Batch:
    """Operations that become one job; the key makes the submission repeatable."""

    begin: int
    end: int
    chunk_size: int
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def size(self) -> int:
        return self.end - self.begin


class _Progress:
    """Reports progress to a callback: never falls, ends at the total, never fails."""

    def __init__(self, callback: Callback | None, total: int) -> None:
        self._callback = callback
        self._total = total
        self._reported = -1

    async def report(self, completed: int) -> None:
        if completed <= self._reported or self._callback is None:
            return
        self._reported = completed
        try:
            answer = self._callback(completed, self._total)
            if inspect.isawaitable(answer):
                await answer
        except Exception:
            _logger.exception("the progress callback failed; the job goes on")

    async def end(self) -> None:
        if self._total:
            await self.report(self._total)


def _base_client(client: AsyncClient | ExecuteKw) -> BaseClient:
    """Return a client that submits and watches jobs over the client that the user gave."""
    if isinstance(client, AsyncClient):
        return client
    if inspect.iscoroutinefunction(getattr(client, "execute_kw", None)):
        clock = RealClock()
        connection = ExecuteKwConnection(client, Retry(), clock)
        return BaseClient(connection, part_bytes=PART_BYTES, clock=clock)
    raise TypeError(
        "an executor needs an AsyncClient or a client with `async def execute_kw(model, method, "
        f"args, kwargs)`, got {type(client).__name__}"
    )


def _unsent(
    batch: _Batch, error: InvalidRequestError | AccessDeniedError | InvalidOperationError
) -> list[BatchResult]:
    """Return the results of a batch of which Odoo refused an operation and executed none."""
    others = (
        "not executed"
        if error.index is None
        else f"not executed: operation {error.index} is refused"
    )
    return [
        BatchResult.unsent(batch.begin + place, "refused", str(error))
        if place == error.index
        else BatchResult.unsent(batch.begin + place, "not_submitted", others)
        for place in range(batch.size)
    ]


def _summary(results: Sequence[BatchResult]) -> str:
    failed = [result for result in results if not result.success]
    first = failed[0]
    return (
        f"{len(failed)} of {len(results)} operations failed; operation {first.index}: {first.error}"
    )
