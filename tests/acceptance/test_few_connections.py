"""Calls that need a second database connection, on a server that has few."""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx
import pytest
from exactness import call

KEY = "test.batch.key"
CONNECTIONS = 16
CALLS = 12  # each has one connection, and needs another
GATE = 5


@pytest.fixture(scope="module")
def server_options():
    return {"workers": 0, "cron_workers": 0, "options": [f"--db_maxconn={CONNECTIONS}"]}


def test_execute_by_key(server, database, gates):
    """Who gets no connection for the locks on keys is told in a sentence to come again, and nothing
    of the call is done; the same call then succeeds, once."""
    headers = {
        "Authorization": f"bearer {database.make_key()}",
        "X-Odoo-Database": database.name,
    }

    def execute(number):
        code = f"few {number}"
        operations = [
            {"op": "upsert", "model": KEY, "key": ["code"], "values": {"code": code, "name": code}},
            call("create_gated", name=code, before=GATE),
        ]
        body = {"operations": operations, "policy": "all", "idempotency_key": code}
        url = f"{server.url}/json/2/batch.job/execute"
        return httpx.post(url, json=body, headers=headers, timeout=60)

    gates.shut(GATE)
    with ThreadPoolExecutor(CALLS) as threads:
        calls = [threads.submit(execute, number) for number in range(CALLS)]
        wait(calls, return_when=FIRST_COMPLETED)
        gates[0].open()
        replies = [one.result() for one in calls]
    assert {reply.status_code for reply in replies} == {200, 429}
    refused = [number for number, reply in enumerate(replies) if reply.status_code == 429]
    for number in refused:
        assert replies[number].headers["Retry-After"] == "1"
        assert replies[number].json()["message"] == (
            "The server has no database connection to spare for this call; nothing was done. Send "
            "it again in a moment, or submit a job."
        )
    made = database.column("SELECT name FROM test_batch_item WHERE name LIKE %s", "few %")
    assert sorted(made) == sorted(f"few {n}" for n in range(CALLS) if n not in refused)
    assert [execute(number).status_code for number in range(CALLS)] == [200] * CALLS
    for table in ("test_batch_item", "test_batch_key"):
        made = database.column(f"SELECT name FROM {table} WHERE name LIKE %s", "few %")
        assert sorted(made) == sorted(f"few {number}" for number in range(CALLS))
