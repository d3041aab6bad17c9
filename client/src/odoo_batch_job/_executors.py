"""An executor that finds its batch size, and one for groups of operations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ._batch_result import BatchResult
from ._client import AsyncClient
from ._executor import BatchExecutor
from ._foreign import ExecuteKw
from ._operations import BatchOperation

FAST, SLOW = 0.1, 1.0  # seconds an operation, where the size of a batch is doubled and halved
LARGEST, SMALLEST = 500, 10  # operations in a batch
LATEST = 5  # entries of the history that count

_logger = logging.getLogger("odoo_batch_job")


class OptimizedBatchExecutor(BatchExecutor):
    """An executor that finds its batch size.

    :param client: as for :class:`BatchExecutor`
    :param auto_tune: False keeps the batch size in :meth:`execute_optimized`
    :ivar performance_history: one entry for each chunk that Odoo ran, oldest first, with ``size``
        (operations), ``seconds`` and ``time_per_op`` (seconds)
    """

    def __init__(self, client: AsyncClient | ExecuteKw, auto_tune: bool = True) -> None:
        super().__init__(client)
        self.auto_tune = auto_tune
        self.performance_history: list[dict[str, float]] = []

    async def execute_optimized(self) -> list[BatchResult]:
        """Execute as :meth:`BatchExecutor.execute`, with the batch size that history suggests.

        :raises BatchExecutionError: as there
        """
        if self.auto_tune:
            self.batch_size = await self._determine_optimal_batch_size()
        return await self.execute()

    async def _determine_optimal_batch_size(self) -> int:
        """Double the size where operations are fast, halve it where they are slow."""
        latest = self.performance_history[-LATEST:]
        if not latest:
            return self.batch_size
        average = sum(entry["time_per_op"] for entry in latest) / len(latest)
        if average < FAST:
            return min(self.batch_size * 2, LARGEST)
        if average > SLOW:
            return max(self.batch_size // 2, SMALLEST)
        return self.batch_size

    async def _after(self, job_id: int) -> None:
        chunks = await self._client.call(
            "batch.job.chunk",
            "search_read",
            {
                "domain": [["job_id", "=", job_id], ["state", "=", "done"], ["size", ">", 0]],
                "fields": ["size", "duration"],
                "order": "id",
            },
            repeatable=True,
        )
        self.performance_history += [
            {
                "size": chunk["size"],
                "seconds": chunk["duration"],
                "time_per_op": chunk["duration"] / chunk["size"],
            }
            for chunk in chunks
        ]


class ParallelBatchExecutor:
    """Executes groups of operations, each as a job of its own, some at once.

    :param client: as for :class:`BatchExecutor`
    :param max_concurrent_batches: jobs at once
    :ivar errors: what the groups of the last call raised, in the order of the groups. A
        :class:`BatchExecutionError` holds the partial results of its group
    :ivar failed_groups: the places of those groups
    :raises TypeError: the client is none that :class:`BatchExecutor` takes
    :raises ValueError: fewer than one job at once
    """

    def __init__(self, client: AsyncClient | ExecuteKw, max_concurrent_batches: int = 3) -> None:
        if max_concurrent_batches < 1:
            raise ValueError(f"max_concurrent_batches is at least 1, not {max_concurrent_batches}")
        BatchExecutor(client)  # one for each group later; a wrong client is refused now
        self.client = client
        self.max_concurrent_batches = max_concurrent_batches
        self.errors: list[Exception] = []
        self.failed_groups: list[int] = []

    async def execute_parallel_batches(
        self, operation_groups: Iterable[Iterable[BatchOperation]]
    ) -> list[list[BatchResult]]:
        """Execute each group; a group that raised gives an empty list and is in ``errors``.

        :returns: the results of each group, in the order of the groups
        :raises TypeError: these are operations, and not groups of them
        """
        groups = list(operation_groups)
        for group in groups:
            if isinstance(group, BatchOperation):
                raise TypeError(f"expected groups of operations, [[…], […]], got {group!r}")
        turn = asyncio.Semaphore(self.max_concurrent_batches)
        outcomes = await asyncio.gather(
            *(self._execute(turn, group) for group in groups), return_exceptions=True
        )
        self.errors, self.failed_groups = [], []
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, Exception):
                _logger.warning("group %s of a parallel batch failed: %s", number, outcome)
                self.errors.append(outcome)
                self.failed_groups.append(number)
            elif isinstance(outcome, BaseException):
                raise outcome
        return [[] if isinstance(outcome, BaseException) else outcome for outcome in outcomes]

    async def _execute(
        self, turn: asyncio.Semaphore, operations: Iterable[BatchOperation]
    ) -> list[BatchResult]:
        async with turn:
            executor = BatchExecutor(self.client)
            for operation in operations:
                executor.add_operation(operation)
            return await executor.execute()
