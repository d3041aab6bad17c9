"""Databases with Odoo's own apps: installed in the background, while tests run that need none."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from database import Database

# fixture -> the apps that are installed on top of those before
STEPS = {"with_mail": "mail", "with_sale": "product,sale"}
# a database that has all of them, for who runs these tests often
HAS_THEM = "BATCH_JOB_SHOP_DB"


class Apps:
    """Templates to copy from; `begin` has to be called before one is asked for."""

    def __init__(self):
        self._thread = ThreadPoolExecutor(1)
        self._databases = {}  # by fixture, as futures

    def begin(self, fixtures):
        """Install what these fixtures want, one after another."""
        missing = fixtures - {"with_sale"} if os.environ.get(HAS_THEM) else fixtures
        wanted = [number for number, fixture in enumerate(STEPS) if fixture in missing]
        before = os.environ["BATCH_JOB_TEMPLATE_DB"]
        for fixture in list(STEPS)[: max(wanted, default=-1) + 1]:
            name = f"{os.environ['BATCH_JOB_TEMPLATE_DB']}_{fixture}"
            self._databases[fixture] = self._thread.submit(_install, name, before, STEPS[fixture])
            before = name

    def template(self, fixture):
        """The name of the database; waits for it."""
        return self._databases[fixture].result().name

    def drop(self):
        self._thread.shutdown(cancel_futures=True)
        for made in self._databases.values():
            if not made.cancelled() and not made.exception():
                made.result().drop()


def install_apps(database, log, *names):
    """Install apps, and what Odoo installs with them, in the database of a module.

    A template with BATCH_JOB_APPS (see scripts/test) has them already.
    """
    query = "SELECT name FROM ir_module_module WHERE state = 'installed'"
    if not {*names} <= {*database.column(query)}:
        _run_odoo(database, log, ",".join(names))


def _install(name, template, apps):
    database = Database.copy(name, template)
    _run_odoo(database, Path(os.environ["BATCH_JOB_LOG_DIR"]) / f"install_{apps}.log", apps)
    return database


def _run_odoo(database, log, apps):
    command = [
        *(os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]),
        f"--database={database.name}",
        f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}",
        f"--logfile={log}",
        *("--init", apps, "--stop-after-init", "--no-http"),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
