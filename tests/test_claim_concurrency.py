from odoo.tests import tagged

from ..dispatch.chunk_lock import ChunkLocks
from .races import ITEM, PATIENCE, RaceCase


@tagged("post_install", "-at_install")
class TestClaims(RaceCase):
    """Several runners, one queue."""

    def test_nothing_is_claimed_twice(self):
        """Two runners in turn get all chunks of a job, each once, in order."""
        job = self.submit(self.creates("turn", 20), chunk_size=2, max_parallel=2)
        one, other = self.runner(0), self.runner(1)
        spans = []
        for _pair in range(5):
            claims = one.claim(), other.claim()
            spans += [(claim.first, claim.last) for claim in claims]
            one.work(claims[0])
            other.work(claims[1])
        self.assertEqual(spans, [(first, first + 1) for first in range(0, 20, 2)])
        self.assertIsNone(one.claim())
        self.assert_counters(job, "done", succeeded=20)

    def test_four_runners_at_once(self):
        """Whatever the order in which four runners claim, each operation is done exactly once."""
        items = self.items("four", 120)
        job = self.submit(self.increments(items), chunk_size=3, max_parallel=4)
        runners = [self.runner(slot) for slot in range(4)]
        self.assertEqual(self.work_at_once(*runners), 40)
        self.run_to_end(job)
        self.assertEqual(items.mapped("value"), [1] * 120)
        self.assert_counters(job, "done", succeeded=120)

    def test_one_chunk_at_a_time(self):
        """With max_parallel 1 the next chunk waits until the running one has landed."""
        self.submit(self.creates("single", 4), chunk_size=2)
        one, other = self.runner(0), self.runner(1)
        claim = one.claim()
        self.assertIsNone(other.claim())
        one.work(claim)
        self.assertEqual(other.claim().first, 2)

    def test_the_last_chunks_are_shared(self):
        """Where the size is left to the server, a runner leaves its share of the rest to the
        others: what two take of 70 operations is 50 and 20, not more for one."""
        self.submit(self.creates("shared", 120), max_parallel=2)
        runners = [self.runner(slot) for slot in (0, 1)]
        runners[0].step()  # 50 of 120; by its speed the next would be 200
        claims = [runner.claim() for runner in runners]
        self.assertEqual([(one.first, one.last) for one in claims], [(50, 99), (100, 119)])

    def test_a_claim_waits_for_the_job(self):
        """A runner that finds the job locked waits for it; it does not leave while work remains."""
        job = self.submit(self.creates("wait", 2), chunk_size=1)
        runner = self.runner()
        self.cr.execute("SELECT FROM batch_job WHERE id = %s FOR NO KEY UPDATE", [job.id])
        claim = self.waiting(runner.pid, runner.claim, keep=True)
        self.renew()
        self.assertEqual(claim.result(PATIENCE).first, 0)

    def test_a_chunk_that_ends_during_a_claim_is_not_lost(self):
        """A chunk that lands between the statements of another runner's claim is still seen as
        running there: the job is not closed without its counts."""
        job = self.submit(self.creates("between", 4), chunk_size=2, max_parallel=2)
        one, other = self.runner(0), self.runner(1)
        first, second = one.claim(), other.claim()
        one.work(first)
        chunks = type(self.env["batch.job.chunk"])
        original = chunks._running_chunks

        def lands_meanwhile(model, job_id):
            running = original(model, job_id)
            chunks._running_chunks = original
            other.work(second)
            return running

        chunks._running_chunks = lands_meanwhile
        self.addCleanup(setattr, chunks, "_running_chunks", original)
        one.claim()
        status = job.status()
        self.assertEqual(status["succeeded"] + status["remaining"], 4)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)


@tagged("post_install", "-at_install")
class TestTakeOver(RaceCase):
    """A worker that is dead, or only seems to be."""

    def test_a_claimed_chunk_is_not_taken_over(self):
        """Between claim and work the session lock shows that the worker lives."""
        self.submit(self.creates("held", 2), chunk_size=2)
        one, other = self.runner(0), self.runner(1)
        claim = one.claim()
        self.assertIsNone(other.claim())
        one.work(claim)
        self.assertEqual(self.env[ITEM].search_count([("name", "like", "held ")]), 2)

    def test_a_chunk_at_work_is_not_taken_over(self):
        """In the work transaction the row lock shows it, even if the session lock was lost."""
        self.submit(self.creates("locked", 2), chunk_size=2)
        one, other = self.runner(0), self.runner(1)
        claim = one.claim()
        ChunkLocks(one.env).let_go(claim.chunk_id)
        one.cr.rollback()
        self.assertTrue(one.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt))
        self.assertIsNone(other.claim())
        one.work(claim)
        self.assertEqual(self.env[ITEM].search_count([("name", "like", "locked ")]), 2)

    def take_over(self, operations, **options):
        """A runner claims and seems dead; another one takes its chunk over."""
        job = self.submit(operations, **options)
        slow, other = self.runner(0), self.runner(1)
        stale = slow.claim()
        slow.lose_its_locks()
        return job, slow, stale, other, other.claim()

    def test_the_slow_worker_discards_its_work(self):
        """An orphan taken over while its worker was only slow: one effect."""
        items = self.items("slow", 1)
        job, slow, stale, other, claim = self.take_over(self.increments(items))
        self.assertEqual((claim.chunk_id, claim.attempt), (stale.chunk_id, 2))
        slow.work(stale)
        self.renew()
        self.assertEqual(items.value, 0)
        other.work(claim)
        slow.work(stale)
        self.run_to_end(job)
        self.assertEqual(items.value, 1)
        self.assert_counters(job, "done", succeeded=1)

    def test_the_slow_worker_with_an_old_snapshot(self):
        """The same when the slow worker's transaction began before it was taken over."""
        items = self.items("snapshot", 1)
        job = self.submit(self.increments(items))
        slow, other = self.runner(0), self.runner(1)
        stale = slow.claim()
        slow.lose_its_locks()
        slow.cr.execute("SELECT state FROM batch_job_chunk WHERE id = %s", [stale.chunk_id])
        other.step()
        slow.work(stale)
        self.run_to_end(job)
        self.assertEqual(items.value, 1)
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(job.chunk_ids.mapped("state"), ["done"])

    def test_a_suspect_chunk_comes_back_smaller(self):
        """A chunk that lost its worker is cut in ten; the stale worker may do none of it."""
        items = self.items("smaller", 20)
        job, slow, stale, other, claim = self.take_over(self.increments(items), chunk_size=20)
        self.assertEqual((claim.first, claim.last), (0, 1))
        slow.work(stale)
        other.work(claim)
        self.run_to_end(job)
        self.assertEqual(items.mapped("value"), [1] * 20)
        self.assert_counters(job, "done", succeeded=20)
        self.assertEqual(job.sudo().chunk_ids.mapped("lost"), [0] * 10)

    def test_an_operation_that_kills_three_times(self):
        """An operation alone in its chunk that lost three workers fails as worker_lost, with a
        reason; the job ends."""
        job = self.submit(self.creates("killer", 1))
        for _death in range(3):
            runner = self.runner()
            self.assertIsNotNone(runner.claim())
            runner.lose_its_locks()
        self.run_to_end(job)
        self.assert_counters(job, "failed", failed=1)
        (outcome,) = self.outcomes(job)
        self.assertEqual(
            outcome["error"],
            {
                "type": "worker_lost",
                "message": "Its worker died 3 times; it was the only operation at work.",
                "field": None,
            },
        )

    def test_every_lock_is_given_back(self):
        """After its work a runner holds no advisory lock, whether it kept or discarded it."""
        job, slow, stale, other, claim = self.take_over(self.creates("locks", 1))
        slow.work(stale)
        other.work(claim)
        self.run_to_end(job)
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid IN (%s, %s)"
        self.assertEqual(self.ask(query, slow.pid, other.pid), (0,))
