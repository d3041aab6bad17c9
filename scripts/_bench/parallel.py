"""Two cron processes against one: real prefork servers, side by side, each with its database."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from jobs import ENDED, net_seconds, owner_env
from workloads import Create

from odoo.modules.registry import Registry

ODOO = Path(__file__).resolve().parents[1] / "_odoo.py"
CHUNK_SIZE = 200
WAIT = 300  # seconds for a job


def parallel(databases: list[str], user_id: int, size: int, repeat: int) -> dict:
    """Run the same job on a server with one cron process and on one with two, in turn."""
    work = Create(size, CHUNK_SIZE)
    rounds = []
    with ExitStack() as servers:
        for processes, database in enumerate(databases, 1):
            servers.enter_context(server(database, processes))
        for number in range(repeat + 1):
            rates = [_rate(Registry(database), user_id, work) for database in databases]
            if number:  # the first round warms the servers and is not counted
                rounds.append({"one": rates[0], "two": rates[1]})
    middle = {key: median(one[key] for one in rounds) for key in ("one", "two")}
    middle["ratio"] = median(one["two"] / one["one"] for one in rounds)
    return {"name": "parallel", "operations": size, "rounds": rounds, "median": middle}


def _rate(registry, user_id, work) -> float:
    """Operations per second from the first claim to the last commit."""
    with registry.cursor() as cr:
        env = owner_env(cr, user_id)
        operations = work.operations(work.prepare(env))
        options = {"chunk_size": CHUNK_SIZE, "max_parallel": 2}
        job_id = env["batch.job"].submit(operations, **options)["id"]
        cr.commit()
        _wait_for(cr, job_id)
        seconds = net_seconds(cr, job_id)
        work.clean(env)
    return len(operations) / seconds


def _wait_for(cr, job_id: int) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        cr.execute("SELECT state, succeeded, total FROM batch_job WHERE id = %s", [job_id])
        state, succeeded, total = cr.fetchone()
        cr.rollback()
        if state in ENDED:
            if succeeded != total:
                raise AssertionError(f"job {job_id}: {state}, {succeeded} of {total} succeeded")
            return
        time.sleep(0.05)
    raise TimeoutError(f"job {job_id} has not ended within {WAIT} s")


@contextmanager
def server(database: str, processes: int):
    ports = [f"--http-port={_free_port()}", f"--gevent-port={_free_port()}"]
    options = ["--workers=2", f"--max-cron-threads={processes}", "--log-level=warn"]
    command = [sys.executable, str(ODOO), "-d", database, *ports, *options]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
