"""Copies of a database that is in use, as a dump and its restoration make them."""

import os
import subprocess

from database import Database, administration


def dump(database):
    return subprocess.run(
        [_program("pg_dump"), database.name], check=True, stdout=subprocess.PIPE
    ).stdout


def restore(dumped, name):
    with administration() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    subprocess.run(
        [_program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", name],
        check=True,
        input=dumped,
        stdout=subprocess.DEVNULL,
    )
    return Database(name)


def neutralize(database, log):
    """Odoo's own command."""
    python, odoo = os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]
    addons = f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}"
    subprocess.run(
        [python, odoo, "neutralize", "-d", database.name, addons, f"--logfile={log}"],
        check=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _program(name):
    return f"{os.environ['BATCH_JOB_PG_BIN']}/{name}"
