"""With a PostgreSQL that no other server uses: it may crash, and nobody else wakes the workers."""

import httpx
import pytest
from database import Database
from exactness import assert_exact, creates
from kills import seconds_to_next_claim
from own_postgres import OwnPostgres
from waiting import wait_until

GOES_ON_WITHIN = 75.0  # seconds, whoever watches
EARLIER = 45.0  # no worker that looks once a minute would be so early


@pytest.fixture(scope="module", params=[5, pytest.param(60, marks=pytest.mark.long)])
def tick(request):
    """Seconds after which a cron worker of Odoo's looks without being told to: 60 by default."""
    return request.param


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
def server_options(postgres, tick):
    return {"environment": {"PGHOST": postgres.host, "BATCH_JOB_TEST_TICK": str(tick)}}


def test_unwatched_job_ends_by_itself(server, database, rpc, gates, tick, say):
    """All runners killed and nobody asking for the status: the job ends by itself at the next tick,
    within 75 s where that is a minute."""
    prefix = "unwatched"
    operations = creates(prefix, 40, before={15: 303})
    gates.shut(303)
    job = rpc.submit(operations, chunk_size=10)
    gates[0].wait_for_one()
    moment = database.now()
    server.kill_cron_workers()
    gates[0].open()
    within = GOES_ON_WITHIN if tick == 60 else EARLIER
    seconds = seconds_to_next_claim(database, job, moment, within)
    wait_until("the end", lambda: has_ended(database, job), within - seconds)
    total = (database.now() - moment).total_seconds()
    say(f"rescued after {seconds:.2f} s, done after {total:.2f} s")
    assert_exact(database, rpc, job, operations, prefix)


def has_ended(database, job):
    return database.value("SELECT state FROM batch_job WHERE id = %s", job) == "done"


def test_crash_and_restart(server, database, rpc, gates, postgres, say):
    """Two chunks at work, one before and one after its writes, when PostgreSQL crashes. Odoo's
    master may not survive this; then it is started again, as any supervisor does."""
    prefix = "crash"
    operations = creates(prefix, 200, before={45: 301}, after={59: 302})
    gates.shut(301, 302)
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
