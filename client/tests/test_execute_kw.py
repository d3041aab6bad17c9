"""Executors on other clients: any object with ``await execute_kw``."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import httpx
import pytest

from fake_odoo import FakeOdoo
from odoo_batch_job import (
    BatchExecutionError,
    BatchExecutor,
    CreateOperation,
    ExecuteKw,
    ParallelBatchExecutor,
)

pytestmark = pytest.mark.anyio


class OtherError(Exception):
    """As zenoo-rpc raises it."""

    def __init__(self, message: str, context: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.context = context or {}


class RequestTimeoutError(OtherError):
    """Of a client that names its errors as it likes."""


class OtherClient:
    """Somebody's client, straight on the fake server; what it has carried out may be lost."""

    def __init__(self, odoo: FakeOdoo, *lost: Exception) -> None:
        self.odoo = odoo
        self.lost = list(lost)

    async def execute_kw(
        self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Call, and perhaps lose the answer."""
        await asyncio.sleep(0)
        named = {**kwargs, **({"ids": args[0]} if args else {})}
        kwargs["context"] = {"lang": "en_US"}  # zenoo-rpc writes into what it is given
        answer = getattr(self.odoo, f"_{method}")(**named)
        if self.lost:
            raise self.lost.pop(0)
        return answer


def done_server() -> FakeOdoo:
    """Return a server where the next jobs are done at once."""
    odoo = FakeOdoo()
    odoo.states = ["done"] * 9
    odoo.outcomes = [
        {"index": 0, "state": "done", "op": "create", "model": "m", "ids": [7]},
    ]
    return odoo


@pytest.mark.parametrize(
    "error",
    [
        RequestTimeoutError("timed out after 30 s"),
        ConnectionResetError("Connection reset by peer"),
        asyncio.TimeoutError(),
    ],
)
async def test_lost_answer_of_another_client_doubles_nothing(error: Exception) -> None:
    """Its errors of the network are known by their names or kinds, and followed by a retry."""
    odoo = done_server()
    client = OtherClient(odoo, error, error)
    assert isinstance(client, ExecuteKw)
    executor = BatchExecutor(client)
    executor.add_operation(CreateOperation("m", {"name": "A"}))
    (result,) = await executor.execute()
    assert (result.data, len(odoo.jobs)) == (7, 1)


async def test_odoo_s_own_words_come_out_of_another_client_s_error() -> None:
    """The reason that it hides in its context, with the index."""
    raw = {"data": {"name": "odoo.exceptions.UserError", "message": "Operation 0: no such model"}}
    client = OtherClient(done_server(), OtherError("Odoo Server Error", {"raw_error": raw}))
    executor = BatchExecutor(client)
    executor.add_operation(CreateOperation("m", {}))
    with pytest.raises(BatchExecutionError, match="Operation 0: no such model") as caught:
        await executor.execute()
    assert caught.value.partial_results[0].state == "refused"


async def test_other_errors_come_out_as_they_are() -> None:
    """A mistake in somebody's client is not tried again for two minutes."""
    client = OtherClient(done_server(), KeyError("session"))
    executor = BatchExecutor(client)
    executor.add_operation(CreateOperation("m", {}))
    with pytest.raises(KeyError, match="session"):
        await executor.execute()


async def test_parallel_groups_over_another_client() -> None:
    """Each group is a job."""
    odoo = done_server()
    executor = ParallelBatchExecutor(OtherClient(odoo), max_concurrent_batches=2)
    results = await executor.execute_parallel_batches([[CreateOperation("m", {})]] * 3)
    assert [[result.data for result in group] for group in results] == [[7]] * 3
    assert len(odoo.jobs) == 3


async def test_executor_on_another_client_opens_nothing_that_nobody_closes() -> None:
    """The other client is the only way to the server: an executor makes no HTTP client."""
    before = open_http_clients()
    executor = BatchExecutor(OtherClient(done_server()))
    assert open_http_clients() - before == set()
    assert executor.jobs == []


def open_http_clients() -> set[httpx.AsyncClient]:
    """Return the HTTP clients of this process that nobody has closed."""
    clients = [one for one in gc.get_objects() if isinstance(one, httpx.AsyncClient)]
    return {client for client in clients if not client.is_closed}
