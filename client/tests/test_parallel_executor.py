"""The executor of groups, each of them a job."""

from __future__ import annotations

from typing import Any

import pytest

from done_odoo import DoneOdoo
from fake_odoo import FakeOdoo
from helpers import async_client
from odoo_batch_job import (
    BatchExecutionError,
    CreateOperation,
    ParallelBatchExecutor,
)

pytestmark = pytest.mark.anyio


async def test_group_that_raises_is_empty_and_its_error_is_kept() -> None:
    """The other groups have their results; nothing of the failed one is lost."""
    odoo = DoneOdoo()
    odoo.bad = ("bad",)
    groups = [["A", "B"], ["C", "bad"], ["D"]]
    async with async_client(odoo) as client:
        executor = ParallelBatchExecutor(client, max_concurrent_batches=2)
        results = await executor.execute_parallel_batches(
            [[CreateOperation("res.partner", {"name": n}) for n in group] for group in groups]
        )
    assert [len(group) for group in results] == [2, 0, 1]
    assert executor.failed_groups == [1]
    (error,) = executor.errors
    assert isinstance(error, BatchExecutionError)
    assert [result.success for result in error.partial_results] == [True, False]


async def test_operations_that_are_no_groups() -> None:
    """A flat list is refused, and not taken for groups that all failed."""
    async with async_client(FakeOdoo()) as client:
        operations: Any = [CreateOperation("res.partner", {"name": "A"})]
        with pytest.raises(TypeError, match="expected groups of operations"):
            await ParallelBatchExecutor(client).execute_parallel_batches(operations)
