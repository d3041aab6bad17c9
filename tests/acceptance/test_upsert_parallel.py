"""Upserts on a real server with two cron processes: no key gets a second record."""

from collections import Counter

import pytest

KEY = "test.batch.key"
HALF = 5_000
DOUBLED = 5
SAME = 2_000
ROUNDS = 10


def upserts(prefix, numbers, name):
    return [
        {
            "op": "upsert",
            "model": KEY,
            "key": ["code"],
            "values": {"code": f"{prefix} {number}", "name": name},
        }
        for number in numbers
    ]


def counted(rpc, job):
    """How many outcomes there are of each state and value."""
    return Counter((one["state"], one["value"]) for one in rpc.results(job))


def records(database, prefix):
    """(records, different keys) of a prefix."""
    query = "SELECT count(*), count(DISTINCT code) FROM test_batch_key WHERE code LIKE %s"
    return database.rows(query, f"{prefix} %")[0]


def test_parallel_upserts_make_no_second_record(database, rpc, say):
    """10,000 upserts, half of them known, 5 keys twice: 5,000 created, 4,995 updated, 5 failed
    naming both records; once more: none created."""
    insert = "INSERT INTO test_batch_key (code, active) SELECT 'many ' || n, true FROM "
    database.rows(f"{insert} generate_series(0, %s) n", HALF - 1)
    database.rows(f"{insert} generate_series(0, %s) n", DOUBLED - 1)
    for parallel, created in ((2, HALF), (0, 0)):
        operations = upserts("many", range(2 * HALF), f"parallel {parallel}")
        job = rpc.submit(operations, max_parallel=parallel)
        status = rpc.wait(job, patience=180)
        say(f"{status['rate']:.0f} upserts/s")
        assert status["state"] == "partial"
        known = 2 * HALF - DOUBLED - created
        right = {
            ("done", "created"): created,
            ("done", "updated"): known,
            ("failed", None): DOUBLED,
        }
        assert counted(rpc, job) == Counter(right)
        for failed in rpc.job("results", job, state="failed")["results"]:
            both = database.column(
                "SELECT id FROM test_batch_key WHERE code = %s ORDER BY id",
                f"many {failed['index']}",
            )
            assert failed["error"]["type"] == "ambiguous_key"
            assert f"ids {both[0]}, {both[1]}." in failed["error"]["message"]
    assert records(database, "many") == (2 * HALF + DOUBLED, 2 * HALF)
    names = "SELECT name, count(*) FROM test_batch_key WHERE code LIKE 'many %%' GROUP BY 1"
    assert dict(database.rows(names)) == {"parallel 0": 2 * HALF - DOUBLED, None: 2 * DOUBLED}


@pytest.mark.parametrize("turned", [False, True], ids=["same order", "opposite orders"])
def test_two_jobs_at_once(database, rpc, say, turned):
    """Two jobs with the same 2,000 new keys, at once, 5 times in the same and 5 in opposite
    orders: each key has one record, which one of the two created and the other updated."""
    for round in range(ROUNDS // 2):
        prefix = f"same {turned} {round}"
        first, second = (upserts(prefix, range(SAME), name) for name in "ab")
        jobs = [
            rpc.submit(operations, start=False)
            for operations in (first, second[::-1] if turned else second)
        ]
        for job in jobs:
            rpc.job("start", job)
        assert [rpc.wait(job)["state"] for job in jobs] == ["done", "done"]
        assert records(database, prefix) == (SAME, SAME)
        both = counted(rpc, jobs[0]) + counted(rpc, jobs[1])
        assert both == Counter({("done", "created"): SAME, ("done", "updated"): SAME})
    put_back = "SELECT count(*) FROM batch_job_chunk WHERE job_id = ANY(%s) AND attempt > 1"
    say(f"chunks of the last round that were put back: {database.value(put_back, jobs)}")
