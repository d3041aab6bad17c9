"""The example of an addon that starts jobs, which docs/in-your-addon.md quotes."""

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestExampleAddon(TransactionCase):
    def test_button_starts_a_job(self):
        """The button of a tag submits an operation for each contact, and the form shows the job."""
        admin = self.env.ref("base.user_admin")
        tag = self.env["res.partner.category"].with_user(admin).create({"name": "Old"})
        contact = {"name": "one", "category_id": tag.ids}
        self.env["res.partner"].create([contact] * 3)
        tag.action_archive_contacts()
        self.assertEqual((tag.job_id.name, tag.job_id.total), ("Archive: Old", 3))
        self.assertEqual(tag.job_id.user_id, admin)
        arch = tag.get_view(view_type="form")["arch"]
        self.assertIn('name="action_archive_contacts"', arch)
        self.assertIn('widget="batch_job_progress"', arch)
