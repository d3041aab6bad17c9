"""What the tests of the client share: one server with products and sale orders."""

import os
from pathlib import Path

import pytest
from database import Database
from server import Server


@pytest.fixture(scope="session")
def shop(with_sale):
    """A server whose database has products and sale orders."""
    database = Database.copy(f"{os.environ['BATCH_JOB_TEMPLATE_DB']}_shop", with_sale)
    running = Server(database, Path(os.environ["BATCH_JOB_LOG_DIR"]) / "client.log")
    try:
        yield running.start()
    finally:
        running.stop()
        database.drop()


@pytest.fixture(scope="session")
def key(shop):
    return shop.database.make_key()
