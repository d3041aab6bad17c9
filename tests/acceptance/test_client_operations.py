"""Every operation, every way to log in, and what a user may not do, through the client."""

import pytest
from client_tools import ADMIN, run
from odoo_batch_job import (
    AccessDeniedError,
    AsyncClient,
    AuthenticationError,
    BatchExecutionError,
    BatchExecutor,
    CallOperation,
    Client,
    CreateOperation,
    DeleteOperation,
    IdempotencyKeyError,
    LoadOperation,
    UpdateOperation,
    UpsertOperation,
)

pytest_plugins = ["client_support"]

CATEGORY = "res.partner.category"


@pytest.fixture(params=["key", "password", "key as password"])
def connect(request, shop, key):
    """A client that has logged in, in each way."""

    async def connect():
        if request.param == "key":
            return AsyncClient(shop.url, database=shop.database.name, api_key=key)
        client = AsyncClient("localhost", port=shop.port)
        password = ADMIN[1] if request.param == "password" else key
        await client.login(shop.database.name, ADMIN[0], password)
        return client

    return connect


def test_every_operation_does_what_it_says(connect, shop, request):
    """Each kind, with a reference to an earlier one, gives the data that it says."""
    label = request.node.name

    async def execute():
        async with await connect() as client:
            executor = BatchExecutor(client)
            for operation in (
                CreateOperation("res.partner", {"name": label}, ref="one"),
                CreateOperation(CATEGORY, [{"name": f"{label} A"}, {"name": f"{label} B"}]),
                UpdateOperation("res.partner", {"city": "Gent"}, [{"$ref": "one"}]),
                UpsertOperation("res.partner", {"name": label, "street": "Up 1"}, key=["name"]),
                UpsertOperation(CATEGORY, {"name": f"{label} X"}, xml_id="client_test.x"),
                LoadOperation(CATEGORY, ["id", "name"], ["client_test.x", f"{label} L"]),
                CallOperation("res.partner", "name_search", kwargs={"name": label}),
                CreateOperation(CATEGORY, {"name": f"{label} D"}, ref="gone"),
                DeleteOperation(CATEGORY, [{"$ref": "gone"}]),
            ):
                executor.add_operation(operation)
            return [result.data for result in await executor.execute()]

    one, two, written, upserted, x, loaded, found, deleted, unlinked = run(execute())
    assert (written, upserted, x) == ([one], one, loaded)
    assert len(two) == 2
    assert found[0][0] == one
    assert unlinked == [deleted]
    partner = "SELECT name, city, street FROM res_partner WHERE id = %s"
    assert shop.database.rows(partner, one) == [(label, "Gent", "Up 1")]
    names = "SELECT name->>'en_US' FROM res_partner_category WHERE id = %s"
    assert shop.database.column(names, loaded) == [f"{label} L"]
    assert shop.database.column(names, deleted) == []


def test_execute_at_once(connect, shop, request):
    """A few operations within the request: their results come with it, a repetition's too."""
    label = request.node.name
    operations = [
        {"op": "create", "model": CATEGORY, "values": {"name": label}},
        {"op": "create", "model": CATEGORY, "values": {}},
    ]

    async def execute():
        async with await connect() as client:
            return [
                await client.execute(operations, idempotency_key=label),
                await client.execute(operations, idempotency_key=label),
            ]

    (job, results), (again, same) = run(execute())
    assert (job.state, job.succeeded, job.failed) == ("partial", 1, 1)
    assert [result.success for result in results] == [True, False]
    assert (again.id, same) == (job.id, results)
    count = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' = %s"
    assert shop.database.value(count, label) == 1


def test_dry_run_says_what_would_fail_and_keeps_nothing(shop, key):
    """The blocking client: everything is tried, nothing is there afterwards."""
    operations = [
        {"op": "create", "model": CATEGORY, "values": {"name": "only tried"}},
        {"op": "create", "model": CATEGORY, "values": {"color": 1}},
    ]
    with Client("localhost", port=shop.port, database=shop.database.name, api_key=key) as client:
        job = client.submit(operations, dry_run=True)
        *_, last = client.watch(job.id)
        states = [result.state for result in client.results(job.id)]
    assert (last.dry_run, last.succeeded, last.failed, states) == (True, 1, 1, ["done", "failed"])
    count = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' = 'only tried'"
    assert shop.database.value(count) == 0


@pytest.fixture
def clerk(shop, key):
    """A user who may do little, with a password."""
    values = {"name": "Clerk", "login": "clerk", "password": "clerk-secret"}
    with Client(shop.url, database=shop.database.name, api_key=key) as client:
        user = client.call("res.users", "create", {"vals_list": [values]})
        yield values["login"], values["password"]
        client.call("res.users", "unlink", {"ids": user})


def test_who_may_not_is_told_so_with_the_index(shop, clerk):
    """The first operation that the user may not do is named, over a session too."""
    operations = [
        CallOperation("res.partner", "name_search", kwargs={"name": "x"}),
        CreateOperation("ir.rule", {"name": "mine"}),
    ]

    async def execute():
        async with AsyncClient(shop.url) as client:
            await client.login(shop.database.name, *clerk)
            executor = BatchExecutor(client)
            for operation in operations:
                executor.add_operation(operation)
            with pytest.raises(BatchExecutionError) as caught:
                await executor.execute()
            return caught.value

    error = run(execute())
    assert isinstance(error.__cause__, AccessDeniedError)
    assert error.__cause__.index == 1
    assert [result.state for result in error.partial_results] == ["not_submitted", "refused"]


def test_two_factor_account_needs_a_key(shop, clerk):
    """A right password is not enough, and the error says what is."""
    login, password = clerk
    secret = "UPDATE res_users SET totp_secret = 'JBSWY3DPEHPK3PXP' WHERE login = %s"
    shop.database.rows(secret, login)

    async def log_in(word):
        async with AsyncClient(shop.url) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.login(shop.database.name, login, word)
            return str(caught.value)

    assert "API key" in run(log_in(password))
    assert "API key" not in run(log_in("wrong"))


@pytest.mark.parametrize("part_bytes", [2_000, 1_000_000])
def test_key_of_another_submission_is_an_error_of_its_own(shop, key, part_bytes):
    """Sent at once or in parts: the exception that is named for it says which job has the key."""
    made = [{"op": "create", "model": CATEGORY, "values": {"name": f"k {n}"}} for n in range(100)]
    other = [*made[:-1], {**made[-1], "values": {"name": "other"}}]
    options = {"database": shop.database.name, "api_key": key, "part_bytes": part_bytes}
    with Client(shop.url, **options) as client:
        job = client.submit(made, idempotency_key=f"taken-{part_bytes}")
        with pytest.raises(IdempotencyKeyError, match=f"job {job.id}") as caught:
            client.submit(other, idempotency_key=f"taken-{part_bytes}")
        client.cancel(job.id)
    assert (caught.value.job_id, caught.value.status) == (job.id, 422)


def test_killed_submission_goes_on_under_its_key(shop, key):
    """A program that died while it submitted starts again from its first operation."""
    made = [
        {"op": "create", "model": CATEGORY, "values": {"name": f"died {n}"}} for n in range(200)
    ]

    def dies():
        yield from made[:150]
        raise KeyboardInterrupt

    options = {"database": shop.database.name, "api_key": key, "part_bytes": 2_000}
    with Client(shop.url, **options) as client, pytest.raises(KeyboardInterrupt):
        client.submit(dies(), idempotency_key="died")
    with Client(shop.url, **options) as client:
        job = client.submit(made, idempotency_key="died")
        *_, last = client.watch(job.id)
    assert (last.state, last.succeeded, last.total) == ("done", 200, 200)
    count = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    assert shop.database.value(count, "died %") == 200
