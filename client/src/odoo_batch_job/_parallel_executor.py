"""An executor for groups of operations: each group is a job, and some jobs run at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ._argument_checks import check_count
from ._batch_result import BatchResult
from ._client import AsyncClient
from ._execute_kw import ExecuteKw
from ._executor import BatchExecutor
from ._operations import BatchOperation

_logger = logging.getLogger("odoo_batch_job")


class ParallelBatchExecutor:
    """Executes groups of operations, each as a job of its own, some at once.

    :param client: as for :class:`BatchExecutor`
    :param max_concurrent_batches: jobs at once
    :ivar errors: the errors that the groups of the last call raised, in the order of the groups.
        A :class:`BatchExecutionError` holds the partial results of its group
    :ivar failed_groups: the places of the groups that raised an error
    :raises TypeError: :class:`BatchExecutor` does not take this client
    :raises ValueError: ``max_concurrent_batches`` is no whole number above 0
    """

    def __init__(self, client: AsyncClient | ExecuteKw, max_concurrent_batches: int = 3) -> None:
        check_count("max_concurrent_batches", max_concurrent_batches)
        BatchExecutor(client)  # refuses a wrong client now, and not in the first group
        self.client = client
        self.max_concurrent_batches = max_concurrent_batches
        self.errors: list[Exception] = []
        self.failed_groups: list[int] = []

    async def execute_parallel_batches(
        self, operation_groups: Iterable[Iterable[BatchOperation]]
    ) -> list[list[BatchResult]]:
        """Execute each group; for a group that raises, keep the error in ``errors``.

        :returns: the results of each group, in the order of the groups; of a group that raised, an
            empty list
        :raises TypeError: a flat list of operations, and no groups
        """
        check_count("max_concurrent_batches", self.max_concurrent_batches)  # else it would hang
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
