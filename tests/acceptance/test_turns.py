"""Large jobs keep nobody waiting: users take turns, chunk by chunk."""

import time

import pytest
from exactness import create
from rpc import Rpc
from waiting import wait_until

LARGE = 40_000  # operations; it runs as long as the test looks, and is cancelled
SMALL = 20
SOON = 3.0  # seconds
WINDOW = 8_000  # operations of one job while the shares are compared


@pytest.fixture(scope="module")
def colleague(server, database, rpc):
    """Another user's connection."""
    (user,) = rpc.call("res.users", "create", vals_list=[{"name": "Colleague", "login": "turns"}])
    connection = Rpc(server.url, database.name, database.make_key(user))
    yield connection
    connection.close()


@pytest.fixture
def large(rpc):
    """A large job that uses all runners, with chunks of full size by now."""
    job = submit_large(rpc, "large")
    wait_until("it is under way", lambda: done(rpc, job) > 2_000, every=0.1)
    yield job
    rpc.job("cancel", job)
    rpc.wait(job)


def test_a_small_job_behind_a_large_one(rpc, colleague, large, say):
    """It is done within 3 s, while the large one uses all runners."""
    began = time.monotonic()
    small = colleague.submit([create(f"small {n}") for n in range(SMALL)])
    assert colleague.wait(small)["state"] == "done"
    seconds = time.monotonic() - began
    say(f"done after {seconds:.2f} s")
    assert rpc.job("status", large)["state"] == "running"
    assert seconds < SOON


def test_two_large_jobs(rpc, colleague, large, say):
    """Two users' large jobs get about the same."""
    other = submit_large(colleague, "other")
    wait_until("both are under way", lambda: done(colleague, other) > 2_000, every=0.1)
    before = done(rpc, large), done(colleague, other)
    wait_until(
        "they have shared the runners",
        lambda: (
            done(colleague, other) > before[1] + WINDOW or done(rpc, large) > before[0] + WINDOW
        ),
        every=0.1,
    )
    first, second = done(rpc, large) - before[0], done(colleague, other) - before[1]
    assert {rpc.job("status", large)["state"], colleague.job("status", other)["state"]} == {
        "running"
    }
    colleague.job("cancel", other)
    say(f"{first} and {second} operations")
    assert min(first, second) > 0.6 * max(first, second)


def submit_large(rpc, name):
    return rpc.submit([create(f"{name} {n}") for n in range(LARGE)], max_parallel=2)


def done(rpc, job):
    return rpc.job("status", job)["succeeded"]
