"""Large jobs keep nobody waiting: users take turns, chunk by chunk."""

import time

import pytest
from exactness import creates
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


def test_a_small_job_behind_a_large_one(rpc, colleague, say):
    """It is done within 3 s, while the large one uses all runners."""
    large = draft_large(rpc, "ahead")
    rpc.job("start", large)
    wait_until("chunks have their full size", lambda: done(rpc, large) > 2_000, every=0.1)
    began = time.monotonic()
    small = colleague.submit(creates("small", SMALL))
    assert colleague.wait(small)["state"] == "done"
    seconds = time.monotonic() - began
    say(f"done after {seconds:.2f} s")
    assert rpc.job("status", large)["state"] == "running"
    cancel(rpc, large)
    assert seconds < SOON


def test_two_large_jobs(rpc, colleague, say):
    """Two users' large jobs get about the same."""
    pair = (rpc, draft_large(rpc, "one")), (colleague, draft_large(colleague, "other"))
    for user, job in pair:
        user.job("start", job)
    wait_until("both are under way", lambda: min(shares(pair)) > 2_000, every=0.1)
    before = shares(pair)
    wait_until(
        "they have shared the runners",
        lambda: max(shares(pair)) > max(before) + WINDOW,
        every=0.1,
    )
    first, second = (now - then for now, then in zip(shares(pair), before, strict=True))
    assert [user.job("status", job)["state"] for user, job in pair] == ["running", "running"]
    for user, job in pair:
        cancel(user, job)
    say(f"{first} and {second} operations")
    assert min(first, second) > 0.6 * max(first, second)


def draft_large(rpc, name):
    """The names differ from job to job: an item's name is unique."""
    operations = creates(name, LARGE)
    return rpc.submit(operations, max_parallel=2, start=False)


def cancel(rpc, job):
    rpc.job("cancel", job)
    rpc.wait(job)


def shares(pair):
    return [done(user, job) for user, job in pair]


def done(rpc, job):
    return rpc.job("status", job)["succeeded"]
