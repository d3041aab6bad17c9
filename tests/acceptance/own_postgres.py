"""A PostgreSQL of a test's own, to be crashed: other tests and a demo use the checkout's."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The scripts' way to run a server, in another folder.
PREPARE = """
    . "$0/scripts/_env.sh"
    state=$1 log_dir=$1 pg_data=$1/pg pg_socket_link=$1/socket
    PGHOST=$(readlink "$pg_socket_link" || true)
"""


class OwnPostgres:
    def __init__(self, folder):
        self._folder = folder

    @property
    def host(self):
        """The folder of its socket; the same after another start."""
        return os.readlink(self._folder / "socket")

    def start(self):
        self._run("pg_start")

    def crash(self):
        """Every session ends at once and nothing is written any more: as when the machine fails."""
        self._run("pg_stop immediate")

    def take_over(self, database):
        """Copy a database of the checkout's PostgreSQL to this one."""
        programs = os.environ["BATCH_JOB_PG_BIN"]
        dump = subprocess.run([f"{programs}/pg_dump", database], check=True, stdout=subprocess.PIPE)
        there = {**os.environ, "PGHOST": self.host}
        subprocess.run([f"{programs}/createdb", database], check=True, env=there)
        subprocess.run(
            [f"{programs}/psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database],
            check=True,
            env=there,
            input=dump.stdout,
            stdout=subprocess.DEVNULL,
        )

    def _run(self, command):
        subprocess.run(
            ["bash", "-c", PREPARE + command, ROOT, self._folder],
            check=True,
            stdin=subprocess.DEVNULL,
        )
