"""Measure what screens ask of the server for a job of a million; called by `scripts/bench screens`.

A real job of 500 operations, 15 of which fail for four reasons, is made 2,000 times as large. Each
call is made anew, in a transaction and with a cache of its own, as the web client makes it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import report
from jobs import owner_env
from large_job import OPERATIONS, multiply, operations
from machine import cpu_of, describe
from screen_calls import CALLS

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

LIMIT = 50  # milliseconds
OPEN_JOBS = 200  # others, beside the large one
ROUNDS = 9


def main() -> int:
    options = parse_arguments()
    arguments = ["-d", options.database, "--no-http", "--max-cron-threads=0", "--log-level=warn"]
    config.parse_config(arguments, setup_logging=True)
    registry = Registry(options.database)
    with registry.cursor() as cr:
        report.heading(describe(cr), " ".join(["scripts/bench screens", *sys.argv[2:]]))
    job_id, owner, manager = fill(registry, options.size // OPERATIONS)
    rows = []
    for call in CALLS:
        user = manager if call.is_managers else owner
        figures = measure(registry, user, job_id, call.make)
        rows.append({"screen": call.screen, "call": call.name, **figures})
    show(rows, options.size)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    return any(map(is_over, rows))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench screens", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=1_000_000, help="operations (default 1000000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    options = parser.parse_args()
    if options.size < OPERATIONS or options.size % OPERATIONS:
        parser.error(f"--size takes a multiple of {OPERATIONS}")
    return options


def fill(registry, times: int) -> tuple[int, int, int]:
    """The large job among others; gives its id, and those of its owner and of a manager."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        groups = {
            "owner": ("base.group_user", "base.group_partner_manager"),
            "manager": ("base.group_user", "batch_job.group_manager"),
        }
        users = {
            name: env["res.users"].create(
                {
                    "name": name,
                    "login": f"bench_{name}",
                    "group_ids": [(6, 0, [env.ref(one).id for one in of_it])],
                }
            )
            for name, of_it in groups.items()
        }
        jobs = env["batch.job"].with_user(users["owner"])
        job = jobs.browse(jobs.submit(operations(), name="A million", chunk_size=OPERATIONS)["id"])
        cr.commit()
        while job.status()["state"] in ("queued", "running"):
            env.ref("batch_job.batch_job_runner_1").method_direct_trigger()
            cr.commit()
        multiply(cr, job.id, times)
        for number in range(OPEN_JOBS):
            jobs.submit(operations()[:1], name=f"Open {number}", start=number % 2 == 0)
        # as if nobody ran them: they say why they wait
        cr.execute(
            "UPDATE batch_job SET queued_at = queued_at - interval '1 hour' WHERE needs_runner"
        )
        cr.commit()
        cr.connection.autocommit = True
        with cr.connection.cursor() as plain:
            plain.execute("VACUUM ANALYZE batch_job, batch_job_chunk, batch_job_operation")
        cr.connection.autocommit = False
        return job.id, users["owner"].id, users["manager"].id


def measure(registry, user: int, job_id: int, make: Callable) -> dict[str, float]:
    """What a call takes, by the clock and in CPU; the first one, with a cold cache of views, does
    not count."""
    walls, cpus = [], []
    for number in range(ROUNDS + 1):
        with registry.cursor() as cr:
            env = owner_env(cr, user)
            call = make(env, env["batch.job"].browse(job_id))
            cr.rollback()
            env.invalidate_all()
            env["batch.job"].check_access("read")
            pid, queries = cr.connection.info.backend_pid, cr.sql_log_count
            cpu, wall = time.process_time() + cpu_of(pid), time.perf_counter()
            call()
            wall = time.perf_counter() - wall
            cpu = time.process_time() + cpu_of(pid) - cpu
            queries = cr.sql_log_count - queries
            cr.rollback()  # what a dialog has stored
        if number:
            walls.append(1e3 * wall)
            cpus.append(1e3 * cpu)
    return {
        "queries": queries,
        "median_ms": median(walls),
        "worst_ms": max(walls),
        "cpu_ms": median(cpus),
    }


def show(rows: list[dict], size: int) -> None:
    """A line for each call, and a sentence about those that take too long."""
    print(f"\nms of the server, for a job of {size:,} operations; the limit is {LIMIT} ms of CPU")
    print(f"  {'screen':16}{'call':30}{'queries':>8}{'median':>9}{'worst':>9}{'CPU':>9}")
    for row in rows:
        figures = "".join(f"{row[name]:9.1f}" for name in ("median_ms", "worst_ms", "cpu_ms"))
        over = "  too long" if is_over(row) else ""
        print(f"  {row['screen']:16}{row['call']:30}{row['queries']:8}{figures}{over}")
    long = [f"{row['screen']}: {row['call']}" for row in rows if is_over(row)]
    if long:
        print(
            f"\n{len(long)} of {len(rows)} calls take more than {LIMIT} ms of CPU:"
            f" {'; '.join(long)}."
        )
    else:
        print(f"\nEach of the {len(rows)} calls takes {LIMIT} ms of CPU or less.")


def is_over(row: dict) -> bool:
    # not by the clock: that counts what else the machine does
    return row["cpu_ms"] > LIMIT


if __name__ == "__main__":
    sys.exit(main())
