"""Measure whether the length of a job costs anything; called by `scripts/bench scale`.

Partners are created by one job, submitted through the client to a real server, with autovacuum
switched off on the addon's tables: PostgreSQL's statistics know another, short job only. Every now
and then the job is paused, and such partners are made by the ORM alone in this process: what both
have in common, the machine and the growing table of partners, is not what is measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from itertools import pairwise
from pathlib import Path

import report
from client_server import ADMIN, Server, make_key
from jobs import ENDED, owner_env
from machine import Spent, cpu_of, cpu_of_all, describe, measured, resident_mib
from scale_client import TENTHS, ClientProcess
from scale_report import Tenth, show
from workloads import Create

from odoo.modules.registry import Registry
from odoo.tools import config

TABLES = ("batch_job", "batch_job_chunk", "batch_job_operation")
FIRST_JOB = 2_000  # operations of the job that the statistics know
PAUSES = 20  # in a job
ALONE = 3_000  # records that the ORM makes in a pause
GLANCE = 0.1  # seconds between two looks at the status


def main() -> int:
    options = parse_arguments()
    arguments = ["-d", options.database, "--no-http", "--max-cron-threads=0", "--log-level=warn"]
    config.parse_config(arguments, setup_logging=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    registry = Registry(options.database)
    with registry.cursor() as cr:
        report.heading(describe(cr), " ".join(["scripts/bench scale", *sys.argv[2:]]))
    server = Server(options.database, workers=1, cron_workers=1)
    with server:
        result = Scale(registry, server, options).measure()
    show(result)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=1_000_000, help="operations (default 1000000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    options = parser.parse_args()
    if options.size < 100_000 or options.size % TENTHS:
        parser.error("--size takes 100,000 or more, in tens")
    return options


class Scale:
    def __init__(self, registry, server: Server, options):
        self.registry, self.server = registry, server
        self.database, self.size = options.database, options.size
        self.key = make_key(options.database)

    def measure(self) -> dict:
        self._know_another_job()
        with self._client(self.size) as client:
            submission, job_id = self._submit(client)
            tenths = self._follow(job_id)
            reading = self._read(client)
        return {
            "operations": self.size,
            "submission": submission,
            "tenths": [one.summary() for one in tenths],
            "reading": reading,
            "disk": self._disk(),
        }

    def _client(self, size: int) -> ClientProcess:
        return ClientProcess(self.server.url, self.database, self.key, str(size))

    def _know_another_job(self) -> None:
        """It warms the server, and makes statistics that do not know the next one."""
        with self._client(FIRST_JOB) as client:
            _submission, job_id = self._submit(client)
            while self._status(job_id)[0]["state"] not in ENDED:
                time.sleep(GLANCE)
            self._read(client)
        with self.registry.cursor() as cr:
            for table in TABLES:
                cr.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
                cr.execute(f"ANALYZE {table}")

    def _submit(self, client: ClientProcess) -> tuple[list[dict], int]:
        client.next()
        client.go_on()
        tenths = [self._with_memory(client.next()) for _tenth in range(TENTHS)]
        return tenths, client.next()["job"]

    def _read(self, client: ClientProcess) -> list[dict]:
        client.go_on()
        tenths = [self._with_memory(client.next()) for _tenth in range(TENTHS)]
        client.next()
        return tenths

    def _with_memory(self, said: dict) -> dict:
        return {
            "seconds": said["seconds"],
            "client_mib": resident_mib([said["pid"]]),
            "server_mib": self._server_mib(),
        }

    def _server_mib(self) -> float:
        return resident_mib(self.server.processes())

    # The job

    def _follow(self, job_id: int) -> list[Tenth]:
        """Watch the job to its end, with pauses for the ORM."""
        tenths = [Tenth() for _tenth in range(TENTHS)]
        breaks, done, cpu = [], 0, self._server_cpu()
        next_pause = 1  # soon after the begin, then evenly
        while True:
            status, spent = self._status(job_id)
            now_done = self.size - status["remaining"]
            tenth = tenths[min(now_done * TENTHS // self.size, TENTHS - 1)]
            tenth.status.append(spent)
            tenth.user.append(self._read_of_a_user())
            tenth.server_mib = self._server_mib()
            ended = status["state"] in ENDED
            if now_done >= next_pause or ended:
                next_pause = now_done + self.size // PAUSES
                if not ended:
                    breaks.append(self._pause(job_id))
                    now_done = self.size - self._status(job_id)[0]["remaining"]
                tenth.cpu.append((self._server_cpu() - cpu, now_done - done))
                if ended:
                    break
                self._make_alone(tenth)
                done, cpu = now_done, self._server_cpu()
                self._verb(job_id, "resume")
            time.sleep(GLANCE)
        assert status["succeeded"] == self.size, status
        self._count_chunks(job_id, tenths, breaks)
        return tenths

    def _server_cpu(self) -> float:
        """CPU seconds of the server, and of PostgreSQL's side of all connections."""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            pids = [row[0] for row in cr.fetchall()]
        return cpu_of_all([*pids, *self.server.processes()])

    def _status(self, job_id: int) -> tuple[dict, Spent]:
        """The status, and what it takes the server."""
        with self.registry.cursor() as cr:
            job = owner_env(cr, ADMIN)["batch.job"].browse(job_id)
            pid = cr.connection.info.backend_pid
            cpu, begin = time.process_time() + cpu_of(pid), time.perf_counter()
            status = job.status()
            wall = time.perf_counter() - begin
            return status, Spent(wall, time.process_time() + cpu_of(pid) - cpu)

    def _read_of_a_user(self) -> Spent:
        """What the ORM takes for one row of its own: no status can take less."""
        with self.registry.cursor() as cr:
            user = owner_env(cr, ADMIN)["res.users"].browse(ADMIN)
            user.invalidate_recordset()
            pid = cr.connection.info.backend_pid
            cpu, begin = time.process_time() + cpu_of(pid), time.perf_counter()
            user.read(["login"])
            wall = time.perf_counter() - begin
            return Spent(wall, time.process_time() + cpu_of(pid) - cpu)

    def _pause(self, job_id: int) -> int:
        """Pause, wait until the running chunk has landed; gives the last chunk of before."""
        self._verb(job_id, "pause")
        while True:
            with self.registry.cursor() as cr:
                cr.execute(
                    "SELECT needs_runner, (SELECT max(id) FROM batch_job_chunk)"
                    "  FROM batch_job WHERE id = %s",
                    [job_id],
                )
                runs, last = cr.fetchone()
            if not runs:
                return last
            time.sleep(GLANCE / 10)

    def _verb(self, job_id: int, verb: str) -> None:
        with self.registry.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            getattr(owner_env(cr, ADMIN)["batch.job"].browse(job_id), verb)()

    def _make_alone(self, tenth: Tenth) -> None:
        work = Create(ALONE, 500)
        with self.registry.cursor() as cr, self.registry.cursor() as watch:
            env = owner_env(cr, ADMIN)
            data = work.prepare(env)
            with measured(watch) as spent:
                work.loop(env, data)
            tenth.alone_spent.append(spent)
            tenth.alone += ALONE

    def _count_chunks(self, job_id: int, tenths: list[Tenth], breaks: list[int]) -> None:
        """From the begin of a chunk to that of the next one, where no pause lies between."""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT id, first_position, size, extract(epoch FROM started_at)::float"
                "  FROM batch_job_chunk WHERE job_id = %s ORDER BY started_at",
                [job_id],
            )
            chunks = cr.fetchall()
        for (chunk_id, position, size, begin), (*_next, end) in pairwise(chunks):
            if chunk_id not in breaks:
                tenth = tenths[position * TENTHS // self.size]
                tenth.seconds += end - begin
                tenth.operations += size

    def _disk(self) -> dict[str, int]:
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid)"
                "  FROM pg_class WHERE relname = ANY(%s) ORDER BY relname",
                [list(TABLES)],
            )
            return {name: {"all": size, "indexes": rest} for name, size, rest in cr.fetchall()}


if __name__ == "__main__":
    sys.exit(main())
