"""A dump taken in mid-job, restored twice while the original goes on: once as it is and once
neutralized. Jobs and chunks have the same ids in all three, and one server has both copies."""

import pytest
from copies import dump, neutralize, restore
from exactness import assert_exact, call, creates
from gates import Gate
from rpc import Rpc
from server import Server

KEY_GATE = 602
PREFIX = "dumped"


class Dumped:
    """A job of which one chunk is done and one at work when the dump is taken."""

    def __init__(self, database, rpc, gates):
        self.operations = creates(PREFIX, 40, after={15: 601})
        gates.shut(601)
        self.job = rpc.submit(self.operations, chunk_size=10)
        gates[-1].wait_for_one()
        self.dump = dump(database)


@pytest.fixture
def dumped(database, rpc, gates):
    return Dumped(database, rpc, gates)


@pytest.fixture
def copies(database, dumped, log_folder):
    """The databases of the copies, by name."""
    made = {
        name: restore(dumped.dump, f"{database.name}_{name}") for name in ("copy", "neutralized")
    }
    neutralize(made["neutralized"], log_folder / "neutralize.log")
    yield made
    for copy in made.values():
        copy.drop()


@pytest.fixture
def rpcs(copies, log_folder):
    """A connection to each copy, on one server."""
    names = ",".join(copy.name for copy in copies.values())
    running = Server(copies["copy"], log_folder / "copies.log", options=[f"--database={names}"])
    try:
        running.start()
        yield {name: Rpc(running.url, copy.name, copy.make_key()) for name, copy in copies.items()}
    finally:
        running.stop()


def begun(database, job):
    return database.rows(
        "SELECT state, attempt, lost FROM batch_job_chunk WHERE job_id = %s AND attempt > 0"
        " ORDER BY first_position",
        job,
    )


def test_copies_beside_the_original(database, rpc, gates, dumped, copies, rpcs):
    """Each database does what was left of its job, once; the neutralized one when it is told to."""
    job, operations = dumped.job, dumped.operations
    rpcs["copy"].wait(job)
    assert_exact(copies["copy"], rpcs["copy"], job, operations, PREFIX)
    # the original still has its chunk in hand, and the neutralized copy has begun nothing
    at_work = [("done", 1, 0), ("running", 1, 0)]
    assert begun(database, job) == at_work
    status = rpcs["neutralized"].job("status", job)
    error = "Paused because this database is a neutralized copy."
    assert (status["state"], status["error"], status["remaining"]) == ("paused", error, 30)
    assert begun(copies["neutralized"], job) == [("done", 1, 0), ("queued", 1, 0)]
    gates[0].open()
    assert_exact(database, rpc, job, operations, PREFIX)
    assert {chunk[1:] for chunk in begun(database, job)} == {(1, 0)}
    run_beside_each_other(copies, rpcs)
    rpcs["neutralized"].job("resume", job)
    rpcs["neutralized"].wait(job)
    assert_exact(copies["neutralized"], rpcs["neutralized"], job, operations, PREFIX)


def run_beside_each_other(copies, rpcs):
    """Two databases on one server: the same key in both is no reason to wait, nor is a job of one
    whose chunk takes long."""
    copies["neutralized"].rows(
        "UPDATE ir_cron SET active = TRUE WHERE cron_name LIKE 'Batch Jobs:%%'"
    )
    gate = Gate.numbered(copies["copy"], KEY_GATE)
    try:
        upsert = {"op": "upsert", "model": "test.batch.item", "key": ["name"]}
        upsert["values"] = {"name": "beside"}
        wait = call("create_gated", name="beside gate", before=KEY_GATE)
        slow = rpcs["copy"].submit([upsert, wait])
        gate.wait_for_one()
        quick = rpcs["neutralized"].submit([upsert])
        assert quick == slow
        status = rpcs["neutralized"].wait(quick)
        assert (status["state"], rpcs["copy"].job("status", slow)["state"]) == ("done", "running")
    finally:
        gate.open()
    assert rpcs["copy"].wait(slow)["state"] == "done"
