from contextlib import contextmanager

from odoo.tests import tagged

from ..dispatch.chunk_lock import ChunkLocks
from .races import PATIENCE, RaceCase


@tagged("post_install", "-at_install")
class TestManyRunners(RaceCase):
    """Where many runners claim at once, none waits for what gives it nothing."""

    @contextmanager
    def locked(self, *jobs):
        """While another claim has these jobs."""
        with self.registry.cursor() as cr:
            ids = [job.id for job in jobs]
            cr.execute("SELECT FROM batch_job WHERE id = ANY(%s) FOR NO KEY UPDATE", [ids])
            yield cr

    def impatient(self, slot):
        """A runner that fails when it has to wait for a lock."""
        runner = self.runner(slot)
        runner.cr.execute("SET lock_timeout = '2s'")
        self.addCleanup(runner.cr.execute, "RESET lock_timeout")
        return runner

    def test_a_full_job_is_left_alone(self):
        """A job whose chunks at once are all in living hands is not locked to find that out."""
        job = self.submit(self.creates("full", 2), chunk_size=1)
        one, other = self.runner(0), self.impatient(1)
        claim = one.claim()
        with self.locked(job):
            self.assertIsNone(other.claim())
        one.work(claim)
        self.assertEqual(other.claim().first, 1)

    def test_a_stopped_job_is_left_to_its_workers(self):
        """So is one that was paused, while its last chunk is at work; who lands it closes it."""
        job = self.submit(self.creates("paused", 2), chunk_size=1)
        one, other = self.runner(0), self.impatient(1)
        claim = one.claim()
        job.pause()
        self.commit()
        with self.locked(job):
            self.assertIsNone(other.claim())
        one.work(claim)
        self.assertIsNone(one.claim())
        self.assertEqual(
            self.ask("SELECT needs_runner, succeeded FROM batch_job WHERE id = %s", job.id),
            (False, 1),
        )

    def test_a_full_job_with_a_dead_worker(self):
        """A full job is looked at when a worker of it has died."""
        self.submit(self.creates("dead", 1))
        one, other = self.runner(0), self.runner(1)
        one.claim()
        self.assertIsNone(other.claim())
        one.lose_its_locks()
        self.assertEqual((claim := other.claim()).attempt, 2)
        other.work(claim)

    def test_counts_of_a_full_job(self):
        """A chunk that has ended is counted by the next claim, while others of its job are at
        work and there is nothing to give."""
        job = self.submit(self.creates("tail", 2), chunk_size=1, max_parallel=2)
        one, other = self.runner(0), self.runner(1)
        first, second = one.claim(), other.claim()
        one.work(first)
        self.assertIsNone(one.claim())
        self.assert_counters(job, "running", succeeded=1, remaining=1)
        other.work(second)

    def test_an_equal_job_instead(self):
        """While another runner claims from the job whose turn it is, its equal gives a chunk."""
        locked = self.submit(self.creates("locked", 1))
        equal = self.submit(self.creates("equal", 1))
        with self.locked(locked):
            self.assertEqual(self.impatient(0).claim().job["id"], equal.id)

    def test_no_lesser_job_instead(self):
        """A job of higher priority is waited for, not passed over."""
        urgent = self.submit(self.creates("urgent", 1), priority=-1)
        self.submit(self.creates("lesser", 1))
        runner = self.runner(0)
        with self.locked(urgent):
            claim = self.in_background(runner.claim)
            self.until_it_waits(runner.pid)
        self.assertEqual(claim.result(PATIENCE).job["id"], urgent.id)

    def test_a_worker_on_its_way(self):
        """Another's claim does not lock the chunk of a worker that has yet to begin."""
        job = self.submit(self.creates("gap", 2), chunk_size=1, max_parallel=2)
        one, other = self.impatient(0), self.runner(1)
        claim = one.claim()
        # a claim that has not come to its end yet
        self.assertEqual(other.env["batch.job.chunk"]._orphans(job.id), [])
        one.work(claim)
        self.assertEqual(
            self.ask("SELECT count(*) FROM batch_job_chunk WHERE state = 'done'"), (1,)
        )

    def test_asking_takes_no_lock(self):
        """That a lock is free is found out without keeping it."""
        self.submit(self.creates("probe", 1))
        one, other = self.runner(0), self.runner(1)
        claim = one.claim()
        one.lose_its_locks()
        self.assertEqual(len(other.env["batch.job.chunk"]._orphans(claim.job["id"])), 1)
        other.cr.rollback()
        self.assertTrue(ChunkLocks(one.env).lock_if_free(claim.chunk_id))
