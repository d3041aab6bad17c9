"""The list and the toasts in a real browser."""

from odoo.tests import new_test_user, tagged

from .tour_cases import JobTourCase

END = """
items = env["test.batch.item"]
items._end_job(items._lock_job({job_id}), succeeded=7, failed=3)
env.user._bus_send("simple_notification", {{"title": "After the end", "message": "of the job"}})
"""
OTHER_APP = "/odoo/action-base.action_res_users"


@tagged("post_install", "-at_install")
class TestJobScreens(JobTourCase):
    def make_ending(self):
        """A job at work of which three rows have failed, and a server action that ends it."""
        job = self.make_running(name="Prices of May")
        self.env.cr.execute(
            "UPDATE batch_job_operation SET state = 'failed', error_type = 'required'"
            " WHERE job_id = %s AND index < 3",
            [job.id],
        )
        self.make_server_action("End of the job", END.format(job_id=job.id))

    def test_the_owner_is_told_anywhere(self):
        """The owner of a job that ends reads it on the page of another app; it survives a change of
        page, downloads what failed, and leads to the job."""
        self.make_ending()
        self.start_tour(OTHER_APP, "batch_job_toast_of_owner", login="admin")

    def test_nobody_else_is_told(self):
        """A Settings administrator who is not the owner is told nothing."""
        groups = "base.group_system,base.group_partner_manager"
        new_test_user(self.env, "toast_other", groups, name="Other")
        self.make_ending()
        self.start_tour(OTHER_APP, "batch_job_toast_of_nobody_else", login="toast_other")

    def test_verb_is_done_to_selected_jobs(self):
        """A verb is done to the selected jobs, with the numbers before and after."""
        for name in ("First of two", "Second of two"):
            self.jobs.submit([self.tag(name="A")] * 2, name=name)
        ended = self.jobs.browse(self.jobs.execute([self.tag()])["id"])
        ended.name = "Ended one"
        self.start_tour("/odoo/batch-jobs", "batch_job_several", login="admin")
        paused = self.jobs.search([("name", "like", "of two")])
        self.assertEqual(paused.mapped("state"), ["paused", "paused"])
