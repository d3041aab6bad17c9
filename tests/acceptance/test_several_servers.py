"""Odoo servers on one database, as users run them when one machine is not enough."""

import pytest
from exactness import assert_exact, call, create
from rpc import Watcher
from server import Server
from waiting import wait_until

GATE = 21
CHUNK = 10
CHUNKS = 60
RUNNERS = 8  # more than the workers of three servers


@pytest.fixture
def start(database, log_folder):
    """Start one more server on the database."""
    servers = []

    def start(name, **options):
        log = log_folder / f"test_several_servers_{name}.log"
        servers.append(Server(database, log, **options))
        return servers[-1].start()

    try:
        yield start
    finally:
        for server in servers:
            server.stop()


def test_one_dies_and_one_is_added(server, database, rpc, start, gates, say):
    """Three servers work on a job; one is killed in the middle of its chunks, one is added: all
    that live do some of it, and each operation is done once."""
    settings = rpc.call("res.config.settings", "create", vals_list=[{"batch_job_runners": RUNNERS}])
    rpc.call("res.config.settings", "execute", ids=settings)
    doomed, threaded = start("doomed"), start("threaded", workers=0, cron_workers=1)
    gate = gates.shut(GATE)
    operations = plan("servers")
    job = rpc.submit(operations, chunk_size=CHUNK, max_parallel=RUNNERS)
    wait_until("all three are at work", lambda: all_at(gate, server, doomed, threaded))
    doomed.stop()
    added = start("added")
    # what somebody submits wakes the workers of the new server; else those at work do, as often
    # as a turn ends
    other = rpc.submit([create("other")])
    wait_until("the new one is at work", lambda: all_at(gate, server, threaded, added))
    with Watcher(rpc, job):
        gate.open()
        rpc.wait(job, 120)
    assert_exact(database, rpc, job, operations, "servers")
    assert rpc.wait(other)["state"] == "done"
    died = "SELECT count(*) FROM batch_job_chunk WHERE job_id = %s AND trouble = 'Its worker died.'"
    parts = database.value(died, job)
    say(f"{parts} parts of chunks were taken over")
    assert parts > 0


def plan(prefix):
    """Creates; the first operation of each chunk waits at the gate while it is shut."""
    names = [f"{prefix} {n}" for n in range(CHUNK * CHUNKS)]
    return [
        create(name) if n % CHUNK else call("create_gated", name=name, before=GATE)
        for n, name in enumerate(names)
    ]


def all_at(gate, *servers):
    """Whether workers of each of these servers wait at the gate with a chunk: when it opens, they
    do it."""
    waiting = set(gate.stopped())
    return all(waiting & {*server.processes(), server.main_process()} for server in servers)
