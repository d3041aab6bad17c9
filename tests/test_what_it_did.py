"""The page *What It Did* on the form of a job."""

from odoo.tests import tagged

from .races import ITEM, RaceCase
from .view_cases import ViewsCase, create


@tagged("post_install", "-at_install")
class TestWhatAJobDid(ViewsCase):
    def test_a_done_job_shows_what_it_did(self):
        """The form lists the rows that were done, also beside failures; a row that failed is not
        among them."""
        done = self.execute(create(name="A"), create(name="B"))
        self.assertEqual(done.done_ids.mapped("row"), [1, 2])
        partial = self.execute(create(), create(name="A"), create(), create(name="B"))
        self.assertEqual(partial.done_ids.mapped("row"), [2, 4])
        self.assertFalse(self.execute(create()).done_ids)

    def test_a_job_at_work_does_not_show_what_it_did(self):
        """The form is read anew all the time then."""
        job = self.execute(create(name="A"))
        self.env.cr.execute("UPDATE batch_job SET state = 'running' WHERE id = %s", [job.id])
        job.invalidate_recordset()
        self.assertFalse(job.done_ids)


@tagged("post_install", "-at_install")
class TestWhatARetryDid(RaceCase):
    def test_rows_done_by_a_retry_are_in_their_place(self):
        """The form names each row once, in order, also where the chunks of a retry lie over those
        of the first run."""
        taken = self.items("A", 12).filtered(lambda item: item.name in ("A 1", "A 7", "A 11"))
        (self.items_of_prefix("A") - taken).unlink()
        job = self.submit(self.creates("A", 12), chunk_size=3)
        self.run_jobs()
        self.assertEqual(
            (job.failed, job.done_ids.mapped("row")), (3, [1, 3, 4, 5, 6, 7, 9, 10, 11])
        )
        (taken - taken[-1]).unlink()
        self.retry(job)
        self.assertEqual((job.state, job.done_ids.mapped("row")), ("partial", list(range(1, 11))))
        taken[-1].unlink()
        self.retry(job)
        self.assertEqual((job.state, job.done_ids.mapped("row")), ("done", list(range(1, 13))))

    def items_of_prefix(self, prefix):
        return self.env[ITEM].search([("name", "like", f"{prefix} %")])

    def retry(self, job):
        self.commit()
        job.retry()
        self.run_jobs()
