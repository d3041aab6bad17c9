"""The executors: one job per execution, results in the order of the operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import odoo_batch_job
from fake_odoo import FakeOdoo, lose_response, odoo_error, outcome, reply, status, work
from helpers import async_client, blocking_client
from odoo_batch_job import (
    AuthenticationError,
    BatchExecutionError,
    BatchExecutor,
    CallOperation,
    ConnectionFailedError,
    CreateOperation,
    DeleteOperation,
    LoadOperation,
    OperationError,
    OptimizedBatchExecutor,
    ParallelBatchExecutor,
    Retry,
    UpdateOperation,
    UpsertOperation,
)

pytestmark = pytest.mark.anyio

untyped: Any = odoo_batch_job  # for what the types forbid

FAILED: dict[str, Any] = {
    "state": "failed",
    "ids": [],
    "error": {"type": "required", "message": "Name is missing", "field": "name"},
}


class DoneOdoo(FakeOdoo):
    """A server on which every job is done as soon as it is queued."""

    bad: tuple[str, ...] = ()  # names of partners that fail

    def _results(self, ids: list[int], state: str | None, after: int, limit: int) -> dict[str, Any]:
        self.outcomes = [
            outcome(index, **FAILED) if _name(operation) in self.bad else outcome(index)
            for index, operation in enumerate(self.jobs[ids[0] - 1].operations)
        ]
        return super()._results(ids, state, after, limit)

    def _status(self, ids: list[int]) -> dict[str, Any]:
        job = self.jobs[ids[0] - 1]
        if self.states or job.state != "queued":
            return super()._status(ids)
        return status(id=job.id, state="done", total=len(job.operations), remaining=0)


def _name(operation: dict[str, Any]) -> Any:
    values = operation.get("values")
    return values.get("name") if isinstance(values, dict) else None


def partners(executor: BatchExecutor, *names: str) -> None:
    """Add creates of partners."""
    for name in names:
        executor.add_operation(CreateOperation("res.partner", {"name": name}))


@pytest.mark.parametrize("ids", ["7", 7.0, None, True, 0, -1, ["7"], [7, None], {"a": 1}, [[7]]])
def test_what_is_no_id_is_refused(ids: Any) -> None:
    """A sentence says so where the operation is made, not when it is sent."""
    for make in (
        lambda: UpdateOperation("m", {"a": 1}, ids),
        lambda: DeleteOperation("m", ids),
        lambda: CallOperation("m", "go", ids),
    ):
        with pytest.raises(ValueError, match=r"^ids (holds|are a list) .*record id"):
            make()


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (CreateOperation("m", {"a": 1}), {"op": "create", "values": {"a": 1}}),
        (CreateOperation("m", [{"a": 1}, {}]), {"op": "create", "values": [{"a": 1}, {}]}),
        (UpdateOperation("m", {"a": 1}, [3]), {"op": "write", "ids": [3], "values": {"a": 1}}),
        (UpdateOperation("m", {"a": 1}, 3), {"op": "write", "ids": [3], "values": {"a": 1}}),
        (DeleteOperation("m", (3, 4)), {"op": "unlink", "ids": [3, 4]}),
        (DeleteOperation("m", {"$ref": "x"}), {"op": "unlink", "ids": [{"$ref": "x"}]}),
        (
            UpdateOperation("m", {"a": 1}, {"$ref": "x"}),
            {"op": "write", "ids": [{"$ref": "x"}], "values": {"a": 1}},
        ),
        (UpsertOperation("m", {"a": 1}, "a"), {"op": "upsert", "values": {"a": 1}, "key": ["a"]}),
        (
            UpsertOperation("m", {"a": 1}, xml_id="my.a"),
            {"op": "upsert", "values": {"a": 1}, "xml_id": "my.a"},
        ),
        (
            CallOperation("m", "go", [3], [1], {"b": 2}, each=True),
            {"op": "call", "method": "go", "ids": [3], "args": [1], "kwargs": {"b": 2}}
            | {"each": True},
        ),
        (CallOperation("m", "go"), {"op": "call", "method": "go", "args": [], "kwargs": {}}),
        (
            LoadOperation("m", ["id", "name"], ["my.a", "A"], ref="a", context={"lang": "nl_BE"}),
            {"op": "load", "fields": ["id", "name"], "row": ["my.a", "A"]}
            | {"ref": "a", "context": {"lang": "nl_BE"}},
        ),
    ],
)
def test_operation_is_written_as_the_contract_has_it(operation: Any, wanted: Any) -> None:
    """Each class is one op of the RPC contract."""
    assert operation.to_dict() == {"model": "m", **wanted}


@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (lambda: untyped.CreateOperation("", {}), ValueError, "model is empty"),
        (lambda: untyped.CreateOperation(7, {}), TypeError, "model is a text, not 7"),
        (
            lambda: untyped.CreateOperation("m", 5),
            TypeError,
            "the values for m are a dict by field, not 5",
        ),
        (lambda: untyped.CreateOperation("m", [{}, "a"]), TypeError, "a dict by field, not 'a'"),
        (lambda: untyped.CreateOperation("m", {1: "a"}), TypeError, "by name of a field, not by 1"),
        (lambda: untyped.CreateOperation("m", []), ValueError, "the list of values for m is empty"),
        (lambda: untyped.CreateOperation("m", {}, ref=""), ValueError, "ref is empty"),
        (
            lambda: untyped.CreateOperation("m", {}, context="a"),
            TypeError,
            "context is a dict, not 'a'",
        ),
        (lambda: untyped.UpdateOperation("m", [{}], 3), TypeError, "a dict by field, not"),
        (lambda: untyped.DeleteOperation("", 3), ValueError, "model is empty"),
        (lambda: untyped.UpsertOperation("m", {}), ValueError, "a key or an xml_id, and not both"),
        (lambda: untyped.UpsertOperation("m", {}, "a", xml_id="x"), ValueError, "and not both"),
        (lambda: untyped.UpsertOperation("m", {}, []), ValueError, "key is empty"),
        (
            lambda: untyped.UpsertOperation("m", {}, [3]),
            TypeError,
            "a field of key is a text, not 3",
        ),
        (lambda: untyped.UpsertOperation("m", {}, xml_id=3), TypeError, "xml_id is a text, not 3"),
        (lambda: untyped.CallOperation("m", ""), ValueError, "method is empty"),
        (lambda: untyped.CallOperation("m", "go", 3, "ab"), TypeError, "args is a list, not 'ab'"),
        (lambda: untyped.CallOperation("m", "go", 3, [], [1]), TypeError, "kwargs is a dict, not"),
        (
            lambda: untyped.LoadOperation("m", "name", "A"),
            TypeError,
            "fields is a list, not 'name'",
        ),
        (
            lambda: untyped.LoadOperation("m", ["name"], []),
            ValueError,
            "row has 0 cells for 1 fields",
        ),
        (lambda: untyped.LoadOperation("m", [], []), ValueError, "fields is empty"),
    ],
)
def test_what_cannot_be_an_operation_is_refused_where_it_is_made(
    make: Callable[[], object], kind: type[Exception], reason: str
) -> None:
    """The line of the program that made it is at fault, not the one that executes a thousand."""
    with pytest.raises(kind, match=reason):
        make()


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
            UpsertOperation("m", {}, ["a"]),
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
    assert [[_name(o) for o in job.operations] for job in odoo.jobs] == [["A", "bad"], ["C"]]
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
    assert [[_name(o) for o in job.operations] for job in odoo.jobs] == [["A", "B"], ["C"]]
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


async def test_caller_s_objects_are_neither_changed_nor_followed() -> None:
    """An operation is what it was when it was made."""
    values: dict[str, Any] = {"id": 7, "name": "A", "child_ids": [[0, 0, {"name": "B"}]]}
    operation = CreateOperation("res.partner", values)
    before = operation.to_dict()
    values["child_ids"][0][2]["name"] = "C"
    assert operation.to_dict() == before
    assert before["values"]["id"] == 7
    odoo = DoneOdoo()
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        executor.add_operation(operation)
        await executor.execute()
    assert operation.to_dict() == before
    assert odoo.jobs[0].operations == [before]


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


async def test_operations_that_are_no_groups() -> None:
    """A flat list is refused, and not taken for groups that all failed."""
    async with async_client(FakeOdoo()) as client:
        operations: Any = [CreateOperation("res.partner", {"name": "A"})]
        with pytest.raises(TypeError, match="expected groups of operations"):
            await ParallelBatchExecutor(client).execute_parallel_batches(operations)


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
