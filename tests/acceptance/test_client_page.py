"""Every example of the API page, with our client and with the real ZenooClient."""

import re

import odoo_batch_job
import page_examples
import pytest
import zenoo_rpc
from client_tools import run
from odoo_batch_job import (
    CreateOperation,
    OptimizedBatchExecutor,
)

pytest_plugins = ["client_support"]


@pytest.fixture(params=["odoo_batch_job", "zenoo_rpc"])
def example_client(request, shop, monkeypatch):
    """The client of the examples: what the page calls localhost, port 8069, database demo."""
    kind = {
        "odoo_batch_job": odoo_batch_job.AsyncClient,
        "zenoo_rpc": zenoo_rpc.ZenooClient,
    }[request.param]

    class ExampleClient(kind):
        def __init__(self, host, port):
            assert (host, port) == ("localhost", 8069)
            super().__init__(host, port=shop.port)

        async def login(self, database, user, password):
            assert database == "demo"
            await super().login(shop.database.name, user, password)

    monkeypatch.setattr(page_examples, "ZenooClient", ExampleClient)
    return ExampleClient


@pytest.fixture
def made(shop):
    """Call it for what has been made since: the rows of a table."""
    tables = ("res_partner", "product_product", "sale_order")
    last = {t: shop.database.value(f"SELECT coalesce(max(id), 0) FROM {t}") for t in tables}
    return lambda table: shop.database.value(
        f"SELECT count(*) FROM {table} WHERE id > %s", last[table]
    )


def test_basic_batch_execution(example_client, made, shop, capsys):
    """100 partners are asked for, made and reported."""
    run(page_examples.basic_batch_execution())
    assert capsys.readouterr().out == "Created 100 partners\n"
    assert made("res_partner") == 100
    sizes = "SELECT size FROM batch_job_chunk WHERE job_id = (SELECT max(id) FROM batch_job)"
    assert shop.database.column(sizes) == [50, 50]


def test_batch_with_progress(example_client, made, capsys):
    """Progress rises to the total, then 200 products are reported."""
    run(page_examples.batch_with_progress())
    *progress, last = capsys.readouterr().out.splitlines()
    assert last == "Batch completed: 200 products created"
    numbers = [int(re.match(r"Progress: (\d+)/200 \(", line).group(1)) for line in progress]
    assert numbers == sorted(set(numbers))
    assert progress[-1] == "Progress: 200/200 (100.0%)"
    assert made("product_product") == 200


def test_batch_with_error_handling(example_client, made, capsys):
    """The bad operation is named with its reason, and costs the good ones nothing."""
    run(page_examples.batch_with_error_handling())
    first, *counts, one, two, three = capsys.readouterr().out.splitlines()
    assert first.startswith("Batch execution failed: 1 of 3 operations failed; operation 1: ")
    assert counts == ["Successful operations: 2", "Failed operations: 1"]
    assert re.fullmatch(r"Success: \d+", one)
    assert two.startswith("Error: ")
    assert "name" in two
    assert re.fullmatch(r"Success: \d+", three)
    assert made("res_partner") == 2


def test_parallel_batch_example(example_client, made, capsys):
    """Partners, products and orders, each group a job."""
    run(page_examples.parallel_batch_example())
    assert capsys.readouterr().out.splitlines() == [
        "Partners created: 50",
        "Products created: 50",
        "Orders created: 30",
    ]
    assert (made("res_partner"), made("product_product"), made("sale_order")) == (50, 50, 30)


def test_batch_size_tuning(example_client, made, shop):
    """The history is the chunks that the server ran; fast operations double the batch size."""

    async def tune():
        async with page_examples.ZenooClient("localhost", port=8069) as client:
            await client.login("demo", "admin", "admin")
            executor = OptimizedBatchExecutor(client)
            for _ in range(2):
                for number in range(150):
                    executor.add_operation(CreateOperation("res.partner", {"name": f"T{number}"}))
                await executor.execute_optimized()
            return executor

    executor = run(tune())
    assert [entry["size"] for entry in executor.performance_history] == [100, 50, 150]
    assert executor.batch_size == 200
    assert {entry["time_per_op"] < 0.1 for entry in executor.performance_history} == {True}
    assert made("res_partner") == 300
