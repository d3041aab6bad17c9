"""Conflicts between transactions, forced from a second connection: nobody's fault, all is done."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from database import Database
from everywhere import look_everywhere
from exactness import assert_counters, assert_exact, call, create, creates
from gates import Gate, waits_at_gate
from rpc import Watcher
from waiting import wait_until

SERIALIZATION = "could not serialize access due to concurrent update"
MADE_AGAIN = "the claim met a conflict and is made again"
# Within COMMIT the chunk's transaction changes a row that another one has changed since it began.
CONFLICT_WITHIN_COMMIT = f"""
    CREATE TABLE contended (number int);
    INSERT INTO contended VALUES (0);
    CREATE FUNCTION touch_contended() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_query() = 'COMMIT' THEN
            PERFORM {waits_at_gate("NEW.value")};
            UPDATE contended SET number = number + 1;
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER touch_contended AFTER INSERT ON test_batch_item
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.value > 0)
        EXECUTE FUNCTION touch_contended();
"""
# A sequence goes on where a transaction is rolled back: the first claims fail, then they work.
CONFLICT_AT_CLAIM = """
    CREATE SEQUENCE claims_made;
    CREATE FUNCTION refuse_claim() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('claims_made') <= {refused} THEN
            RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_claim BEFORE UPDATE ON batch_job_chunk FOR EACH ROW
        WHEN (NEW.state = 'running' AND OLD.state = 'queued') EXECUTE FUNCTION refuse_claim();
"""
NO_CONFLICT_AT_CLAIM = "DROP FUNCTION refuse_claim CASCADE; DROP SEQUENCE claims_made"
CONFLICT_FOR_EVER = """
    CREATE FUNCTION always_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'always in somebody''s way' USING ERRCODE = 'serialization_failure';
    END $$;
    CREATE TRIGGER always_refuse BEFORE INSERT ON test_batch_item FOR EACH ROW
        WHEN (NEW.name = 'hopeless 4') EXECUTE FUNCTION always_refuse();
"""


@pytest.fixture(scope="module")
def database(database: Database):
    database.rows(CONFLICT_WITHIN_COMMIT)
    # time for the test to close a circle of locks before PostgreSQL looks for one
    database.rows(f"ALTER DATABASE \"{database.name}\" SET deadlock_timeout = '2s'")
    return database


@pytest.fixture
def items(database):
    """Ids of twenty items with value 0."""
    return database.column(
        "INSERT INTO test_batch_item (name, value)"
        " SELECT gen_random_uuid()::text, 0 FROM generate_series(1, 20) RETURNING id"
    )


def conflicts(rpc, job):
    """What is on record, for anybody who may read the job."""
    fields = ["conflicts", "trouble"]
    domain = [["job_id", "=", job], ["conflicts", ">", 0]]
    chunks = rpc.call("batch.job.chunk", "search_read", domain=domain, fields=fields)
    return [(chunk["conflicts"], chunk["trouble"]) for chunk in chunks]


def test_conflict_inside_the_chunk(database, rpc, gates, items):
    """A record changed by somebody else while the chunk runs: the chunk is done again, once."""
    prefix = "inside"
    operations = creates(prefix, 20)
    operations[10] = call("write_gated", ids=items[:1], values={"value": 7}, before=201)
    gates.shut(201)
    job = rpc.submit(operations, chunk_size=20)
    gates[0].wait_for_one()
    database.rows("UPDATE test_batch_item SET value = 5 WHERE id = %s", items[0])
    gates[0].open()
    assert_exact(database, rpc, job, operations, prefix)
    assert conflicts(rpc, job) == [(1, SERIALIZATION)]
    assert database.value_of(items[0]) == 7


def test_conflict_within_commit(server, database, rpc, gates, items):
    """A commit that fails takes everything back, cached values of its process too, and the chunk
    is done again, once."""
    key, prefix = "acceptance.commit", "commit"
    assert rpc.call("test.batch.item", "set_parameter", key=key, value="old") is None
    operations = creates(prefix, 20)
    operations[5] = call("set_parameter", key=key, value="new")
    operations[6] = call("increment", ids=items, each=False)
    operations[10] = create(f"{prefix} 10", value=202)
    gates.shut(202)
    job = rpc.submit(operations, chunk_size=20)
    wait_until("the commit", gates[0].count)
    rpc.job("pause", job)
    database.rows("UPDATE contended SET number = 100")
    gates[0].open()
    wait_until("the chunk is put back", lambda: conflicts(rpc, job) == [(1, SERIALIZATION)])
    known = look_everywhere(server, rpc, key)
    assert {answer["parameter"] for answer in known.values()} == {"old"}
    rpc.job("resume", job)
    assert_exact(database, rpc, job, operations, prefix)
    known = look_everywhere(server, rpc, key)
    assert {answer["parameter"] for answer in known.values()} == {"new"}
    assert database.value("SELECT number FROM contended") == 101
    assert set(database.column("SELECT value FROM test_batch_item WHERE id = ANY(%s)", items)) == {
        1
    }


def test_deadlock_at_claim(server, database, rpc, gates):
    """A claim that PostgreSQL picks as the victim of a deadlock is made again."""
    prefix = "deadlock"
    operations = creates(prefix, 20, before={5: 203})
    gates.shut(203)
    job = rpc.submit(operations, chunk_size=10)
    gates[0].wait_for_one()
    before = server.log_text().count(MADE_AGAIN)
    with ThreadPoolExecutor(1) as thread:
        chunk = "SELECT FROM batch_job_chunk WHERE job_id = %s FOR UPDATE"
        queuing = thread.submit(Gate, database, chunk, job)
        row = "SELECT FROM batch_job_chunk%FOR UPDATE"
        wait_until("the test waits for it", lambda: database.sessions_that_wait(row))
        gates[0].open()
        gates.append(queuing.result())
    # the chunk has landed and its row is ours: the next claim holds the job and waits for the chunk
    wait_until("a claim that waits", gates[1].count)
    gates[1].execute("SET deadlock_timeout = '60s'")
    gates[1].execute("SELECT FROM batch_job WHERE id = %s FOR UPDATE", job)
    gates[1].open()
    assert_exact(database, rpc, job, operations, prefix)
    # more than once where the other runner waits for the job too: it is then in the circle as well
    assert server.log_text().count(MADE_AGAIN) > before


@pytest.mark.parametrize("refused", [1, 12])
def test_serialization_failure_at_claim(server, database, rpc, refused):
    """Claims that fail are made again until one works, also beyond one run's patience."""
    prefix = f"claim {refused}"
    operations = creates(prefix, 20)
    before = server.log_text().count(MADE_AGAIN)
    database.rows(CONFLICT_AT_CLAIM.format(refused=refused))
    try:
        job = rpc.submit(operations, chunk_size=5)
        rpc.wait(job, 10)
    finally:
        database.rows(NO_CONFLICT_AT_CLAIM)
    assert_exact(database, rpc, job, operations, prefix)
    assert server.log_text().count(MADE_AGAIN) >= before + refused


def test_two_jobs_on_the_same_records(database, rpc, gates, items):
    """Two jobs that write the same records in opposite order, each in the other's way: both end
    done, and each record has been changed by each of them, once."""
    jobs, plans = [], []
    for number, order in enumerate((items, items[::-1])):
        gate, prefix = 204 + number, f"crossing {number}"
        operations = [call("increment", ids=[item], each=True) for item in order]
        operations.insert(10, call("create_gated", name=prefix, after=gate))
        gates.shut(gate)
        plans.append((operations, prefix))
        jobs.append(rpc.submit(operations, chunk_size=len(operations)))
    for gate in gates:
        gate.wait_for_one()
    for gate in gates:
        gate.open()
    for job in jobs:
        rpc.wait(job)
    for job, (operations, prefix) in zip(jobs, plans, strict=True):
        assert_exact(database, rpc, job, operations, prefix)
    assert sum(count for job in jobs for count, _trouble in conflicts(rpc, job)) >= 1
    assert set(database.column("SELECT value FROM test_batch_item WHERE id = ANY(%s)", items)) == {
        2
    }


def test_conflict_that_persists(database, rpc):
    """An operation that meets a conflict each time, also alone, fails as `conflict`; the rest of
    its chunk is done."""
    database.rows(CONFLICT_FOR_EVER)
    job = rpc.submit(creates("hopeless", 10), chunk_size=10)
    with Watcher(rpc, job):
        status = rpc.wait(job)
    assert_counters(status, "partial", succeeded=9, failed=1)
    outcomes = rpc.results(job)
    assert [outcome["state"] for outcome in outcomes] == ["done"] * 4 + ["failed"] + ["done"] * 5
    assert outcomes[4]["error"]["type"] == "conflict"
    assert "always in somebody's way" in outcomes[4]["error"]["message"]
