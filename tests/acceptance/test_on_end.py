"""`on_end` with workers that are killed before it, in it, within its commit, and after it."""

import pytest
from database import Database
from exactness import call, create, creates
from gates import waits_at_gate
from kills import COMMIT_GATE, kill_at
from rpc import Watcher
from waiting import wait_until

ITEM = "test.batch.item"
BEFORE, WITHIN, COMMIT, AFTER = range(201, 205)  # gates
# the claim of `on_end` waits within its COMMIT: its worker has claimed, and never begins
CLAIM_GATE = f"""
    CREATE FUNCTION wait_within_claim() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM {waits_at_gate(BEFORE)};
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER wait_within_claim AFTER UPDATE ON batch_job_chunk
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.on_end AND NEW.state = 'running' AND OLD.state = 'queued')
        EXECUTE FUNCTION wait_within_claim();
"""
ON_END = """
    SELECT on_end_state, needs_runner, state, succeeded,
           (SELECT array_agg((c.state, c.lost)::text ORDER BY c.id)
              FROM batch_job_chunk c WHERE c.job_id = j.id AND c.on_end)
      FROM batch_job j WHERE id = %s
"""


@pytest.fixture(scope="module")
def database(database: Database):
    database.rows(COMMIT_GATE)
    database.rows(CLAIM_GATE)
    return database


def submit(rpc, prefix, method, count=3, **kwargs):
    operations = creates(prefix, count)
    operations[0] = call("create_gated", name=f"{prefix} 0")  # signs its process
    on_end = {"model": ITEM, "method": method, "kwargs": kwargs}
    return rpc.submit(operations, on_end=on_end)


def settled(rpc, job):
    """Wait until `on_end` was called; give what the status says of it."""

    def end():
        end = rpc.job("status", job)["on_end"]
        return end if end["state"] in ("done", "failed") else None

    return wait_until("on_end is settled", end, every=0.1)


def assert_once(database, rpc, job, name, lost):
    """Its record is there once, and its outcome and the job's are as if nothing had happened."""
    end = settled(rpc, job)
    assert end == {"state": "done", "value": end["value"], "error": None}
    ids = database.column("SELECT id FROM test_batch_item WHERE name = %s", name)
    assert ids == end["value"]
    found = ("done", False, "done", 3, [f"(done,{lost})"])
    assert database.rows(ON_END, job) == [found]


def test_killed_before_it(server, database, rpc, gates):
    """The worker has claimed it and not yet begun: another one calls it, once."""
    gate = gates.shut(BEFORE)
    job = submit(rpc, "before", "create_gated", name="before end")
    with Watcher(rpc, job):
        worker = gate.wait_for_one(signed=False)  # any worker may claim it
        server.kill(worker)
        gate.open()
        assert_once(database, rpc, job, "before end", lost=1)


def test_killed_in_it(server, database, rpc, gates):
    """The worker dies after the method's write: the write is undone, and made once."""
    gate = gates.shut(WITHIN)
    job = submit(rpc, "within", "create_gated", name="within end", after=WITHIN)
    with Watcher(rpc, job):
        kill_at(server, job, gate)
        assert_once(database, rpc, job, "within end", lost=1)


def test_killed_within_its_commit(server, database, rpc, gates):
    """PostgreSQL has the commit, the worker dies: effect and outcome are there, once."""
    gate = gates.shut(COMMIT)
    # not by `create`: whichever worker calls it must sign its process
    job = submit(rpc, "commit", "create_gated", name="commit end", value=COMMIT)
    with Watcher(rpc, job):
        wait_until("its commit waits", gate.count)
        (worker,) = wait_until("its worker", lambda: database.workers_of(job))
        server.kill(worker)
        gate.open()
        assert_once(database, rpc, job, "commit end", lost=0)


def test_killed_after_it(server, database, rpc, gates):
    """All workers die when it was called: nobody calls it again."""
    job = submit(rpc, "after", "create_gated", name="after end")
    end = settled(rpc, job)
    server.kill_cron_workers()
    other = rpc.submit([create("after all")])
    with Watcher(rpc, other):
        assert rpc.wait(other)["state"] == "done"
    assert settled(rpc, job) == end
    assert_once(database, rpc, job, "after end", lost=0)


def test_one_that_kills_its_worker(server, database, rpc):
    """Three workers die of it: it is failed with the reason, and the job stays done."""
    job = submit(rpc, "deadly", "exit_process", name="deadly end")
    with Watcher(rpc, job):
        end = settled(rpc, job)
    assert end["state"] == "failed"
    assert end["error"].startswith("Its worker died 3 times")
    assert database.value("SELECT count(*) FROM test_batch_item WHERE name = 'deadly end'") == 0
    assert database.rows(ON_END, job) == [("failed", False, "done", 3, ["(done,3)"])]


def test_unwatched_on_end_is_called_at_once(server, database, rpc):
    """`on_end` is called at once, also if nobody asks for the job."""
    job = submit(rpc, "alone", "create_gated", name="alone end")
    done = "SELECT on_end_state = 'done' FROM batch_job WHERE id = %s"
    wait_until("it was called", lambda: database.value(done, job), 20)
