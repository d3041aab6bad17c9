"""A worker that is stopped (SIGSTOP) with a chunk in its hands: it neither works nor dies."""

from exactness import assert_counters, assert_exact, creates
from rpc import Watcher
from waiting import wait_until

CONNECTION = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"


def suspended(server, rpc, gates, prefix, number):
    """A job of three chunks whose first one's worker is suspended after its first write."""
    operations = creates(prefix, 30, before={5: number})
    gate = gates.shut(number)
    job = rpc.submit(operations, chunk_size=10)
    worker = gate.wait_for_one()
    server.suspend(worker)
    gate.open()
    return job, operations, worker


def run_beside(rpc, prefix):
    job = rpc.submit(creates(prefix, 30), chunk_size=10)
    assert_counters(rpc.wait(job), "done", succeeded=30)


def attempts(database, job):
    return database.rows(
        "SELECT attempt, lost FROM batch_job_chunk WHERE job_id = %s ORDER BY first_position", job
    )


def test_it_wakes_up(server, database, rpc, gates):
    """Its chunk stays its own; other jobs go on with the other worker; when it wakes up, the
    chunk lands, and nothing was done twice."""
    job, operations, worker = suspended(server, rpc, gates, "asleep", 401)
    with Watcher(rpc, job):
        run_beside(rpc, "beside asleep")
        assert rpc.job("status", job)["remaining"] == 30
        server.go_on(worker)
        rpc.wait(job)
    assert_exact(database, rpc, job, operations, "asleep")
    assert attempts(database, job) == [(1, 0)] * 3


def test_it_wakes_up_too_late(server, database, rpc, gates):
    """If PostgreSQL has given its connection up meanwhile, another worker does the chunk; the
    one that wakes up drops what it has."""
    job, operations, worker = suspended(server, rpc, gates, "late", 402)
    with Watcher(rpc, job):
        (backend,) = database.column(CONNECTION, f"worker-{worker}")
        # as tcp_keepalives or idle_in_transaction_session_timeout do
        database.rows("SELECT pg_terminate_backend(%s)", backend)
        run_beside(rpc, "beside late")
        wait_until("the end", lambda: rpc.job("status", job)["state"] == "done")
        server.go_on(worker)
        run_beside(rpc, "after late")
    assert_exact(database, rpc, job, operations, "late")
