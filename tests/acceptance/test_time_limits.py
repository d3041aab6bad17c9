"""Slow operations on a server that ends cron workers after 24 seconds (by default it is 120)."""

import time

import pytest
from database import Database
from exactness import assert_counters, assert_exact, call
from waiting import wait_until

LIMIT = 24  # seconds
KILLED = f"timeout after {LIMIT}s"


@pytest.fixture(scope="module")
def server_options():
    return {"cron_workers": 1, "options": [f"--limit-time-real-cron={LIMIT}"]}


@pytest.fixture(scope="module")
def database(database: Database):
    """Without any scheduled action but the runners': others take their part of so short a limit."""
    database.leave_runners_only()
    return database


@pytest.fixture
def idle(server, database):
    """Seconds for which the cron worker has slept: its master counts them too."""

    def idle():
        ran = database.value(
            "SELECT coalesce(min(extract(epoch FROM"
            " clock_timestamp() AT TIME ZONE 'UTC' - write_date)), 'infinity')::float"
            " FROM ir_cron_progress"
        )
        ages = [server.age(worker) for worker in server.cron_workers()]
        return min(ran, *ages) if ages else 0

    return idle


def slow_calls(prefix, count, seconds):
    return [
        call("create_slowly", name=f"{prefix} {number}", seconds=seconds) for number in range(count)
    ]


def tries(database, job):
    """(attempt, lost, conflicts) of the job's chunks."""
    return database.rows(
        "SELECT DISTINCT attempt, lost, conflicts FROM batch_job_chunk WHERE job_id = %s", job
    )


def test_slow_operations_cost_no_worker(server, database, rpc, idle):
    """30 seconds of slow calls cost no worker: each chunk lands what it has done after some five
    seconds, and nothing is done again."""
    wait_until("the worker has just looked", lambda: idle() < 4)
    workers, killed = server.cron_workers(), server.log_text().count(KILLED)
    operations = slow_calls("slow", 10, 3)
    job = rpc.submit(operations)
    wait_until("the first ones have landed", lambda: rpc.job("status", job)["succeeded"], LIMIT)
    assert rpc.job("status", job)["succeeded"] <= 2
    assert_exact(database, rpc, job, operations, "slow")
    assert tries(database, job) == [(1, 0, 0)]
    assert server.cron_workers() == workers
    assert server.log_text().count(KILLED) == killed


def test_all_or_nothing_on_an_idle_server(server, database, rpc, idle):
    """The worker has slept for most of its time limit when a job of policy `all` comes that needs
    more than what is left: it runs in a new pass, at the first try."""
    wait_until("the worker has slept for long", lambda: idle() > 15)
    workers = server.cron_workers()
    operations = slow_calls("together", 7, 2)
    began = time.monotonic()
    job = rpc.submit(operations, policy="all")
    status = rpc.wait(job)
    assert time.monotonic() - began < LIMIT
    assert_counters(status, "done", succeeded=7)
    assert_exact(database, rpc, job, operations, "together")
    assert tries(database, job) == [(1, 0, 0)]
    assert server.cron_workers() == workers
