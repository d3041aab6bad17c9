"""Submission: operations packed into one request, or into parts of a limited size."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from fake_odoo import (
    FakeOdoo,
    answer,
    end_and_lose_response,
    lose_response,
    odoo_error,
    reply,
    time_out,
    work,
)
from helpers import async_client, creates
from odoo_batch_job import (
    CreateOperation,
    IdempotencyKeyError,
    InvalidOperationError,
    InvalidRequestError,
)
from odoo_batch_job._json2 import with_operations
from odoo_batch_job._packing import pack

pytestmark = pytest.mark.anyio

SMALL = 250  # bytes: three operations of creates() a part


def paths(odoo: FakeOdoo) -> list[str]:
    """Return the methods called."""
    return [path.removeprefix("batch.job/") for path, _ in odoo.requests]


async def test_parts_hold_every_operation_once_below_the_limit() -> None:
    """Packing loses nothing, keeps the order and the limit."""
    parts = [part async for part in pack(creates(50), SMALL)]
    assert [operation for part in parts for operation in json.loads(part)] == creates(50)
    assert len(parts) > 10
    assert max(len(part) for part in parts) <= SMALL


async def test_operation_above_the_limit_is_a_part_of_its_own() -> None:
    """One large operation is sent all the same; only the server may refuse it."""
    large = {"op": "create", "model": "m", "values": {"name": "x" * 1000}}
    parts = [part async for part in pack([*creates(2), large, *creates(2)], SMALL)]
    assert [len(json.loads(part)) for part in parts] == [2, 1, 2]


def test_body_joins_arguments_and_operations() -> None:
    """The body is one JSON object, also without other arguments."""
    body = with_operations({"part": 1}, b"[2]")
    assert json.loads(body) == {"part": 1, "operations": [2]}
    assert json.loads(with_operations({}, b"[2]")) == {"operations": [2]}


async def test_small_job_is_one_request() -> None:
    """What fits is submitted and started at once."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        await client.submit(creates(3), policy="chunk", max_parallel=2)
    assert paths(odoo) == ["submit"]
    sent = odoo.requests[0][1]
    assert sent["operations"] == creates(3)
    assert sent["start"] is True
    assert (sent["policy"], sent["max_parallel"]) == ("chunk", 2)
    assert "eta" not in sent  # nor anything else that is None


async def test_large_job_is_a_draft_filled_in_parts_and_started() -> None:
    """What does not fit is appended in order, then started."""
    odoo = FakeOdoo()
    async with async_client(odoo, part_bytes=SMALL) as client:
        job = await client.submit(creates(10))
    assert paths(odoo) == ["submit", *["append"] * 4, "start"]
    assert odoo.requests[0][1]["operations"] == []
    assert [body["part"] for path, body in odoo.requests if "append" in path] == [0, 1, 2, 3]
    assert odoo.jobs[0].operations == creates(10)
    assert job.state == "queued"


async def test_draft_stays_a_draft_if_asked() -> None:
    """start=False holds for a job in parts too."""
    odoo = FakeOdoo()
    async with async_client(odoo, part_bytes=SMALL) as client:
        job = await client.submit(creates(10), start=False)
    assert job.state == "draft"
    assert "start" not in paths(odoo)


@pytest.mark.parametrize("fault", [lose_response, time_out, answer(502, carried_out=True)])
@pytest.mark.parametrize("place", range(6))
async def test_fault_at_any_request_doubles_nothing(fault: Any, place: int) -> None:
    """Each request of a job in parts may be lost and is repeated safely."""
    odoo = FakeOdoo(*[work] * place, fault)
    async with async_client(odoo, part_bytes=SMALL) as client:
        job = await client.submit(creates(10))
    assert odoo.jobs[0].operations == creates(10)
    assert len(odoo.jobs) == 1
    assert job.state == "queued"
    assert len(odoo.requests) == 7


async def test_dry_run_that_ends_at_once_stays_one() -> None:
    """A start that is repeated after a lost response does not run for real what ended meanwhile."""
    parts = len([part async for part in pack(creates(10), SMALL)])
    odoo = FakeOdoo()
    odoo.faults = iter([*[work] * (parts + 1), end_and_lose_response(odoo)])
    async with async_client(odoo, part_bytes=SMALL) as client:
        for _time in range(2):
            job = await client.submit(creates(10), dry_run=True, idempotency_key="trial")
            assert (job.state, job.dry_run) == ("done", True)
    assert paths(odoo).count("start") == 2


async def test_killed_submission_is_continued_under_its_key() -> None:
    """The same key and operations find the draft and fill it up."""
    odoo = FakeOdoo()

    def killed() -> Iterator[dict[str, Any]]:
        yield from creates(8)
        raise KeyboardInterrupt

    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(KeyboardInterrupt):
            await client.submit(killed(), idempotency_key="nightly")
        assert odoo.jobs[0].state == "draft"
        await client.submit(creates(10), idempotency_key="nightly")
        again = await client.submit(creates(10), idempotency_key="nightly")
    assert [job.operations for job in odoo.jobs] == [creates(10)]
    assert again.state == "queued"


async def test_same_key_with_fewer_parts_is_refused() -> None:
    """A shorter submission must not start, or pass for, the longer one of before."""
    odoo = FakeOdoo()
    async with async_client(odoo, part_bytes=SMALL) as client:
        await client.submit(creates(10), start=False, idempotency_key="nightly")
        with pytest.raises(IdempotencyKeyError, match="job 1, which has more") as caught:
            await client.submit(creates(6), idempotency_key="nightly")
    assert caught.value.job_id == 1
    assert odoo.jobs[0].state == "draft"


@pytest.mark.parametrize("answers", [0, 2])
async def test_key_of_another_submission_raises_the_error_of_keys(answers: int) -> None:
    """Whether Odoo refuses the whole or a part: one exception, which names the job that has it."""
    message = "The idempotency key nightly belongs to job 7, which was submitted with other …"
    refusal = reply(odoo_error(422, message, context={"job_of_key": 7}))
    odoo = FakeOdoo(*[work] * answers, refusal)
    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(IdempotencyKeyError, match="belongs to job 7") as caught:
            await client.submit(creates(10 if answers else 1), idempotency_key="nightly")
    assert (caught.value.job_id, caught.value.status, caught.value.index) == (7, 422, None)
    assert isinstance(caught.value, InvalidRequestError)


async def test_generator_is_read_no_further_than_two_parts_ahead() -> None:
    """Memory is flat: operations are read as they are sent."""
    odoo = FakeOdoo()
    ahead: list[int] = []

    async def operations() -> AsyncIterator[dict[str, Any]]:
        for number, operation in enumerate(creates(100)):
            ahead.append(number - sum(len(part) for job in odoo.jobs for part in job.parts))
            yield operation

    async with async_client(odoo, part_bytes=SMALL) as client:
        await client.submit(operations())
    assert odoo.jobs[0].operations == creates(100)
    assert max(ahead) <= 9


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"op": "create", "values": {"x": float("nan")}}, "JSON"),
        ({"op": "create", "values": {"x": object()}}, "object is not JSON serializable"),
        ({"op": "create", "values": {"x": "\ud800"}}, "surrogates"),
        ("create", "expected a dict or a BatchOperation, got str"),
        ({"op": "create", "values": {"x": time(12, 0)}}, "Object of type time is not JSON"),
        ({"op": "create", "values": {"x": Decimal("NaN")}}, "NaN is no number with an end"),
        ({"op": "create", "values": {"x": Decimal("-Infinity")}}, "-Infinity is no number"),
    ],
)
async def test_operation_that_json_cannot_carry_is_named_before_anything_is_sent(
    bad: Any, reason: str
) -> None:
    """The index and the reason come without a request."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        with pytest.raises(InvalidOperationError, match=f"operation 2: .*{reason}") as caught:
            await client.submit([*creates(2), bad])
    assert caught.value.index == 2
    assert odoo.requests == []


async def test_operations_of_executors_can_be_submitted() -> None:
    """Whoever has the objects need not take them apart."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        await client.submit([CreateOperation("res.partner", {"name": "A"}), *creates(1)])
    made = {"op": "create", "model": "res.partner", "values": {"name": "A"}}
    assert odoo.jobs[0].operations == [made, *creates(1)]


async def test_refused_part_cancels_the_draft() -> None:
    """A draft that nobody can continue is not left behind."""
    refusal = reply(odoo_error(422, "Operation 4: unknown model"))
    odoo = FakeOdoo(work, work, refusal)
    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.submit(creates(10))
    assert caught.value.index == 4
    assert odoo.jobs[0].state == "cancelled"


async def test_refused_part_keeps_the_draft_of_a_given_key() -> None:
    """With a key of the caller's the corrected submission goes on."""
    odoo = FakeOdoo(work, work, reply(odoo_error(422, "Operation 4: unknown model")))
    async with async_client(odoo, part_bytes=SMALL) as client:
        with pytest.raises(InvalidRequestError):
            await client.submit(creates(10), idempotency_key="nightly")
    assert odoo.jobs[0].state == "draft"


async def test_caller_s_operations_are_not_changed() -> None:
    """What is handed in stays as it was."""
    operations = creates(2)
    async with async_client(FakeOdoo()) as client:
        await client.submit(operations)
    assert operations == creates(2)
