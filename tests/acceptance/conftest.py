"""Servers, databases and RPC connections; a module shares them, a test has names of its own."""

import os
import random
from pathlib import Path

import pytest

pytest.register_assert_rewrite("exactness", "kills", "orders", "rpc", "waiting")

from database import Database  # noqa: E402
from gates import opened_at_the_end  # noqa: E402
from rpc import Rpc  # noqa: E402
from server import Server  # noqa: E402


@pytest.fixture(scope="module")
def label(request):
    """Names the databases and the log of a module."""
    return Path(request.path).stem


@pytest.fixture(scope="module")
def database(label):
    template = os.environ["BATCH_JOB_TEMPLATE_DB"]
    made = Database.copy(f"{template}_{label}", template)
    yield made
    made.drop()


@pytest.fixture(scope="module")
def log_folder():
    return Path(os.environ["BATCH_JOB_LOG_DIR"])


@pytest.fixture(scope="module")
def server_options():
    """What a module wants different from two HTTP workers and two cron workers."""
    return {}


@pytest.fixture(scope="module")
def server(label, database, log_folder, server_options):
    running = Server(database, log_folder / f"{label}.log", **server_options)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def rpc(server, database):
    connection = Rpc(server.url, database.name, database.make_key())
    yield connection
    connection.close()


@pytest.fixture
def gates():
    with opened_at_the_end() as opened:
        yield opened


@pytest.fixture
def say(capsys):
    """Print something that the reader of a passing run is to see."""

    def say(text):
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)

    return say


@pytest.fixture
def chance(say, request):
    """Random numbers by a seed that is printed; BATCH_JOB_SEED repeats a run."""
    seed = int(os.environ.get("BATCH_JOB_SEED") or random.randrange(10**6))
    say(f"{request.node.name}: seed {seed}")
    return random.Random(seed)
