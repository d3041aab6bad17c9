"""A server that has no room for one more job: the client waits, says so, and goes on."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import Run
from fake_odoo import FakeClock, FakeOdoo, answer, no_room, odoo_error, work
from helpers import async_client, creates
from odoo_batch_job import IdempotencyKeyError, RateLimitedError, Retry, ServerError

SAID = "No room for the job now. Waiting for room; Ctrl-C ends the wait."
pytestmark = pytest.mark.anyio


async def test_wait_for_room_outlasts_patience(caplog: pytest.LogCaptureFixture) -> None:
    """The client asks as often as told, and says once a minute why nothing goes on."""
    clock, odoo = FakeClock(), FakeOdoo(*[no_room] * 500)
    async with async_client(odoo, clock) as client:
        job = await client.submit(creates(1))
    assert (job.state, len(odoo.jobs)) == ("queued", 1)
    assert clock.time > 500 * 5 > Retry().patience
    assert min(clock.sleeps) == 5
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert set(told) == {SAID}
    assert clock.time / 70 < len(told) <= clock.time / 60 + 1


async def test_wait_for_room_ends() -> None:
    """After the time for room the sentence of Odoo is raised; with no patience at once."""
    for retry, longest in ((Retry(room=100), 100), (Retry(patience=0), 0), (Retry(room=0), 0)):
        clock = FakeClock()
        async with async_client(FakeOdoo(*[no_room] * 500), clock, retry=retry) as client:
            with pytest.raises(RateLimitedError, match="No room for the job now"):
                await client.submit(creates(1))
        assert longest * 0.9 <= clock.time <= longest


async def test_other_trouble_after_a_wait_has_all_its_patience() -> None:
    """A server that is restarted while somebody waits for room is waited out, and no longer."""
    clock = FakeClock()
    faults = [*[no_room] * 100, *[answer(503)] * 10, *[no_room] * 2]
    async with async_client(FakeOdoo(*faults), clock) as client:
        assert (await client.submit(creates(1))).id == 1
    clock = FakeClock()
    async with async_client(FakeOdoo(no_room, *[answer(503)] * 100), clock) as client:
        with pytest.raises(ServerError):
            await client.submit(creates(1))
    assert clock.time < 2 * Retry().patience


async def test_draft_that_was_cancelled_for_its_age() -> None:
    """A submission goes on with the draft of its key, or says at once why it cannot."""
    why = "Cancelled, because nobody had added to this draft or started it for 24 hours."
    odoo = FakeOdoo()
    async with async_client(odoo, part_bytes=100) as client:
        await client.submit(creates(3), idempotency_key="k", start=False)
        odoo.jobs[0].state, odoo.jobs[0].error = "cancelled", why
        sent = len(odoo.requests)
        with pytest.raises(IdempotencyKeyError, match="for 24 hours") as caught:
            await client.submit(creates(3), idempotency_key="k", start=False)
    assert (caught.value.job_id, len(odoo.requests)) == (1, sent + 1)


def test_command_line_says_why_it_waits(run: Run, odoo: FakeOdoo) -> None:
    """The person sees the sentence of Odoo, and then the job."""
    Path("a.jsonl").write_text("{}\n")
    odoo.faults = iter([work, room_soon])
    result = run("submit", "a.jsonl", "--model", "m", "--no-wait")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [SAID]
    assert result.stdout.splitlines() == ["Job 1  http://odoo.test/odoo/batch-jobs/1"]


def test_timeout_of_the_command_line(run: Run, odoo: FakeOdoo) -> None:
    """``--timeout`` ends the wait for room too: the next look would come after it."""
    Path("a.jsonl").write_text("{}\n")
    odoo.faults = iter([work, no_room])
    result = run("submit", "a.jsonl", "--model", "m", "--timeout", "0.01")
    assert (result.exit_code, odoo.jobs) == (4, [])
    assert "No room for the job now." in result.stderr


def test_ctrl_c_ends_the_wait(run: Run, odoo: FakeOdoo) -> None:
    """Nothing was sent that would stay."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)

    def interrupted(request: httpx.Request, serve: object) -> httpx.Response:
        os.kill(os.getpid(), signal.SIGINT)
        return no_room(request, serve)

    odoo.faults = iter([work, interrupted])
    result = run("submit", "a.jsonl", "--model", "m")
    assert (result.exit_code, odoo.jobs) == (130, [])


def room_soon(request: httpx.Request, serve: Callable[[], Any]) -> httpx.Response:
    """Fault: no room, but in a moment."""
    context = {"retry_after": 0, "no_room": True}
    return odoo_error(429, "No room for the job now.", context=context)
