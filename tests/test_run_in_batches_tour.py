"""Run in Batches in a real browser: the menu, the dialog, and what it submits."""

from odoo.tests import HttpCase, tagged

from .deeds import DEED


@tagged("post_install", "-at_install")
class TestRunInBatchesTour(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deeds = cls.env[DEED].create([{"name": f"Deed {n}"} for n in range(5)])
        cls.tag = cls.env["res.partner.category"].create({"name": "Tag of the tour"})

    def tour(self, name):
        self.start_tour("/odoo/test-deeds", name, login="admin")
        return self.env["batch.job"].search([], order="id desc", limit=1)

    def operations(self, job):
        found = self.env["batch.job.operation"].search([("job_id", "=", job.id)], order="index")
        return [(one.op, one.payload) for one in found]

    def test_update_a_selection(self):
        """Two selected records get a many2one, a date, a selection, a tag, and an empty text."""
        job = self.tour("batch_job_run_update")
        ids = self.deeds.ids
        values = {
            "country_id": self.env.ref("base.be").id,
            "due": "2030-02-03",
            "kind": "b",
            "tag_ids": [[4, self.tag.id]],
            "trace": False,
        }
        self.assertEqual(
            self.operations(job), [("write", {"ids": [one], "values": values}) for one in ids[:2]]
        )
        self.assertEqual(
            (job.name, job.dry_run), ("Update 2 Deeds: Country, Due, Kind, 2 more", False)
        )
        self.assertEqual(job.user_id, self.env.ref("base.user_admin"))

    def test_select_all_is_the_whole_filter(self):
        """Of a list in pages, *select all* is the whole filter; Try First asks nothing."""
        job = self.tour("batch_job_run_archive_all")
        call = {"method": "batch_job_archive", "each": True}
        self.assertEqual(
            self.operations(job), [("call", {**call, "ids": [one]}) for one in self.deeds.ids]
        )
        self.assertTrue(job.dry_run)

    def test_button_with_a_question(self):
        """A button of the form asks its own question, with the number."""
        job = self.tour("batch_job_run_button")
        ((op, payload),) = self.operations(job)
        self.assertEqual((op, payload["kwargs"]["method"]), ("call", "action_finish"))
        self.assertEqual(job.name, "Finish 1 Deed")

    def test_person_chooses_records_per_call(self):
        """Of a server action the person sees and chooses how many records a call gets."""
        job = self.tour("batch_job_run_action")
        self.assertEqual(
            [payload["ids"] for _op, payload in self.operations(job)],
            [self.deeds.ids[:2], self.deeds.ids[2:3]],
        )
