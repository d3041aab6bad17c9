"""The ways to make partners from outside that are compared; each gives the ids it has made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import httpx
from client_ceiling import OrmProcesses
from odoo_batch_job import AsyncClient

MODEL = "res.partner"
AT_ONCE = 100  # records in a call, as users of the peers have it
_serial = count()


CEILING = "ORM alone, two processes"


def sides(url: str, database: str, key: str, orm: OrmProcesses) -> dict:
    where = (url, database, key)
    return {
        "job, one runner": partial(_job, *where, 1),
        "job, max_parallel=2": partial(_job, *where, 2),
        "job, as many chunks as pay": partial(_job, *where, 0),
        "100 records per call": partial(_calls, *where),
        "zenoo-rpc batch, concurrency 1": partial(_zenoo, *where, 1),
        "zenoo-rpc batch, concurrency 5": partial(_zenoo, *where, 5),
        CEILING: partial(_orm, orm),
    }


async def stream(url: str, database: str, key: str, size: int) -> int:
    """Submit from a generator and read the results back, keeping none."""
    made = 0
    async with AsyncClient(url, database=database, api_key=key) as client:
        job = await client.submit(operations(size))
        async for result in client.results(job.id, wait=True):
            made += result.success
    return made


async def _job(url: str, database: str, key: str, max_parallel: int, size: int) -> list[int]:
    async with AsyncClient(url, database=database, api_key=key) as client:
        job = await client.submit(operations(size), max_parallel=max_parallel)
        return [result.ids[0] async for result in client.results(job.id, wait=True)]


async def _calls(url: str, database: str, key: str, size: int) -> list[int]:
    headers = {"Authorization": f"bearer {key}", "X-Odoo-Database": database}
    ids: list[int] = []
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        for _start in range(0, size, AT_ONCE):
            body = {"vals_list": [_values() for _number in range(AT_ONCE)]}
            answer = await http.post(f"/json/2/{MODEL}/create", json=body)
            ids += answer.raise_for_status().json()
    return ids


async def _zenoo(url: str, database: str, key: str, concurrency: int, size: int) -> list[int]:
    from zenoo_rpc import ZenooClient
    from zenoo_rpc.batch import BatchExecutor
    from zenoo_rpc.batch.operations import CreateOperation

    async with ZenooClient(url, timeout=120) as client:
        await client.login(database, "admin", key)
        executor = BatchExecutor(client, max_chunk_size=AT_ONCE, max_concurrency=concurrency)
        operation = CreateOperation(model=MODEL, data=[_values() for _number in range(size)])
        answer = await executor.execute_operations([operation])
    return [one for result in answer["results"] for one in result["result"]]


async def _orm(orm: OrmProcesses, size: int) -> list[int]:
    return await orm.make([_values() for _number in range(size)])


def operations(size: int) -> Iterator[dict]:
    for _number in range(size):
        yield {"op": "create", "model": MODEL, "values": _values()}


def _values() -> dict:
    number = next(_serial)
    return {
        "name": f"Bench {number}",
        "email": f"bench{number}@example.com",
        "phone": f"+32 2 {number:07}",
        "street": f"Street {number}",
        "city": f"City {number % 100}",
    }
