"""What the tests of the client share: one server with products and sale orders."""

import os
import subprocess
from pathlib import Path

import pytest
from database import Database
from server import Server


@pytest.fixture(scope="session")
def shop():
    """A server whose database has product and sale; installing them takes a minute, once.

    BATCH_JOB_SHOP_DB names a database that has them already, for who runs these tests often.
    """
    template = os.environ["BATCH_JOB_TEMPLATE_DB"]
    with_sale = os.environ.get("BATCH_JOB_SHOP_DB")
    database = Database.copy(f"{template}_shop", with_sale or template)
    logs = Path(os.environ["BATCH_JOB_LOG_DIR"])
    if not with_sale:
        _install(database, logs / "client_install.log")
    running = Server(database, logs / "client.log")
    try:
        yield running.start()
    finally:
        running.stop()
        database.drop()


@pytest.fixture(scope="session")
def key(shop):
    return shop.database.make_key()


def _install(database, log):
    command = [
        *(os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]),
        f"--database={database.name}",
        f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}",
        f"--logfile={log}",
        *("-i", "product,sale", "--stop-after-init", "--no-http"),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
