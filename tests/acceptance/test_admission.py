"""More is submitted than may be open at once: real clients wait, and all of it gets through."""

import logging
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from database import ADMIN
from exactness import assert_counters, create, creates
from odoo_batch_job import Client, RateLimitedError, Retry
from waiting import wait_until

LIMIT = 1_000  # open operations of a user, and of a job
CLIENTS = 10
SIZE = 2 * LIMIT // CLIENTS  # operations of a client's job
GATE = 8
COUNT = "SELECT count(*) FROM batch_job WHERE idempotency_key LIKE %s"
PARTS = """
import os, sys
from odoo_batch_job import Client
from odoo_batch_job._loop_thread import READ_AHEAD

def operations():
    for number in range(READ_AHEAD + 1):
        if number == READ_AHEAD:
            print("half", flush=True)
            sys.stdin.read()  # until it is killed
        values = {"name": f"killed {number} " + "x" * 1_000}
        yield {"op": "create", "model": "test.batch.item", "values": values}

server = {"database": os.environ["ODOO_DB"], "api_key": os.environ["ODOO_API_KEY"]}
with Client(os.environ["ODOO_URL"], **server, part_bytes=8_000) as client:
    client.submit(operations(), idempotency_key="killed")
"""


@pytest.fixture(scope="module")
def limits(rpc, database):
    """Room for 1,000 open operations of a user."""
    for name in ("open_per_user", "largest_job"):
        rpc.call("ir.config_parameter", "set_param", key=f"batch_job.{name}", value=str(LIMIT))


@pytest.fixture(scope="module")
def environment(server, database):
    """How a client finds the server."""
    key = database.make_key()
    return {"ODOO_URL": server.url, "ODOO_DB": database.name, "ODOO_API_KEY": key}


def new_client(environment, **options):
    return Client(
        environment["ODOO_URL"],
        database=environment["ODOO_DB"],
        api_key=environment["ODOO_API_KEY"],
        **options,
    )


def test_clients_wait_until_there_is_room(limits, environment, database, rpc, gates, caplog, say):
    """While a job is at work that leaves little room, ten clients, half of them in parts, submit
    twice what may be open at once. Those without room wait, and nothing of them is stored; then all
    get through, once."""
    caplog.set_level(logging.WARNING)
    gates.shut(GATE)
    rpc.submit(creates("large", LIMIT - SIZE + 1, before={0: GATE}))

    def submit(number):
        operations = [create(f"ten {number} {place}") for place in range(SIZE)]
        part_bytes = 5_000 if number % 2 else 1_000_000
        with new_client(environment, part_bytes=part_bytes) as client:
            job = client.submit(operations, idempotency_key=f"ten {number}")
            return list(client.watch(job.id))[-1]

    with ThreadPoolExecutor(CLIENTS) as threads:
        calls = [threads.submit(submit, number) for number in range(CLIENTS)]
        wait_until("five wait", lambda: caplog.text.count("Waiting for room") >= CLIENTS // 2)
        in_one_piece = database.value(COUNT + " AND parts = 0 AND state != 'draft'", "ten %")
        say(f"{database.value(COUNT, 'ten %')} of {CLIENTS} clients have a job, the others wait")
        gates[0].open()
        ends = [one.result() for one in calls]
    assert in_one_piece == 0
    assert [(job.state, job.succeeded) for job in ends] == [("done", SIZE)] * CLIENTS
    assert len({job.id for job in ends}) == CLIENTS == database.value(COUNT, "ten %")
    names = database.column("SELECT name FROM test_batch_item WHERE name LIKE %s", "ten %")
    expected = [f"ten {number} {place}" for number in range(CLIENTS) for place in range(SIZE)]
    assert sorted(names) == sorted(expected)


def test_killed_in_mid_upload(limits, environment, database, rpc):
    """A client killed in mid-upload leaves a draft that counts for 24 hours, as the answer to the
    next one says, and not a moment longer. Then the clean-up cancels the draft and says what to
    do."""
    command = [sys.executable, "-c", PARTS]
    upload = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert upload.stdout.readline() == "half\n"
        wait_until("parts have arrived", lambda: of_draft(database, "total"))
    finally:
        upload.kill()
        upload.communicate()
    job = of_draft(database, "id")
    operations = creates("after", LIMIT)
    with new_client(environment, retry=Retry(room=0)) as client:
        with pytest.raises(RateLimitedError) as caught:
            client.submit(operations)
        assert re.search(
            "([0-9]+) operations .* are open .\\1 of them in drafts", str(caught.value)
        )
        assert "A draft counts for 24 hours after its last part." in str(caught.value)
        make_old(database, job, "23 hours 59 minutes")
        with pytest.raises(RateLimitedError):
            client.submit(operations)
        make_old(database, job, "1 minute")
        after = client.submit(operations)
        assert list(client.watch(after.id))[-1].succeeded == LIMIT
    cron = "SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'autovacuum_job'"
    rpc.call("ir.cron", "method_direct_trigger", ids=[database.value(cron)])
    status = rpc.job("status", job)
    assert_counters(status, "cancelled", skipped=status["total"])
    assert 0 < status["total"] < LIMIT
    assert "Submit all of it anew, under another idempotency key" in status["error"]


def of_draft(database, column):
    return database.value(f"SELECT coalesce(max({column}), 0) FROM batch_job WHERE state = 'draft'")


def make_old(database, job, age):
    database.rows(
        "UPDATE batch_job SET write_date = write_date - %s::interval WHERE id = %s", age, job
    )


def test_both_protocols_say_when_to_retry(limits, environment, rpc):
    """Over JSON-2 the answer has a Retry-After header; over JSON-RPC its name and context say the
    same."""
    job = rpc.submit(creates("full", LIMIT), eta="2100-01-01")
    headers = {
        "Authorization": f"bearer {environment['ODOO_API_KEY']}",
        "X-Odoo-Database": environment["ODOO_DB"],
    }
    url = f"{environment['ODOO_URL']}/json/2/batch.job/submit"
    reply = httpx.post(url, json={"operations": [create("one")]}, headers=headers, timeout=60)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "5")
    named = [environment["ODOO_DB"], ADMIN, environment["ODOO_API_KEY"], "batch.job", "submit"]
    call = {"service": "object", "method": "execute_kw", "args": [*named, [[create("one")]], {}]}
    body = {"jsonrpc": "2.0", "method": "call", "params": call}
    reply = httpx.post(f"{environment['ODOO_URL']}/jsonrpc", json=body, timeout=60)
    error = reply.json()["error"]["data"]
    assert error["name"].endswith(".TooBusy")
    assert error["message"].startswith("No room for the job now: 1,000 operations of")
    assert error["context"] == {"retry_after": 5, "no_room": True}
    rpc.job("cancel", job)
