from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.claim import Claims
from .common import CommittedCase

MODEL = "test.batch.value"
STATES = ("draft", "queued", "running", "paused", "done", "partial", "failed", "cancelled")
# what a verb leaves a job in, by the state it finds; None: it refuses
AFTER = {
    "start": ("queued", "queued", "running", "paused", "done", "partial", "failed", "cancelled"),
    "pause": (None, "paused", "paused", "paused", "done", "partial", "failed", "cancelled"),
    "resume": (None, "queued", "running", "queued", "done", "partial", "failed", "cancelled"),
    "cancel": ("cancelled",) * 4 + ("done", "partial", "failed", "cancelled"),
    "retry": (None, "queued", "running", None, "done", "queued", "queued", "cancelled"),
}


def create(name):
    return {"op": "create", "model": MODEL, "values": {"name": name}}


@tagged("post_install", "-at_install")
class TestJobStates(CommittedCase):
    cleans = (MODEL,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("states_user")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.forget)

    def job_in(self, state):
        """A job that has come into a state by itself."""
        good, bad = create(state), {**create(""), "values": {}}
        by_end = {"done": [good], "partial": [good, bad], "failed": [bad]}
        if state in by_end:
            return self.submit_and_run(by_end[state], user=self.user)
        job = self.submit([good], user=self.user, start=state != "draft")
        if state == "running":
            # as another runner's claim, whose chunk has not landed yet
            claim = Claims(self.env).claim(0)
            self.assertEqual(claim.job["id"], job.id)
            self.addCleanup(ChunkLocks(self.env).let_go, claim.chunk_id)
        elif state == "paused":
            job.pause()
        elif state == "cancelled":
            job.cancel()
        self.commit()
        return job

    def forget(self):
        """Take the jobs and records away, so that the next ones start anew."""
        self.renew()
        self.cr.execute("DELETE FROM batch_job WHERE user_id = %s", [self.user.id])
        self.env[MODEL].search([]).unlink()
        self.commit()

    def test_verbs_move_as_the_table_says(self):
        """Each verb, in each state, moves the job as the table says, or refuses; given twice, it
        answers the same."""
        for verb, ends in AFTER.items():
            for state, end in zip(STATES, ends, strict=True):
                with self.subTest(verb=verb, state=state):
                    self.try_verb(verb, state, end)
                self.forget()

    def try_verb(self, verb, state, end):
        job = self.job_in(state)
        self.assertEqual(job.state, state)
        for _time in range(2):
            reply = self.rpc(self.user, "batch.job", verb, job.ids)
            if end is None:
                self.assertEqual(reply.status, 422)
                self.assertIn(f"Job {job.id} is in state {state}; {verb} works in: ", reply.message)
                self.assertEqual(job.state, state)
            else:
                self.assertEqual((reply.status, reply.body["state"]), (200, end))
                self.assertEqual(
                    reply.body, self.rpc(self.user, "batch.job", "status", job.ids).body
                )

    def test_start_of_nothing(self):
        """An empty draft does not start."""
        job = self.submit([], user=self.user, start=False)
        reply = self.rpc(self.user, "batch.job", "start", job.ids)
        message = f"Job {job.id} is empty; append operations first."
        self.assertEqual((reply.status, reply.message), (422, message))

    def test_pause_of_all(self):
        """A job of policy `all` is one transaction and cannot be paused."""
        job = self.submit([create("pause all")], user=self.user, policy="all")
        reply = self.rpc(self.user, "batch.job", "pause", job.ids)
        message = "A job of policy all and a dry run are one transaction; cancel it."
        self.assertEqual((reply.status, reply.message), (422, message))

    def test_cancel_and_retry(self):
        """Cancel skips what is pending; retry leaves cancelled operations alone unless told."""
        job = self.submit([create(f"cancel {number}") for number in range(5)], user=self.user)
        job.cancel()
        self.commit()
        self.assert_counters(job, "cancelled", skipped=5)
        self.assertEqual(self.states(job), ["cancelled"] * 5)
        job.retry()
        self.assert_counters(job, "cancelled", skipped=5)
        job.retry(cancelled=True)
        self.assert_counters(job, "queued", remaining=5)
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=5)

    def test_retry_runs_only_what_failed(self):
        """Retry runs failed and rolled back operations again, in order; the last error stays until
        the new outcome, and what is done is not done twice."""
        blocker = self.env[MODEL].create({"name": "retry 2"})
        operations = [create(f"retry {number}") for number in range(6)]
        job = self.submit_and_run(operations, user=self.user, policy="chunk", chunk_size=2)
        self.assert_counters(job, "partial", succeeded=4, failed=1, skipped=1)
        before = self.outcomes(job)
        self.assertEqual(self.states(job)[2:4], ["failed", "rolled_back"])
        blocker.unlink()
        job.retry()
        self.commit()
        self.assert_counters(job, "queued", succeeded=4, remaining=2)
        self.assertEqual(self.outcomes(job)[2]["error"], before[2]["error"])
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=6)
        after = self.outcomes(job)
        self.assertEqual([o["error"] for o in after], [None] * 6)
        self.assertEqual(
            [after[n]["ids"] for n in (0, 1, 4, 5)], [before[n]["ids"] for n in (0, 1, 4, 5)]
        )
        self.assertFalse(job.causes)

    def test_retry_of_all(self):
        """Under `all` a retry runs everything again."""
        blocker = self.env[MODEL].create({"name": "all 1"})
        operations = [create(f"all {number}") for number in range(3)]
        job = self.submit_and_run(operations, user=self.user, policy="all")
        self.assert_counters(job, "failed", failed=1, skipped=2)
        blocker.unlink()
        job.retry()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=3)

    def test_retry_that_fails_again(self):
        """A retry may fail again; the counters and causes are those of the last run."""
        job = self.submit_and_run([create("again"), create("again")], user=self.user)
        for _time in range(2):
            self.assert_counters(job, "partial", succeeded=1, failed=1)
            self.assertEqual([cause["count"] for cause in job.causes], [1])
            job.retry()
            self.run_jobs()

    def test_job_waits_for_its_eta(self):
        """A job does not run before its time, and a paused one not at all."""
        later = fields.Datetime.now() + timedelta(hours=1)
        job = self.submit([create("later")], user=self.user, eta=later.isoformat())
        self.run_jobs()
        self.assert_counters(job, "queued", remaining=1)
        self.assertEqual(job.eta, later)
        job.eta = fields.Datetime.now()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def test_paused_does_not_run(self):
        """A paused job waits until it is resumed."""
        job = self.submit([create("paused")], user=self.user)
        job.pause()
        self.run_jobs()
        self.assert_counters(job, "paused", remaining=1)
        job.resume()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def test_lower_priority_number_runs_first(self):
        """The lower number runs first; among equals users take turns."""
        other = self.new_user("states_other")
        jobs = [
            self.submit([create(f"p {n}")], user=user, priority=priority)
            for n, (user, priority) in enumerate(
                ((self.user, 10), (self.user, 10), (other, 10), (self.user, 5))
            )
        ]
        self.run_jobs()
        order = self.env["batch.job.chunk"].search([], order="id").mapped("job_id.id")
        self.assertEqual(order, [jobs[number].id for number in (3, 2, 0, 1)])
