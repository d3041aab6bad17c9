from odoo.exceptions import UserError
from odoo.tests import tagged

from .races import RaceCase


@tagged("post_install", "-at_install")
class TestRetryRace(RaceCase):
    """A retry of a cancelled job whose last chunk is still at work."""

    def cancelled_at_work(self):
        """A job of three chunks: one failed, one at work when it was cancelled, one not begun."""
        operations = self.creates(self._testMethodName, 6)
        operations[1]["values"]["colour"] = 1
        job = self.submit(operations, chunk_size=2)
        runner = self.runner()
        runner.step()
        claim = runner.claim()
        self.renew()
        job.cancel()
        self.commit()
        return job, runner, claim

    def test_retry_waits_for_the_running_chunk(self):
        """It is refused, and what was not begun stays cancelled."""
        job, runner, claim = self.cancelled_at_work()
        with self.assertRaisesRegex(UserError, f"^The last chunk of job {job.id} has not landed"):
            job.retry()
        self.renew()
        runner.work(claim)
        self.assertIsNone(runner.claim())
        self.assert_counters(job, "cancelled", succeeded=3, failed=1, skipped=2)

    def test_retry_once_it_has_landed(self):
        """Then it runs what failed; what was cancelled too only if that is asked for."""
        job, runner, claim = self.cancelled_at_work()
        runner.work(claim)
        self.assertIsNone(runner.claim())
        self.renew()
        job.retry()
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1, skipped=2)
        job.retry(cancelled=True)
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)
