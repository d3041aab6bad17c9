"""What goes on while the client waits: the next part is made, results are read early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from done_odoo import DoneOdoo, partners
from fake_odoo import FakeOdoo, odoo_error, outcome, reply, status, work
from helpers import async_client, blocking_client, creates
from odoo_batch_job import BatchExecutor, InvalidOperationError, InvalidRequestError

pytestmark = pytest.mark.anyio

SMALL = 250  # bytes: three operations of creates() a part
LONG = 5  # seconds; what has not happened by then never will


class SlowOdoo(FakeOdoo):
    """A server that answers requests only when the test says so.

    :ivar wait_for: for a path and the number of such requests so far, the event to wait for
    """

    def __init__(self) -> None:
        super().__init__()
        self.wait_for: dict[tuple[str, int], asyncio.Event] = {}
        self.begun: list[str] = []
        self.transport = httpx.MockTransport(self.handle_slowly)

    async def handle_slowly(self, request: httpx.Request) -> httpx.Response:
        """Answer a request once its event has been set."""
        path = request.url.path.rpartition("/")[2]
        event = self.wait_for.get((path, self.begun.count(path)))
        self.begun.append(path)
        if event:
            await asyncio.wait_for(event.wait(), LONG)
        return self.handle(request)


class Running(FakeOdoo):
    """A job of 6,000 operations: each status shows so many as settled, the last one as all."""

    def __init__(self, *settled: int, total: int = 6000) -> None:
        super().__init__()
        self.settled = list(settled)
        self.total = total
        self.pending: set[int] = set()

    def _status(self, ids: list[int]) -> dict[str, Any]:
        settled = self.settled.pop(0) if self.settled else self.total
        left = self.total - settled
        self.outcomes = [
            outcome(index, state="done" if index < settled else "pending")
            for index in range(self.total)
        ]
        for index in self.pending:
            self.outcomes[index]["state"] = "pending" if left else "done"
        state = "running" if left else "done"
        return status(state=state, total=self.total, succeeded=settled, remaining=left)

    @property
    def asked(self) -> list[Any]:
        """Return what was asked for: where a page begins, or "status"."""
        return [body.get("after", "status") for path, body in self.requests if "submit" not in path]


async def test_next_part_is_made_while_the_one_before_is_stored() -> None:
    """The source is read on while a request is under way."""
    odoo, read_on = SlowOdoo(), asyncio.Event()
    odoo.wait_for["append", 1] = read_on

    async def operations() -> AsyncIterator[dict[str, Any]]:
        for operation in creates(12):
            if odoo.begun.count("append") == 2:
                read_on.set()
            yield operation
            await asyncio.sleep(0)

    async with async_client(odoo, part_bytes=SMALL) as client:
        await client.submit(operations())
    assert odoo.jobs[0].operations == creates(12)


async def test_plain_generator_leaves_room_for_the_request_under_way() -> None:
    """A source that never waits does not keep a part from being sent."""
    odoo, read_on = SlowOdoo(), asyncio.Event()
    odoo.wait_for["append", 1] = read_on

    def operations() -> Iterator[dict[str, Any]]:
        for operation in creates(3000):
            if odoo.begun.count("append") == 2:
                read_on.set()
            yield operation

    async with async_client(odoo, part_bytes=80_000) as client:
        await client.submit(operations())
    assert odoo.jobs[0].operations == creates(3000)


async def test_of_two_mistakes_the_first_in_order_is_told() -> None:
    """Odoo refuses a part while the client finds a later operation that is none."""
    odoo = FakeOdoo(work, work, reply(odoo_error(422, "Operation 4: unknown model")))
    bad: Any = object()
    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.submit([*creates(7), bad])
    assert caught.value.index == 4
    assert odoo.jobs[0].state == "cancelled"


async def test_mistake_after_a_good_part_leaves_that_part_stored() -> None:
    """With a key of the caller's the draft can be gone on with: it has the whole part."""
    odoo = FakeOdoo()
    bad: Any = object()
    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(InvalidOperationError):
            await client.submit([*creates(7), bad], idempotency_key="nightly")
        await asyncio.sleep(0)
    assert [len(part) for part in odoo.jobs[0].parts] == [3, 3]


async def test_next_page_is_asked_for_while_the_caller_works_on_one() -> None:
    """The second request is there before the caller has taken the second result."""
    odoo = FakeOdoo()
    odoo.outcomes = [outcome(index) for index in range(3000)]
    async with async_client(odoo) as client:
        results = client.results(1)
        assert (await anext(results)).index == 0
        assert [body["after"] for _, body in odoo.requests] == [-1, 2499]
        await results.aclose()


@pytest.mark.parametrize("blocking", [False, True])
async def test_results_left_unread_leave_nothing_behind(
    blocking: bool, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A request under way ends with the client, without a word."""
    odoo = SlowOdoo()
    odoo.outcomes = [outcome(index) for index in range(3000)]
    odoo.wait_for["results", 1] = asyncio.Event()  # never set
    kept: Any = None
    if blocking:
        with blocking_client(odoo) as client:
            kept = client.results(1)
            next(kept)
    else:
        async with async_client(odoo) as other:
            kept = other.results(1)
            await anext(kept)
    assert odoo.begun == ["results", "results"]
    del kept
    assert (capfd.readouterr(), caplog.text) == (("", ""), "")


async def test_final_results_are_read_while_the_job_runs() -> None:
    """Full pages of what is settled come early; after the end there is only the rest."""
    odoo = Running(100, 2600, 5900)
    async with async_client(odoo) as client:
        indexes = [result.index async for result in client.results(1, wait=True)]
    assert indexes == list(range(6000))
    assert odoo.asked == ["status", "status", -1, "status", 2499, "status", 4999]


async def test_waiting_stops_before_what_is_pending() -> None:
    """With parallel chunks a later operation may be done first; each result comes once, final."""
    odoo = Running(5000, 5000, 5500)
    odoo.pending = {1200}
    async with async_client(odoo) as client:
        results = [result async for result in client.results(1, wait=True)]
    assert [result.index for result in results] == list(range(6000))
    assert {result.state for result in results} == {"done"}


async def test_waiting_for_one_state_reads_after_the_end() -> None:
    """Which operations fail is known only when all have ended."""
    odoo = Running(5900)
    async with async_client(odoo) as client:
        results = [one async for one in client.results(1, state="done", after=2, wait=True)]
    assert [results[0].index, len(results)] == [3, 5997]
    assert odoo.asked[:3] == ["status", "status", 2]


def test_blocking_client_waits_too() -> None:
    """The same argument, the same results."""
    odoo = Running(5100)
    with blocking_client(odoo) as client:
        assert [one.index for one in client.results(1, wait=True)] == list(range(6000))
    assert odoo.asked == ["status", -1, 2499, "status", 4999]


async def test_executor_reads_results_while_its_job_runs() -> None:
    """At the end of a large job only its last page is missing."""

    class Odoo(DoneOdoo):
        def _status(self, ids: list[int]) -> dict[str, Any]:
            state = self.states.pop(0)
            settled = {"queued": 0, "running": 2600, "done": 3000}[state]
            return status(id=1, state=state, total=3000, remaining=3000 - settled)

    odoo = Odoo()
    odoo.states = ["queued", "running", "done"]
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        partners(executor, *map(str, range(3000)))
        results = await executor.execute()
    assert [result.data for result in results] == list(range(100, 3100))
    paths = [path.rpartition("/")[2] for path, _ in odoo.requests]
    assert paths == ["submit", "status", "status", "results", "status", "results"]
