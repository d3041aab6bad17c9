"""Runners moved by hand, so that a race has one fixed order."""

import importlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
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
# in a condition on pg_locks: what keys and models lock, and what the gate does, in this database
HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
KEY_LOCKS = f"locktype = 'advisory' AND objsubid = 1 AND {HERE}"
AT_GATE = f"locktype = 'advisory' AND objsubid = 2 AND objid = {GATE} AND {HERE}"
FAIL = {"op": "call", "model": ITEM, "method": "fail", "args": ["no"]}
PATIENCE = 30  # seconds until a wait for something that should happen at once has failed


def waits_at_gate(name, when="before"):
    """An operation that creates an item and waits at the gate, `before` its write or `after` it."""
    kwargs = {"name": name, when: GATE}
    return {"op": "call", "model": ITEM, "method": "create_gated", "kwargs": kwargs}


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

    def waiting(self, pid, function, *args, keep=False) -> Future:
        """Call a function in the background, which by now waits for a lock in the backend `pid`.

        :param keep: as in `until_it_waits`
        """
        call = self.in_background(function, *args)
        self.until_it_waits(pid, keep)
        return call

    def waiting_step(self, runner, claim=None, keep=False) -> Future:
        """A runner at work on a claim, its next one unless told, which by now waits for a lock."""
        work = (runner.work, claim) if claim else (runner.step,)
        return self.waiting(runner.pid, *work, keep=keep)

    @contextmanager
    def stopped_at_gate(self, runner, claim=None):
        """As long as this lasts the runner waits at the gate amid a chunk, which it does then."""
        with self.shut_gate():
            step = self.waiting_step(runner, claim)
            yield
        step.result(PATIENCE)

    def one_waits_for_the_other(self, first, second):
        """Runner `first` stops at the gate amid a chunk, and `second` waits for what that one has
        locked; then both do their chunks."""
        with self.shut_gate():
            steps = [self.waiting_step(first), self.waiting_step(second)]
        for step in steps:
            step.result(PATIENCE)

    def end_session(self, runner, step):
        """PostgreSQL ends the session of a runner that waits amid a step."""
        self.ask("SELECT pg_terminate_backend(%s)", runner.pid)
        self.assertIsInstance(step.exception(PATIENCE), psycopg2.Error)

    def die_at_gate(self, runner, claim=None):
        """A runner comes to the gate amid a chunk, and its session ends there."""
        with self.shut_gate():
            self.end_session(runner, self.waiting_step(runner, claim))

    def work_at_once(self, *runners) -> int:
        """All runners work at once until nothing is left to claim; gives how many claims they had
        together."""

        def work(runner):
            return sum(1 for _claim in iter(runner.step, None))

        counts = [self.in_background(work, runner) for runner in runners]
        return sum(count.result(PATIENCE) for count in counts)

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
        lock = "pid = %s AND locktype != 'relation'"
        self.until_a_lock_is_waited_for(f"backend {pid} waits for a lock", lock, pid)

    def until_a_lock_is_waited_for(self, what, lock, *params):
        """Until a backend waits for such a lock.

        :param what: what is waited for, in words
        :param lock: which locks, as a condition on a row of pg_locks
        """
        query = f"SELECT FROM pg_locks WHERE NOT granted AND {lock}"
        with self.registry.cursor() as cr:

            def waits():
                # pg_locks is not part of the snapshot
                cr.execute(query, params)
                return cr.rowcount

            self.until(waits, what)

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
