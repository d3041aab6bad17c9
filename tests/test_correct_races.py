"""Two corrections, or a correction and another verb, at one moment."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import Reply
from .correction_cases import CorrectionCase


@tagged("post_install", "-at_install")
class TestCorrectRaces(CorrectionCase):
    def rows(self, *places, word="new"):
        return [
            {"index": place, "values": {"name": f"{self.prefix} {word} {place}"}}
            for place in places
        ]

    def while_corrected(self, job, method, **arguments):
        """The answer of a call that came while rows 1 and 3 were being corrected."""
        self.key_of(self.admin)
        self.renew()
        job.correct(rows=self.rows(1, 3))
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_http"):
            body = {"ids": job.ids, **arguments}
            path = f"/json/2/batch.job/{method}"
            call = self.in_background(lambda: self.request(self.admin, path, json=body))
            self.until_a_lock_is_waited_for("a call for the job", "locktype != 'relation'")
            self.commit()
            return Reply.of(call.result(60))

    def test_two_uploads_at_once(self):
        """The second waits for the first. The same rows change nothing, others are refused."""
        job = self.items_where({1, 3})
        answer = self.while_corrected(job, "correct", rows=self.rows(1, 3))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.body["correction"]["again"], 0)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(len(self.names()), 4)

    def test_two_other_uploads_at_once(self):
        """The rows of the first are run, and nothing of the second."""
        job = self.items_where({1, 3})
        answer = self.while_corrected(job, "correct", rows=self.rows(1, word="other"))
        self.assertEqual(answer.status, 422)
        self.assertRegex(answer.message, "is at work; correct its rows when it has ended")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertIn(f"{self.prefix} new 1", self.names())

    def test_a_retry_meanwhile(self):
        """It would run other rows, so it is refused."""
        job = self.items_where({0, 1, 3})
        answer = self.while_corrected(job, "retry")
        self.assertEqual(answer.status, 422)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1)

    def test_rows_of_a_job_that_is_at_work(self):
        """Its outcomes are not there yet: a correction comes too early, and says so."""
        job = self.submit(self.creates(self.prefix, 4), chunk_size=2)
        runner = self.runner()
        claim = runner.claim()
        self.renew()
        with self.assertRaisesRegex(UserError, "is at work; correct its rows when it has ended"):
            job.correct(rows=self.rows(0))
        self.renew()
        runner.work(claim)
        job.cancel()
        self.commit()
        with self.assertRaisesRegex(UserError, "The last chunk of job .* has not landed yet"):
            self.correct(job, self.rows(2))
        self.renew()
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=2, skipped=2)
