"""An executor that learns its batch size from the chunks that the server ran."""

from __future__ import annotations

from ._batch_result import BatchResult
from ._client import AsyncClient
from ._execute_kw import ExecuteKw
from ._executor import BatchExecutor

FAST = 0.1  # seconds for one operation; the batch size is doubled below that
SLOW = 1.0  # seconds for one operation; the batch size is halved above that
SMALLEST, LARGEST = 10, 500  # operations in a batch
LATEST = 5  # entries of the history that count


class OptimizedBatchExecutor(BatchExecutor):
    """An executor that learns its batch size from the chunks that Odoo ran.

    :param client: as for :class:`BatchExecutor`
    :param auto_tune: False keeps the batch size as it is
    :ivar performance_history: an entry for each chunk that Odoo ran, oldest first, with ``size``
        (operations), ``seconds`` and ``time_per_op`` (seconds)
    """

    def __init__(self, client: AsyncClient | ExecuteKw, auto_tune: bool = True) -> None:
        super().__init__(client)
        self.auto_tune = auto_tune
        self.performance_history: list[dict[str, float]] = []

    async def execute_optimized(self) -> list[BatchResult]:
        """Execute as :meth:`BatchExecutor.execute`, with the batch size that history suggests.

        :raises BatchExecutionError: as :meth:`BatchExecutor.execute`
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
