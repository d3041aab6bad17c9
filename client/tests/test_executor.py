"""The executor: one job per execution, results in the order of the operations."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from done_odoo import DoneOdoo, name_of, partners
from fake_odoo import FakeOdoo, lose_response, odoo_error, reply, status, work
from helpers import async_client, blocking_client
from odoo_batch_job import (
    AuthenticationError,
    BatchExecutionError,
    BatchExecutor,
    CallOperation,
    ConnectionFailedError,
    CreateOperation,
    OperationError,
    ParallelBatchExecutor,
    Retry,
    UpdateOperation,
    UpsertOperation,
)

pytestmark = pytest.mark.anyio


async def test_one_job_with_results_in_the_order_of_the_operations() -> None:
    """An execution is one job of chunks of the batch size; the new id is the data of a create."""
    odoo = DoneOdoo()
    async with async_client(odoo) as client:
        executor = BatchExecutor(client, batch_size=50)
        partners(executor, "A", "B", "C")
        results = await executor.execute()
    assert [(r.index, r.success, r.data, r.error) for r in results] == [
        (0, True, 100, None),
        (1, True, 101, None),
        (2, True, 102, None),
    ]
    assert (executor.jobs, executor.results) == ([1], results)
    assert odoo.jobs[0].body["chunk_size"] == 50
    assert odoo.jobs[0].body["policy"] == "isolate"


async def test_data_of_each_kind() -> None:
    """What is most wanted: an id, a list of ids, or what a method returned."""
    odoo = DoneOdoo()
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        for operation in (
            CreateOperation("m", [{}]),
            UpdateOperation("m", {}, [101]),
            UpsertOperation("m", {"a": 1}, ["a"]),
            CallOperation("m", "go"),
        ):
            executor.add_operation(operation)
        results = await executor.execute()
    assert [result.data for result in results] == [[100], [101], 102, None]


async def test_failure_raises_with_every_result() -> None:
    """The error says how many, which and why; the good ones are there."""
    odoo = DoneOdoo()
    odoo.bad = ("",)
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "", "C")
        with pytest.raises(BatchExecutionError) as caught:
            await executor.execute()
    error = caught.value
    assert str(error) == "1 of 3 operations failed; operation 1: Name is missing"
    assert (error.successful_count, error.failed_count, error.job_id) == (2, 1, 1)
    assert [result.data for result in error.partial_results] == [100, None, 102]
    assert str(error.partial_results[1].error) == "Name is missing"
    assert executor.results == error.partial_results


async def test_second_execution_sends_what_was_added_since() -> None:
    """Nothing is executed twice, also after a failure; indexes go on."""
    odoo = DoneOdoo()
    odoo.bad = ("bad",)
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "bad")
        with pytest.raises(BatchExecutionError):
            await executor.execute()
        partners(executor, "C")
        results = await executor.execute()
        assert await executor.execute() == []
    assert [[name_of(o) for o in job.operations] for job in odoo.jobs] == [["A", "bad"], ["C"]]
    assert [(result.index, result.success) for result in results] == [(2, True)]
    assert [result.index for result in executor.results] == [0, 1, 2]


async def test_refused_operation_raises_and_can_be_put_right() -> None:
    """Odoo refuses a whole submission: every result says so, and all can be executed again."""
    odoo = DoneOdoo(reply(odoo_error(422, "Operation 1: unknown model", context={"index": 1})))
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "B", "C")
        with pytest.raises(BatchExecutionError, match="Operation 1: unknown model") as caught:
            await executor.execute()
        states = [result.state for result in caught.value.partial_results]
        assert states == ["not_submitted", "refused", "not_submitted"]
        assert (caught.value.failed_count, caught.value.job_id) == (3, None)
        executor.operations[1] = CreateOperation("res.partner", {"name": "right"})
        assert len(await executor.execute()) == 3


async def test_wrong_login_is_its_own_error() -> None:
    """Who may not log in has not failed to execute."""
    odoo = DoneOdoo(reply(odoo_error(401, "Invalid apikey")))
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A")
        with pytest.raises(AuthenticationError):
            await executor.execute()


async def test_interrupted_execution_is_taken_up_again() -> None:
    """After a network that stayed away the same job is found, and new operations are another."""
    odoo = DoneOdoo(lose_response)
    async with async_client(odoo, retry=Retry(patience=0, first_contact=0)) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "B")
        with pytest.raises(ConnectionFailedError):
            await executor.execute()
        partners(executor, "C")
        results = await executor.execute()
    assert [[name_of(o) for o in job.operations] for job in odoo.jobs] == [["A", "B"], ["C"]]
    assert [result.index for result in results] == [0, 1, 2]


@pytest.mark.parametrize("is_async", [False, True])
async def test_progress_rises_to_the_total(is_async: bool) -> None:
    """Plain and asynchronous callbacks are told the same, each number once."""
    odoo = DoneOdoo(
        work,
        *[reply(_status(remaining)) for remaining in (4, 3, 3, 1)],
    )
    told: list[tuple[int, int]] = []

    def plain(completed: int, total: int) -> None:
        told.append((completed, total))

    async def awaited(completed: int, total: int) -> None:
        await asyncio.sleep(0)
        told.append((completed, total))

    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "B", "C", "D")
        await executor.execute_with_progress(awaited if is_async else plain)
    assert told == [(0, 4), (1, 4), (3, 4), (4, 4)]


def _status(remaining: int) -> Any:
    return httpx.Response(200, json=status(state="running", total=4, remaining=remaining))


async def test_callback_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The job is done, the results are there, the error is in the log."""

    def callback(completed: int, total: int) -> None:
        raise ZeroDivisionError("no")

    async with async_client(DoneOdoo()) as client:
        executor = BatchExecutor(client)
        partners(executor, "A")
        assert len(await executor.execute_with_progress(callback)) == 1
    assert "ZeroDivisionError" in caplog.text


async def test_paused_job_is_waited_for() -> None:
    """Somebody who pauses a job will resume it."""
    odoo = DoneOdoo()
    odoo.states = ["running", "paused", "paused", "running", "done"]
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A")
        assert len(await executor.execute()) == 1


async def test_empty_executor_asks_nothing() -> None:
    """Nothing to do is done."""
    odoo = DoneOdoo()
    async with async_client(odoo) as client:
        assert await BatchExecutor(client).execute_with_progress(lambda c, t: c / t) == []
    assert odoo.requests == []


def test_executor_refuses_what_it_cannot_await() -> None:
    """A blocking client is told apart at once."""
    with (
        blocking_client(FakeOdoo()) as client,
        pytest.raises(TypeError, match="AsyncClient"),
    ):
        BatchExecutor(client)


async def test_numbers_that_cannot_be() -> None:
    """A mistake shows where it is made, and nothing hangs."""
    async with async_client(FakeOdoo()) as client:
        with pytest.raises(ValueError, match="batch_size is at least 1"):
            BatchExecutor(client, batch_size=0)
        with pytest.raises(ValueError, match="max_concurrent_batches is at least 1"):
            ParallelBatchExecutor(client, max_concurrent_batches=0)


async def test_two_executions_at_once() -> None:
    """The second waits; each operation is executed once."""
    odoo = DoneOdoo()

    async def let_the_other_go_on(completed: int, total: int) -> None:
        await asyncio.sleep(0)

    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, "A", "B")
        results = await asyncio.gather(
            *(executor.execute_with_progress(let_the_other_go_on) for _ in range(2))
        )
    assert [len(one) for one in results] == [2, 0]
    assert [len(job.operations) for job in odoo.jobs] == [2]


async def test_executor_refuses_what_is_no_operation() -> None:
    """A mistake shows where it is made."""
    async with async_client(FakeOdoo()) as client:
        with pytest.raises(TypeError, match="CreateOperation"):
            BatchExecutor(client).add_operation({"op": "create"})  # type: ignore[arg-type]


def test_error_prints_as_its_sentence() -> None:
    """As the examples of the page print it."""
    assert f"{OperationError('unique', 'Exists already')}" == "Exists already"
