"""From a list to a schedule, in a real browser."""

from odoo.tests import HttpCase, tagged

from .deeds import DEED

ARCHIVE = {"model": DEED, "domain": "[]", "action": {"kind": "archive"}}


@tagged("post_install", "-at_install")
class TestScheduleTour(HttpCase):
    def test_schedule_keeps_filter_and_choice(self):
        """*Schedule* keeps the filter of the list and what was chosen; *Start* begins it."""
        self.env[DEED].create([{"name": f"Deed {n}"} for n in range(5)])
        self.start_tour("/odoo/test-deeds", "batch_job_schedule", login="admin")
        schedule = self.env["batch.job.schedule"].search([], order="id desc", limit=1)
        self.assertEqual((schedule.active, schedule.interval_number), (True, 2))
        self.assertEqual(schedule.user_id, self.env.ref("base.user_admin"))
        self.assertEqual((schedule.model, schedule.action), (DEED, {"kind": "archive"}))
        self.assertEqual(schedule.domain, '[("name", "ilike", "Deed 1")]')
        self.assertFalse(self.env["batch.job"].search([("schedule_id", "=", schedule.id)]))

    def test_form_says_what_the_latest_job_did(self):
        """The form has the bar of the latest job, and counts the records that a run would find."""
        deeds = self.env[DEED].create([{"name": f"Deed {n}"} for n in range(5)])
        admin = self.env.ref("base.user_admin")
        schedule = (
            self.env["batch.job.schedule"].with_user(admin).create({"name": "Deeds"} | ARCHIVE)
        )
        job = deeds.with_user(admin)._in_batches("action_archive")
        job._execute_now()
        job.flush_recordset()
        self.env.cr.execute(
            "UPDATE batch_job SET schedule_id = %s WHERE id = %s", [schedule.id, job.id]
        )
        self.env.invalidate_all()
        url = f"/odoo/batch-job-schedules/{schedule.id}"
        self.start_tour(url, "batch_job_schedule_latest", login="admin")
