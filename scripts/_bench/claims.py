"""Many runners: real claims on real connections, the work of each chunk replaced by a wait."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from statistics import mean, median
from types import SimpleNamespace

from machine import measured

from odoo import SUPERUSER_ID, api

RUNNERS = (1, 4, 16, 64, 128)
# (open jobs, their users, `max_parallel`; 0: as many as there are runners)
SHAPES = ((1, 1, 0), (100, 10, 0), (100, 100, 1))
WORK = (0.5, 1.5)  # seconds that a chunk takes
WARM_UP = 2.0  # seconds that are not counted: all runners begin at once
SECONDS = 8.0  # of measuring
LOOK_AGAIN = 0.5  # seconds: who found nothing to do looks again, as a waiting runner does
CHUNK_SIZE = 10
ENDLESS = 100_000_000  # operations of a job: it does not end


def claims(registry) -> dict:
    """Claims a second, and what runners lose between two chunks, by the number of both."""
    # all runners are threads of this process: one that holds a job's row waits for no other's turn
    sys.setswitchinterval(0.0002)
    rows = [_measure(registry, runners, *shape) for shape in SHAPES for runners in RUNNERS]
    return {"name": "claims", "rows": rows}


@dataclass
class Measured:
    """What all runners together have seen since `begin`."""

    begin: float
    end: float
    claims: list[float] = field(default_factory=list)  # seconds each
    spent: Counter = field(default_factory=Counter)  # seconds of work, overhead and idleness
    lock: threading.Lock = field(default_factory=threading.Lock)

    def book(self, what: str, began: float, ended: float) -> None:
        """Count the part that lies in the measured time."""
        seconds = min(ended, self.end) - max(began, self.begin)
        if seconds <= 0:
            return
        with self.lock:
            self.spent[what] += seconds
            if what == "claim" and began >= self.begin:
                self.claims.append(ended - began)


def _measure(registry, runners: int, jobs: int, users: int, max_parallel: int) -> dict:
    with _open_jobs(registry, jobs, users, max_parallel or runners) as watch, ExitStack() as open_:
        # before the first claim: to tell browsers of progress takes connections for a moment, and
        # only they may find none
        cursors = [open_.enter_context(registry.cursor()) for _number in range(runners)]
        commit_ms = _commit_ms(watch)
        now = time.monotonic()
        seen = Measured(now + WARM_UP, now + WARM_UP + SECONDS)
        with ThreadPoolExecutor(runners) as threads:
            runs = [threads.submit(_run, cr, slot, seen) for slot, cr in enumerate(cursors)]
            time.sleep(WARM_UP)
            with measured(watch) as spent:
                time.sleep(SECONDS)
        for run in runs:
            run.result()
    return {
        "runners": runners,
        "jobs": jobs,
        "users": users,
        "max_parallel": max_parallel or runners,
        "claims": len(seen.claims) / SECONDS,
        "possible": min(runners, jobs * (max_parallel or runners)) / mean(WORK),
        "median_ms": 1e3 * median(seen.claims),
        "slow_ms": 1e3 * sorted(seen.claims)[int(0.95 * len(seen.claims))],
        # what a runner without work does costs nobody a chunk
        "lost": 1 - seen.spent["work"] / (seen.spent.total() - seen.spent["idle"]),
        "commit_ms": commit_ms,
        "idle": seen.spent["idle"] / (runners * SECONDS),
        "cpu_ms": 1e3 * spent.cpu / len(seen.claims),
        "cores": spent.cpu / spent.wall,
    }


def _commit_ms(cr) -> float:
    """What PostgreSQL takes to get a commit to the disk: a claim locks its job for that long."""
    seconds = []
    for _number in range(50):
        cr.execute("SELECT pg_logical_emit_message(TRUE, 'bench', 'x')")
        cr.execute("SELECT pg_current_xact_id()")
        began = time.monotonic()
        cr.commit()
        seconds.append(time.monotonic() - began)
    return 1e3 * median(seconds)


@contextmanager
def _open_jobs(registry, jobs: int, users: int, max_parallel: int):
    """Jobs whose operations nobody will read; gives a cursor to watch the database with."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        owners = env["res.users"].create(
            [{"name": f"Owner {n}", "login": f"bench_claims_{n}"} for n in range(users)]
        )
        owners.group_ids |= env.ref("base.group_partner_manager")
        operation = {"op": "create", "model": "res.partner", "values": {"name": "x"}}
        options = {"chunk_size": CHUNK_SIZE}
        for number in range(jobs):
            owner = owners[number % users]
            env["batch.job"].with_user(owner).submit([operation], **options)
        cr.execute("UPDATE batch_job SET total = %s, max_parallel = %s", [ENDLESS, max_parallel])
        cr.commit()
        cr.execute("ANALYZE batch_job, batch_job_chunk")
        cr.commit()
        try:
            yield cr
        finally:
            cr.execute("DELETE FROM batch_job")
            cr.execute("DELETE FROM ir_cron_trigger")
            owners.unlink()
            cr.commit()
            cr.connection.autocommit = True
            with cr.connection.cursor() as plain:
                for table in ("batch_job", "batch_job_chunk", "ir_cron_trigger", "bus_bus"):
                    plain.execute(f"VACUUM FULL {table}")
            cr.connection.autocommit = False


def _run(cr, slot: int, seen: Measured) -> None:
    """A runner, until the end of the measuring."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    claims = _part("claim").Claims(env)
    while (began := time.monotonic()) < seen.end:
        claim = claims.claim(slot)
        claimed = time.monotonic()
        if claim:
            worked, landed = _work(env, claim)
            seen.book("claim", began, claimed)
            seen.book("fence", claimed, worked)
            seen.book("work", worked, landed)
            seen.book("landing", landed, time.monotonic())
        else:
            cr.rollback()
            time.sleep(LOOK_AGAIN)
            seen.book("idle", began, time.monotonic())


def _work(env, claim) -> tuple[float, float]:
    """The work transaction without its operations: fence, wait, counts, commit.

    :returns: when the operations would have begun and ended
    """
    chunks, locks = env["batch.job.chunk"], _part("chunk_lock").ChunkLocks(env)
    if not chunks._is_ours(claim.chunk_id, claim.attempt):
        raise AssertionError(f"chunk {claim.chunk_id} was taken from a living runner")
    began = time.monotonic()
    time.sleep(random.uniform(*WORK))
    ended = time.monotonic()
    size = claim.last - claim.first + 1
    tally = SimpleNamespace(succeeded=size, failed=0, skipped=0)
    chunks._add_counts(claim.chunk_id, tally, "[]", size, ended - began, "done")
    env.cr.commit()
    locks.release(claim.chunk_id)
    env.cr.commit()
    return began, ended


def _part(name: str):
    return import_module(f"odoo.addons.batch_job.dispatch.{name}")
