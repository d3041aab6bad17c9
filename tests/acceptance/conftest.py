"""Servers, databases and RPC connections; a module shares them, a test has names of its own."""

import os
import random
from pathlib import Path

import pytest

pytest.register_assert_rewrite("exactness", "kills", "orders", "rpc", "waiting")

from apps import HAS_THEM, Apps  # noqa: E402
from database import Database  # noqa: E402
from gates import opened_at_the_end  # noqa: E402
from rpc import Rpc  # noqa: E402
from server import Server  # noqa: E402


@pytest.fixture(scope="module")
def label(request):
    """Names the databases and the log of a module."""
    return Path(request.path).stem


APPS = pytest.StashKey[Apps]()


def pytest_collection_finish(session):
    session.stash[APPS] = apps = Apps()
    apps.begin({name for item in session.items for name in item.fixturenames})


def pytest_sessionfinish(session):
    if APPS in session.stash:
        session.stash[APPS].drop()


@pytest.fixture(scope="session")
def with_mail(request):
    """The name of a database that also has Odoo's app for messages."""
    return request.session.stash[APPS].template("with_mail")


@pytest.fixture(scope="session")
def with_sale(request):
    """The name of a database that also has products and sale orders."""
    return os.environ.get(HAS_THEM) or request.session.stash[APPS].template("with_sale")


@pytest.fixture(scope="module")
def template():
    """The name of the database that a module's own is a copy of."""
    return os.environ["BATCH_JOB_TEMPLATE_DB"]


@pytest.fixture(scope="module")
def database(label, template):
    made = Database.copy(f"{os.environ['BATCH_JOB_TEMPLATE_DB']}_{label}", template)
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
def gates(database):
    with opened_at_the_end(database) as opened:
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
