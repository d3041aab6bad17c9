from odoo import fields, models


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    job_id = fields.Many2one("batch.job", "Archiving", readonly=True)

    def action_archive_contacts(self):
        contacts = self.env["res.partner"].search([("category_id", "child_of", self.ids)])
        self.job_id = contacts._in_batches("action_archive", name=f"Archive: {self.name}")
