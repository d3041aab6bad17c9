"""With a PostgreSQL that no other server uses: it may crash, and nobody else wakes the workers."""

import httpx
import pytest
from database import Database
from exactness import assert_exact, call, create
from gates import Gate
from kills import seconds_to_next_claim
from own_postgres import OwnPostgres
from waiting import wait_until

GOES_ON_WITHIN = 75.0  # seconds, whoever watches


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = OwnPostgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.crash()


@pytest.fixture(scope="module")
def database(database: Database, postgres):
    postgres.take_over(database.name)
    return Database(database.name, host=postgres.host)


@pytest.fixture(scope="module")
def server_options(postgres):
    return {"environment": {"PGHOST": postgres.host}}


def test_unwatched_job_ends_by_itself(server, database, rpc, gates, say):
    """All runners killed and nobody asking for the status: the job ends by itself within 75 s."""
    prefix = "unwatched"
    operations = [create(f"{prefix} {number}") for number in range(40)]
    operations[15] = call("create_gated", name=f"{prefix} 15", before=303)
    gates.append(Gate.numbered(database, 303))
    job = rpc.submit(operations, chunk_size=10)
    gates[0].wait_for_one()
    moment = database.now()
    for worker in server.cron_workers():
        server.kill(worker)
    gates[0].open()
    seconds = seconds_to_next_claim(database, job, moment, GOES_ON_WITHIN)
    wait_until("the end", lambda: has_ended(database, job), GOES_ON_WITHIN - seconds)
    total = (database.now() - moment).total_seconds()
    say(f"rescued after {seconds:.2f} s, done after {total:.2f} s")
    assert_exact(database, rpc, job, operations, prefix)


def has_ended(database, job):
    return database.value("SELECT state FROM batch_job WHERE id = %s", job) == "done"


def test_crash_and_restart(server, database, rpc, gates, postgres, say):
    """Two chunks at work, one before and one after its writes, when PostgreSQL crashes. Odoo's
    master may not survive this; then it is started again, as any supervisor does."""
    prefix = "crash"
    operations = [create(f"{prefix} {number}") for number in range(200)]
    operations[45] = call("create_gated", name=f"{prefix} 45", before=301)
    operations[59] = call("create_gated", name=f"{prefix} 59", after=302)
    gates += [Gate.numbered(database, number) for number in (301, 302)]
    job = rpc.submit(operations, chunk_size=10, max_parallel=2)
    for gate in gates:
        gate.wait_for_one()
    postgres.crash()
    postgres.start()
    moment = database.now()
    restarts = wait_until("the end", lambda: supervise(server, rpc, job), GOES_ON_WITHIN, 0.2) - 1
    seconds = seconds_to_next_claim(database, job, moment, 1.0)
    total = (database.now() - moment).total_seconds()
    say(f"next claim after {seconds:.2f} s, done after {total:.2f} s, restarts of Odoo: {restarts}")
    assert_exact(database, rpc, job, operations, prefix)
    # what an operation was executing, which may hold customer data, is not in the log
    assert [line for line in server.log_text().splitlines() if "64646464, 30" in line] == []


def supervise(server, rpc, job):
    """Start Odoo if it has ended, and look at the job.

    :returns: how often Odoo was started, once the job has ended
    """
    if not server.runs():
        server.start()
    try:
        reply = rpc.try_call("batch.job", "status", ids=[job])
    except (httpx.TransportError, ValueError):
        return None  # on its way down or up
    ended = reply.code == 200 and reply.body["state"] == "done"
    return server.starts if ended else None
