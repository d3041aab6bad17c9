"""Runners moved by hand, so that a race has one fixed order."""

import importlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import requests

from odoo import SUPERUSER_ID, api
from odoo.service import server
from odoo.tests.common import HOST

from ..dispatch.claim import Claim, Claims
from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .common import CommittedCase

ITEM = "test.batch.item"
GATE = 7
PATIENCE = 30  # seconds until a wait for something that should happen at once has failed


class Runner:
    """A runner on a cursor of its own that claims and works when it is told to."""

    def __init__(self, registry, slot):
        self.cr = registry.cursor()
        self.env = api.Environment(self.cr, SUPERUSER_ID, {})
        self.slot = slot
        self.pid = self.cr.connection.info.backend_pid

    def claim(self) -> Claim | None:
        return Claims(self.env).claim(self.slot)

    def work(self, claim):
        Work(self.env).run(claim, Lessons(), Deadline())

    def step(self) -> Claim | None:
        """Claim a chunk and do it."""
        claim = self.claim()
        if claim:
            self.work(claim)
        return claim

    def lose_its_locks(self):
        """What PostgreSQL does when a worker dies, or loses its connection and does not know."""
        self.cr.rollback()
        self.cr.execute("SELECT pg_advisory_unlock_all()")
        self.cr.rollback()
        self.env.transaction.reset()

    def close(self):
        if not self.cr.closed:
            self.lose_its_locks()
            self.cr.close()


class RaceCase(CommittedCase):
    cleans = (ITEM,)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.forget_jobs)

    def forget_jobs(self):
        """A runner of the next test shall find that test's jobs only."""
        self.renew()
        self.cr.execute("DELETE FROM batch_job")
        self.commit()

    def runner(self, slot=0) -> Runner:
        runner = Runner(self.registry, slot)
        self.addCleanup(runner.close)
        return runner

    def items(self, prefix, count):
        """Committed items, to be written to."""
        items = self.env[ITEM].create(
            [{"name": f"{prefix} {number}", "value": 0} for number in range(count)]
        )
        self.commit()
        return items

    def increments(self, items):
        """An operation per item that shows when it is done twice."""
        call = {"op": "call", "model": ITEM, "method": "increment"}
        return [{**call, "ids": [item_id]} for item_id in items.ids]

    def creates(self, prefix, count):
        return [
            {"op": "create", "model": ITEM, "values": {"name": f"{prefix} {number}"}}
            for number in range(count)
        ]

    def in_background(self, function, *args) -> Future:
        """Call a function that will have to wait for the test."""
        pool = ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(function, *args)

    def post_in_background(self, job, method, **arguments) -> Future:
        """A call of the administrator through the real HTTP server, on a connection of its own."""
        headers = {
            "Authorization": f"bearer {self.key_of(self.admin)}",
            "X-Odoo-Database": self.cr.dbname,
        }
        url = f"http://{HOST}:{server.server.httpd.server_port}/json/2/batch.job/{method}"
        body = {"ids": job.ids, **arguments}
        return self.in_background(
            lambda: requests.post(url, json=body, headers=headers, timeout=60)
        )

    def until_somebody_waits(self):
        """Until a call waits for a row that the test's own transaction has locked."""
        with self.registry.cursor() as cr:

            def waits():
                cr.execute("SELECT FROM pg_locks WHERE NOT granted AND locktype != 'relation'")
                return cr.rowcount

            self.until(waits, "a call that waits for the job")

    @contextmanager
    def shut_gate(self):
        """Operations that come to the gate wait as long as this lasts."""
        gates = importlib.import_module("odoo.addons.batch_job_test.models.misbehaviour").GATES
        with self.registry.cursor() as cr:
            cr.execute("SELECT pg_advisory_lock(%s, %s)", [gates, GATE])
            try:
                yield
            finally:
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", [gates, GATE])

    def until_it_waits(self, pid, keep=False):
        """Until the backend `pid` waits for a lock that somebody else holds.

        Autovacuum locks a whole table for a moment: that wait does not count.

        :param keep: the test's own transaction holds it, and goes on
        """
        if not keep:
            self.renew()
        with self.registry.cursor() as cr:

            def waits():
                # pg_locks is not part of the snapshot
                cr.execute(
                    "SELECT FROM pg_locks"
                    " WHERE pid = %s AND NOT granted AND locktype != 'relation'",
                    [pid],
                )
                return cr.rowcount

            self.until(waits, f"backend {pid} waits for a lock")

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"never seen: {what}")
            time.sleep(0.005)

    def ask(self, query, *params):
        """One row, as everybody sees it."""
        self.renew()
        self.cr.execute(query, params)
        return self.cr.fetchone()

    def run_to_end(self, *jobs):
        """Be the runner until the jobs have ended, chunks put back included."""
        query = "SELECT count(*) FROM batch_job WHERE id = ANY(%s) AND needs_runner"

        def ended():
            self.run_jobs()
            return self.ask(query, [job.id for job in jobs])[0] == 0

        self.until(ended, f"jobs {[job.id for job in jobs]} at their end")


class ItemRaceCase(RaceCase):
    """Leaves no items behind, so that all of them can be counted."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_items)

    def remove_items(self):
        self.renew()
        self.env[ITEM].search([]).unlink()
        self.commit()
