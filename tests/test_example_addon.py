"""The example of an addon that starts jobs: docs/in-your-addon.md quotes the addon and its test."""

from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestArchiveContacts(TransactionCase):
    def setUp(self):
        super().setUp()
        groups = "base.group_user,base.group_partner_manager"
        self.user = new_test_user(self.env, "archivist", groups=groups)
        self.tag = self.env["res.partner.category"].with_user(self.user).create({"name": "Old"})
        contact = {"name": "one", "category_id": self.tag.ids}
        self.contacts = self.env["res.partner"].with_user(self.user).create([contact] * 3)

    def test_button_starts_a_job(self):
        """The button submits an operation for each contact, as the user, with its method at the
        end."""
        self.tag.action_archive_contacts()
        job = self.tag.job_id
        self.assertEqual((job.name, job.user_id, job.total), ("Archive: Old", self.user, 3))
        self.assertEqual(job.status()["on_end"]["state"], "waiting")

    def test_job_archives_and_counts(self):
        """The job archives the contacts, and the method at its end counts them."""
        self.tag.action_archive_contacts()
        self.tag.job_id._execute_now()
        self.assertEqual(self.tag.job_id.state, "done")
        self.assertFalse(any(self.contacts.mapped("active")))
        self.assertEqual(self.tag.archived_count, 3)


@tagged("post_install", "-at_install")
class TestExampleForm(TransactionCase):
    def test_form_shows_the_job(self):
        """The form of a tag has the button, and the field that follows the job."""
        arch = self.env["res.partner.category"].get_view(view_type="form")["arch"]
        self.assertIn('name="action_archive_contacts"', arch)
        self.assertIn('widget="batch_job_progress"', arch)
