"""A real Odoo server for a measurement, and a key to it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg2
from passlib.hash import pbkdf2_sha512

ODOO = Path(__file__).resolve().parents[1] / "_odoo.py"
STARTS_WITHIN = 60  # seconds
ADMIN = 2
INDEX_LENGTH = 8  # characters of a key that Odoo finds it by


class Server:
    """Workers as separate processes, from entry to exit."""

    def __init__(self, database: str, workers: int, cron_workers: int, *options: str):
        self.url = f"http://127.0.0.1:{(port := _free_port())}"
        self._command = [
            *(sys.executable, str(ODOO), f"--database={database}", f"--http-port={port}"),
            *(f"--gevent-port={_free_port()}", f"--workers={workers}"),
            *(f"--max-cron-threads={cron_workers}", "--log-level=warn", *options),
        ]

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise SystemExit("the server does not start")
            time.sleep(0.1)
        return self.url

    def __exit__(self, *_error) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def processes(self) -> list[int]:
        """The ids of all its processes: those of the session that it leads."""
        folders = [one for one in Path("/proc").iterdir() if one.name.isdigit()]
        return [int(one.name) for one in folders if _session_of(one) == self._process.pid]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/web/health", timeout=30).status_code == 200
        except httpx.TransportError:
            return False


def _session_of(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:  # it has ended meanwhile
        return None


def make_key(database: str, user: int = ADMIN) -> str:
    """An API key, stored as Odoo does it."""
    key = secrets.token_hex(20)
    connection = psycopg2.connect(dbname=database)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO res_users_apikeys (name, user_id, scope, expiration_date, key, index)"
            " VALUES ('scripts', %s, 'rpc', %s, %s, %s)",
            (
                user,
                datetime.now() + timedelta(days=1),
                # with as few rounds as all sides can use: its cost is not what is measured
                pbkdf2_sha512.using(rounds=1_000).hash(key),
                key[:INDEX_LENGTH],
            ),
        )
    connection.close()
    return key


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
