"""A server that is asked to end (SIGTERM) with a chunk at work, and is started again later."""

import pytest
from exactness import assert_exact, creates
from rpc import Rpc
from server import Server
from waiting import wait_until

CHUNKS = 8
STOPS_WITHIN = 30.0  # seconds; Odoo waits a second for requests, and processes take their time


@pytest.fixture(params=["prefork", "threaded"])
def stopped_server(request, database, log_folder):
    workers = 2 if request.param == "prefork" else 0
    running = Server(database, log_folder / f"stop_{request.param}.log", workers=workers)
    yield running
    running.stop()


class Case:
    """A job of many chunks whose second one waits at a gate while the server is asked to end."""

    def __init__(self, server, gates, prefix, number, **options):
        self.server, self.prefix, self.database = server, prefix, server.database
        self.operations = creates(prefix, 5 * CHUNKS, before={7: number})
        self.start()
        gates.shut(number)
        self.job = self.rpc.submit(self.operations, **{"chunk_size": 5, **options})
        gates[-1].wait_for_one()
        server.ask_to_stop()
        wait_until("it is about to end", self.is_stopping)

    def start(self):
        self.server.start()
        self.rpc = Rpc(self.server.url, self.database.name, self.database.make_key())

    def is_stopping(self):
        log = self.server.log_text()
        return "Initiating shutdown" in log or "Stopping workers gracefully" in log

    def begun(self):
        """(attempts, workers lost, conflicts) of the chunks that were begun."""
        return self.database.rows(
            "SELECT attempt, lost, conflicts FROM batch_job_chunk WHERE job_id = %s AND attempt > 0"
            " ORDER BY first_position",
            self.job,
        )

    def finish(self):
        """With the next server; it takes over nothing from a dead worker."""
        self.rpc.close()
        self.start()
        self.rpc.wait(self.job)
        assert_exact(self.database, self.rpc, self.job, self.operations, self.prefix)
        assert {(lost, conflicts) for _attempt, lost, conflicts in self.begun()} == {(0, 0)}
        self.rpc.close()


def test_chunk_at_work_lands(stopped_server, gates, request):
    """The chunk at work lands, none is begun after it, and no worker counts as lost."""
    case = Case(stopped_server, gates, f"lands {request.node.callspec.id}", 501)
    gates[0].open()
    stopped_server.wait_for_end(STOPS_WITHIN)
    assert case.begun() == [(1, 0, 0), (1, 0, 0)]
    case.finish()


@pytest.mark.parametrize("policy", ["isolate", "all"])
def test_chunk_that_takes_long_goes_back(database, log_folder, gates, policy, say):
    """A threaded server ends although a statement of an operation still waits: the chunk is put
    back, with nothing counted against it."""
    server = Server(database, log_folder / f"stop_long_{policy}.log", workers=0)
    try:
        case = Case(server, gates, f"back {policy}", 502, policy=policy)
        moment = database.now()
        server.wait_for_end(STOPS_WITHIN)
        say(f"ended after {(database.now() - moment).total_seconds():.1f} s")
        assert case.begun()[-1] == (1, 0, 0)
        gates[0].open()
        case.finish()
    finally:
        server.stop()
