"""Work without gates, with kills at random moments and with none: what nobody thought of."""

import time

import pytest
from exactness import assert_exact, call, create, creates
from rpc import Watcher
from waiting import wait_until

OPERATIONS = 3_000
PAUSES = (0.05, 0.6)  # seconds from one kill to the next


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.long)])
def test_random_kills_lose_and_repeat_nothing(server, database, rpc, chance, say, kills):
    """Cron workers killed at random while two runners work through jobs of small chunks: every
    operation is done, once."""
    counter = database.new_item(f"count {kills}")
    jobs = {}
    done = 0
    while done < kills:
        prefix = f"chaos {kills} {len(jobs)} "
        operations = plan(prefix, counter, chance)
        options = {"chunk_size": chance.randint(5, 60), "max_parallel": chance.choice((0, 2))}
        job = rpc.submit(operations, **options)
        jobs[job] = (operations, prefix)
        with Watcher(rpc, job):
            while done < kills and rpc.job("status", job)["state"] in ("queued", "running"):
                time.sleep(chance.uniform(*PAUSES))  # the schedule of the kills, not a wait
                done += kill_one(server, chance)
            rpc.wait(job, 120)
    say(f"{done} kills in {len(jobs)} jobs of {OPERATIONS} operations")
    for job, (operations, prefix) in jobs.items():
        assert_exact(database, rpc, job, operations, prefix)
    increments = sum(o["op"] == "call" for operations, _prefix in jobs.values() for o in operations)
    assert increments == database.value_of(counter)


@pytest.mark.parametrize("parallel", [2, 0])
def test_nothing_is_taken_from_the_living(database, rpc, parallel):
    """Without any kill no chunk is thought to be a dead worker's, however short it is, and none is
    brought to a conflict by the claim of another."""
    prefix = f"living {parallel}"
    operations = creates(prefix, 600)
    job = rpc.submit(operations, chunk_size=2, max_parallel=parallel)
    assert_exact(database, rpc, job, operations, prefix)
    begun = database.rows(
        "SELECT count(*), sum(attempt), sum(lost), count(DISTINCT runner) FROM batch_job_chunk"
        " WHERE job_id = %s",
        job,
    )
    assert begun == [(300, 300, 0, 2)]


def plan(prefix, counter, chance):
    """Creates, with increments of one record here and there."""
    increment = call("increment", ids=[counter], each=True)
    return [
        increment if chance.random() < 0.02 else create(f"{prefix}{number}")
        for number in range(OPERATIONS)
    ]


def kill_one(server, chance):
    """Kill any cron worker; none lives for a moment when both have just died."""
    workers = wait_until("a cron worker", server.cron_workers)
    server.kill(chance.choice(workers))
    return 1
