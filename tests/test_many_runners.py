from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged

from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.key_shares import KeyShares
from ..dispatch.slots import RUNNERS_PARAMETER, SPARE_SLOTS, Slots
from .key_cases import BUDGET, upsert
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
            claim = self.waiting(runner.pid, runner.claim)
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


@tagged("post_install", "-at_install")
class TestWake(RaceCase):
    """Of many idle runners those are called that can help, not all."""

    RUNNERS = 8

    def setUp(self):
        super().setUp()
        self.addCleanup(self.have, 2)
        self.have(self.RUNNERS)

    def have(self, runners):
        self.renew()
        self.env["ir.config_parameter"].set_param(RUNNERS_PARAMETER, str(runners))
        Slots(self.env).follow_setting()
        self.forget_triggers()

    def forget_triggers(self):
        self.triggers().unlink()
        self.commit()

    def triggers(self):
        slots = Slots(self.env).all()
        return self.env["ir.cron.trigger"].search([("cron_id", "in", slots.ids)])

    def called(self):
        """The numbers of the slots that were called since the last look."""
        self.renew()
        slots = Slots(self.env)
        numbers = {slots.number_of(cron) for cron in self.triggers().cron_id}
        self.forget_triggers()
        return numbers

    def test_as_many_as_can_help(self):
        """One chunk at a time calls one runner, and the spare ones; more chunks call more."""
        for at_once in (1, 3):
            job = self.submit(self.creates(f"few {at_once}", 3), max_parallel=at_once)
            self.assertEqual(len(self.called()), at_once + SPARE_SLOTS)
            self.run_to_end(job)
            self.called()

    def test_no_busy_ones(self):
        """Who is at work is not called while there are others."""
        busy = [self.runner(slot) for slot in range(4)]
        self.submit(self.creates("busy", 8), chunk_size=1, max_parallel=4)
        claims = [runner.claim() for runner in busy]
        self.called()
        self.submit(self.creates("called", 2), chunk_size=1, max_parallel=2)
        self.assertEqual(self.called(), {4, 5, 6, 7})
        for runner, claim in zip(busy, claims, strict=True):
            runner.work(claim)

    def test_too_few_idle_ones(self):
        """Where not enough are idle all are called: whoever ends first helps."""
        busy = [self.runner(slot) for slot in range(6)]
        self.submit(self.creates("busy", 8), chunk_size=1, max_parallel=6)
        claims = [runner.claim() for runner in busy]
        self.called()
        self.submit(self.creates("called", 2))
        self.assertEqual(self.called(), set(range(self.RUNNERS)))
        for runner, claim in zip(busy, claims, strict=True):
            runner.work(claim)

    def test_other_work_waits(self):
        """Where another job waits all are called: those called for it will be at work on it."""
        self.submit(self.creates("first", 1))
        self.called()
        self.submit(self.creates("second", 1))
        self.assertEqual(self.called(), set(range(self.RUNNERS)))

    def test_resume_and_retry(self):
        """Both call at once as many as can help."""
        job = self.submit(self.creates("again", 6), chunk_size=1, max_parallel=2)
        job.pause()
        self.commit()
        self.called()
        job.resume()
        self.commit()
        self.assertEqual(len(self.called()), 2 + SPARE_SLOTS)
        job.cancel()
        self.commit()
        self.called()
        job.retry(cancelled=True)
        self.commit()
        self.assertEqual(len(self.called()), 2 + SPARE_SLOTS)


@tagged("post_install", "-at_install")
class TestKeyShares(RaceCase):
    """Runners share the locks on keys that PostgreSQL has room for, by who is at work."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.have, 2)
        self.have(16)

    def have(self, runners):
        self.renew()
        self.env["ir.config_parameter"].set_param(RUNNERS_PARAMETER, str(runners))
        self.commit()

    def shares(self):
        """(operations of a new chunk, keys that a chunk may lock) of a budget of 3,200."""
        self.renew()
        with patch(BUDGET, lambda _locks: 3_200):
            return KeyShares(self.env).size(), KeyShares(self.env).most()

    def test_the_server_s_limits(self):
        """The budget follows what PostgreSQL says of its lock table."""
        self.cr.execute(
            "SELECT current_setting('max_locks_per_transaction')::int"
            " * (current_setting('max_connections')::int"
            " + current_setting('max_prepared_transactions')::int)"
        )
        (room,) = self.cr.fetchone()
        self.assertEqual(KeyShares(self.env).most(), room * 5 // 8)

    def test_by_the_chunks_at_work(self):
        """Who is alone gets most; with others at work it is less, and never less than is certain,
        whatever they hold."""
        self.assertEqual(self.shares(), (1_600, 3_200))
        operations = [upsert("code", code=f"k{n}") for n in range(4)]
        self.submit(operations, chunk_size=1, max_parallel=4)
        runners = [self.runner(slot) for slot in range(2)]
        claims = [runner.claim() for runner in runners]
        # two have yet to take their locks
        self.assertEqual(self.shares(), (533, 1_600))
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, 2000) n")
            self.assertEqual(self.shares(), (533, 1_200))
            cr.execute("SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, 3500) n")
            self.assertEqual(self.shares(), (533, 100))
        for runner, claim in zip(runners, claims, strict=True):
            runner.work(claim)
        self.assertEqual(self.shares(), (1_600, 3_200))

    def test_other_jobs_do_not_count(self):
        """A chunk without keys takes no share."""
        self.submit(self.creates("no key", 2), chunk_size=1, max_parallel=2)
        runner = self.runner(0)
        claim = runner.claim()
        self.assertEqual(self.shares(), (1_600, 3_200))
        runner.work(claim)
