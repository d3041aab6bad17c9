"""The same job again: `duplicate` of both clients and of the command line."""

from __future__ import annotations

import json

import pytest

from conftest import Run
from fake_odoo import FakeOdoo, lose_response, odoo_error, reply, work
from helpers import async_client, blocking_client, creates
from odoo_batch_job import AccessDeniedError, ConnectionFailedError


@pytest.mark.anyio
async def test_duplicate() -> None:
    """The draft has the operations of the job, and is started like any draft."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        job = await client.submit(creates(2))
        draft = await client.duplicate(job.id)
        assert (draft.id, draft.state, draft.total) == (2, "draft", 2)
        assert (await client.start(draft.id)).state == "queued"
    assert odoo.requests[1] == ("batch.job/duplicate", {"ids": [1]})


def test_duplicate_of_the_blocking_client() -> None:
    """The same without asyncio."""
    odoo = FakeOdoo()
    with blocking_client(odoo) as client:
        assert client.duplicate(client.submit(creates(1)).id).state == "draft"


@pytest.mark.anyio
async def test_not_repeated() -> None:
    """After a lost response there may be a draft: the client makes no second one."""
    odoo = FakeOdoo(work, lose_response)
    async with async_client(odoo) as client:
        job = await client.submit(creates(1))
        with pytest.raises(ConnectionFailedError):
            await client.duplicate(job.id)
    assert [job.state for job in odoo.jobs] == ["queued", "draft"]


@pytest.mark.anyio
async def test_somebody_elses() -> None:
    """What Odoo refuses is an error with its words."""
    refusal = odoo_error(403, "Only its owner may duplicate job 7; submit one of your own.")
    async with async_client(FakeOdoo(reply(refusal))) as client:
        with pytest.raises(AccessDeniedError, match="Only its owner"):
            await client.duplicate(7)


def test_command(run: Run, odoo: FakeOdoo) -> None:
    """`odoo-batch duplicate JOB` says which job the draft is and how to start it."""
    odoo._submit(creates(2), start=True, idempotency_key="x", dry_run=False)
    result = run("duplicate", "1")
    assert (result.exit_code, odoo.jobs[1].state) == (0, "draft"), result.output
    assert result.output.splitlines()[-1] == "Start it: odoo-batch start 2"
    as_json = json.loads(run("duplicate", "1", "--json").output)
    assert (as_json["id"], as_json["state"]) == (3, "draft")
