"""The asynchronous client: verbs, watching, results."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from fake_odoo import (
    CAUSES,
    FakeClock,
    FakeOdoo,
    end_and_lose_response,
    lose_response,
    outcome,
    work,
)
from helpers import async_client, blocking_client, creates
from odoo_batch_job import (
    AsyncClient,
    ConnectionFailedError,
    CreateOperation,
    OperationError,
    WatchTimeoutError,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("verb", "arguments", "state"),
    [
        ("pause", {}, "paused"),
        ("resume", {"skip": True, "index": 4}, "running"),
        ("retry", {"cancelled": True}, "queued"),
        ("cancel", {}, "cancelled"),
        ("status", {}, "queued"),
    ],
)
async def test_verb_names_the_job_and_returns_its_status(
    verb: str, arguments: dict[str, Any], state: str
) -> None:
    """Each verb is one request on one job."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        job = await client.submit(creates(1))
        after = await getattr(client, verb)(job.id, **arguments)
    assert odoo.requests[-1] == (f"batch.job/{verb}", {"ids": [job.id], **arguments})
    assert after.state == state


async def test_certificate_that_is_not_trusted_is_said_at_once() -> None:
    """No further attempt changes it, so none is made."""

    def fault(request: httpx.Request, serve: object) -> httpx.Response:
        raise httpx.ConnectError("self-signed") from ssl.SSLCertVerificationError()

    clock = FakeClock()
    transport = FakeOdoo(fault).transport
    async with AsyncClient("odoo.test", api_key="k", transport=transport, clock=clock) as client:
        with pytest.raises(ConnectionFailedError, match="certificate cannot be trusted: self-s"):
            await client.status(1)
    assert clock.sleeps == []


@pytest.mark.parametrize(
    ("state", "dry_run", "sent"),
    [
        ("draft", False, {"only_draft": True}),
        ("draft", True, {"only_draft": True}),
        ("running", True, None),
        ("partial", True, {}),
        ("partial", False, None),
    ],
)
async def test_start_asks_for_what_the_job_is_there_for(
    state: str, dry_run: bool, sent: dict[str, Any] | None
) -> None:
    """A dry run goes on for real only where the caller could know that it had ended."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        job = await client.submit(creates(1), dry_run=dry_run, start=False)
        odoo.jobs[0].state = state
        await client.start(job.id)
    starts = [body for path, body in odoo.requests if path == "batch.job/start"]
    assert starts == ([] if sent is None else [{"ids": [job.id], **sent}])


async def test_dry_run_that_ends_between_two_tries_of_start_stays_one() -> None:
    """The response of the first try was lost; the second finds an ended dry run."""
    odoo = FakeOdoo()
    odoo.faults = iter([work, work, end_and_lose_response(odoo)])
    async with async_client(odoo) as client:
        job = await client.submit(creates(1), dry_run=True, start=False)
        after = await client.start(job.id)
    assert (after.state, after.dry_run) == ("done", True)


async def test_eta_is_sent_in_utc() -> None:
    """A time with a zone is the same moment for the server."""
    odoo = FakeOdoo()
    east = timezone(timedelta(hours=2))
    async with async_client(odoo) as client:
        await client.submit(creates(1), eta=datetime(2025, 1, 1, 1, 30, tzinfo=east))
    assert odoo.requests[0][1]["eta"] == "2024-12-31T23:30:00+00:00"


async def test_watch_yields_changes_until_the_job_has_ended() -> None:
    """The same status twice is shown once; the last one is the end."""
    odoo = FakeOdoo()
    odoo.states = ["queued", "queued", "running", "running", "partial", "never asked"]
    async with async_client(odoo) as client:
        job = await client.submit(creates(1))
        seen = [status.state async for status in client.watch(job.id)]
    assert seen == ["queued", "running", "partial"]
    assert odoo.states == ["never asked"]


@pytest.mark.parametrize("state", ["draft", "paused", "done", "partial", "failed", "cancelled"])
async def test_watch_ends_where_the_job_is_at_rest(state: str) -> None:
    """Nobody waits for a job that somebody else must set going."""
    odoo = FakeOdoo()
    odoo.states = [state]
    async with async_client(odoo) as client:
        job = await client.submit(creates(1))
        seen = [status async for status in client.watch(job.id)]
    assert [status.state for status in seen] == [state]
    assert seen[0].at_rest is True
    assert seen[0].ended is (state not in ("draft", "paused"))


async def test_watch_looks_often_at_first_and_then_at_the_interval() -> None:
    """A small job is seen to end at once, a long one costs a request per interval."""
    odoo, clock = FakeOdoo(), FakeClock()
    odoo.states = [*["running"] * 12, "done"]
    async with async_client(odoo, clock) as client:
        job = await client.submit(creates(1))
        async for _ in client.watch(job.id, interval=1.0):
            pass
    assert clock.sleeps[:2] == [0.03, 0.045]
    assert clock.sleeps == sorted(clock.sleeps)
    assert clock.sleeps[-2:] == [1.0, 1.0]


async def sleeps_before_the_end(time_left: float) -> list[float]:
    """Return the pauses of somebody who watches a job that always says it is about to end."""
    odoo, clock = FakeOdoo(*[work] * 12), FakeClock()
    odoo.states = [*["running"] * 9, "done"]
    odoo.time_left = time_left
    async with async_client(odoo, clock) as client:
        job = await client.submit(creates(1))
        async for _ in client.watch(job.id, interval=5.0):
            pass
    return clock.sleeps


async def test_watch_looks_when_the_job_should_be_ready() -> None:
    """The looks come closer up to the end that the job foretold when it last said something new."""
    sleeps = await sleeps_before_the_end(0.32)
    assert sleeps[:6] == pytest.approx([0.03, 0.045, 0.0675, 0.08875, 0.044375, 0.0221875])


async def test_watch_does_not_press_a_job_that_is_late() -> None:
    """Where the job says again and again that it is about to end, the looks get rarer."""
    sleeps = await sleeps_before_the_end(0.001)
    assert sleeps[0] == 0.02
    assert sleeps == sorted(sleeps)
    assert sleeps[-1] > 1.5 * sleeps[0]


async def test_watch_gives_up_at_its_time_limit_and_names_the_job() -> None:
    """The job goes on; the error says which it is."""
    odoo, clock = FakeOdoo(), FakeClock()
    odoo.states = ["running"] * 100
    async with async_client(odoo, clock) as client:
        job = await client.submit(creates(1))
        with pytest.raises(WatchTimeoutError, match="job 1 is still going after 5 s") as caught:
            async for _ in client.watch(job.id, timeout=5):
                pass
    assert caught.value.job_id == 1
    assert 4 <= clock.time <= 5


async def test_results_come_in_order_over_all_pages() -> None:
    """Pages are an affair of the client's, and so are repeated requests."""
    odoo = FakeOdoo(work, lose_response)
    odoo.outcomes = [outcome(index) for index in range(6000)]
    async with async_client(odoo) as client:
        indexes = [result.index async for result in client.results(1)]
    assert indexes == list(range(6000))
    assert [body["after"] for _, body in odoo.requests] == [-1, 2499, 2499, 4999]


async def test_results_can_be_asked_for_by_state_and_place() -> None:
    """Only what failed after a place, with its reason."""
    reason = {"type": "required", "message": "Name is missing", "field": "name"}
    failed = {"state": "failed", "ids": [], "error": reason}
    odoo = FakeOdoo()
    odoo.outcomes = [outcome(0, **failed), outcome(1), outcome(2, **failed)]
    async with async_client(odoo) as client:
        results = [result async for result in client.results(1, state="failed", after=0)]
    assert [(result.index, result.success) for result in results] == [(2, False)]
    assert results[0].error == OperationError("required", "Name is missing", "name")


async def test_call_reaches_any_model() -> None:
    """What a job needs to know beforehand can be asked for."""
    odoo = FakeOdoo(lose_response)
    odoo.answers["res.country/search_read"] = [{"id": 1, "code": "BE"}]
    async with async_client(odoo) as client:
        found = await client.call("res.country", "search_read", {"domain": []}, repeatable=True)
    assert found == [{"id": 1, "code": "BE"}]
    assert odoo.requests[0] == ("res.country/search_read", {"domain": []})


async def test_client_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three variables that scripts/demo writes are enough."""
    monkeypatch.setenv("ODOO_URL", "http://odoo.test")
    monkeypatch.setenv("ODOO_API_KEY", "secret")
    monkeypatch.delenv("ODOO_DB", raising=False)
    async with AsyncClient.from_env() as client:
        assert isinstance(client, AsyncClient)
    with pytest.raises(ValueError, match="part_bytes is at least 1"):
        AsyncClient.from_env(part_bytes=0)
    for unset, named in (
        ("ODOO_API_KEY", "API_KEY$"),
        ("ODOO_URL", "ODOO_URL and no ODOO_API_KEY"),
    ):
        monkeypatch.delenv(unset)
        with pytest.raises(ValueError, match=named):
            AsyncClient.from_env()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"timeout": 0}, "timeout is more than 0"),
        ({"part_bytes": 0}, "part_bytes is at least 1"),
        ({"port": 0}, "a port is a number from 1 to 65535"),
        ({"port": 80_690}, "not 80690"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], reason: str) -> None:
    """They are refused before anything is sent."""
    with pytest.raises(ValueError, match=reason):
        AsyncClient("http://odoo.test", **arguments)


async def test_submission_of_something_else() -> None:
    """It is refused before anything is begun, by the blocking client too."""
    operations: Any = CreateOperation("res.partner", {})
    others: list[Any] = [None, operations, {"op": "create"}]
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        for wrong in others:
            with pytest.raises(TypeError, match="expected a list or iterator of operations"):
                await client.submit(wrong)
        with pytest.raises(ValueError, match="idempotency_key is empty"):
            await client.execute([], idempotency_key="")
        with pytest.raises(TypeError, match="eta is a datetime"):
            await client.submit([], eta="tomorrow")  # type: ignore[arg-type]
    with blocking_client(odoo) as blocking, pytest.raises(TypeError, match="list or iterator"):
        blocking.submit(operations)
    assert odoo.requests == []


@pytest.mark.parametrize("key", ["", "abc\n", "a key", "schlüssel"])
def test_key_that_no_header_carries_is_refused(key: str) -> None:
    """A key read from a file may have a line break; the message does not show it."""
    with pytest.raises(ValueError, match="the API key is empty, or has") as caught:
        AsyncClient("http://odoo.test", api_key=key)
    assert not key or key not in str(caught.value)


async def test_context_of_a_job() -> None:
    """It goes with the submission, beside the default name, and with no part of the operations."""
    odoo = FakeOdoo()
    async with async_client(odoo, part_bytes=100) as client:
        context = {"lang": "fr_FR", "tracking_disable": True}
        await client.submit(creates(5), context=context, default_name="x.csv")
        with pytest.raises(TypeError, match="context is a dict, not 'fr_FR'"):
            await client.submit(creates(1), context="fr_FR")  # type: ignore[arg-type]
    sent = [(path, body.get("context")) for path, body in odoo.requests]
    assert sent[0] == ("batch.job/submit", {**context, "batch_job_default_name": "x.csv"})
    assert {given for _path, given in sent[1:]} == {None}
    assert len(odoo.jobs) == 1


async def test_first_row_of_a_job() -> None:
    """It goes with the context, which no key compares; 1 is not sent, and nonsense is refused."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        for first_row in (2, 1, None):
            await client.submit(creates(1), first_row=first_row)
        for nonsense, error, reason in (
            (0, ValueError, "first_row is 0: rows are counted from 1"),
            (True, TypeError, "first_row is a whole number, not True"),
            ("2", TypeError, "first_row is a whole number, not '2'"),
        ):
            with pytest.raises(error, match=reason):
                await client.submit(creates(1), first_row=nonsense)  # type: ignore[arg-type]
    sent = [body.get("context") for path, body in odoo.requests if path.endswith("/submit")]
    assert sent == [{"batch_job_first_row": 2}, None, None]


async def test_part_of_a_job() -> None:
    """A retry and results of some operations; without them nothing of it is sent."""
    odoo = FakeOdoo()
    odoo.outcomes = [outcome(index, state="failed") for index in range(4)]
    async with async_client(odoo) as client:
        await client.submit(creates(4))
        await client.retry(1, indexes=(3, 1))
        await client.retry(1, state="failed")
        await client.retry(1, cancelled=True)
        await client.retry(1, cause=CAUSES[0])
        found = [result.index async for result in client.results(1, indexes=[3, 1], state="failed")]
        odoo.jobs[0].state = "done"
        waited = [result.index async for result in client.results(1, indexes={2}, wait=True)]  # type: ignore[arg-type]
    assert (found, waited) == ([1, 3], [2])
    bodies = [body for path, body in odoo.requests if path.endswith("/retry")]
    cause = {name: CAUSES[0][name] for name in ("type", "model", "field", "constraint")}
    assert bodies == [
        {"ids": [1], "cancelled": False, "indexes": [3, 1]},
        {"ids": [1], "cancelled": False, "state": "failed"},
        {"ids": [1], "cancelled": True},
        {"ids": [1], "cancelled": False, "cause": cause},
    ]
