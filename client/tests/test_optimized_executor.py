"""The executor that learns its batch size."""

from __future__ import annotations

from typing import Any

import pytest

from done_odoo import DoneOdoo, partners
from helpers import async_client
from odoo_batch_job import (
    OptimizedBatchExecutor,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("seconds", "size"),
    [
        ([], 100),
        ([0.05], 200),
        ([0.05] * 9, 200),
        ([0.5], 100),
        ([5, 0.05], 50),
        ([9] + [0.01] * 5, 200),
    ],
)
async def test_batch_size_is_tuned_by_the_entries_there_are(seconds: Any, size: int) -> None:
    """The rule of the page, over the mean of the latest five entries or of fewer."""
    async with async_client(DoneOdoo()) as client:
        executor = OptimizedBatchExecutor(client)
        executor.performance_history = [{"time_per_op": one} for one in seconds]
        await executor.execute_optimized()
        assert executor.batch_size == size
        executor.batch_size, executor.auto_tune = 70, False
        await executor.execute_optimized()
        assert executor.batch_size == 70


async def test_history_is_what_the_server_ran() -> None:
    """Each chunk of the job is an entry."""
    odoo = DoneOdoo()
    odoo.answers["batch.job.chunk/search_read"] = [{"id": 1, "size": 4, "duration": 0.2}]
    async with async_client(odoo) as client:
        executor = OptimizedBatchExecutor(client)
        partners(executor, "A", "B", "C", "D")
        await executor.execute_optimized()
    assert executor.performance_history == [{"size": 4, "seconds": 0.2, "time_per_op": 0.05}]
