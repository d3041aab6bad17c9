from odoo import fields, models


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    job_id = fields.Many2one("batch.job", "Archiving", readonly=True)
    archived_count = fields.Integer("Contacts Archived", readonly=True)

    def action_archive_contacts(self):
        contacts = self.env["res.partner"].search([("category_id", "child_of", self.ids)])
        self.job_id = contacts._in_batches(
            "action_archive",
            name=f"Archive: {self.name}",
            on_end={"model": self._name, "method": "archiving_has_ended", "ids": self.ids},
        )

    def archiving_has_ended(self):
        job = self.env["batch.job"].browse(self.env.context["batch_job_id"])
        self.archived_count = job.succeeded
