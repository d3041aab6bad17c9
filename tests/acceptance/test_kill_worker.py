"""`kill -9` of the process that holds a chunk, at every point of its life."""

import pytest
from database import Database
from exactness import (
    assert_counters,
    assert_exact,
    assert_nothing_runs,
    assert_records,
    call,
    create,
)
from gates import Gate
from kills import (
    CHUNK,
    COMMIT_GATE,
    draw,
    kill_at,
    operations_for,
    seconds_to_next_claim,
)
from rpc import Watcher
from waiting import wait_until

RESCUED_WITHIN = 5.0  # seconds, while somebody watches
WATCHED_MINUTE = 60.0  # seconds


@pytest.fixture(scope="module")
def database(database: Database):
    database.rows(COMMIT_GATE)
    return database


@pytest.fixture
def counter(database):
    """An item that operations increment: its value tells how often that was done."""
    return database.value(
        "INSERT INTO test_batch_item (name, value) VALUES (gen_random_uuid()::text, 0) RETURNING id"
    )


def test_twenty_kills_lose_and_repeat_nothing(server, database, rpc, gates, counter, chance, say):
    """Twenty workers die before, during and after their writes and in their commit: all is exact,
    and while somebody watches each chunk is taken over within 5 s."""
    phases = ["before", "during", "after"] * 5 + ["outcomes"] * 2 + ["commit"] * 3
    kills, prefix = draw(chance, phases), "twenty"
    operations = operations_for(kills, prefix, counter)
    job = rpc.submit(operations, chunk_size=CHUNK, start=False)
    gates += [kill.gate(database, job) for kill in kills]
    rpc.job("start", job)
    seconds = []
    with Watcher(rpc, job):
        for kill, gate in zip(kills, gates, strict=True):
            moment = kill_at(server, job, gate)
            seconds.append(seconds_to_next_claim(database, job, moment, RESCUED_WITHIN))
            say(f"{kill.phase:9} chunk {kill.chunk:2}: rescued after {seconds[-1]:.2f} s")
    rpc.wait(job)
    assert_exact(database, rpc, job, operations, prefix)
    increments = [operation for operation in operations if operation.get("each")]
    assert value_of(database, counter) == len(increments)
    assert lost_workers(database, job) == len(kills) - phases.count("commit")


def test_kill_between_claim_and_work(server, database, rpc, gates, say):
    """A worker that dies when it has claimed a chunk and not yet begun is replaced as well."""
    prefix = "gap"
    operations = [create(f"{prefix} {number}") for number in range(30)]
    operations[0] = call("create_gated", name=f"{prefix} 0", before=101)
    operations[12] = call("create_gated", name=f"{prefix} 12", before=102)
    gates += [Gate.numbered(database, number) for number in (101, 102)]
    job = rpc.submit(operations, chunk_size=30)
    with Watcher(rpc, job):
        kill_at(server, job, gates[0])
        # the chunk is in ten parts now; a later one gets a lock that stops the work, not the claim
        gates[1].wait_for_one()
        part = "SELECT FROM batch_job_chunk WHERE job_id = %s AND first_position = 18 FOR KEY SHARE"
        gates.append(Gate(database, part, job))
        gates[1].open()
        moment = kill_at(server, job, gates[2])
        seconds = seconds_to_next_claim(database, job, moment, RESCUED_WITHIN)
    say(f"rescued after {seconds:.2f} s")
    rpc.wait(job)
    assert_exact(database, rpc, job, operations, prefix)


def test_both_runners_at_once(server, database, rpc, gates, say):
    """Two chunks at work, both workers killed at once: both chunks are done, once."""
    prefix = "both"
    operations = [create(f"{prefix} {number}") for number in range(40)]
    operations[5] = call("create_gated", name=f"{prefix} 5", before=103)
    operations[15] = call("create_gated", name=f"{prefix} 15", after=104)
    gates += [Gate.numbered(database, number) for number in (103, 104)]
    job = rpc.submit(operations, chunk_size=10, max_parallel=2)
    with Watcher(rpc, job):
        workers = [gate.wait_for_one() for gate in gates]
        assert sorted(workers) == server.cron_workers() == sorted(database.workers_of(job))
        moment = database.now()
        for worker, gate in zip(workers, gates, strict=True):
            server.kill(worker)
            gate.open()
        seconds = seconds_to_next_claim(database, job, moment, RESCUED_WITHIN)
    say(f"rescued after {seconds:.2f} s")
    rpc.wait(job)
    assert_exact(database, rpc, job, operations, prefix)


@pytest.mark.parametrize("policy", ["chunk", "stop", "all"])
def test_kill_under_other_policies(server, database, rpc, gates, policy, say):
    """Whatever the policy, a chunk whose worker died begins anew and is done once."""
    operations = [create(f"{policy} {number}") for number in range(30)]
    operations[15] = call("create_gated", name=f"{policy} 15", after=105)
    gates.append(Gate.numbered(database, 105))
    job = rpc.submit(operations, policy=policy, chunk_size=10)
    with Watcher(rpc, job):
        moment = kill_at(server, job, gates[0])
        seconds = seconds_to_next_claim(database, job, moment, RESCUED_WITHIN)
    say(f"rescued after {seconds:.2f} s")
    rpc.wait(job)
    assert_exact(database, rpc, job, operations, policy)


def test_kill_after_part_of_a_chunk_landed(server, database, rpc, gates, counter):
    """A chunk with many failures commits in several steps: each commits its own outcomes."""
    prefix = "steps"
    operations = [create(f"{prefix} {number}") for number in range(300)]
    operations[1::2] = [call("fail", ids=[counter], text="No.") for _number in range(150)]
    operations[250] = call("create_gated", name=f"{prefix} 250", before=106)
    gates.append(Gate.numbered(database, 106))
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
    operations = [create(f"{prefix} {number}") for number in range(200)]
    operations[1::2] = [call("fail", ids=[counter], text="No.") for _number in range(100)]
    operations[150] = call("create_gated", name=f"{prefix} 150", before=108)
    gates.append(Gate.numbered(database, 108))
    job = rpc.submit(operations, chunk_size=200)
    with Watcher(rpc, job):
        gates[0].wait_for_one()
        rpc.job("pause", job)
        kill_at(server, job, gates[0])
        wait_until("the chunk is put back", lambda: not needs_runner(database, job))
        rpc.job("cancel", job)
        wait_until("the end", lambda: not needs_runner(database, job))
    status = rpc.wait(job)
    states = [outcome["state"] for outcome in rpc.results(job)]
    counted = {name: states.count(name) for name in ("done", "failed", "cancelled")}
    assert counted["done"] == 50
    assert_counters(status, "cancelled", 50, counted["failed"], counted["cancelled"])


def test_operation_that_exits(server, database, rpc, say):
    """One operation that ends its process amid 999 good ones fails alone, within a minute."""
    prefix = "exit"
    operations = [create(f"{prefix} {number}") for number in range(1000)]
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
    operations = [create(f"{prefix} {number}") for number in range(100)]
    operations[1::2] = [call("fail", ids=[counter], text="No.") for _number in range(50)]
    operations[99] = call("exit_process", name=f"{prefix} 99")
    job = rpc.submit(operations, chunk_size=100)
    with Watcher(rpc, job):
        status = rpc.wait(job, WATCHED_MINUTE)
    assert_counters(status, "partial", succeeded=50, failed=50)
    assert_records(database, operations, rpc.results(job), prefix)
    assert_nothing_runs(database, job)


def value_of(database, item):
    return database.value("SELECT value FROM test_batch_item WHERE id = %s", item)


def needs_runner(database, job):
    return database.value("SELECT needs_runner FROM batch_job WHERE id = %s", job)


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
