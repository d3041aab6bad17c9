"""The import dialog in a real browser."""

from odoo.tests import HttpCase, tagged

START = "/odoo/action-base.action_partner_category_form"


@tagged("post_install", "-at_install")
class TestImportTour(HttpCase):
    def jobs(self):
        return self.env["batch.job"].search([("name", "=", "tags of the tour.csv")])

    def test_import_in_background(self):
        """A file that is chosen becomes one job, whose form opens; a double click makes no two."""
        self.start_tour(START, "batch_job_import_in_background", login="admin")
        job = self.jobs()
        self.assertEqual((len(job), job.total, job.state), (1, 150, "queued"))
        self.assertEqual(job.user_id, self.env.ref("base.user_admin"))
        operation = job.operation_ids.sorted("index")[-1]
        self.assertEqual(
            operation.payload,
            {"fields": ["name", "color"], "row": ["Tour 149", "9"], "key": ["name"]},
        )
        context = job.run_context
        self.assertEqual((context["import_file"], context["tracking_disable"]), (True, True))

    def test_refusal_is_said_in_the_dialog(self):
        """What the server refuses is said in the dialog, and nothing is stored."""
        self.start_tour(START, "batch_job_import_refused", login="admin")
        self.assertFalse(self.jobs())
