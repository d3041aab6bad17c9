from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..dispatch.on_end_call import OnEndCall
from ..dispatch.runner import Runner
from .on_end_cases import PENDING, REPAIR, OnEndCase, call
from .races import GATE


@tagged("post_install", "-at_install")
class TestOnceOnly(OnEndCase):
    """Effect and outcome of `on_end` are committed together, once per end, whatever dies."""

    def assert_once(self, job, item):
        self.run_to_end(job)
        self.assertEqual((item.value, self.end_of(job)["state"]), (1, "done"))
        self.assert_counters(job, "done", succeeded=job.total)

    def test_a_worker_dies_before_it(self):
        """Dead between the claim and the call: another runner calls it, and the first, should it
        live after all, does nothing."""
        item = self.item()
        job = self.counting(1, item)
        dead, other = self.runner(0), self.runner(1)
        lost = self.ended(job, dead)
        self.assertIsNone(other.claim())
        dead.lose_its_locks()
        claim = other.claim()
        self.assertEqual((claim.on_end, claim.attempt, claim.lost), (True, 2, 1))
        other.work(claim)
        dead.work(lost)
        self.assert_once(job, item)

    def test_a_worker_dies_in_it(self):
        """Its effect is rolled back with the worker's transaction, and made again once."""
        item = self.item()
        on_end = call("write_gated", item.ids, values={"value": 1}, after=GATE)
        job = self.submit(self.creates("within", 1), on_end=on_end)
        dead, other = self.runner(0), self.runner(1)
        claim = self.ended(job, dead)
        with self.shut_gate():
            work = self.waiting_step(dead, claim)
            self.assertIsNone(other.claim())
            self.end_session(dead, work)
        self.assertEqual((self.end_of(job), item.value), (PENDING, 0))
        self.assert_once(job, item)
        self.assertEqual(job.chunk_ids.filtered("on_end").mapped("lost"), [1])

    def test_three_deaths_fail_on_end(self):
        """After three dead workers `on_end` is failed, and the job keeps its outcome."""
        item = self.item()
        job = self.counting(1, item)
        self.ended(job, runner := self.runner())
        for _death in range(2):
            runner.lose_its_locks()
            self.assertTrue(runner.claim().on_end)
        runner.lose_its_locks()
        self.assertIsNone(runner.claim())
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertRegex(end["error"], "Its worker died 3 times, at the last within 0 s")
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual((item.value, job.needs_runner), (0, False))

    def test_conflict_makes_the_effect_once(self):
        """Where somebody changes its record meanwhile, `on_end` is called again and its effect is
        made once."""
        item = self.item()
        job = self.counting(1, item)
        self.ended(job, runner := self.runner())
        runner.lose_its_locks()
        claim = runner.claim()
        self.meanwhile(runner, claim, "UPDATE test_batch_item SET value = 0 WHERE id = %s", item.id)
        chunk = job.chunk_ids.filtered("on_end")
        self.assertEqual((chunk.state, chunk.conflicts, chunk.lost), ("queued", 1, 1))
        self.assertIn("could not serialize", chunk.trouble)
        self.assertTrue(chunk.not_before)
        self.assert_once(job, item)

    def meanwhile(self, runner, claim, query, *params):
        """Do the work of a claim; when its snapshot is taken, commit something else."""
        original = OnEndCall.run

        def run(call, *args):
            OnEndCall.run = original
            self.cr.execute(query, params)
            self.commit()
            return original(call, *args)

        OnEndCall.run = run
        self.addCleanup(setattr, OnEndCall, "run", original)
        runner.work(claim)
        self.renew()

    def test_a_renamed_job(self):
        """An owner who renames the job while it is called is not kept waiting: it is called anew,
        and both hold."""
        item = self.item()
        job = self.counting(1, item)
        claim = self.ended(job, runner := self.runner())
        self.meanwhile(runner, claim, "UPDATE batch_job SET name = 'new' WHERE id = %s", job.id)
        self.assertEqual((item.value, self.end_of(job)), (0, PENDING))
        self.assert_once(job, item)
        self.assertEqual(job.name, "new")

    def test_conflicts_without_end(self):
        """After five conflicts it is failed, and the job keeps its outcome."""
        item = self.item()
        job = self.counting(1, item)
        claim = self.ended(job, runner := self.runner())
        for conflict in range(5):
            self.meanwhile(
                runner, claim, "UPDATE test_batch_item SET value = 0 WHERE id = %s", item.id
            )
            self.cr.execute("UPDATE batch_job_chunk SET not_before = NULL")
            self.commit()
            claim = runner.claim()
            self.assertEqual(bool(claim), conflict < 4)
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertRegex(end["error"], "^It met a conflict 5 times: could not serialize access")
        self.assert_counters(job, "done", succeeded=1)

    def test_it_waits_within_the_turn(self):
        """A runner knows that a call that was put back will be ready soon."""
        job = self.counting(1, self.item())
        self.ended(job, self.runner())
        soon = fields.Datetime.now() + timedelta(seconds=2)
        self.cr.execute(
            "UPDATE batch_job_chunk SET state = 'queued', not_before = %s WHERE on_end", [soon]
        )
        self.commit()
        self.assertGreater(Runner(self.env, 0).wait_of_next_chunk(), timedelta(0))

    def test_what_ends_the_transaction(self):
        """A call that ends its transaction behind our back is failed, never called again."""
        on_end = call("end_transaction", model=REPAIR, name="ends", how="unseen")
        job = self.submit(self.creates("ends", 1), on_end=on_end)
        with self.assertLogs("odoo.addons.batch_job.dispatch.work", "ERROR"):
            self.run_jobs()
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertEqual(
            end["error"], "It ended the transaction. What was kept of it is not known: look."
        )
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(self.env[REPAIR].search_count([("name", "=", "ends")]), 1)

    def test_a_claim_that_fails(self):
        """A claim that meets an unexpected error fails the call and leaves the job as it ended."""
        job = self.counting(1, self.item())
        runner = self.runner()
        self.ended(job, runner)
        runner.lose_its_locks()
        chunks = type(self.env["batch.job.chunk"])
        original = chunks._orphans
        self.addCleanup(setattr, chunks, "_orphans", original)
        chunks._orphans = lambda *_args: 1 / 0
        with self.assertLogs("odoo.addons.batch_job.dispatch.claim", "ERROR"):
            self.assertIsNone(runner.claim())
        chunks._orphans = original
        self.assertEqual(
            self.end_of(job)["error"], "The server could not go on with it: ZeroDivisionError."
        )
        self.assertIsNone(self.runner(1).claim())
        self.assert_counters(job, "done", succeeded=1)
