"""Nothing doubled and nothing lost, whatever the network or the server's host does."""

import asyncio
import itertools

import pytest
from client_tools import ADMIN, run
from odoo_batch_job import AsyncClient, BatchExecutor, CreateOperation, ResponseError, Retry
from proxy import FAULTS, Proxy
from waiting import wait_until

pytest_plugins = ["client_support"]

COUNT = 300
PART = 8_000  # bytes: 300 operations are some parts
STEPS = (  # of a round: method and how many times it was called before
    *(("submit", 0), ("append", 0), ("append", 1), ("append", 3)),
    *(("start", 0), ("status", 0), ("results", 0)),
)
HURRY = Retry(first=0.02, longest=0.2)


@pytest.fixture(scope="module")
def proxy(shop):
    with Proxy(shop.url) as proxy:
        yield proxy


def connect(proxy, shop, key, **options):
    return AsyncClient(
        proxy.url,
        database=shop.database.name,
        api_key=key,
        timeout=options.pop("timeout", 2.0),
        retry=HURRY,
        **{"part_bytes": PART, **options},
    )


def operations(label):
    return [
        {"op": "create", "model": "res.partner.category", "values": {"name": f"{label} {number}"}}
        for number in range(COUNT)
    ]


async def whole_round(client, label):
    """Submit, watch to the end, read the results."""
    job = await client.submit(operations(label), name=label)
    async for status in client.watch(job.id, interval=0.2):
        last = status
    return last, [result async for result in client.results(job.id)]


def assert_exact(shop, label, status, results):
    assert (status.state, status.total, status.succeeded) == ("done", COUNT, COUNT)
    assert [result.index for result in results] == list(range(COUNT))
    jobs = "SELECT count(*) FROM batch_job WHERE name = %s"
    assert shop.database.value(jobs, label) == 1
    made = dict(
        shop.database.rows(
            "SELECT id, name->>'en_US' FROM res_partner_category WHERE name->>'en_US' LIKE %s",
            f"{label} %",
        )
    )
    assert len(made) == COUNT
    assert [made[result.ids[0]] for result in results] == [f"{label} {n}" for n in range(COUNT)]


@pytest.mark.parametrize("fault", ["drop", "hold_request"])
def test_every_request_in_turn(proxy, shop, key, fault):
    """Each request of a round is spoilt once, one a round: 300 records, 300 rows, 300 results."""

    async def one_round(*step):
        proxy.spoil(lambda *place: fault if place == step else None)
        label = f"{fault} {step}"
        async with connect(proxy, shop, key, timeout=timeout_of(fault)) as client:
            assert_exact(shop, label, *await whole_round(client, label))

    for method, number in STEPS:
        run(one_round(f"/json/2/batch.job/{method}", number))


@pytest.mark.parametrize("part_bytes", [PART, 10**6], ids=["parts", "one request"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_at_first(proxy, shop, key, fault, part_bytes):
    """Every request is spoilt, and its repetition is not; the job in parts or in one request."""
    label = f"all {fault} {part_bytes}"
    proxy.spoil(every_other(fault))

    async def one_round():
        options = {"timeout": timeout_of(fault), "part_bytes": part_bytes}
        async with connect(proxy, shop, key, **options) as client:
            return await whole_round(client, label)

    assert_exact(shop, label, *run(one_round()))
    assert len(proxy.paths) % 2 == 0


def every_other(*faults):
    """Spoils the first of all requests, the third … with these faults in turn."""
    numbers = itertools.count()

    def choose(path, number):
        count = next(numbers)
        return None if count % 2 else faults[count // 2 % len(faults)]

    return choose


def timeout_of(fault):
    return 1.0 if fault.startswith("hold") else 20.0


def test_password_session_over_a_bad_network(proxy, shop):
    """The same holds for a client with a password, log-in included."""
    proxy.spoil(every_other("drop", "reset", "bad_gateway"))

    async def one_round():
        async with AsyncClient(proxy.url, retry=HURRY, part_bytes=PART) as client:
            await client.login(shop.database.name, *ADMIN)
            return await whole_round(client, "password")

    assert_exact(shop, "password", *run(one_round()))
    assert "/web/dataset/call_kw/batch.job.append" in proxy.paths


def test_reason_and_index_reach_the_caller_through_parts(proxy, shop, key):
    """An operation refused in a later part is named by its place in the whole."""
    proxy.spoil(lambda path, number: None)
    bad = [*operations("refused"), {"op": "create", "model": "res.nobody", "values": {}}]

    async def submit():
        async with connect(proxy, shop, key) as client:
            with pytest.raises(ResponseError, match=r"res\.nobody") as caught:
                await client.submit(bad)
            return caught.value

    error = run(submit())
    assert (error.status, error.index) == (422, COUNT)


@pytest.mark.parametrize("way", ["key", "password"])
def test_server_killed_and_started_again_during_execute(shop, key, way):
    """execute() waits for the server, and returns complete."""
    label = f"restart {way}"

    async def restart():
        async with AsyncClient(
            shop.url, database=shop.database.name, api_key=key if way == "key" else None
        ) as client:
            if way == "password":
                await client.login(shop.database.name, *ADMIN)
            executor = BatchExecutor(client, batch_size=20)
            for operation in operations(label):
                executor.add_operation(CreateOperation(operation["model"], operation["values"]))
            executing = asyncio.ensure_future(executor.execute())
            await asyncio.to_thread(wait_until, "two chunks are in", chunks_are_in)
            await asyncio.to_thread(shop.stop)
            await asyncio.to_thread(shop.start)
            return executor, await executing

    def chunks_are_in():
        counted = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' LIKE %s"
        return shop.database.value(counted, f"{label} %") >= 40

    executor, results = run(restart())
    assert [result.index for result in results] == list(range(COUNT))
    assert len({result.data for result in results}) == COUNT
    counted = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    assert shop.database.value(counted, f"{label} %") == COUNT
    assert len(executor.jobs) == 1
