from odoo.tests import tagged

from .races import FAIL, ITEM, RaceCase

BAD = {"op": "create", "model": ITEM, "values": {"colour": 1}}


def paused(failures, ended, limit):
    return (
        f"Paused because too many operations failed: {failures} of {ended}; max_failures is "
        f"{limit}. Look at the errors. Then resume the job, and it counts anew, or cancel it."
    )


class LimitCase(RaceCase):
    def mixed(self, count, every):
        """Creates, of which each `every`-th is a call that fails."""
        operations = self.creates(f"{self._testMethodName} of {every}", count)
        for index in range(every - 1, count, every):
            operations[index] = FAIL
        return operations

    def verb(self, job, name, **arguments):
        self.renew()
        getattr(job, name)(**arguments)
        self.commit()

    def assert_paused(self, job, limit, failed, ended):
        """The job is at rest, and says how many of how many failed."""
        status = job.status()
        self.assertEqual((status["state"], status["failed"]), ("paused", failed))
        self.assertEqual(status["total"] - status["remaining"], ended)
        self.assertEqual(status["error"], paused(failed, ended, limit))
        self.assertFalse(job.sudo().needs_runner)


@tagged("post_install", "-at_install")
class TestOneRunner(LimitCase):
    """`max_failures` where one chunk runs at a time: the chunk at work ends at the limit."""

    def test_job_pauses_at_exactly_the_limit(self):
        """The job pauses at exactly so many failures, also within a chunk and a part of it."""
        for limit, chunk_size in ((1, 0), (100, 0), (70, 200), (70, 30)):
            with self.subTest(limit=limit, chunk_size=chunk_size):
                job = self.submit_and_run([FAIL] * 300, max_failures=limit, chunk_size=chunk_size)
                self.assert_paused(job, limit, failed=limit, ended=limit)
                self.verb(job, "cancel")

    def test_share_counts_from_the_hundredth_operation(self):
        """A share counts from the hundredth operation on: 10 of 100 are more than 5 %, 4 are not,
        and before that nothing counts."""
        job = self.submit_and_run(self.mixed(300, every=10), max_failures="5%", chunk_size=20)
        self.assert_paused(job, "5%", failed=10, ended=100)
        job = self.submit_and_run([FAIL] * 99, max_failures="5%")
        self.assert_counters(job, "failed", failed=99)
        job = self.submit_and_run(self.mixed(300, every=25), max_failures="5%")
        self.assert_counters(job, "partial", succeeded=288, failed=12)

    def test_what_is_known_before_a_try(self):
        """Operations that are refused together, before any is tried, end together: no more than a
        step of the chunk."""
        job = self.submit_and_run([BAD] * 300, max_failures=1)
        self.assert_paused(job, 1, failed=5, ended=5)

    def test_share_counts_what_was_rolled_back(self):
        """Under `chunk` a number counts the culprits; a share counts what was rolled back with them
        too, since nothing of it is kept."""
        operations = self.mixed(200, every=20)
        job = self.submit_and_run(operations, policy="chunk", chunk_size=20, max_failures=3)
        self.assert_paused(job, 3, failed=3, ended=60)
        job = self.submit_and_run(operations, policy="chunk", chunk_size=20, max_failures="50%")
        self.assert_counters(job, "paused", failed=5, skipped=95, remaining=100)
        self.assertEqual(
            job.status()["error"],
            "Paused because too many operations failed: 100 of 100 failed or were rolled back with "
            "their chunk; max_failures is 50%. Look at the errors. Then resume the job, and it "
            "counts anew, or cancel it.",
        )

    def test_it_counts_anew(self):
        """After resume and after retry the count begins at 0; a pause by a person begins it too."""
        job = self.submit_and_run([FAIL] * 10, max_failures=3)
        self.assert_paused(job, 3, failed=3, ended=3)
        self.verb(job, "resume")
        self.assertIsNone(job.status()["error"])
        self.run_jobs()
        self.assertEqual(job.status()["error"], paused(3, 3, 3))
        self.assert_counters(job, "paused", failed=6, remaining=4)
        self.verb(job, "cancel")
        self.assertIsNone(job.status()["error"])
        self.verb(job, "retry")
        self.run_jobs()
        self.assertEqual(job.status()["error"], paused(3, 3, 3))
        self.assert_counters(job, "paused", failed=3, skipped=4, remaining=3)

    def test_nothing_is_left(self):
        """A job whose last operations reach the limit ends: there is nothing to stop."""
        job = self.submit_and_run([FAIL] * 3, max_failures=3)
        self.assert_counters(job, "failed", failed=3)
        self.assertEqual(job.status()["error"], "Operation 0 (row 1) failed: no")
        events = [one["event"] for one in job.history()["events"]]
        self.assertEqual(events, ["submit", "end"])

    def test_limit_without_use_is_refused(self):
        """Where there is nothing to count, and what is no limit, is refused with what to do, and
        nothing is stored."""
        for options, message in (
            (
                {"max_failures": 3, "policy": "stop"},
                "max_failures does not go with policy 'stop', which ends at the first failure; use "
                "policy isolate or chunk, or leave max_failures out.",
            ),
            (
                {"max_failures": 3, "dry_run": True},
                "max_failures does not go with dry_run: a dry run keeps nothing, and tries "
                "everything; leave max_failures out.",
            ),
            (
                {"max_failures": 0},
                "max_failures must be a whole number from 1 to 1000000000, or a share of up to "
                '100 % such as "5%", not 0.',
            ),
        ):
            reply = self.rpc(self.admin, "batch.job", "submit", operations=[FAIL], **options)
            self.assertEqual((reply.status, reply.message), (422, message))
        self.assertEqual(self.ask("SELECT count(*) FROM batch_job"), (0,))

    def test_the_same_key(self):
        """One key with another limit is another submission; the same limit, however it is written,
        is the same."""
        job = self.submit([FAIL], idempotency_key="limit", max_failures=100)
        self.assertEqual(self.submit([FAIL], idempotency_key="limit", max_failures="100"), job)
        reply = self.rpc(
            self.admin, "batch.job", "submit", operations=[FAIL], idempotency_key="limit"
        )
        self.assertEqual((reply.status, reply.body["context"]), (422, {"job_of_key": job.id}))


@tagged("post_install", "-at_install")
class TestFourRunners(LimitCase):
    """`max_failures` where four chunks run at once: no further one begins at the limit."""

    def four_claims(self, operations, **options):
        job = self.submit(operations, max_parallel=4, **options)
        runners = [self.runner(slot) for slot in range(4)]
        return job, [(runner, runner.claim()) for runner in runners]

    def land_two_then_all(self, pairs):
        """Two of four chunks land; whoever claims then gets nothing, and the others land."""
        for runner, claim in pairs[:2]:
            runner.work(claim)
        self.assertEqual([runner.claim() for runner, _claim in pairs[:2]], [None, None])
        for runner, claim in pairs[2:]:
            runner.work(claim)
            self.assertIsNone(runner.claim())

    def test_no_chunk_begins_at_the_limit(self):
        """The claim that counts the limit's failure takes no chunk, and no other claim does. What
        comes on top are the failures of the chunks at work, which end at the limit themselves."""
        for limit, each in ((1, 1), (100, 50)):
            with self.subTest(limit=limit):
                job, pairs = self.four_claims([FAIL] * 400, max_failures=limit, chunk_size=50)
                self.land_two_then_all(pairs)
                self.assert_counters(job, "paused", failed=4 * each, remaining=400 - 4 * each)
                self.assertEqual(job.status()["error"], paused(2 * each, 2 * each, limit))
                self.assertFalse(job.sudo().needs_runner)
                self.verb(job, "cancel")

    def test_no_chunk_begins_above_the_share(self):
        """At the limit of a share no further chunk begins either."""
        job, pairs = self.four_claims(self.mixed(400, every=10), max_failures="5%", chunk_size=50)
        self.land_two_then_all(pairs)
        self.assert_counters(job, "paused", succeeded=180, failed=20, remaining=200)
        self.assertEqual(job.status()["error"], paused(10, 100, "5%"))

    def test_excess_is_that_of_four_chunks(self):
        """Whatever the order in which four runners work, the failures above the limit are those of
        at most four chunks."""
        job = self.submit([FAIL] * 400, max_failures=100, chunk_size=10, max_parallel=4)
        runners = [self.runner(slot) for slot in range(4)]
        self.assertLessEqual(self.work_at_once(*runners), 13)
        self.run_to_end(job)
        status = job.status()
        self.assertEqual(status["state"], "paused")
        self.assertIn(status["failed"], range(100, 131))

    def test_the_rest_is_at_work(self):
        """A job that pauses while its last chunk is at work ends with that chunk, and says no more
        why it was paused."""
        job, pairs = self.four_claims(
            [FAIL, *self.creates("rest", 1)], max_failures=1, chunk_size=1
        )
        (first, failing), (second, good) = pairs[:2]
        first.work(failing)
        self.assertIsNone(first.claim())
        self.assert_counters(job, "paused", failed=1, remaining=1)
        second.work(good)
        self.assertIsNone(second.claim())
        self.renew()
        self.assert_counters(job, "partial", succeeded=1, failed=1)
        self.assertIsNone(job.status()["error"])
