"""`kill -9` of the process that holds a chunk, at every point of its life."""

import re

import pytest
from database import Database
from exactness import (
    assert_counters,
    assert_exact,
    assert_nothing_runs,
    assert_records,
    call,
    create,
    creates,
)
from kills import (
    CHUNK,
    COMMIT_GATE,
    draw,
    kill_at,
    operations_for,
    seconds_to_next_claim,
    submit_for,
)
from rpc import Watcher
from waiting import wait_until

# seconds, while somebody watches: 5 on an idle machine, here what a busy one may take, not the
# minute that it takes without
RESCUED_WITHIN = 15.0
WATCHED_MINUTE = 60.0  # seconds


@pytest.fixture(scope="module")
def database(database: Database):
    database.rows(COMMIT_GATE)
    return database


@pytest.fixture
def counter(database):
    """An item that operations increment: its value tells how often that was done."""
    return database.new_item()


def rescue(database, job, moment, say):
    """Another worker goes on soon after a kill at this moment."""
    seconds = seconds_to_next_claim(database, job, moment, RESCUED_WITHIN)
    say(f"rescued after {seconds:.2f} s")


def test_twenty_kills_lose_and_repeat_nothing(server, database, rpc, gates, counter, chance, say):
    """Twenty workers die before, during and after their writes and in their commit: all is exact,
    and while somebody watches each chunk is taken over soon."""
    phases = ["before", "during", "after"] * 5 + ["outcomes"] * 2 + ["commit"] * 3
    kills, prefix = draw(chance, phases), "twenty"

    def make(prefix, chunk, place):
        if place in (3, 9):
            return call("increment", ids=[counter], each=True)
        return create(f"{prefix} {chunk}.{place}")

    operations = operations_for(kills, prefix, make)
    job = submit_for(kills, operations, database, rpc, gates)
    with Watcher(rpc, job):
        for kill, gate in zip(kills, gates, strict=True):
            say(f"{kill.phase} chunk {kill.chunk}")
            rescue(database, job, kill_at(server, job, gate), say)
    assert_exact(database, rpc, job, operations, prefix)
    increments = [operation for operation in operations if operation.get("each")]
    assert database.value_of(counter) == len(increments)
    assert lost_workers(database, job) == len(kills) - phases.count("commit")


def test_kill_between_claim_and_work(server, database, rpc, gates, say):
    """A worker that dies when it has claimed a chunk and not yet begun is replaced as well."""
    prefix = "gap"
    operations = creates(prefix, 30, before={0: 101, 12: 102})
    gates.shut(101, 102)
    job = rpc.submit(operations, chunk_size=30)
    with Watcher(rpc, job):
        kill_at(server, job, gates[0])
        # the chunk is in ten parts now; a later one gets a lock that stops the work, not the claim
        gates[1].wait_for_one()
        part = "SELECT FROM batch_job_chunk WHERE job_id = %s AND first_position = 18 FOR KEY SHARE"
        gates.lock(part, job)
        # either worker may claim that part, and shall have signed its process by then
        assert (
            rpc.wait(rpc.submit([call("create_gated", name="beside the gap")]))["state"] == "done"
        )
        gates[1].open()
        rescue(database, job, kill_at(server, job, gates[2]), say)
    assert_exact(database, rpc, job, operations, prefix)


def test_both_runners_at_once(server, database, rpc, gates, say):
    """Two chunks at work, both workers killed at once: both chunks are done, once; the log says
    that they were taken over."""
    prefix = "both"
    operations = creates(prefix, 40, before={5: 103}, after={15: 104})
    gates.shut(103, 104)
    job = rpc.submit(operations, chunk_size=10, max_parallel=2)
    with Watcher(rpc, job):
        workers = [gate.wait_for_one() for gate in gates]
        assert sorted(workers) == server.cron_workers() == sorted(database.workers_of(job))
        moment = database.now()
        for worker, gate in zip(workers, gates, strict=True):
            server.kill(worker)
            gate.open()
        rescue(database, job, moment, say)
    taken_over = rf"job {job} chunk \d+ is taken over: its worker died"
    assert len(re.findall(taken_over, server.log_text())) == 2
    assert_exact(database, rpc, job, operations, prefix)


@pytest.mark.parametrize("policy", ["chunk", "stop", "all"])
def test_kill_under_other_policies(server, database, rpc, gates, policy, say):
    """Whatever the policy, a chunk whose worker died begins anew and is done once."""
    operations = creates(policy, 30, after={15: 105})
    gates.shut(105)
    job = rpc.submit(operations, policy=policy, chunk_size=10)
    with Watcher(rpc, job):
        rescue(database, job, kill_at(server, job, gates[0]), say)
    assert_exact(database, rpc, job, operations, policy)


def test_kill_after_part_of_a_chunk_landed(server, database, rpc, gates, counter):
    """A chunk with many failures commits in several steps: each commits its own outcomes."""
    prefix = "steps"
    operations = half_of_them_fail(creates(prefix, 300, before={250: 106}), counter)
    gates.shut(106)
    job = rpc.submit(operations, chunk_size=300)
    with Watcher(rpc, job):
        kill_at(server, job, gates[0])
        status = rpc.wait(job)
    assert_counters(status, "partial", succeeded=150, failed=150)
    outcomes = rpc.results(job)
    assert [outcome["state"] for outcome in outcomes] == ["done", "failed"] * 150
    assert_records(database, operations, outcomes, prefix)
    assert_nothing_runs(database, job)


def test_cancel_after_part_of_a_chunk_landed(server, database, rpc, gates, counter):
    """What a chunk had committed before its worker died is counted, also if nothing follows."""
    prefix = "half"
    operations = half_of_them_fail(creates(prefix, 200, before={150: 108}), counter)
    gates.shut(108)
    job = rpc.submit(operations, chunk_size=200)
    with Watcher(rpc, job):
        gates[0].wait_for_one()
        rpc.job("pause", job)
        kill_at(server, job, gates[0])
        wait_until("the chunk is put back", lambda: not database.needs_runner(job))
        rpc.job("cancel", job)
        wait_until("the end", lambda: not database.needs_runner(job))
    status = rpc.wait(job)
    states = [outcome["state"] for outcome in rpc.results(job)]
    counted = {name: states.count(name) for name in ("done", "failed", "cancelled")}
    assert counted["done"] == 50
    assert_counters(status, "cancelled", 50, counted["failed"], counted["cancelled"])


def test_operation_that_exits(server, database, rpc, say):
    """One operation that ends its process amid 999 good ones fails alone, within a minute."""
    prefix = "exit"
    operations = creates(prefix, 1000)
    operations[617] = call("exit_process", name=f"{prefix} 617")
    begin = database.now()
    job = rpc.submit(operations)
    with Watcher(rpc, job):
        status = rpc.wait(job, WATCHED_MINUTE)
    say(f"done after {(database.now() - begin).total_seconds():.1f} s")
    assert_counters(status, "partial", succeeded=999, failed=1)
    outcomes = rpc.results(job)
    failed = [outcome for outcome in outcomes if outcome["state"] != "done"]
    assert [(outcome["index"], outcome["state"]) for outcome in failed] == [(617, "failed")]
    assert failed[0]["error"]["type"] == "worker_lost"
    assert_records(database, operations, outcomes, prefix)
    assert_nothing_runs(database, job)


def test_exit_after_part_of_a_chunk_landed(server, database, rpc, counter):
    """What a chunk had committed before its last operation killed its worker stays counted."""
    prefix = "tail"
    operations = half_of_them_fail(creates(prefix, 100), counter)
    operations[99] = call("exit_process", name=f"{prefix} 99")
    job = rpc.submit(operations, chunk_size=100)
    with Watcher(rpc, job):
        status = rpc.wait(job, WATCHED_MINUTE)
    assert_counters(status, "partial", succeeded=50, failed=50)
    assert_records(database, operations, rpc.results(job), prefix)
    assert_nothing_runs(database, job)


def half_of_them_fail(operations, counter):
    """Every second one, so that a chunk commits in several steps."""
    operations[1::2] = [call("fail", ids=[counter], text="No.")] * (len(operations) // 2)
    return operations


def lost_workers(database, job):
    """How many deaths are on record."""
    trouble = "Its worker died."
    return database.value(
        "SELECT count(DISTINCT first_position / %s) FROM batch_job_chunk"
        " WHERE job_id = %s AND trouble = %s",
        CHUNK,
        job,
        trouble,
    )
